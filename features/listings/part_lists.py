"""Lists of parts as sellers write them: what is in the box, how many, and what is said not to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from features.listings.lexicon import either, words
from features.listings.packs import bare_count, pack_in
from features.listings.quantities import quantities
from features.listings.short_forms import at_length
from features.listings.things import is_lacking, negative, qualifiers, things
from features.listings.wording import is_chinese, is_negated, plain

_FILE = "things.toml"
_MEASURE = "个|只|支|条|根|把|台|副|本|张|片|块|颗|枚|套|件|份|双|对|组|节|卷|瓶|盒|包|袋|粒"
_COUNT_BEFORE = re.compile(
    rf"^\(?(\d{{1,3}})\s*(?:x(?![a-z])|pcs?\.?|pieces?|units?|pairs?|(?:{_MEASURE})装?)?\s*(?:of\s+|的)?(?=[^\d\s.\-])"
)
_COUNT_AFTER = re.compile(
    rf"^(.*?[^\d\s.(-])\s*[(-]?\s*(?:x\s*(\d{{1,3}})|(\d{{1,3}})\s*(?:x|pcs?|pieces?|pairs?|{_MEASURE})|\((\d{{1,3}})\)"
    r"|(?<=[\u4e00-\u9fff])\s*(\d{1,3}))\)?\s*$"
)
_SPLIT = re.compile(
    r"[,;/|&\n]|\s\+\s|\+|(?<![a-z])and(?![a-z])|(?<![a-z])plus(?![a-z])|(?<=[\u4e00-\u9fff\s)\d])(?:和|以及|与|及|跟|加)(?=[\u4e00-\u9fff\s\da-z])|(?<=[a-z\u4e00-\u9fff)])\s+(?=\d+\s*x\s)|(?<=[个只支条根把台张片块件套份双对瓶盒包本\d])\s+(?=[\u4e00-\u9fff])(?![个只支条根把台张片块件套份双对瓶盒包本])"
)
_SET_AFTER = re.compile(r"^(.*?),?\s*[(-]?\s*(?:set|pack|box) of (\d{1,3})\)?\s*$")
_PACK_HEAD = re.compile(
    r"\d+\s*-?(?:件套|件组|pcs?|pieces?(?: set)?|pack|in 1)\s*(?:套装)?\s*[:(]"
    r"|\d+\s*(?:件|只|个)\s*:|(?:set|pack|box) of \d+\s*[:(]"
)
_NO_WORDS = re.compile(
    r"(?<![a-z])(?:a|an|the|with|included|includes?|including|box|one|of|each|free|extra|original|new|your|x|pcs?)(?![a-z])|附赠|赠送|赠|原装|带|含|附|内含|的|包装清单|各"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a list. name: of things.toml, else the text itself; count: None where none is said and several may be
    meant; is_missing: said not to be there; is_aside: named behind "with", so perhaps a feature and no part;
    is_known: name is of things.toml."""

    name: str
    count: int | None
    marks: frozenset[str]
    is_missing: bool
    is_known: bool
    text: str
    is_aside: bool = False


@lru_cache(maxsize=65_536)
def parts_of(text: str) -> tuple[Part, ...]:
    """The parts that a list names.

    >>> [(p.name, p.count) for p in parts_of("1 x Mug, 数据线×2, screws, user manual")]
    [('mug', 1), ('cable', 2), ('screw', None), ('manual', 1)]
    """
    found, missing = list[Part](), False
    text = at_length(plain(text))
    text = _PACK_HEAD.sub(" ", re.sub(r"(?<!not )incl(?:\.|uding)|(?:其中|内)(?=含|有|\d)", ", ", text))
    clauses = [_items(clause) for clause in re.split(r"[;\n]|\.\s|\.$", text)]
    is_list = sum(map(len, clauses)) > 1
    for items in clauses:
        missing = False
        for item in items:
            part = _part(item, missing) or (_bare(item) if is_list else None)
            if part is not None:
                missing = part.is_missing and bool(re.match(r"\W*(?:no|without|excl\w+|不含|不包含|不包括|不带)", item))
                found.append(part)
    return tuple(found)


_LONGEST_TAIL = 2
_COUNTED_BEHIND = re.compile(r"[a-z][a-z -]{2,}\sx\s?\d{1,3}")  # check valve x2 is no pack of two
ANONYMOUS = "#"
PROPERTY = "##"


def _bare(item: str) -> Part | None:
    """A number of pieces in a list that does not say of what (9 pcs, holder), or of colours and the like."""
    count = bare_count(item)
    return Part(ANONYMOUS, max(count), frozenset(), False, False, item) if len(count) == 1 else None


