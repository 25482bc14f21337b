"""Parts and pieces of a listing beside those of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from features.listings.colours import colours
from features.listings.denials import denies_what_the_other_says
from features.listings.goods_named import kinds_of_goods
from features.listings.lexicon import either, words
from features.listings.meant_counts import counts_meant
from features.listings.packs import bare_count, counts_in, pack_count
from features.listings.part_fits import bare_text, do_fit, judged, may_be, share_word
from features.listings.part_lists import ANONYMOUS, PROPERTY, Part, enumerated, parts_in, parts_of
from features.listings.promises import promises_broken
from features.listings.record import Finding, Record, unknown
from features.listings.short_forms import at_length
from features.listings.things import are_alike, positive
from features.listings.wording import is_chinese, plain

_SOLD_AS = re.compile(
    r"\d[\s-]?packs?(?![a-z])|pack of \d|(?<![a-z])pair(?! with)(?![a-z])"
    r"|\d(?:只|个|支|条|瓶|双|盏|台|把)装|[1一][对双副](?![\u4e00-\u9fff])"
)


def _absent(ours: Sequence[Part], theirs: Sequence[Part], listing: Record, product: Record) -> Iterator[bool | None]:
    """Verdicts on those parts of a listing that the product's list does not name.

    A part may stand in the product's list under a name that we do not know: each stranger there excuses one.
    """
    main = words("things.toml", "main_unit")["words"]
    free = [
        t
        for t in theirs
        if not (t.is_missing or bare_text(t) in main or _is_a_body(t) or any(do_fit(o, t) for o in ours))
    ]
    there = any(not t.is_missing for t in theirs)
    for part in (o for o in ours if not o.is_aside and judged(o, theirs) is None):
        if not part.is_known and _is_a_colour(part.text):
            yield None
            continue
        if part.name in (ANONYMOUS, PROPERTY):
            yield False if any(part.count == t.count for t in theirs) else None
            continue
        if part.name in words("things.toml", "not_parts")["names"] and any(map(_is_a_body, theirs)):
            yield None
            continue
        if part.is_missing or not there or _is_the_goods(part, listing, product):
            yield False if part.is_missing or there else None
            continue
        partner = next((t for t in free if may_be(part, t)), None) or next(
            (t for t in free if _may_stand_for(part, t)), None
        )
        if partner is not None:
            free.remove(partner)
        foreign = any(is_chinese(t.text) != is_chinese(part.text) for t in theirs if not (t.is_known and part.is_known))
        foreign = foreign or any(re.search(_generic(), t.text) for t in theirs if not t.is_missing)
        has_kin = any(share_word(part, t) for t in theirs if not t.is_missing)
        yield None if partner is not None or foreign or has_kin else True


def _is_a_body(part: Part) -> bool:
    """Whether a line that no list knows is the goods themselves: 锅身, 桌体."""
    return not part.is_known and bool(re.fullmatch(r"[\u4e00-\u9fff]{1,2}[身体]", bare_text(part)))


def _may_stand_for(part: Part, other: Part) -> bool:
    """Whether a line that is left over on the other side may be the same part by another name, equally often."""
    paper = words("things.toml", "not_parts")["names"]
    if other.name == part.name:
        return False  # a Lightning cable is no USB-C cable
    return other.name not in paper and part.name not in paper and part.count == other.count and other.name != ANONYMOUS


def _is_a_colour(text: str) -> bool:
    """Whether a line is a colour alone: inks listed as black, cyan, magenta."""
    return bool(colours(text, is_field=True).main) and len(plain(text).split()) == 1


@cache
def _generic() -> str:
    return either(words("things.toml", "generic")["words"])


def _is_the_goods(part: Part, listing: Record, product: Record) -> bool:
    """Whether a part is what is sold: the list of the product need not name it."""
    if (
        bare_text(part) in words("things.toml", "main_unit")["words"]
        or part.name in words("things.toml", "main_unit")["words"]
    ):
        return True
    if part.is_known:
        goods = kinds_of_goods(listing.name) | positive(product.name)
        return any(are_alike(part.name, n, as_parts=True) or n.startswith(f"{part.name}_") for n in goods)
    head = re.split(r"(?<![a-z])(?:with|for|and)(?![a-z])|[+,&]|带|送|配", plain(listing.name))[0]
    return part.name in head or part.name in plain(product.name)


def _total(listed: Sequence[Part]) -> int | None:
    counts = [p.count for p in listed if not p.is_missing and p.name != PROPERTY]
    return None if None in counts or not counts else sum(c or 0 for c in counts)


def _pieces(record: Record) -> frozenset[int]:
    if bare := bare_count(at_length(plain(record.parts))):
        return bare
    packed = pack_count(record)
    return frozenset() if packed is None else frozenset({packed})


def _pack_verdict(listing: Record, product: Record, ours: Sequence[Part], theirs: Sequence[Part]) -> bool | None:
    mine, other = _pieces(listing), _pieces(product)
    if not mine and bare_count(product.parts) and not listing.parts:
        mine = counts_in(listing.text)
    if not other and bare_count(listing.parts) and not product.parts:
        other = counts_in(product.text)
    if len(mine) > 1 and len(other) > 1:  # pairs on both sides
        return mine != other
    if mine and other:
        return not (mine | counts_meant(listing.parts)) & (other | counts_meant(product.parts))
    if not mine and not other and product.parts and not listing.parts:
        mine = counts_in(listing.text)
    if not mine and not other:
        return None
    known, listed = (mine, theirs) if mine else (other, ours)
    if mine and (goods := _count_of_goods(listing, theirs)):
        return not mine & goods
    total = _total(listed)
    if total is None:
        return None
    main = [p.count for p in listed if not p.is_missing]
    lines = set() if all(re.search(r"\d", p.text) for p in listed) else {len(main), len(main) - _paper(listed)}
    other = counts_meant(product.parts if mine else listing.parts)
    return not known & {total, *main, total - _paper(listed), *lines, *other}


def _count_of_goods(listing: Record, theirs: Sequence[Part]) -> set[int]:
    """How many of the goods themselves the product's list has, where the title sells so many as a pack."""
    if not _SOLD_AS.search(plain(listing.name)):
        return set()
    goods = kinds_of_goods(listing.name)
    return {p.count for p in theirs if p.count and p.is_known and not p.is_missing and p.name in goods}


