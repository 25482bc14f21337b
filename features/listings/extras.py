"""Things beside the goods in the picture of a listing that the product's picture and record nowhere name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.listings.lexicon import Hit
from features.listings.record import Record
from features.listings.shown import foreground
from features.listings.things import are_alike, motifs, positive, share_any, things
from features.listings.wording import is_chinese, is_negated, plain

_BESIDE = re.compile(
    r"(?:(?<![a-z])(?:with|and|plus|next to|beside|full of)|[,+&])\s*(?:an?\s|the\s|its\s|\d+\s)?(?:[a-z-]+\s){0,2}$"
    r"|(?:(?<![不未自])[带配和及与]|旁边|旁|,)[\d\u4e00-\u9fff]{0,4}$"
)
_ATTACHED = re.compile(r"\s*(?:attached|next to it|beside it|included)")
_BUILT_IN = frozenset({"handle", "lid", "strap", "base", "stand", "wheel", "logo", "laptop", "phone"})
_SHORTEST_WORD = 4


def _beside(text: str) -> Iterator[Hit]:
    """What a picture shows beside the first thing that it names."""
    found = things(text)
    for hit in found[1:]:
        is_beside = _BESIDE.search(text[max(0, hit.start - 28) : hit.start]) or _ATTACHED.match(text, hit.end)
        if is_beside and not is_negated(text, hit.start, hit.end):
            yield hit


def shows_an_extra(listing: Record, product: Record) -> bool:
    """Whether the listing's picture adds a thing to what both show: a remote control, a drawer cabinet.

    >>> shows_an_extra(Record("A", image="white fan with remote"), Record("A", image="white fan", parts="fan"))
    True
    """
    shown, theirs = foreground(listing.image), positive(product.image)
    if not product.parts or not theirs or is_chinese(listing.image) != is_chinese(product.image):
        return False  # a prop, where no list says what is sold; across languages names that no list knows
    if not share_any(positive(shown), theirs):
        return False
    record = "; ".join((product.image, product.parts, product.name, product.details))
    known, kept = positive(record), plain(record)
    return any(
        hit.name not in motifs() | _BUILT_IN
        and not any(are_alike(hit.name, other) or are_alike(hit.name, other, as_parts=True) for other in known)
        and not _may_be_named(hit.text, kept)
        for hit in _beside(shown)
    )


def _may_be_named(word: str, kept: str) -> bool:
    """Whether the record has a part of the word: strap in wrist straps, 带 in 绑带."""
    if is_chinese(word):
        return any(c in kept for c in word)
    return any(w[:_SHORTEST_WORD] in kept for w in word.split())
