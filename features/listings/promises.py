"""What title and bullets promise of parts, beside the product's list: with a remote, 4 chairs, 送防潮垫."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from features.listings.goods_named import kinds_of_goods
from features.listings.lexicon import Hit, either, words
from features.listings.meant_counts import NUMERALS
from features.listings.part_fits import bare_text, do_fit, judged, share_word
from features.listings.part_lists import Part, parts_in, parts_of
from features.listings.record import Record
from features.listings.things import are_alike, negative, positive, share_any, things
from features.listings.wording import is_chinese, is_negated, plain

_FILE = "things.toml"
_PARTS_FILE = "thing_parts.toml"
_FITTED = re.compile(
    r"(?:(?<![a-z])(?:for|fits?|compatible|replacement)(?![a-z])|适用|兼容|用于).*?(?=$|(?<=\s)(?:with|w/|plus|includ)|\+|(?<!自)[带送配])"
)
_NO_PART = (
    r"(?!with|and|or|in|on|for|of|person|people|man|piece|pc|inch|layer|tier|way|speed|year|stage|pack|pair|set|ft|x)"
)
_CONTAINERS = frozenset({"bag", "pouch", "case", "carry_case", "box", "charging_case"})


def promises_broken(listing: Record, product: Record, theirs: Sequence[Part]) -> Iterator[bool | None]:
    """Verdicts on what the listing's texts promise, beside the product's list: missing, said to be missing, otherwise
    counted; None where it cannot be told."""
    goods = kinds_of_goods(listing.name) | positive(product.name)
    yield from (_promised(p, theirs, product) for p in parts_in(listing.text) if listing.parts or p.is_aside)
    yield _are_denied(listing, product, goods) or None
    if _onlys().search(plain(product.parts)):
        yield _is_more_than(listing, theirs, goods) or None
    if not listing.parts:
        yield (_are_miscounted(listing.name, theirs) or _are_counted_otherwise(listing.name, theirs)) or None


@cache
def _accessories() -> frozenset[str]:
    """Things that come beside goods; what is built into them (a lid, a pocket) may be named without being a part."""
    return frozenset(words(_FILE, "accessory")["names"]) | (
        frozenset(words(_PARTS_FILE, "thing"))
        | frozenset(words("thing_goods.toml", "thing")) - frozenset(words(_FILE, "built_in")["names"])
    )


def _promised(part: Part, theirs: Sequence[Part], product: Record) -> bool | None:
    """Whether the product's list contradicts a part that a title names behind "with"."""
    verdict = judged(part, theirs)
    if verdict is not None:
        return verdict or None
    if part.count is not None and part.count > 1 and part.count in {t.count for t in theirs}:
        return None  # five blades may be called five cartridges
    if part.name in words(_FILE, "generic_tools")["names"]:
        return None  # "tools included" does not say which
    if any(share_word(part, t) for t in theirs) or not all(_is_understood(t, part) for t in theirs):
        return None
    is_accessory = part.count is not None or part.name in _accessories()
    return True if is_accessory and not share_any([part.name], positive(product.text)) else None


def _is_understood(theirs: Part, ours: Part) -> bool:
    """Whether a line cannot be `ours` by a name that we do not know."""
    return theirs.is_known or theirs.is_missing or is_chinese(theirs.text) == is_chinese(ours.text)


def _are_denied(listing: Record, product: Record, goods: frozenset[str]) -> bool:
    """Whether the title names a thing that the product's list says is not there."""
    missing = negative(product.parts) - positive(product.parts)
    named = frozenset(h.name for h in _named(listing.name))
    return any(are_alike(a, b, as_parts=True) for a in named - goods for b in missing)


def _named(text: str) -> list[Hit]:
    """What a title names, without what stands behind "for" as far as "with"."""
    text = _FITTED.sub(" ", plain(text))
    return [h for h in things(text) if not is_negated(text, h.start, h.end)]


@cache
def _onlys() -> re.Pattern[str]:
    """Words by which a list says that it is all: tripod only, 仅键盘."""
    found = words(_FILE, "only")
    return re.compile(rf"{either(found['before'])}|{either(found['after'])}")


def _is_more_than(listing: Record, theirs: Sequence[Part], goods: frozenset[str]) -> bool:
    """Whether the listing promises anything beside what the product's list says is all."""
    there = [t for t in theirs if not t.is_missing]
    asides = [p for p in parts_in(listing.text) if p.is_aside and p.name in _accessories() | _CONTAINERS]
    if any(not any(do_fit(p, t) for t in there) for p in asides):
        return True
    listed = [p for p in parts_of(listing.parts) if p.is_known and not p.is_missing and p.name not in goods]
    if any(not any(do_fit(p, t) or share_word(p, t) for t in there) for p in listed):
        return True
    is_set = re.search(r"(?<![a-z])(?:set|kit|combo|bundle)(?![a-z])|套装|套餐|组合", plain(listing.name))
    if not is_set or len(there) != 1 or not there[0].is_known:
        return False
    named = frozenset(h.name for h in _named(listing.name))
    return share_any(named, [there[0].name]) and any(not share_any([n], [there[0].name]) for n in named)


def _are_miscounted(text: str, theirs: Sequence[Part]) -> bool:
    """Whether free text counts a thing otherwise than the product's list: "4 chairs" beside "2 chairs"."""
    text = plain(text)
    for part in theirs:
        name = re.sub(r"s$", "", bare_text(part).split(" ")[-1])
        told = (
            re.findall(
                rf"(?<![a-z\d.\-/])(\d{{1,2}})\s(?:{_NO_PART}[a-z]+\s)?{re.escape(name)}(?P<s>s?)(?![a-z])", text
            )
            if name
            else []
        )
        counts = {int(number) for number, plural in told if plural or number == "1" or is_chinese(name)}  # Pro 9 tablet
        if counts and part.count is not None and len(name) > 2 and part.count not in counts:
            return True
    return False


def _are_counted_otherwise(text: str, theirs: Sequence[Part]) -> bool:
    """The same by the names of things, so across languages: 三电池套装 beside one battery."""
    text = plain(text)
    number = re.compile(rf"(?<![a-z\d.\-/第])(\d{{1,2}}|[{''.join(NUMERALS)}])\s*(?:x\s*|个|只|支|条|块|把|张|根|片)?$")
    for hit in things(text):
        told = number.search(text[: hit.start])
        counts = {t.count for t in theirs if t.is_known and t.name == hit.name and not t.is_missing}
        is_count = bool(told) and (is_chinese(hit.text) or hit.text.endswith("s"))
        if told and is_count and counts and None not in counts:
            count = NUMERALS.get(told[1]) or int(told[1])
            if count not in counts and count != sum(c or 0 for c in counts):
                return True
    return False
