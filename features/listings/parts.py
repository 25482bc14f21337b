"""Lists of parts with their counts, what is in the box and what is said not to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from features.listings.lexicon import either, words
from features.listings.packs import pack_count, pack_in
from features.listings.record import Finding, Record, unknown
from features.listings.things import are_alike, negative, positive, qualifiers, things
from features.listings.wording import is_chinese, is_negated, plain

_FILE = "things.toml"
_MEASURE = "个|只|支|条|根|把|台|副|本|张|片|块|颗|枚|套|件|份|双|对|组|节|卷|瓶|盒|包|袋|粒"
_COUNT_BEFORE = re.compile(
    rf"^\(?(\d{{1,3}})\s*(?:x(?![a-z])|pcs?\.?|pieces?|units?|pairs?|(?:{_MEASURE})装?)?\s*(?:of\s+|的)?(?=[^\d\s.])"
)
_COUNT_AFTER = re.compile(
    rf"^(.*?[^\d\s.(-])\s*[(-]?\s*(?:x\s*(\d{{1,3}})|(\d{{1,3}})\s*(?:x|pcs?|pieces?|pairs?|{_MEASURE})|\((\d{{1,3}})\))\)?\s*$"
)
_SPLIT = re.compile(
    r"[,;/|&\n]|\s\+\s|\+|(?<![a-z])and(?![a-z])|(?<![a-z])plus(?![a-z])|(?<=[\u4e00-\u9fff\s)\d])(?:和|以及|与|及|跟|加)(?=[\u4e00-\u9fff\s\da-z])|(?<=[a-z\u4e00-\u9fff)])\s+(?=\d+\s*x\s)|(?<=[个只支条根把台张片块件套份双对瓶盒包本\d])\s+(?=[\u4e00-\u9fff])(?![个只支条根把台张片块件套份双对瓶盒包本])"
)
_PACK_HEAD = re.compile(
    r"\d+\s*-?(?:件套|件组|pcs?|pieces?(?: set)?|pack|in 1)\s*(?:套装)?\s*[:(]|(?:set|pack|box) of \d+\s*[:(]"
)
_ASIDE = re.compile(r"\(([^()]*(?:not incl|exclud|sold sep|without|不含|另购|不包|no )[^()]*)\)")
_NO_WORDS = re.compile(
    r"(?<![a-z])(?:a|an|the|with|included|includes?|including|box|one|of|each|free|extra|original|new|your|x|pcs?)(?![a-z])|附赠|赠送|赠|原装|带|含|附|内含|的|包装清单|各"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a list. name: of things.toml, else the text itself; count: None where none is said and several may be
    meant; is_missing: said not to be there; is_known: name is of things.toml."""

    name: str
    count: int | None
    marks: frozenset[str]
    is_missing: bool
    is_known: bool
    text: str


@lru_cache(maxsize=65_536)
def parts_of(text: str) -> tuple[Part, ...]:
    """The parts that a list names.

    >>> [(p.name, p.count) for p in parts_of("1 x Mug, 数据线×2, screws, user manual")]
    [('mug', 1), ('cable', 2), ('screw', None), ('manual', 1)]
    """
    found, missing = list[Part](), False
    text = _PACK_HEAD.sub(" ", plain(text))
    for clause in re.split(r"[;\n]|\.\s|\.$", text):
        missing = False
        for item in _items(clause):
            part = _part(item, missing)
            if part is not None:
                missing = part.is_missing and bool(re.match(r"\W*(?:no|without|excl\w+|不含|不包含|不包括|不带)", item))
                found.append(part)
    return tuple(found)


def _items(clause: str) -> list[str]:
    clause = re.sub(r"\b(usb|micro|type|mini)[\s-](?:and|to)[\s-]", r"\1 ", clause)
    clause = re.sub(r"(?<=\d)/(?=\d)|(?<=usb)/(?=c)", "-", clause)
    clause = _ASIDE.sub(lambda m: f", {m[1]}" if things(m[1]) else m[0], clause)
    return [
        piece.strip(" :()[]\"'-.") if not piece.strip().endswith(")") else piece.strip(" :[]\"'-.")
        for piece in _SPLIT.split(clause)
    ]


def _part(item: str, after_missing: bool) -> Part | None:
    if not re.search(r"[a-z\u4e00-\u9fff]", item):
        return None
    count, name = _counted(item)
    hits = things(name)
    if pack_in(item) is not None and not hits:
        return None
    is_missing = after_missing or any(is_negated(name, h.start, h.end) for h in hits)
    is_missing = is_missing or (
        bool(re.search(either(words("words.toml", "negation")["before"][:6]), name)) and not hits
    )
    bare = _NO_WORDS.sub(" ", name)
    head = _head(name)
    if head is None and not bare.strip(" .-()"):
        return None
    if count is None and not is_chinese(name) and not _is_plural(bare):
        count = 1
    if head is not None:
        return Part(head, count, qualifiers(name), is_missing, True, item)
    return Part(re.sub(r"\s+", " ", bare).strip(" .-()"), count, qualifiers(name), is_missing, False, item)


