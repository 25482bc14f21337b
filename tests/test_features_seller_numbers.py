"""Numbers: a writer who keeps to one style is read right, or not at all."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.seller.numbers import decided, evidence, numbers, numerals
from features.seller.rawtext import MARK

FULL_WIDTH = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
MINUS = {"front": "-{}", "behind": "{}-", "brackets": "({})"}
GROUPS = {".": [",", " ", "'", "", "\u00a0"], ",": [".", " ", "'", ""]}


def values(cells: list[str], decimal: str | None = None) -> list[float | None] | None:
    """The numbers of a column, None where its decimal sign is open."""
    found = numerals(pl.Series("amount", cells))
    sign = decimal or decided(evidence(found))
    return None if sign is None else numbers(found, sign, is_guessed=True).values.to_list()  # type: ignore[arg-type]


def written(value: Decimal, decimal: str, group: str, sign: str, minus: str) -> str:
    whole, _, part = f"{abs(value):,}".partition(".")
    text = whole.replace(",", group) + (decimal + part if part else "")
    return MINUS[minus].format(sign.format(text)) if value < 0 else sign.format(text)


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[Decimal], list[str], str]:
    decimal = draw(st.sampled_from([".", ","]))
    group, places = draw(st.sampled_from(GROUPS[decimal])), draw(st.integers(0, 4))
    sign = draw(st.sampled_from(["{}", "￥{}", "US$ {}", "{} €", "EUR {}", "{}元", "人民币{}", "CN¥ {}"]))
    whole = st.integers(-10_000_000, 10_000_000)
    numerals = [Decimal(n).scaleb(-places) for n in draw(st.lists(whole, min_size=1, max_size=12))]
    minus = draw(st.sampled_from(sorted(MINUS)))
    cells = [written(n, decimal, group, sign, minus) for n in numerals]
    if draw(st.booleans()):
        cells = [cell.translate(FULL_WIDTH) for cell in cells]
    return numerals, cells, decimal


@given(columns())
@settings(max_examples=300)
def test_a_column_in_one_style_is_read_right_or_its_sign_is_open(column: tuple[list[Decimal], list[str], str]) -> None:
    numerals, cells, _ = column
    found = values(cells)
    assert found is None or found == pytest.approx([float(n) for n in numerals])


@given(columns())
def test_a_column_whose_sign_is_declared_is_read_right(column: tuple[list[Decimal], list[str], str]) -> None:
    numerals, cells, decimal = column
    assert values(cells, decimal) == pytest.approx([float(n) for n in numerals])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("￥1,234.50", 1234.5), ("１２３．５", 123.5), ("(12.50)", -12.5), ("12.50-", -12.5), ("1,23,456.50", 123456.5),
        ("5%", 0.05), ("1'234.50", 1234.5), (MARK + "1.234", 1.234), (MARK + "1e-05", 1e-05), ("−3.5", -3.5),
        ("1,2345.5", None), ("12.5.1", None), ("1 2.5", None), ("--5", None), ("abc", None), ("1.5E+05", None),
        ("0,123.5", None), ("$5 EUR", None), ("(5", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_read_with_a_point_as_decimal_sign(cell: str, value: float | None) -> None:
    assert values([cell], ".") == [value]


@pytest.mark.parametrize("cells", [["1.234"], ["1,234", "5"], ["1.234", "1,234"], ["1,234.50", "1.234,50"]])
def test_what_can_be_read_in_two_ways_is_left_open(cells: list[str]) -> None:
    assert values(cells) is None


def test_one_slip_among_many_is_set_aside() -> None:
    found = values([f"{i}.25" for i in range(30)] + ["12,5"])
    assert found is not None
    assert found[-1] is None
    assert found[:2] == [0.25, 1.25]
