"""Versions that a text names: numbers, generations, letters, years, regions and editions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

from features.listings.claims import claims
from features.listings.denials import denies_what_the_other_says
from features.listings.lexicon import lexicon, table, words
from features.listings.quantities import are_equal, quantities
from features.listings.record import Finding, Record, unknown
from features.listings.specs import do_grades_differ, do_numbers_differ, do_properties_differ
from features.listings.things import qualifiers
from features.listings.wording import is_chinese, is_negated, joined, plain

_FILE = "versions.toml"
_ALSO_GENERATION = "generation"
_PIPE_SIZES = (("4分", "1/2"), ("6分", "3/4"))


@dataclass(frozen=True, slots=True)
class Version:
    """What one text says of versions: for each kind of naming the values it gives."""

    kinds: tuple[tuple[str, frozenset[str]], ...] = ()

    def of(self, kind: str) -> frozenset[str]:
        """The values of one kind; empty if none."""
        return dict(self.kinds).get(kind, frozenset())


@cache
def _patterns(section: str) -> dict[str, list[re.Pattern[str]]]:
    return {kind: [re.compile(p) for p in listed] for kind, listed in words(_FILE, section).items()}


@cache
def _others() -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{p})" for p in words(_FILE, "not_the_goods")["phrases"]))


def _digits(text: str) -> str:
    """Roman numerals behind Mark and Gen, and ordinals in words, as digits."""
    for word, value in table(_FILE, "ordinal").items():
        text = re.sub(rf"(?<![a-z]){word}[\s-]+(?=gen|edition|version|ed(?![a-z]))", f"{value}th ", text)
    for word, value in table(_FILE, "roman").items():
        text = re.sub(
            rf"(?<![a-z])(mark|mk\.?|gen(?:eration)?\.?|version|ver\.?)\s*{word}(?![a-z0-9])", rf"\1 {value}", text
        )
    return text


@lru_cache(maxsize=65_536)
def version_in(text: str, *, is_field: bool) -> Version:
    """The versions in a text; in free text only where a word says that it is one, and not that of Bluetooth.

    >>> version_in("第二代", is_field=True) == version_in("2nd Gen", is_field=True)
    True
    >>> version_in("Bluetooth 5.0 headset", is_field=False).kinds
    ()
    """
    text = _digits(plain(text))
    if not is_field:
        text = _others().sub("#", text)
    found = {}
    for kind, patterns in _patterns("field" if is_field else "text").items():
        values = {_value(kind, m[1]) for p in patterns for m in p.finditer(text)}
        if kind == "number" and is_field:
            values -= {v for v in values if re.fullmatch(r"(?:19|20)\d\d", v)}
        found[kind] = frozenset(values)
    if is_field:
        for section in ("protocol", "tv"):
            found |= _named(section, text)
        found["language"] = lexicon(_FILE, "language").names(text)
    found["region"] = _listed("region", text, "region_pattern", is_field)
    found["edition"] = _listed("edition", text, "pattern", is_field)
    return Version(tuple((kind, values) for kind, values in found.items() if values))


def _named(section: str, text: str) -> dict[str, frozenset[str]]:
    return {
        kind: frozenset(_protocol(kind, m[1]) for p in patterns for m in p.finditer(text))
        for kind, patterns in _patterns(section).items()
    }


def _protocol(kind: str, text: str) -> str:
    same = table(_FILE, "protocol_same").get(kind)
    if isinstance(same, dict) and text in same:  # USB 3.0 is USB 3.2 Gen 1
        return str(same[text])
    return _value("number", text) if text.replace(".", "").isdigit() else text


def _value(kind: str, text: str) -> str:
    """2.0 is 2, and 02 is 2."""
    if kind == "memory":
        return re.sub(r"gb?|\s", "", text)
    if kind != "number":
        return text.lstrip("0") or text
    parts = [str(int(p)) for p in text.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def _listed(section: str, text: str, pattern: str, is_field: bool) -> frozenset[str]:
    if is_field:
        hits = lexicon(_FILE, section).hits(text)
        return frozenset(hit.name for hit in hits if not is_negated(text, hit.start, hit.end))
    found = re.findall(rf"(?<![a-z])(?:{cast('str', table(_FILE, 'edition_in_text')[pattern])})", text)
    return frozenset(name for part in found for name in lexicon(_FILE, section).names(part))


def compared(ours: Version, theirs: Version) -> bool | None:
    """Whether two versions differ in a kind that both name; a generation compares with the whole of a number."""
    verdicts = [
        not ours.of(kind) & theirs.of(kind)
        for kind in dict(ours.kinds)
        if kind != "edition" and ours.of(kind) and theirs.of(kind)
    ]
    editions = ours.of("edition"), theirs.of("edition")
    if all(editions):
        weak = set(words(_FILE, "edition_weak")["names"])
        verdicts.append(bool((editions[0] ^ editions[1]) - weak) or not editions[0] & editions[1])
    for a, b in ((ours, theirs), (theirs, ours)):
        if a.of("number") and b.of(_ALSO_GENERATION) and not b.of("number") and not a.of(_ALSO_GENERATION):
            verdicts.append(not {v.split(".")[0] for v in a.of("number")} & b.of(_ALSO_GENERATION))
    return any(verdicts) if verdicts else None


def _stated(record: Record, other: Record) -> tuple[str, Version]:
    if record.version:
        return record.version, version_in(record.version, is_field=True)
    found = version_in(record.text, is_field=False)
    if other.version:  # a protocol in the text is a version only beside one in the column
        text, known = plain(record.text), {kind for kind, _ in found.kinds}
        more = {k: v for k, v in {**_named("protocol", text), **_named("tv", text)}.items() if v and k not in known}
        found = Version((*found.kinds, *more.items()))
    return record.text, found


def version(listing: Record, product: Record) -> Finding:
    """Version of the listing beside that of the product: the columns, where one is empty the texts.

    A title that names another version than the product is a mismatch too. Version names that are no words of
    versions.toml are compared as they stand.
    """
    said, ours = _stated(listing, product)
    kept, theirs = _stated(product, listing)
    is_wrong = compared(ours, theirs)
    if listing.version and product.version:
        denied = (listing.version, product.version), (product.version, listing.version)
        if any(denies_what_the_other_says(*pair) for pair in denied):
            return Finding(True, said, kept)
        differ = (
            do_properties_differ(listing.version, product.version),
            do_numbers_differ(listing.version, product.version),
        )
        if True in differ or any(f(listing.version, product.version) for f in (_do_counts_differ, do_grades_differ)):
            return Finding(True, said, kept)
        if is_wrong is None and False in differ:
            is_wrong = False
        by_words = is_wrong if False in differ else _by_words(listing.version, product.version, ours, theirs)
        is_wrong = by_words if is_wrong is None or _do_measures_differ(listing.version, product.version) else is_wrong
    elif is_wrong is None and _stands_in(listing, product):
        is_wrong = False
    if is_wrong is None:
        both = listing.version and product.version
        return unknown(
            said if both or ours.kinds else listing.version, kept if both or theirs.kinds else product.version
        )
    if not is_wrong and compared(version_in(_own(listing.name), is_field=False), theirs):
        return Finding(True, listing.name, kept)
    return Finding(is_wrong, said, kept)


def _do_counts_differ(ours: str, theirs: str) -> bool:
    """Whether two columns count the same otherwise: 61 keys and 54键版, 4-person and 2人款."""
    kinds = words("claims.toml", "counted")
    mine, other = ({c for c in claims(text).numbers if c[0] in kinds} for text in (ours, theirs))
    shared = {name for name, _ in mine} & {name for name, _ in other}
    return any(not any(name == n for n, _ in mine & other) for name in shared)


def _own(title: str) -> str:
    """A title without what it says the goods are for: Pencil for iPad 10th gen."""
    return re.split(r"(?<![a-z])(?:for|fits?|compatible with|works with)(?![a-z])|适用|兼容|适配", plain(title))[0]


def _by_words(a: str, b: str, ours: Version, theirs: Version) -> bool | None:
    """Whether two names of versions differ as they are written; None where they may be in two languages or of two
    kinds."""
    if (marks := qualifiers(a)) and (others := qualifiers(b)):
        return not marks & others
    if _do_measures_differ(a, b):
        return True
    mine, other = _words(_without_measures(a)), _words(_without_measures(b))
    if mine <= other or other <= mine or _do_measures_agree(a, b):
        return False
    if all(map(is_chinese, (a, b))) != any(map(is_chinese, (a, b))):
        return None
    return True if not (ours.kinds and theirs.kinds) and (not (ours.kinds or theirs.kinds) or mine & other) else None


def _as_data(text: str) -> str:
    return re.sub(r"(?<=\d)\s*g(?![a-z])", "gb", plain(text))


def _without_measures(text: str) -> str:
    text = _as_data(text)
    for q in reversed(quantities(text)):
        text = f"{text[: q.start]} {text[q.end :]}"
    return text


def _do_measures_agree(a: str, b: str) -> bool:
    """Whether a number with a unit stands on both sides: 4000 mAh and 4.0 Ah."""
    mine, other = (quantities(_as_data(text)) for text in (a, b))
    return any(are_equal(q, r) for q in mine for r in other)


def _words(text: str) -> set[str]:
    text = re.sub(r"version|edition|model|版本|版|款|型号|型|(?<!不)[带含有配]", " ", plain(text))
    text = re.sub(r"[二三四五六七八九](?=座|轮|门|人|键|层)", lambda m: str("一二三四五六七八九".index(m[0]) + 1), text)
    text = re.sub(r"(?<=\d\d)\s*g(?![a-z])", "gb", text)
    for spoken, inches in _PIPE_SIZES:
        text = text.replace(spoken, f" {inches} ")
    return set(re.findall(r"[a-z]+|\d+(?:\.\d+)*|[\u4e00-\u9fff]", text)) - {"v", "ver", "the"}


def _do_measures_differ(a: str, b: str) -> bool:
    """110 V beside 220 V, 64 GB beside 128 GB."""
    mine, other = ([q for q in quantities(text) if q.kind != "mass"] for text in (a, b))  # 256G is no weight
    shared = {q.kind for q in mine} & {q.kind for q in other}
    return any(not any(are_equal(q, r) for q in mine for r in other if q.kind == r.kind == kind) for kind in shared)


def _stands_in(listing: Record, product: Record) -> bool:
    """Whether the version that one side's column gives stands word for word in the other side's text."""
    pairs = ((listing.version, product.text), (product.version, listing.text))
    return any(v and joined(v) in joined(text) for v, text in pairs)
