"""Maps: what ships is sound, and a mistake in one is named with what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.seller.mapping import MapRefused, mapping_of, read_map
from features.seller.maps import built_in, fitting, missing
from features.seller.wordlists import is_personal, wordlists

PLAIN: dict[str, Any] = {"kind": "orders", "columns": {"order_id": "id"}}


@pytest.mark.parametrize("report", sorted(built_in()))
def test_a_map_that_ships_fits_its_own_columns_and_reads_no_personal_ones(report: str) -> None:
    mapping = built_in()[report]
    names = {name.split("|")[0] for name in mapping.signature}
    assert fitting(names, mapping.form) is mapping
    theirs = {name for table in mapping.table for column in table.columns.values() for name in column.names}
    assert not [name for name in theirs if is_personal(name)]
    tables = mapping.words.keys() | wordlists().words.keys()
    named = {c.values for table in mapping.table for c in table.columns.values() if isinstance(c.values, str)}
    assert named <= tables


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {"order_id": "id", "skuu": "x"}}, 'skuu: expected one of our names, did you mean "sku"'),
        ({"columns": {"sku": "x"}}, "needs order_id; say which column holds it"),
        ({"time_zone": "Mars/North"}, "expected a zone such as Asia/Shanghai, got 'Mars/North'"),
        ({"encoding": "latin-1"}, "encoding: Input should be 'utf-8'"),
        ({"date_order": "dym"}, "date_order: Input should be 'dmy', 'mdy' or 'ymd'"),
        ({"decimal": ";"}, "decimal: Input should be '.' or ','"),
        ({"colums": {}}, "colums: "),
        ({"kind": "order"}, "kind: Input should be 'order_items'"),
        ({"drop": [{"column": "x"}]}, "reason: "),
        ({"columns": {"order_id": {"from": "id", "units": "kg"}}}, "units: "),
    ],
)
def test_a_mistake_in_a_map_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MapRefused) as refusal:
        mapping_of(PLAIN | change, "mine.toml")
    assert "mine.toml: " in str(refusal.value)
    assert message in str(refusal.value)


def test_a_map_that_is_no_toml_or_not_there_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text("columns = [")
    with pytest.raises(MapRefused, match=r"m\.toml: expected TOML in UTF-8"):
        read_map(tmp_path / "m.toml")
    with pytest.raises(MapRefused, match="the map cannot be read"):
        read_map(tmp_path / "none.toml")


def test_the_order_of_columns_and_their_capitals_do_not_matter() -> None:
    names = [name.upper() for name in reversed(built_in()["amazon.unshipped"].signature)]
    found = fitting(names)
    assert found is not None
    assert found.report == "amazon.unshipped"
    assert missing(found, {"order-id"}) == found.signature[1:]


@pytest.mark.parametrize(
    "name",
    ["buyer-name", "buyer-email", "buyer-phone-number", "recipient-name", "ship-address-1", "ship-postal-code", "cpf",
     "收件人姓名", "收件人", "买家姓名", "联系电话", "手机号", "邮箱", "详细地址", "邮编", "买家留言",
     "shippingAddress.street",
     "Customer Name", "E-Mail", "ship-phone-number", "お届け先氏名", "郵便番号"],
)  # fmt: skip
def test_names_of_personal_columns_are_known(name: str) -> None:
    assert is_personal(name)


@pytest.mark.parametrize(
    "name", ["order-id", "product-name", "Item Name", "ship-city", "ship-state", "店铺名称", "国家"]
)
def test_other_columns_are_not_taken_for_personal(name: str) -> None:
    assert not is_personal(name)
