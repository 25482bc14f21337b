"""Parts and pieces of a listing beside those of the product."""

from __future__ import annotations

from dataclasses import replace

from features.listings.lexicon import words
from features.listings.packs import pack_count
from features.listings.part_lists import Part, parts_in, parts_of
from features.listings.record import Finding, Record, unknown
from features.listings.things import are_alike, positive
from features.listings.wording import is_chinese, plain


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
    if ours.is_missing or ours.is_aside:
        return None if ours.is_aside else False
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
    return sum(p.count or 1 for p in listed if p.name in words("things.toml", "not_parts")["names"])


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
