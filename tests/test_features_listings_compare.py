"""The nine flags: cases a seller can read, a record beside itself, and silence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import SettingError
from features.listings.colours import are_same, colours
from features.listings.compare import findings
from features.listings.lexicon import Lexicon, Words, table, words
from features.listings.record import FLAGS, Record, Source, columns_of

CASES = tomllib.loads((Path(__file__).parent / "golden" / "listing_cases.toml").read_text("utf-8"))["case"]
SHADES = [
    w for family in table("colours.toml", "family") for w in sum(words("colours.toml", "family", family).values(), ())
]
FRAGMENTS = (
    "iPhone 13 Pro", "not compatible with", "适用于", "Honda Civic 2016-2020", "10 x 5 x 3 cm", "约3斤", "½ in",
    "pack of 3", "三件套", "without charger", "不含充电器", "2 x cable", "Red", "深空灰", "不防水",
    "2nd Gen", "V2.0", "Renewed", "九成新", "cotton", "65W", "mug", "杯子", ",", "; ", "(", ")",
)  # fmt: skip
texts = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=5).map(" ".join), st.text(max_size=30))
records = st.builds(Record, st.just("A"), *[texts] * (len(fields(Record)) - 1))


def record(cells: Mapping[str, str], source: Source) -> Record:
    return Record("A", **{name: cells.get(column, "") for name, column in columns_of(source).items() if name != "sku"})


def told(case: Mapping[str, Mapping[str, str]]) -> set[str]:
    found = findings(record(case["listing"], "listing"), record(case["product"], "product"))
    return {flag.removeprefix("mismatch_") for flag, finding in found.items() if finding.is_mismatch}


@pytest.mark.parametrize("case", CASES, ids=lambda c: str(c["listing"])[:60])
def test_a_case_of_the_development_set_is_told_right(case: Mapping[str, Mapping[str, str]]) -> None:
    assert told(case) == set(case["mismatch"])


@settings(max_examples=80)
@given(records)
def test_a_record_never_differs_from_itself(same: Record) -> None:
    assert not {flag for flag, finding in findings(same, same).items() if finding.is_mismatch}


@settings(max_examples=40)
@given(records)
def test_width_case_and_blanks_make_no_difference(said: Record) -> None:
    other = Record(*(f" {getattr(said, f.name).upper().replace(',', '，')} " for f in fields(Record)))
    assert not {flag for flag, finding in findings(said, other).items() if finding.is_mismatch}


@settings(max_examples=40)
@given(records)
def test_where_one_side_is_silent_nothing_is_told(said: Record) -> None:
    for pair in ((said, Record("A")), (Record("A"), said)):
        assert {finding.is_mismatch for finding in findings(*pair).values()} == {None}


@settings(max_examples=80)
@given(st.sampled_from(SHADES), st.sampled_from(SHADES))
def test_colours_agree_in_both_directions_and_with_themselves(a: str, b: str) -> None:
    one, other = colours(a, is_field=True), colours(b, is_field=True)
    assert are_same(one, other) == are_same(other, one)
    assert are_same(one, one)


def test_the_two_values_stand_side_by_side() -> None:
    found = findings(Record("A", weight="1 kg", colour="red"), Record("A", weight="2 斤", colour="蓝色"))
    assert (found["mismatch_weight"].listing, found["mismatch_weight"].product) == ("1 kg", "2 斤")
    assert found["mismatch_colour"].is_mismatch
    assert tuple(found) == FLAGS


@given(st.lists(st.text("ab ", min_size=1, max_size=4)), st.text("abc ", max_size=8))
def test_the_words_within_a_text_are_those_that_a_search_for_each_finds(listed: list[str], text: str) -> None:
    assert set(Words(listed).within(text)) == {word for word in listed if word in text}


def test_a_word_under_two_names_is_refused() -> None:
    with pytest.raises(SettingError, match="got two for teal"):
        Lexicon({"blue": ["navy", "teal"], "green": ["teal"]})
