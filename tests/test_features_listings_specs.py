"""Columns compared by numbers with units and by words that rule each other out; things beside the goods."""

from __future__ import annotations

import pytest

from features.listings.compare import findings
from features.listings.extras import shows_an_extra
from features.listings.record import Record
from features.listings.specs import do_numbers_differ, do_properties_differ


@pytest.mark.parametrize(
    ("ours", "theirs", "differ"),
    [
        ("tire width 215-285 mm", "胎宽165-205mm", True),
        ("tire width 175-195 mm", "胎宽165-205mm", False),
        ("up to 8.0 L", "4.0L以下", True),
        ("up to 3.0 L", "4.0L以下", False),
        ("支持2.4G和5G WiFi", "仅2.4GHz WiFi", True),
        ("462 MHz", "12 V", None),
        ("12GB+256GB", "12+256GB", False),
    ],
)
def test_a_span_must_lie_within_one_of_the_other_side(ours: str, theirs: str, differ: bool | None) -> None:
    assert do_numbers_differ(ours, theirs) is differ


@pytest.mark.parametrize(
    ("ours", "theirs", "differ"),
    [
        ("LED", "卤素", True),
        ("polarized", "非偏光", True),
        ("left side", "左", False),
        ("LED", "左", None),
        ("dual voltage", "110 V only", True),
    ],
)
def test_words_that_rule_each_other_out_differ_in_both_languages(ours: str, theirs: str, differ: bool | None) -> None:
    assert do_properties_differ(ours, theirs) is differ


def test_a_prop_beside_the_goods_counts_only_where_the_product_has_a_list_of_parts() -> None:
    shown = Record("A", image="white fan with remote")
    assert shows_an_extra(shown, Record("A", image="white fan", parts="fan"))
    assert shows_an_extra(shown, Record("A", image="white fan"))
    prop = Record("A", image="white fan with table")
    assert shows_an_extra(prop, Record("A", image="white fan", parts="fan"))
    assert not shows_an_extra(prop, Record("A", image="white fan"))
    assert not shows_an_extra(shown, Record("A", image="white fan", parts="fan, remote control"))


@pytest.mark.parametrize(
    ("ours", "theirs", "is_wrong"),
    [("DDR4-3200", "DDR4-2666", True), ("G1/2接口", "4分（G1/2）", False), ("12GB+256GB", "12+256GB", False)],
)
def test_versions_are_compared_by_the_numbers_of_one_standard(ours: str, theirs: str, is_wrong: bool) -> None:
    found = findings(Record("A", version=ours), Record("A", version=theirs))["mismatch_version"]
    assert (found.is_mismatch is True) == is_wrong
