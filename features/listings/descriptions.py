"""The text of a listing beside the text of the product record."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from features.listings.claims import Claims, claims, differences, in_common
from features.listings.counted_nouns import are_counted_otherwise
from features.listings.denials import denies_what_the_other_says
from features.listings.goods_named import are_other_goods, kinds_of_goods
from features.listings.lexicon import words
from features.listings.record import Finding, Record, unknown
from features.listings.shares import do_shares_of_one_differ
from features.listings.things import negative, positive, share_any, things
from features.listings.wording import is_chinese, plain

_SHORTEST_WORD = 3
_SHARE = re.compile(r"(?<![\d.-])(\d{1,2}(?:\.\d+)?)\s*%(?!\s*(?:off|discount))")
_AT_LEAST = re.compile(
    r"(?:above|over|at least|min(?:imum)?\.?|more than|>|≥|不低于|超过|大于)\s*\d{1,2}\s*%"
    r"|\d\s*%\s*(?:\+|以上|or (?:more|above|better|higher)|and (?:above|up))"
)
_WITH = re.compile(r"(?<!comes )(?<!supplied )(?<![a-z])with\s+(?:[a-z-]+,?\s+){1,4}(?:and|&)\s+(?:[a-z-]+\s)?$")
_AND = re.compile(r"(?:,|(?<![a-z])and|&|\+|和|及)\s*(?:an?\s)?(?:[a-z-]+\s)?$")
_TOKEN = re.compile(r"[\s,;]$|[\s,;]|$")
_FEATURED = re.compile(
    r"(?:(?<!comes )(?<!supplied )with|w/|built-in|integrated)\s+(?:an?\s+|the\s+)?(?:[a-z-]+\s+)?$"
    r"|(?<!不)(?:带|自带|内置|配有)[\da-z\u4e00-\u9fff]{0,3}?(?:\d+(?:毫安时?|mah))?$"
)


@cache
def _small_words() -> frozenset[str]:
    return frozenset(
        [
            "the",
            "and",
            "for",
            "with",
            "from",
            "your",
            "our",
            "this",
            "that",
            "are",
            "all",
            "new",
            "use",
            "has",
            "can",
            "one",
            "set",
            "pack",
        ]
    )


def description(listing: Record, product: Record) -> Finding:
    """Title and bullets beside name and description: claims that contradict each other, or another kind of thing.

    False needs something that both say: a property, a thing or a word. What other flags compare is left to them.
    """
    said, kept = listing.text, product.text
    if not said or not kept:
        return unknown(said, kept)
    ours, theirs = claims(said), claims(kept)
    if _without_own_flags(differences(ours, theirs), listing, product):
        return Finding(True, said, kept)
    if do_shares_of_one_differ(said, kept):
        return Finding(True, said, kept)
    if _do_shares_differ(said, kept) or are_counted_otherwise(said, kept):
        return Finding(True, said, kept)
    if denies_what_the_other_says(said, kept) or denies_what_the_other_says(kept, said):
        return Finding(True, said, kept)
    if _is_denied(listing, product):
        return Finding(True, said, kept)
    if are_other_goods(listing.name, product.name, product.details):
        return Finding(True, listing.name, product.name)
    return Finding(False, said, kept) if _can_compare(listing, product, ours, theirs) else unknown(said, kept)


def _do_shares_differ(ours: str, theirs: str) -> bool:
    """Whether each text gives one percentage and they differ; 100% praises, and 92% is above 80%."""
    ours, theirs = plain(ours), plain(theirs)
    a, b = ({float(n) for n in _SHARE.findall(text)} - {0.0, 99.0, 99.9, 100.0} for text in (ours, theirs))
    if len(a) != 1 or len(b) != 1:
        return False
    is_above = (_AT_LEAST.search(ours) and min(b) > min(a)) or (_AT_LEAST.search(theirs) and min(a) > min(b))
    return a != b and not is_above


def _is_denied(listing: Record, product: Record) -> bool:
    """Whether one text has a thing that the other says is not there, where no list of parts speaks of it."""
    listed = positive(listing.parts + "; " + product.parts) | negative(listing.parts + "; " + product.parts)
    ours, theirs = _featured(listing.text), _featured(product.text)
    return bool(((ours & negative(product.text)) | (theirs & negative(listing.text))) - listed)


def _featured(text: str) -> frozenset[str]:
    """Things that a text names as part of the goods: with microphone, 带盖."""
    text = plain(text)
    found, is_listed = set[str](), False
    for hit in things(text):
        before = text[: hit.start]
        is_token = is_chinese(hit.text) and bool(_TOKEN.search(before) and _TOKEN.match(text, hit.end))
        is_listed = (
            bool(_FEATURED.search(before[-24:]))
            or is_token
            or _is_with(text, before)
            or (is_listed and bool(_AND.search(before[-16:])) and "includ" not in text)
        )
        if is_listed:
            found.add(hit.name)
    return frozenset(found) - negative(text)


def _is_with(text: str, before: str) -> bool:
    """Whether a thing ends a list behind "with"; what is said to be included is for the check of parts."""
    return "includ" not in text and bool(_WITH.search(before[-50:]))


def _without_own_flags(found: list[str], listing: Record, product: Record) -> list[str]:
    """A volume belongs to the size where either side has it in its size column."""
    sizes = plain(listing.size + " " + product.size)
    in_size = bool(re.search(r"\d\s*(?:ml|l|oz|毫升|升)(?![a-z])", sizes))
    others = words("claims.toml", "picture_only")["claims"]
    return [name for name in found if not (name == "volume" and in_size) and name not in others]


def _can_compare(listing: Record, product: Record, ours: Claims, theirs: Claims) -> bool:
    if in_common(ours, theirs) or share_any(kinds_of_goods(listing.name), kinds_of_goods(product.name)):
        return True
    return bool(_words(listing.text) & _words(product.text))


def _words(text: str) -> set[str]:
    text = plain(text)
    latin = {w.rstrip("s") for w in re.findall(r"[a-z][a-z0-9]+", text) if len(w) >= _SHORTEST_WORD}
    chinese = {pair for run in re.findall(r"[\u4e00-\u9fff]+", text) for pair in map("".join, pairwise(run))}
    return (latin - _small_words()) | chinese
