"""Single flags: one thing said of goods beside another, and how models, pictures and lists of parts are read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from features.listings.compare import findings
from features.listings.fits import fit_in, fit_of
from features.listings.model_names import do_name_one
from features.listings.part_lists import parts_of
from features.listings.record import Record, Source, columns_of
from features.listings.shown import foreground, whole_count
from features.listings.things import negative

CASES = tomllib.loads((Path(__file__).parent / "golden" / "listing_flags.toml").read_text("utf-8"))["case"]


def record(cells: dict[str, str], source: Source) -> Record:
    return Record("A", **{name: cells.get(column, "") for name, column in columns_of(source).items() if name != "sku"})


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['flag']}: {c['listing']}"[:70])
def test_a_flag_is_raised_where_it_must_be_and_nowhere_else(case: dict[str, Any]) -> None:
    found = findings(record(case["listing"], "listing"), record(case["product"], "product"))
    assert (found[f"mismatch_{case['flag']}"].is_mismatch is True) == case["is_mismatch"]


def test_a_word_that_ends_in_in_does_not_deny_the_model_behind_for() -> None:
    assert [m.name for m in fit_in("Chain for Stihl MS 170").models] == ["ms170"]
    assert fit_in("Controller skin for PS5").excluded == ()
    assert [m.name for m in fit_in("not compatible with PS5").excluded] == ["playstation5"]


def test_what_is_said_behind_a_model_not_to_fit_is_excluded() -> None:
    found = fit_of("特斯拉 Model 3（Model Y不适用）")
    assert [m.name for m in found.models] == ["3"]
    assert [m.name for m in found.excluded] == ["y"]


def test_one_model_by_two_names_is_one_and_a_suffix_makes_another() -> None:
    a, b, c = (fit_of(text).models[0] for text in ("Fuji X100V camera", "X100V", "X100VI"))
    assert do_name_one(a, b)
    assert not do_name_one(b, c)


def test_a_list_says_what_is_not_there_in_brackets_behind_it_and_with_a_modifier() -> None:
    missing = {p.text for p in parts_of("主机、臂带（适配器另购）") if p.is_missing}
    assert missing == {"适配器另购"}
    assert negative("no built-in pump; 无外接音箱; 无线鼠标") == {"pump", "speaker"}


def test_chinese_lists_without_commas_are_told_apart() -> None:
    assert [(p.text, p.count) for p in parts_of("2拍3球")] == [("2拍", 2), ("3球", 3)]
    assert [p.name for p in parts_of("耳机 充电盒 数据线")] == ["earphones", "charging_case", "cable"]
    assert [(p.name, p.count) for p in parts_of("8节5号电池")] == [("battery", 8)]


def test_the_background_of_a_picture_is_no_part_of_the_goods() -> None:
    assert foreground("eight silver hooks on grey tile wall").strip() == "8 silver hooks"
    assert foreground("3-seat sofa").strip() == "3-seat sofa"
    assert whole_count("stack of three soap bars") == 3


def test_a_thing_that_comes_beside_goods_is_an_extra_across_languages_and_a_part_of_them_is_none() -> None:
    product = Record("A", image="滑板一块")
    assert findings(Record("A", image="skateboard"), product)["mismatch_image"].is_mismatch is not True
    found = [
        findings(Record("A", name="skateboard", image=text), product)["mismatch_image"].is_mismatch
        for text in ("skateboard with helmet and knee pads", "skateboard with grip tape handle")
    ]
    assert found[0] is True
    assert findings(Record("A", image="红色滑板配头盔"), Record("A", image="红色滑板"))["mismatch_image"].is_mismatch


@pytest.mark.parametrize(
    ("ours", "theirs", "is_wrong"),
    [
        ("100% cotton sheet", "sheet, 60% polyester 40% cotton", True),
        ("battery health above 80 %", "battery 84 %", False),
        ("battery health 80 %", "battery 84 %", True),
        ("lipstick, no beeswax", "lipstick, free of beeswax", False),
        ("3,000 pages", "3000 pages", False),
        ("70% merino wool socks", "socks, 30% merino, 70% nylon", True),
        ("pure cotton socks", "socks, 77% cotton", False),
        ("85% polyester 15% spandex cover", "沙发套，涤纶85%氨纶15%", False),
        ("merino yarn", "unspun merino yarn", False),
        ("lipstick, no beeswax, no carmine", "lipstick, free of beeswax and carmine", False),
        ("drone battery", "无人机电池", False),
        ("i7-8700 / 16G / 512G", "i7 8700, 8GB/512GB", True),
        ("i7-8700 16G+512G", "i7 8700/16GB/512GB", False),
        ("near-sighted goggles", "plano goggles", True),
        ("monocrystalline panel", "多晶硅太阳能板", True),
    ],
)
def test_shares_and_denials_are_read_in_every_form(ours: str, theirs: str, is_wrong: bool) -> None:
    found = findings(Record("A", details=ours), Record("A", details=theirs))
    assert (found["mismatch_description"].is_mismatch is True) == is_wrong


def test_short_lists_of_models_are_spelt_out() -> None:
    assert [m.name for m in fit_of("M102a/w").models] == ["m102a", "m102w"]
    assert [m.name for m in fit_of("XP-2100/3100").models] == ["xp2100", "xp3100"]
    assert fit_of("Sony A7II").models[0].name == fit_of("Sony A7 II").models[0].name
    assert [m.name for m in fit_of("Honda Civic 06-11 (8th gen)").models] == ["civic"]


@pytest.mark.parametrize(
    ("title", "kept", "is_wrong"),
    [
        ("Tennis Balls, 4 Cans of 3 (12 Balls)", "4 cans x 3 balls", False),
        ("Bar-End Mirrors, Pair", "1 mirror, left", True),
        ("多肉植物组合带盆", "5株，不带盆不带土", True),
        ("Battery Grip for Canon EOS R5 with 2 LP-E6NH Batteries", "grip, no battery", True),
        ("岩板餐桌椅组合一桌六椅", "餐桌1张、餐椅4把", True),
        ("护脊书包送笔袋", "书包1个，无赠品", True),
        ("Kids Bike with Training Wheels and Basket", "bike, training wheels, tool kit", True),
        ("餐椅 2把", "单把", True),
    ],
)
def test_what_a_title_promises_is_read_in_every_form(title: str, kept: str, is_wrong: bool) -> None:
    found = findings(Record("A", name=title), Record("A", parts=kept))["mismatch_parts"]
    assert (found.is_mismatch is True) == is_wrong


@pytest.mark.parametrize(
    ("ours", "theirs", "is_wrong"),
    [
        ("Loop Band for Apple Watch 44mm 45mm", "Apple Watch 38 mm, 40 mm", True),
        ("奶嘴 适用贝亲宽口径奶瓶", "贝亲标准口径（不适用宽口径）", True),
        ("雨罩 适用Bugaboo Fox", "Babyzen YOYO, YOYO2", True),
        ("膜 适用苹果、华为手机", "苹果、安卓（华为、小米）手机", False),
    ],
)
def test_a_title_is_compared_with_the_column_of_models(ours: str, theirs: str, is_wrong: bool) -> None:
    found = findings(Record("A", name=ours), Record("A", compatible_models=theirs))["mismatch_compatibility"]
    assert (found.is_mismatch is True) == is_wrong


def test_a_picture_without_what_the_other_shows_contradicts_it() -> None:
    product = Record("A", image="5株裸根多肉，无盆")
    assert findings(Record("A", image="5株多肉种在白色陶瓷盆里"), product)["mismatch_image"].is_mismatch
