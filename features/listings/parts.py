"""Parts and pieces of a listing beside those of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from features.listings.claims import denies_what_the_other_says, kinds_of_goods
from features.listings.lexicon import words
from features.listings.packs import bare_count, counts_in, pack_count
from features.listings.part_lists import Part, parts_in, parts_of
from features.listings.record import Finding, Record, unknown
from features.listings.things import are_alike, positive, share_any
from features.listings.wording import is_chinese, plain

_SHORTEST_SHARED_WORD = 4


def _fit(ours: Part, theirs: Part) -> bool:
    if ours.is_known and theirs.is_known:
        same = are_alike(ours.name, theirs.name, as_parts=True)
        return same and not (ours.marks and theirs.marks and not ours.marks & theirs.marks)
    a, b = set(ours.text.split()), set(theirs.text.split())
    shared = {w for w in a & b if len(w) >= _SHORTEST_SHARED_WORD and not w.isdigit()}
    return ours.name == theirs.name or bool(shared) or _is_short_for(ours, theirs)


def _is_short_for(a: Part, b: Part) -> bool:
    """`头5` for `烙铁头5个`: the end of the longer Chinese name, as often."""
    short, long = sorted((_bare(a), _bare(b)), key=len)
    return bool(short) and is_chinese(short) and long.endswith(short) and (a.count or 1) == (b.count or 1)


def _bare(part: Part) -> str:
    return re.sub(r"[\d\sx个只支条根把台片张块件套]+$", "", plain(part.text))


def _judged(ours: Part, theirs: Sequence[Part]) -> bool | None:
    """Whether the product's list contradicts one part that it has too; None where it is not in the list."""
    exact = [t for t in theirs if t.name == ours.name and _fit(ours, t)]
    like = exact or [t for t in theirs if _fit(ours, t)]
    if not like:
        return None
    there = [t for t in like if not t.is_missing]
    if ours.is_missing != (not there):
        return True
    counts = [t.count for t in there]
    if ours.is_missing or ours.count is None or None in counts:
        return False
    return ours.count not in counts and ours.count != sum(c or 0 for c in counts)


def _absent(ours: Sequence[Part], theirs: Sequence[Part], listing: Record, product: Record) -> Iterator[bool | None]:
    """Verdicts on those parts of a listing that the product's list does not name.

    A part may stand in the product's list under a name that we do not know: each stranger there excuses one.
    """
    main = words("things.toml", "main_unit")["words"]
    free = [t for t in theirs if not (t.is_missing or _bare(t) in main or any(_fit(o, t) for o in ours))]
    there = any(not t.is_missing for t in theirs)
    for part in (o for o in ours if not o.is_aside and _judged(o, theirs) is None):
        if part.is_missing or not there or _is_the_goods(part, listing, product):
            yield False if part.is_missing or there else None
            continue
        partner = next((t for t in free if _may_be(part, t)), None)
        if partner is not None:
            free.remove(partner)
        foreign = any(is_chinese(t.text) != is_chinese(part.text) for t in theirs if not (t.is_known and part.is_known))
        yield None if partner is not None or foreign else True


def _may_be(a: Part, b: Part) -> bool:
    counts = {a.count, b.count} - {None}
    return not (a.is_known and b.is_known) and len(counts) <= 1


def _is_the_goods(part: Part, listing: Record, product: Record) -> bool:
    """Whether a part is what is sold: the list of the product need not name it."""
    if (
        _bare(part) in words("things.toml", "main_unit")["words"]
        or part.name in words("things.toml", "main_unit")["words"]
    ):
        return True
    if part.is_known:
        goods = kinds_of_goods(listing.name) | positive(product.name)
        return any(are_alike(part.name, n) for n in goods)
    head = re.split(r"(?<![a-z])(?:with|for|and)(?![a-z])|[+,&]|带|送|配", plain(listing.name))[0]
    return part.name in head or part.name in plain(product.name)


def _are_miscounted(text: str, theirs: Sequence[Part]) -> bool:
    """Whether free text counts a thing otherwise than the product's list: "4 chairs" beside "2 chairs"."""
    text = plain(text)
    for part in theirs:
        name = re.sub(r"s$", "", _bare(part).split(" ")[-1])
        told = re.findall(rf"(?<![\d.\-/])(\d{{1,2}})\s(?:[a-z]+\s)?{re.escape(name)}s?(?![a-z])", text) if name else []
        if told and part.count is not None and len(name) > 2 and not {part.count} & set(map(int, told)):
            return True
    return False


def _promised(part: Part, theirs: Sequence[Part], product: Record) -> bool | None:
    """Whether the product's list contradicts a part that a title names behind "with"."""
    verdict = _judged(part, theirs)
    if verdict is not None:
        return verdict or None
    if part.count is not None and part.count > 1 and part.count in {t.count for t in theirs}:
        return None  # five blades may be called five cartridges
    is_accessory = part.count is not None or part.name in words("things.toml", "accessory")["names"]
    return True if is_accessory and not share_any([part.name], positive(product.text)) else None


def _total(listed: Sequence[Part]) -> int | None:
    counts = [p.count for p in listed if not p.is_missing]
    return None if None in counts or not counts else sum(c or 0 for c in counts)


def _pieces(record: Record) -> frozenset[int]:
    if bare := bare_count(record.parts):
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
        return not mine & other
    if not mine and not other and product.parts and not listing.parts:
        mine = counts_in(listing.text)
    if not mine and not other:
        return None
    known, listed = (mine, theirs) if mine else (other, ours)
    total = _total(listed)
    if total is None:
        return None
    main = [p.count for p in listed if not p.is_missing]
    return not known & {total, *main, len(main), total - _paper(listed), len(main) - _paper(listed)}


def _paper(listed: Sequence[Part]) -> int:
    return sum(p.count or 1 for p in listed if p.name in words("things.toml", "not_parts")["names"])


def _stated(record: Record) -> tuple[str, tuple[Part, ...]]:
    if record.parts:
        return record.parts, parts_of(record.parts)
    return record.text, tuple(p for p in parts_in(record.text) if not p.is_aside)


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
        verdicts += [_judged(p, theirs) for p in ours]
        verdicts += _absent(ours, theirs, listing, product)
    if product.parts and theirs:
        verdicts += [_promised(p, theirs, product) for p in parts_in(listing.text) if listing.parts or p.is_aside]
    if product.parts and not listing.parts:
        verdicts.append(_are_miscounted(listing.name, theirs) or None)
    if product.parts:
        verdicts.append(denies_what_the_other_says(product.parts, listing.text) or None)
    verdicts.append(_pack_verdict(listing, product, ours, theirs))
    if True in verdicts:
        return Finding(True, said or listing.text, kept or product.text)
    if False not in verdicts:
        same = bool(listing.parts) and plain(listing.parts) == plain(product.parts)
        return Finding(False, said, kept) if same else unknown(listing.parts, product.parts)
    return Finding(False, said, kept)