def _add_up(ours: Sequence[Part], theirs: Sequence[Part]) -> bool:
    """Whether two numbers or more of one list make up one of the other: 32 pieces and 2 queens, 34 pieces."""
    counts = [[p.count or 0 for p in side if re.search(r"\d", p.text) and not p.is_missing] for side in (ours, theirs)]
    is_vague = any(p.name in (ANONYMOUS, PROPERTY) for p in (*ours, *theirs))
    return is_vague and any(len(a) > 1 and sum(a) in b for a, b in (counts, counts[::-1]))


def _paper(listed: Sequence[Part]) -> int:
    return sum(p.count or 1 for p in listed if p.name in words("things.toml", "not_parts")["names"])


def _stated(record: Record) -> tuple[str, tuple[Part, ...]]:
    if record.parts:
        return record.parts, parts_of(record.parts)
    said = tuple(p for p in parts_in(record.text) if not p.is_aside)
    return record.text, said or enumerated(record.details)


def parts(listing: Record, product: Record) -> Finding:
    """Parts of the listing beside those of the product: missing ones, other counts, other packs.

    A part that only the product has is no mismatch: nobody complains of more than was promised.
    """
    said, ours = _stated(listing)
    kept, theirs = _stated(product)
    if not listing.parts and not product.parts:
        ours = tuple(replace(p, count=None) if not p.is_missing else p for p in ours)
    verdicts: list[bool | None] = []
    if theirs:
        verdicts += [judged(p, theirs) for p in ours] if not _add_up(ours, theirs) else []
        verdicts += _absent(ours, theirs, listing, product)
    if product.parts and theirs:
        verdicts += promises_broken(listing, product, theirs)
    if product.parts:
        verdicts.append(denies_what_the_other_says(product.parts, listing.text) or None)
    if not _add_up(ours, theirs):
        verdicts.append(_pack_verdict(listing, product, ours, theirs))
    if True in verdicts:
        return Finding(True, said or listing.text, kept or product.text)
    if False not in verdicts:
        same = bool(listing.parts) and plain(listing.parts) == plain(product.parts)
        return Finding(False, said, kept) if same else unknown(listing.parts, product.parts)
    return Finding(False, said, kept)
