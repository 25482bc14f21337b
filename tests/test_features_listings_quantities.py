"""Quantities in text: units there and back, tolerances at their borders, the same said in other words."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import SettingError
from features.listings.lexicon import number
from features.listings.quantities import Quantity, are_equal, quantities
from features.listings.record import Record
from features.listings.sizes import dimensions
from features.listings.weights import weight
from features.units import factor, kinds

WORDS = kinds()
KINDS = list(WORDS)
# By treaty or law: international yard and pound 1959, US customary liquid measure, Chinese market units 1959.
EXACT = {
    ("length", "inch"): 2.54, ("length", "foot"): 30.48, ("mass", "pound"): 453.59237, ("mass", "ounce"): 28.349523125,
    ("volume", "fluid_ounce"): 29.5735295625, ("volume", "gallon"): 3785.411784, ("mass", "jin"): 500.0,
}  # fmt: skip
amounts = st.integers(5, 9_999).map(lambda n: n / 10)
units_of = {kind: st.sampled_from(sorted(WORDS[kind])) for kind in KINDS}


def written(value: float, word: object) -> Quantity:
    (found,) = quantities(f"{value:.10g} {word}")
    return found


@pytest.mark.parametrize(("unit", "expected"), EXACT.items())
def test_a_unit_is_worth_what_the_law_says(unit: tuple[str, str], expected: float) -> None:
    assert factor(*unit) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_for_a_unit_is_read_as_that_unit(kind: str) -> None:
    for unit, listed in WORDS[kind].items():
        for word in listed if isinstance(listed, list) else []:
            assert [(q.kind, q.low) for q in quantities(f"7 {word}")] == [(kind, 7 * factor(kind, unit))], word


def test_a_unit_that_pint_does_not_know_is_named() -> None:
    with pytest.raises(SettingError, match=r"units.toml: length.cubit_of_noah"):
        factor("length", "cubit_of_noah")


@settings(max_examples=60)
@given(st.data(), amounts)
def test_a_value_equals_itself_in_any_unit_of_its_kind(data: st.DataObject, value: float) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    a, b = (data.draw(units_of[kind]) for _ in range(2))
    there = value * factor(kind, a) / factor(kind, b)
    assert there * factor(kind, b) / factor(kind, a) == pytest.approx(value)
    word = WORDS[kind][b]
    same = written(there, word[0] if isinstance(word, list) else word) if 1e-4 < there < 1e9 else None
    own = WORDS[kind][a]
    assert same is None or are_equal(written(value, own[0] if isinstance(own, list) else own), same)


@settings(max_examples=60)
@given(amounts, amounts, st.sampled_from(["length", "mass", "volume", "power"]))
def test_to_be_equal_is_symmetric(x: float, y: float, kind: str) -> None:
    a, b = (Quantity(kind, v, v, "", "", 0, 1) for v in (x, y))
    assert are_equal(a, b) == are_equal(b, a)


@pytest.mark.parametrize("kind", ["length", "mass", "volume"])
def test_the_tolerance_holds_up_to_its_border_and_no_further(kind: str) -> None:
    large = number("tolerances.toml", kind, "absolute") * 1_000
    border = large * (1 - number("tolerances.toml", kind, "relative"))
    a, b = (Quantity(kind, v, v, "", "", 0, 1) for v in (large, border))
    assert are_equal(a, b)
    assert not are_equal(a, replace(b, low=border * 0.999, high=border * 0.999))
    about = large * (1 - number("tolerances.toml", "about", "relative"))
    assert are_equal(replace(a, is_about=True), replace(b, low=about, high=about))


@settings(max_examples=30)
@given(st.lists(st.integers(20, 400).map(lambda n: n / 4), min_size=3, max_size=3), st.integers(0, 5))
def test_sides_in_any_order_and_unit_are_one_size(sides: list[float], order: int) -> None:
    turned = list(permutations(sides))[order]
    inches = " x ".join(f"{s / 2.54:.4f}" for s in turned) + " in"
    for other in ("*".join(f"{s}" for s in turned) + "厘米", inches, "长{}cm 宽{}cm 高{}cm".format(*turned)):
        found = dimensions(Record("A", size=" x ".join(map(str, sides)) + " cm"), Record("A", size=other))
        assert found.is_mismatch is False, other


@settings(max_examples=30)
@given(st.integers(100, 5_000), st.sampled_from(["g", "克", " grams"]), st.sampled_from([1.2, 1.5, 2, 10]))
def test_another_weight_is_found_and_the_same_is_not(grams: int, word: str, times: float) -> None:
    said = Record("A", weight=f"{grams}{word}")
    assert weight(said, Record("A", weight=f"{grams / 1000}公斤")).is_mismatch is False
    assert weight(said, Record("A", weight=f"{grams / 500 * times}斤")).is_mismatch is True


@pytest.mark.parametrize(
    "text", ["2.4G wireless", "3-in-1 tool", "iPhone 13 in black", "5G Wi-Fi router", "±1cm", "V2.0", "2021-2023"]
)
def test_what_is_no_quantity_is_not_read_as_one(text: str) -> None:
    assert quantities(text) == ()