@cache
def _properties() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(words(_FILE, 'not_counted')['words'])})(?: each)?")


def _items(clause: str) -> list[str]:
    clause = re.sub(r"\b(usb|micro|type|mini)[\s-](?:and|to)[\s-]", r"\1 ", clause)
    clause = re.sub(r"(?<=\d)/(?=\d)|(?<=usb)/(?=c)", "-", clause)
    clause = re.sub(r"\swith\s(?=(?:\d+\s)?[a-z -]+$|[^,;]*,)", ", with ", clause)
    clause = re.sub(r"(?<=x\d)\s+(?=[a-z])", ", ", clause)
    clause = _spaced(clause)
    clause = _asides().sub(lambda m: f", {m[1]}" if things(m[1]) or _negative_start().match(m[1]) else m[0], clause)
    return [
        piece.strip(" :()[]\"'-.") if not piece.strip().endswith(")") else piece.strip(" :[]\"'-.")
        for piece in _SPLIT.split(clause)
    ]


@cache
def _asides() -> re.Pattern[str]:
    """Brackets that say what is not there."""
    found = words("words.toml", "negation")
    denied = either((*found["before"], *(w for w in found["after"] if w != "free"), "exclud", "sold sep"))
    return re.compile(rf"\(([^()]*{denied}[^()]*)\)")


@cache
def _negative_start() -> re.Pattern[str]:
    return re.compile(either(words("words.toml", "negation")["before"]))


def _spaced(clause: str) -> str:
    """Chinese lists without commas: 2拍3球, 桌1椅1, 耳机 充电盒 数据线."""
    if re.fullmatch(rf"\s*(?:\d+(?!(?:{_MEASURE}|号)\d)[\u4e00-\u9fff]{{1,4}}){{2,}}\s*", clause):
        return re.sub(r"(?<=[\u4e00-\u9fff])(?=\d)", ", ", clause)
    if re.fullmatch(r"\s*(?:[\u4e00-\u9fff]{1,4}\d{1,2}){2,}\s*", clause):
        return re.sub(r"(?<=\d)(?=[\u4e00-\u9fff])", ", ", clause)
    pieces = clause.split()
    is_count = any(re.fullmatch(rf"\d+(?:{_MEASURE})", piece) for piece in pieces)  # 红酒杯 6只
    if len(pieces) > 1 and all(map(is_chinese, pieces)) and not is_count and not re.search(r"[,;/|&+]", clause):
        return ", ".join(pieces)
    return clause


def _part(item: str, after_missing: bool) -> Part | None:
    if not re.search(r"[a-z\u4e00-\u9fff]", item) or bare_count(item):
        return None
    count, name = _counted(item)
    if count is not None and _properties().fullmatch(name.strip()):
        return Part(PROPERTY, count, frozenset(), False, False, item)
    hits = things(name)
    is_aside = item.startswith("with ")
    if pack_in(item) is not None and not hits and not _COUNTED_BEHIND.fullmatch(item):
        return None
    is_missing = after_missing or any(is_lacking(name, h.start, h.end) for h in hits)
    is_missing = is_missing or (not hits and bool(_negative_start().match(name)) and not name.startswith("non-"))
    bare = _NO_WORDS.sub(" ", name)
    head = _head(name)
    if head is None and not bare.strip(" .-()"):
        return None
    if count is None and not is_chinese(name) and not _is_plural(bare):
        count = 1
    if head is not None:
        return Part(head, count, qualifiers(name), is_missing, True, item, is_aside)
    return Part(re.sub(r"\s+", " ", bare).strip(" .-()"), count, qualifiers(name), is_missing, False, item)


def _head(name: str) -> str | None:
    """The thing a phrase is about: the last named before "for" and "with"."""
    phrase = re.split(r"(?<![a-z])(?:for|with|to)(?![a-z])|\(", name)[0]
    hits = things(phrase) or things(name)
    if not hits:
        return None
    if is_lacking(name, hits[-1].start, hits[-1].end):
        return hits[-1].name
    rest = re.sub(r"[^\u4e00-\u9fff].*", "", name[hits[-1].end :])
    return hits[-1].name if len(re.sub(rf"^(?:{_MEASURE}|各|共)+", "", rest)) < _LONGEST_TAIL else None  # 贴膜神器


