"""Weights: of the goods, of one piece of a pack, of the package; loads that the goods carry are no weight of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from features.listings.measured import clause_before, near, owner
from features.listings.packs import pack_count
from features.listings.quantities import NUMBER, Quantity, are_equal, quantities, value_of
from features.listings.record import Finding, Record, unknown
from features.listings.wording import plain


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight in grams and what it is of: item, package, each or total (item: it is not said)."""

    mass: Quantity
    of: str


@lru_cache(maxsize=65_536)
def weights_of(text: str) -> tuple[Weight, ...]:
    """The weights in a weight column; `3 x 200 g` is 600 g in total.

    >>> [(w.mass.low, w.of) for w in weights_of("3 x 200 g; gross 0.7 kg")]
    [(600.0, 'total'), (200.0, 'each'), (700.0, 'package')]
    """
    text = plain(text)
    found = []
    for mass in quantities(text):
        if mass.kind == "mass" and not _PER_AREA.match(text[mass.end :]):
            times = _times(text, mass)
            whole = replace(mass, low=mass.low * times, high=mass.high * times)
            found.append(Weight(whole, "total" if times != 1 else owner(text, mass.start, mass.end)))
            if times != 1:
                found.append(Weight(mass, "each"))
    return tuple(found)


def _times(text: str, mass: Quantity) -> float:
    before = re.search(rf"({NUMBER})\s*(?:个|件|包|袋|瓶)?\s*x\s*$", text[: mass.start])
    after = re.match(r"\s*x\s*(\d+)(?!\s*[\d.]*\s*(?:cm|mm|g|kg))", text[mass.end :])
    found = before or after
    return value_of(found[1]) if found else 1.0


_PER_AREA = re.compile(r"\s*(?:/|per|每)\s*张?\s*(?:㎡|m2|sq|平方?米?)")
_SCALES = re.compile(r"(?<![a-z])scales?(?![a-z])|秤")


@lru_cache(maxsize=65_536)
def weights_in(text: str, *, is_title: bool, has_ounces: bool = False) -> tuple[Weight, ...]:
    """The weights in free text: any in a title, elsewhere those that a word calls weight; never a load.

    Ounces in a text about vessels and liquids are no weight; those of other goods only where has_ounces is set.
    """
    text = plain(text)
    found = []
    for weight in weights_of(text):
        q = weight.mass
        before = clause_before(text, q.start)
        behind = text[q.end : q.end + 20]
        if near("load").search(before) or near("load").match(behind.lstrip(" -(")):
            continue
        if is_title and _SCALES.search(text):
            continue  # what a scale can weigh
        is_called = bool(near("weigh").search(before)) or bool(near("weigh").match(behind.lstrip(" -(")))
        is_fluid = q.unit == "ounce" and bool(near("fluid").search(text))
        if is_called or (is_title and not is_fluid and (has_ounces or q.unit != "ounce")):
            found.append(weight)
    return tuple(found)


def _stated(record: Record, other: Record) -> tuple[str, tuple[Weight, ...]]:
    if found := _of_column(record.weight, other.weight):
        return record.weight, found
    in_title = weights_in(record.name, is_title=True, has_ounces=bool(other.weight))
    return record.text, in_title + weights_in(record.details, is_title=False)


def _of_column(text: str, other: str) -> tuple[Weight, ...]:
    """A number without a unit has the one that makes it agree with the other side, else grams."""
    if not re.fullmatch(NUMBER, plain(text)):
        return weights_of(text)
    guesses = [weights_of(f"{plain(text)} {unit}") for unit in ("g", "kg", "lb", "oz")]
    theirs = weights_of(other)
    agreeing = (g for g in guesses if any(_do_agree(w, t, None) for w in g for t in theirs))
    return next(agreeing, guesses[0])


def _do_agree(a: Weight, b: Weight, pack: float | None) -> bool | None:
    """Whether two weights are the same; None where they are of different things and nothing converts them."""
    kinds = {a.of, b.of}
    if a.of == b.of or kinds <= {"item", "total"}:
        direct = are_equal(a.mass, b.mass)
        return direct or (pack is not None and kinds == {"item", "total"} and _are_each(a, b, pack))
    if "package" in kinds or "folded" in kinds:
        return None
    if pack is None:
        return True if are_equal(a.mass, b.mass) else None
    return (are_equal(a.mass, b.mass) and "item" in kinds) or _are_each(a, b, pack)


def _are_each(a: Weight, b: Weight, pack: float) -> bool:
    light, heavy = sorted((a.mass, b.mass), key=lambda q: q.low)
    return are_equal(replace(light, low=light.low * pack, high=light.high * pack), heavy)


def weight(listing: Record, product: Record) -> Finding:
    """Weight of the listing beside that of the product: the columns, where one is empty the text of that side.

    A title beside a column is not asked: what it weighs there is what the goods can bear, hold or weigh.
    """
    said, ours = _stated(listing, product)
    kept, theirs = _stated(product, listing)
    if not ours or not theirs:
        return unknown(listing.weight or (said if ours else ""), product.weight or (kept if theirs else ""))
    pack = pack_count(listing) or pack_count(product)
    verdicts = [_verdict(w, theirs, pack) for w in ours]
    return Finding(True if True in verdicts else False if False in verdicts else None, said, kept)


def _verdict(w: Weight, theirs: tuple[Weight, ...], pack: float | None) -> bool | None:
    agree = [_do_agree(w, t, pack) for t in theirs]
    if True in agree:
        return False
    return True if False in agree else None