def _head(name: str) -> str | None:
    """The thing a phrase is about: the last named before "for" and "with"."""
    phrase = re.split(r"(?<![a-z])(?:for|with|to)(?![a-z])|\(", name)[0]
    hits = things(phrase) or things(name)
    return hits[-1].name if hits else None


def _counted(item: str) -> tuple[int | None, str]:
    whole = re.match(r"^(?:an? )?(?:set|pack|box|pair)s? of (\d+)\s+", item)
    if whole:
        return int(whole[1]), item[whole.end() :]
    before = _COUNT_BEFORE.match(item)
    if before:
        pair = re.match(r"^\(?\d+\s*(?:pairs?|双|对)", item)
        return int(before[1]) * (2 if pair else 1), item[before.end() :].strip()
    after = _COUNT_AFTER.match(item)
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
    return tuple(found)


def _included(text: str) -> Iterable[Part]:
    """`charger included`, `2 batteries included`, `赠充电器`."""
    for hit in things(text):
        behind, before = text[hit.end : hit.end + 16], text[max(0, hit.start - 14) : hit.start]
        if re.match(r"\s*\(?(?:is |are )?(?:included|incl\.?)(?![a-z])", behind) or re.search(
            r"(?:赠送?|附赠|附送|(?<!不)(?<!未)附|(?<!不)含)\s*$", before
        ):
            count = re.search(r"(\d{1,2})\s*x?\s*[a-z]*\s*$", before)
            yield Part(
                hit.name, int(count[1]) if count else None, qualifiers(before[-8:] + hit.text), False, True, hit.text
            )


def _fit(ours: Part, theirs: Part) -> bool:
    if ours.is_known and theirs.is_known:
        same = are_alike(ours.name, theirs.name, as_parts=True)
        return same and not (ours.marks and theirs.marks and not ours.marks & theirs.marks)
    a, b = set(ours.text.split()), set(theirs.text.split())
    return ours.name == theirs.name or bool({w for w in a & b if len(w) > 3 and not w.isdigit()})


def _is_wrong(ours: Part, theirs: tuple[Part, ...], product: Record) -> bool | None:
    """Whether the product record contradicts one part of the listing; None where that cannot be told."""
    exact = [t for t in theirs if t.name == ours.name and _fit(ours, t)]
    like = exact or [t for t in theirs if _fit(ours, t)]
    if not like:
        return _absent(ours, theirs, product)
    there = [t for t in like if not t.is_missing]
    if ours.is_missing != (not there):
        return True
    counts = [t.count for t in there]
    if ours.is_missing or ours.count is None or None in counts:
        return False
    return ours.count not in counts and ours.count != sum(c or 0 for c in counts)


def _absent(ours: Part, theirs: tuple[Part, ...], product: Record) -> bool | None:
    if ours.is_missing:
        return False
    if not any(not t.is_missing for t in theirs):
        return None
    own_name = positive(product.name) | (
        {ours.name} if not ours.is_known and ours.name in plain(product.name) else set()
    )
    if any(are_alike(ours.name, n) for n in own_name):
        return False
    strangers = [t for t in theirs if not t.is_known or not ours.is_known]
    return None if any(is_chinese(t.text) != is_chinese(ours.text) for t in strangers) else True


def _total(listed: tuple[Part, ...]) -> int | None:
    counts = [p.count for p in listed if not p.is_missing]
    return None if None in counts or not counts else sum(c or 0 for c in counts)


def _pack_verdict(listing: Record, product: Record, ours: tuple[Part, ...], theirs: tuple[Part, ...]) -> bool | None:
    mine, other = pack_count(listing), pack_count(product)
    if mine is None and other is None:
        return None
    if mine is not None and other is not None:
        return mine != other
    known, listed = (mine, theirs) if mine is not None else (other, ours)
    total = _total(listed)
    if total is None:
        return None
    main = [p.count for p in listed if not p.is_missing]
    return known not in {total, *main, len(main), total - _paper(listed), len(main) - _paper(listed)}


def _paper(listed: tuple[Part, ...]) -> int:
    return sum(p.count or 1 for p in listed if p.name in words(_FILE, "not_parts")["names"])


def _stated(record: Record) -> tuple[str, tuple[Part, ...]]:
    listed = parts_of(record.parts)
    return (record.parts, listed) if listed or record.parts else (record.text, parts_in(record.text))


def parts(listing: Record, product: Record) -> Finding:
    """Parts of the listing beside those of the product: missing ones, other counts, other packs.

    A part that only the product has is no mismatch: nobody complains of more than was promised.
    """
    said, ours = _stated(listing)
    kept, theirs = _stated(product)
    if not listing.parts and not product.parts:
        ours = tuple(replace(p, count=None) if not p.is_missing else p for p in ours)
    verdicts = [_is_wrong(p, theirs, product) for p in ours] if theirs else []
    if listing.parts and theirs:
        verdicts += [v for p in parts_in(listing.text) if (v := _is_wrong(p, theirs, product))]
    verdicts.append(_pack_verdict(listing, product, ours, theirs))
    if True in verdicts:
        return Finding(True, said or listing.text, kept or product.text)
    if False not in verdicts:
        same = bool(listing.parts) and plain(listing.parts) == plain(product.parts)
        return Finding(False, said, kept) if same else unknown(listing.parts, product.parts)
    return Finding(False, said, kept)
