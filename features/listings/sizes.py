"""Sizes: lengths in any order and unit, volumes and sizes by name, compared side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import permutations

from features.listings.measured import clause_before, near, owner
from features.listings.quantities import NUMBER, Quantity, are_equal, quantities, unit_pattern
from features.listings.record import Finding, Record, unknown
from features.listings.size_names import in_systems, named, named_beside, named_in_text
from features.listings.things import positive, things
from features.listings.wording import plain
from features.units import factor

_GUESSED_UNITS = ("centimetre", "millimetre", "inch", "metre")
_LARGEST_FITTING = 5.0  # cm
_FITTING_TOLERANCE = 0.11  # cm; whole sizes lie 2 mm apart
_MOST_SIDES = 5
_WIDEST_SIZE = 1.3  # "32-55 inch" in free text is what the goods fit


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths that belong together, in cm; of: item, package …; has_unit: False where no unit was written."""

    sides: tuple[Quantity, ...]
    of: str
    has_unit: bool = True


@dataclass(frozen=True, slots=True)
class Size:
    """All that one text says of size. names: pairs of a system and a size in it."""

    lengths: tuple[Lengths, ...] = ()
    volumes: tuple[Quantity, ...] = ()
    names: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether anything was understood."""
        return bool(self.lengths or self.volumes or self.names)


@cache
def _chain() -> re.Pattern[str]:
    """`10 x 5 x 3 cm`, `L10cm*W5cm`, `10"D x 5"W x 3"H`, `10 by 5 inches`."""
    unit = unit_pattern("length")
    letter = r"(?:[lwhdt](?![a-z])|长|宽|高|深|厚|diameter|long|wide|high|tall|deep)"
    amount = rf"(?:\d+[\s-])?(?:\d+/\d+|{NUMBER})(?:\s*-\s*{NUMBER})?"
    side = rf"(?:{letter}\s*[:=]?\s*)?{amount}\s*(?:{unit})?\s*(?:\(?{letter}\)?)?"
    return re.compile(rf"{side}(?:\s*(?:x|by)\s*{side}){{1,3}}(?:\s*\({unit}\))?(?:\s*{unit})?")


def _chains(text: str) -> list[tuple[int, int, Lengths]]:
    found = []
    for match in _chain().finditer(text):
        sides = re.split(r"\s*x\s*|\s+by\s+", match[0])
        units = [u[0] for part in sides if (u := re.search(unit_pattern("length"), re.sub(r"^[^\d]*", "", part)))]
        other = re.match(unit_pattern("mass", "volume", "power", "voltage", "data"), text[match.end() :].lstrip())
        if (other and not units) or re.search(r"\d\s*x\s*$", text[: match.start()][-6:]):
            continue
        values = [_side(part, units[-1] if units else "cm") for part in sides]
        if all(values):
            lengths = tuple(v for v in values if v)
            found.append((*match.span(), Lengths(lengths, owner(text, *match.span()), has_unit=bool(units))))
    return found


def _side(part: str, unit: str) -> Quantity | None:
    """One side of a chain; a side without a unit has that of the last."""
    own = re.search(rf"[\d\s]({unit_pattern('length')})", part)
    digits = re.search(rf"(?:\d+[\s-])?(?:\d+/\d+)|{NUMBER}(?:\s*-\s*{NUMBER})?", part)
    found = quantities(f"{digits[0]} {own[1] if own else unit}") if digits else ()
    return found[0] if found and found[0].kind == "length" else None


def _lone(text: str, taken: Iterable[tuple[int, int, Lengths]]) -> list[Quantity]:
    spans = [(start, end) for start, end, _ in taken]
    lengths = [q for q in quantities(text) if q.kind == "length"]
    return [q for q in lengths if not any(start <= q.start < end for start, end in spans)]


def _without_conversions(lengths: Sequence[Quantity]) -> list[Quantity]:
    """Leaves out the second of two that say the same in different units: 10 cm (3.94 in)."""
    kept: list[Quantity] = []
    for q in lengths:
        if not any(k.unit != q.unit and are_equal(k, q) for k in kept):
            kept.append(q)
    return kept


@lru_cache(maxsize=65_536)
def size_of(text: str) -> Size:
    """What a size column says."""
    text = plain(text)
    chains = _chains(text)
    lone: dict[str, list[Quantity]] = {}
    for q in _lone(text, chains):
        lone.setdefault(owner(text, q.start, q.end), []).append(q)
    groups = [lengths for _, _, lengths in chains]
    groups += [Lengths(tuple(_without_conversions(found)[:_MOST_SIDES]), of) for of, found in lone.items()]
    rest = _chain().sub(" ", text)
    names = set() if groups and any(g.has_unit for g in groups) else named(rest)
    volumes = tuple(q for q in map(_as_fluid, quantities(text)) if q.kind == "volume")
    by_system = in_systems(text)
    names |= {name for name in named(rest) if name[0] == "bed"}
    if any(system == "waist" for system, _ in by_system) and "l" in text:  # 32L is the length of trousers
        groups, volumes = [], ()
    return Size(tuple(groups), volumes, frozenset(names | by_system))


def _as_fluid(q: Quantity) -> Quantity:
    if q.unit != "ounce":
        return q
    ratio = factor("volume", "fluid_ounce") / factor("mass", "ounce")
    return replace(q, kind="volume", low=q.low * ratio, high=q.high * ratio)


@lru_cache(maxsize=65_536)
def size_in(text: str, goods: frozenset[str] = frozenset(), *, has_bare: bool = False) -> Size:
    """What free text says of size: chains, else lone lengths by what they belong to; the length of a cable is that of
    the goods only where these are a cable. goods: names of things.toml; has_bare: chains without a unit count too."""
    text = plain(text)
    chains = [c for c in _chains(text) if c[2].has_unit or has_bare]
    lone: dict[str, list[Quantity]] = {}
    for q in _lone(text, chains):
        is_what_it_fits = q.high > _WIDEST_SIZE * q.low
        if not is_what_it_fits and (of := _owner_in_text(text, q, goods)):
            lone.setdefault(of, []).append(q)
    groups = [lengths for _, _, lengths in chains]
    for of, found in lone.items():
        if of != "item" or not groups:
            groups.append(Lengths(tuple(_without_conversions(found)[:_MOST_SIDES]), of))
    return Size(tuple(groups), (), frozenset(named_in_text(text) | in_systems(text)))


def _owner_in_text(text: str, q: Quantity, goods: frozenset[str]) -> str | None:
    """What a lone length in free text belongs to; None for ranges, depths and the like."""
    before, behind = clause_before(text, q.start, 24), text[q.end : q.end + 24].lstrip(" -")
    if not near("length_part").search(before) and not near("length_part").match(behind):
        return owner(text, q.start, q.end)
    named = things(before) or tuple(h for h in things(behind) if h.start == 0)
    if not named or near("mentioned").search(before) or near("mentioned").match(behind):
        return None
    return "item" if named[-1].name in goods else named[-1].name


def _do_lengths_agree(a: Lengths, b: Lengths) -> bool:
    """Each side of the shorter list is a different side of the longer one; without a unit any likely unit may be it."""
    if a.has_unit != b.has_unit:
        bare, full = (b, a) if a.has_unit else (a, b)
        return any(_do_lengths_agree(_in_unit(bare, unit), full) for unit in _GUESSED_UNITS)
    if _is_a_fitting(a) and _is_a_fitting(b):
        return abs(a.sides[0].low - b.sides[0].low) <= _FITTING_TOLERANCE
    few, many = sorted((a.sides, b.sides), key=len)
    orders = permutations(many[:_MOST_SIDES], min(len(few), _MOST_SIDES))
    return any(all(map(are_equal, few, order)) for order in orders)


def _is_a_fitting(lengths: Lengths) -> bool:
    """Whether it is one small length in millimetres, as of a watch band or a drill bit: 20 mm is not 22 mm."""
    side = lengths.sides[0]
    return len(lengths.sides) == 1 and side.unit == "millimetre" and side.high <= _LARGEST_FITTING and not side.is_range


def _in_unit(bare: Lengths, unit: str) -> Lengths:
    scale = factor("length", unit)
    return Lengths(tuple(replace(q, low=q.low * scale, high=q.high * scale) for q in bare.sides), bare.of)


def compared(listing: Size, product: Size) -> bool | None:
    """Whether two sizes differ; None where they say nothing of the same kind."""
    verdicts: list[bool] = []
    for of in {g.of for g in listing.lengths} & {g.of for g in product.lengths}:
        theirs = [g for g in product.lengths if g.of == of]
        verdicts += [not any(_do_lengths_agree(g, t) for t in theirs) for g in listing.lengths if g.of == of]
    if listing.volumes and product.volumes:
        verdicts += [not any(are_equal(v, w) for w in product.volumes) for v in listing.volumes]
    for system in {s for s, _ in listing.names} & {s for s, _ in product.names}:
        sides = [{n for s, n in side.names if s == system} for side in (listing, product)]
        verdicts.append(not sides[0] & sides[1])
    return any(verdicts) if verdicts else None


def _volumes_in(text: str) -> tuple[Quantity, ...]:
    """Volumes in free text; the ounces of vessels are fluid ones."""
    found = quantities(text)
    if near("fluid").search(plain(text)) and not any(q.kind == "volume" for q in found):
        found = tuple(map(_as_fluid, found))
    return tuple(q for q in found if q.kind == "volume")


def dimensions(listing: Record, product: Record) -> Finding:
    """Size of the listing beside that of the product: the columns, where one is empty the text of that side.

    A title with a length that the product record nowhere has is a mismatch too.
    """
    ours, theirs = size_of(listing.size), size_of(product.size)
    said, kept = listing.size, product.size
    is_wrong = compared(ours, theirs)
    if is_wrong is None and not (listing.size and product.size):
        said, ours = (said, ours) if listing.size else (listing.text, _with_volumes(listing, theirs))
        kept, theirs = (kept, theirs) if product.size else (product.text, _with_volumes(product, ours))
        is_wrong = compared(ours, theirs)
    if is_wrong is None:
        same = bool(listing.size) and plain(listing.size) == plain(product.size)
        return Finding(False, said, kept) if same else unknown(listing.size, product.size)
    if not is_wrong and _is_strange(listing.name, product):
        return Finding(True, listing.name, kept)
    return Finding(is_wrong, said, kept)


def _with_volumes(record: Record, other: Size) -> Size:
    """What the texts say of size; a volume counts here only where the other side has it in its size column."""
    found = size_in(record.text, positive(record.name), has_bare=_has_chain(other))
    found = replace(found, names=found.names | named_beside(record.text, {system for system, _ in other.names}))
    return replace(found, volumes=_volumes_in(record.text)) if other.volumes else found


def _has_chain(size: Size) -> bool:
    return any(len(group.sides) > 1 for group in size.lengths)


def _is_strange(title: str, product: Record) -> bool:
    known = [
        q
        for text in (product.size, product.text, product.compatible_models, product.version)
        for q in _all_lengths(text)
    ]
    for group in size_in(title, positive(title)).lengths:
        if group.of == "item" and known and not all(any(are_equal(q, k) for k in known) for q in group.sides):
            return True
    return False


def _all_lengths(text: str) -> list[Quantity]:
    text = plain(text)
    chains = _chains(text)
    return [q for _, _, lengths in chains for q in lengths.sides] + _lone(text, chains)