def _counted(item: str) -> tuple[int | None, str]:
    item = re.sub(r"^with\s+", "", item)
    for q in reversed(quantities(item)):  # "1m cable" is no count
        item = f"{item[: q.start]} {item[q.end :]}".strip()
    whole = re.match(r"^(?:an? )?(?:set|pack|box|pair)s? of (\d+)\s+", item)
    if whole:
        return int(whole[1]), item[whole.end() :]
    before = _COUNT_BEFORE.match(item)
    if before:
        pair = re.match(r"^\(?\d+\s*(?:pairs?|双|对)", item)
        return int(before[1]) * (2 if pair else 1), item[before.end() :].strip()
    after = _COUNT_AFTER.match(item) or _SET_AFTER.match(item)
    if after:
        pairs = 2 if re.search(r"\d\s*(?:pairs?|双|对)\W*$", item) else 1
        return int(next(g for g in after.groups()[1:] if g)) * pairs, after[1].strip()
    return None, item


def _is_plural(name: str) -> bool:
    last = re.sub(r"\(.*", "", name).strip().split(" ")[-1]
    return bool(re.search(r"[^s]s$", last)) and last not in (
        "headphones",
        "earphones",
        "scissors",
        "instructions",
        "glasses",
    )


@cache
def _list_starts() -> re.Pattern[str]:
    return re.compile(either(words(_FILE, "list_in_text")["start"]))


@lru_cache(maxsize=65_536)
def parts_in(text: str) -> tuple[Part, ...]:
    """The parts that free text lists behind words such as `package includes`, and those it says are missing."""
    text = plain(text)
    found = list[Part]()
    for match in _list_starts().finditer(text):
        if is_negated(text, match.start(), match.end()):
            continue
        listed = re.split(r";|\.\s|\.$", text[match.end() :])[0]
        found += [p for p in parts_of(listed) if p.is_known]
    listed_names = {p.name for p in found}
    found += [Part(n, None, frozenset(), True, True, n) for n in sorted(negative(text) - listed_names)]
    found += [p for p in _included(text) if p.name not in listed_names]
    listed_names |= {p.name for p in found}
    found += [p for p in _featured(text) if p.name not in listed_names]
    return tuple(found)


_LONGEST_WORDS, _LONGEST_CHARACTERS = 4, 8


def enumerated(text: str) -> tuple[Part, ...]:
    """The parts that lines of a text list which hold nothing else.

    >>> [part.name for part in enumerated("- solid spruce top\\n- case, bow and 2 strings")]
    ['case', 'gift_bow', 'string']
    """
    found = list[Part]()
    for line in re.split(r"\n|(?<![a-z\d])-\s", text):
        listed = parts_of(re.sub(r"^\W*(?:附|送|含|带)?", "", line))
        if len(listed) > 1 and 2 * sum(p.is_known for p in listed) >= len(listed) and all(map(_is_short, listed)):
            found += (replace(part, is_aside=True) for part in listed)
    return tuple(found)


def _is_short(part: Part) -> bool:
    if is_chinese(part.text):
        return len(part.text) <= _LONGEST_CHARACTERS
    return len(part.text.split()) <= _LONGEST_WORDS


@cache
def _withs() -> re.Pattern[str]:
    return re.compile(words(_FILE, "list_in_text")["with"][0])


def _featured(text: str) -> Iterable[Part]:
    """`with charger`, `带三根数据线`, `+ 2 films`: parts, or perhaps features; 25ft is no count."""
    for q in reversed(quantities(text)):
        text = text[: q.start] + "#" * (q.end - q.start) + text[q.end :]
    for hit in things(text):
        found = _withs().search(text[max(0, hit.start - 32) : hit.start])
        if found and not is_negated(text, hit.start, hit.end):
            count = int(found["n"]) if found["n"] else None
            if count and not is_chinese(hit.text) and not hit.text.endswith("s"):
                count = None  # a 44 key remote
            marks = qualifiers(text[hit.start - len(found[0]) : hit.end])
            yield Part(hit.name, count, marks, False, True, hit.text, is_aside=True)


def _included(text: str) -> Iterable[Part]:
    """`charger included`, `2 batteries included`, `赠充电器`."""
    for hit in things(text):
        behind, before = text[hit.end : hit.end + 16], text[max(0, hit.start - 14) : hit.start]
        if re.match(r"\s*\(?(?:is |are )?(?:included|incl\.?)(?![a-z])", behind) or re.search(
            r"(?:赠送?|附赠|附送|(?<!不)(?<!未)附|(?<!不)含)\s*$", before
        ):
            count = re.search(r"(?<!\d)(\d{1,2})(?:\s*x\s*|\s+)(?:[a-z]+\s+)?$", before)
            yield Part(
                hit.name, int(count[1]) if count else None, qualifiers(before[-8:] + hit.text), False, True, hit.text
            )
