"""What the main picture shows, in words, beside what the product's picture or record shows."""

from __future__ import annotations

import re

from features.listings.claims import claims, may_be_same, shown_claims
from features.listings.colours import are_same, colours, colours_in, without_colours
from features.listings.denials import denies_what_the_other_says, shows_what_is_lacking
from features.listings.extras import shows_an_extra
from features.listings.packs import bare_count
from features.listings.part_lists import parts_of
from features.listings.record import Finding, Record, unknown
from features.listings.shown import (
    are_other_likenesses,
    do_counts_differ,
    foreground,
    likenesses,
    main_things,
    whole_count,
)
from features.listings.things import are_alike, motifs, negative, positive, share_any, things
from features.listings.wording import is_chinese, plain

_BEFORE = re.compile(r"(?:[a-z-]+\s+){0,1}$|[\u4e00-\u9fff]{0,3}$")
_NO_PRINT = re.compile(
    r"(?:no|without(?: any)?) (?:prints?|patterns?|designs?|logo|graphics?|text)(?![a-z])|无(?:图案|印花|花纹|图)"
)
_ALONE = re.compile(r"(?<![a-z])(?:alone|only|by itself)(?![a-z])|仅|单独|只有")
_SHORTEST_WORD = 4


def image(listing: Record, product: Record) -> Finding:
    """The listing's picture beside the product's: colours, things, their number, shape, pattern and material.

    Where the record has no picture, its colour, name and description stand for it.
    """
    if not listing.image or not (product.image or product.colour or product.name):
        return unknown(listing.image, product.image)
    kept = product.image or "; ".join(t for t in (product.colour, product.name, product.details) if t)
    verdicts = [
        _shows_what_is_not_there(listing, product) or None,
        _differ_in_colour(listing, product),
        _differ_in_things(listing, product, kept),
        _differ_in_claims(listing.image, kept),
        do_counts_differ(listing.image, product.image),
        _shows_more_than_sold(listing, product) or None,
        shows_an_extra(listing, product) or None,
        _differ_in_details(listing.image, kept),
        are_other_likenesses(listing.image, kept) or None,
        _is_plain_beside_print(listing.image, kept) or _is_plain_beside_print(kept, listing.image) or None,
        shows_what_is_lacking(product.image, listing.image) or None,
        denies_what_the_other_says(listing.image, kept) or denies_what_the_other_says(kept, listing.image) or None,
    ]
    if True in verdicts:
        return Finding(True, listing.image, kept)
    if False in verdicts or plain(listing.image) == plain(product.image):
        return Finding(False, listing.image, kept)
    return unknown(listing.image, product.image)


def _colours_shown(record: Record) -> tuple[str, bool]:
    if colours_in(foreground(record.image), shown=True).main or not record.colour:
        return record.image, False
    return record.colour, True


def _differ_in_colour(listing: Record, product: Record) -> bool | None:
    ours = colours_in(foreground(listing.image), known=listing.colour, shown=True)
    text, is_field = _colours_shown(product)
    theirs = (
        colours(text, is_field=True) if is_field else colours_in(foreground(text), known=product.colour, shown=True)
    )
    return not are_same(ours, theirs) if ours.main and theirs.main else None


def _differ_in_things(listing: Record, product: Record, kept: str) -> bool | None:
    """Whether one picture lacks what the other has, shows another motif, or is mainly of another thing that neither
    text names."""
    ours, theirs = foreground(listing.image), foreground(kept)
    mine, other = positive(ours), positive(theirs)
    if (negative(ours) & other) | (negative(theirs) & mine):
        return True
    if not mine or not other:
        return None
    shown = [motifs() & side for side in (mine, other)]
    if all(shown) and not share_any(*shown):
        return True
    if share_any(mine, other):
        return False
    heads = main_things(listing.image), main_things(kept)
    named = positive(listing.name) | positive(product.name)
    if not all(heads) or share_any(heads[0], named) or _words(ours) & _words(theirs):
        return None
    return True


def _shows_what_is_not_there(listing: Record, product: Record) -> bool:
    """Whether the picture shows a thing that the product's list or text says is not with it, or, where the product's
    picture is of the goods alone, another thing."""
    shown = positive(foreground(listing.image))
    record = "; ".join((product.parts, product.image, product.details, listing.parts))
    lacking = negative(record) - positive(product.parts)
    if any(are_alike(a, b, as_parts=True) for a in shown for b in lacking):
        return True
    if denies_what_the_other_says(product.parts, listing.image):
        return True
    is_alone = bool(_ALONE.search(plain(product.image)) or (_ALONE.search(plain(product.parts)) and product.image))
    return is_alone and any(not share_any([thing], positive(product.image)) for thing in shown) and len(shown) > 1


def _shows_more_than_sold(listing: Record, product: Record) -> bool:
    """Whether the picture counts more pieces than the product's parts give, where the product's picture counts none."""
    listed = [p.count for p in parts_of(product.parts) if p.count and not p.is_missing]
    shown, sold = whole_count(listing.image), bare_count(product.parts) or frozenset(listed if len(listed) == 1 else [])
    return shown is not None and bool(sold) and whole_count(product.image) is None and shown > max(sold)


def _words(text: str) -> set[str]:
    """The beginnings of the words of a text, and its Chinese characters; colours left out."""
    text = without_colours(plain(text))
    return {w[:_SHORTEST_WORD] for w in re.findall(r"[a-z]{4,}", text)} | {c for c in text if is_chinese(c)}


def _differ_in_claims(ours: str, theirs: str) -> bool | None:
    mine, other = claims(foreground(ours)), claims(foreground(theirs))
    verdicts = []
    for name in shown_claims():
        a, b = ({v for c, v in side.has if c == name} for side in (mine, other))
        denied = [{v for c, v in side.denies if c == name and c != "material"} for side in (mine, other)]
        if (a and b) or a & denied[1] or b & denied[0]:
            verdicts.append(not a & b and not may_be_same(name, a, b))
    for name in {n for n, _ in mine.numbers} & {n for n, _ in other.numbers}:
        verdicts.append(not {v for n, v in mine.numbers if n == name} & {v for n, v in other.numbers if n == name})
    return any(verdicts) if verdicts else None


def _is_plain_beside_print(one: str, other: str) -> bool:
    """Whether one picture shows goods without any print and the other a motif on them."""
    is_plain = ("pattern", "plain") in claims(one).has or bool(_NO_PRINT.search(plain(one)))
    return is_plain and bool(likenesses(other) or motifs() & positive(foreground(other)))


def _differ_in_details(ours: str, theirs: str) -> bool | None:
    """Whether a thing that both show is of another material or shape: bamboo lid beside glass lid."""
    mine, other = _materials(ours), _materials(theirs)
    told = ((mine[thing], other[thing]) for thing in mine.keys() & other.keys())
    return True if any({c for c, _ in a} & {c for c, _ in b} and not a & b for a, b in told) else None


def _materials(text: str) -> dict[str, frozenset[tuple[str, str]]]:
    """What the word before each thing says of it: the bamboo of a bamboo lid."""
    text = plain(text)
    shown = shown_claims()
    found = {h.name: claims(m[0]).has for h in things(text) if (m := _BEFORE.search(text[: h.start]))}
    of_things = {name: frozenset(c for c in has if c[0] in shown) for name, has in found.items()}
    return {name: has for name, has in of_things.items() if has}
