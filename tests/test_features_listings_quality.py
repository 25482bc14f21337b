"""The reached quality of the listing check on the labelled pairs, kept flag by flag.

Floors are slightly below what was reached on all pairs (docs/listings.md); they guard against going back and say
nothing of new listings, because half of the pairs was looked at when the rules were made.
"""

from __future__ import annotations

import math

import pytest

from benchmarks.listing_check import Tally, half_of, pairs, table, tallies
from features.listings.record import FLAGS

FLOORS = {  # precision, recall, share of agreements that are told
    "mismatch_image": (0.85, 0.85, 0.95),
    "mismatch_dimensions": (0.92, 0.95, 0.88),
    "mismatch_weight": (0.95, 0.90, 0.95),
    "mismatch_colour": (0.92, 0.95, 0.97),
    "mismatch_condition": (0.95, 0.95, 0.95),
    "mismatch_description": (0.86, 0.92, 0.97),
    "mismatch_compatibility": (0.80, 0.87, 0.85),
    "mismatch_version": (0.95, 0.90, 0.95),
    "mismatch_parts": (0.84, 0.84, 0.85),
}


@pytest.fixture(scope="module")
def found() -> dict[str, Tally]:
    return tallies(pairs())


@pytest.mark.parametrize("flag", FLAGS)
def test_no_flag_falls_below_the_quality_it_has_reached(flag: str, found: dict[str, Tally]) -> None:
    precision, recall, told = FLOORS[flag]
    tally = found[flag]
    assert tally.precision >= precision
    assert tally.recall >= recall
    assert 1 - tally.unknown["agrees"] / tally.labelled["agrees"] >= told


def test_the_halves_part_the_pairs_and_hold_those_read_first_on_the_side_of_the_build() -> None:
    build, held_out = ({pair.id for pair in pairs(half)} for half in ("build", "held_out"))
    assert not build & held_out
    assert build | held_out == {pair.id for pair in pairs()}
    assert {half_of(f"pair-{n:03d}") for n in range(1, 12)} == {"build"}


def test_a_flag_that_was_never_raised_has_no_precision(found: dict[str, Tally]) -> None:
    none = dict.fromkeys(("mismatch", "agrees", "untold"), 0)
    assert math.isnan(Tally(none, none, none).precision)
    assert len(list(table(found))) == len(FLAGS) + 2
