"""Things beside the goods in the picture of a listing that the product's picture and record nowhere name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from features.listings.colours import without_colours
from features.listings.goods_named import kinds_of_goods
from features.listings.lexicon import Hit, words
from features.listings.record import Record
from features.listings.shown import foreground
from features.listings.things import are_alike, motifs, positive, share_any, things
from features.listings.wording import is_chinese, is_negated, plain

_BESIDE = re.compile(
    r"(?:(?<![a-z])(?:with|and|plus|next to|beside|full of)|[,+&])\s*(?:an?\s|the\s|its\s|\d+\s)?(?:[a-z-]+\s){0,2}$"
    r"|(?:(?<![不未自])[带配和及与]|旁边|旁|,)[\d\u4e00-\u9fff]{0,4}$"
)
_ATTACHED = re.compile(r"\s*(?:attached|next to it|beside it|included)")
_LIST = re.compile(r"[,+&]|(?<![a-z])(?:with|and|plus|next to|beside|in|on)(?![a-z])|[带配和及与加装附送]|旁")
_BUILT_IN = frozenset({"handle", "lid", "strap", "base", "stand", "wheel", "logo", "laptop", "phone"})
_SHORTEST_WORD = 4


def _beside(text: str) -> Iterator[Hit]:
    """What a picture shows beside its first thing, which may be one that no list knows."""
    for hit in things(text):
        is_beside = _BESIDE.search(text[max(0, hit.start - 28) : hit.start]) or _ATTACHED.match(text, hit.end)
        if is_beside and not is_negated(text, hit.start, hit.end):
            yield hit


def shows_an_extra(listing: Record, product: Record) -> bool:
    """Whether the listing's picture adds a thing to what both show: a remote control, a drawer cabinet.

    Where no list of the product says what is sold, or the texts are in two languages, it must be a thing that comes
    beside goods rather than a prop, and the listing's picture must name more than the product's.

    >>> shows_an_extra(Record("A", image="white fan with remote"), Record("A", image="white fan", parts="fan"))
    True
    """
    shown, theirs = foreground(listing.image), positive(product.image)
    record = "; ".join((product.image, product.parts, product.name, product.details))
    known, kept = positive(record), plain(record)
    extras = [
        hit
        for hit in _beside(shown)
        if hit.name not in motifs() | _BUILT_IN
        and not any(are_alike(hit.name, other) or are_alike(hit.name, other, as_parts=True) for other in known)
        and not _may_be_named(hit, shown, kept)
    ]
    if not extras or not product.image:
        return False
    if product.parts and is_chinese(listing.image) == is_chinese(product.image) and theirs:
        return share_any(positive(shown), theirs)
    is_of_the_goods = share_any(positive(shown) | kinds_of_goods(listing.name), theirs) or _share_a_word(
        shown, product.image
    )
    is_more = len(_LIST.findall(shown)) > len(_LIST.findall(foreground(product.image)))
    return is_of_the_goods and is_more and any(hit.name in _companions() for hit in extras)


def _share_a_word(ours: str, theirs: str) -> bool:
    """Whether two pictures in one language share a word other than a colour."""
    a, b = (without_colours(foreground(text)) for text in (ours, theirs))
    latin = [set(re.findall(r"[a-z]{4,}", text)) for text in (a, b)]
    chinese = [{x + y for run in re.findall(r"[\u4e00-\u9fff]+", text) for x, y in pairwise(run)} for text in (a, b)]
    return bool(latin[0] & latin[1] or chinese[0] & chinese[1])


@cache
def _companions() -> frozenset[str]:
    """Things that come beside goods, not as a part of them or a prop."""
    found = words("thing_companions.toml", "thing")
    return frozenset(found) | frozenset(words("thing_companions.toml", "companion")["names"])


def _may_be_named(hit: Hit, shown: str, kept: str) -> bool:
    """Whether the record has a part of the word that the picture says of this thing alone: strap in wrist straps, 带 in
    绑带; chess of a chess clock is said of the chess set too."""
    if is_chinese(hit.text):
        return any(c in kept for c in hit.text)
    return any(w[:_SHORTEST_WORD] in kept and w not in shown[: hit.start] for w in hit.text.split())
