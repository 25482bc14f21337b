"""Encodings: what was written is what is read, or the file is refused with what to set; never another text."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.seller.encodings import guessed_encoding
from features.seller.mapping import mapping_of
from features.seller.reading import read_seller_file
from features.seller.sources import looked_at

CHINESE = [
    "手机壳",
    "数据线",
    "蓝牙耳机",
    "红色大号",
    "请尽快发货",
    "美国站",
    "已发货",
    "深圳仓库",
    "儿童玩具",
    "充电器",
    "人民币",
    "没有",
    "通",
    "媒",
]
JAPANESE = [
    "ワイヤレス",
    "イヤホン",
    "東京都",
    "大阪府",
    "手帳型ケース",
    "未出荷",
    "お届け先",
    "テスト商品",
    "発送済み",
    "青い財布",
]
LATIN = [
    "München",
    "Zürich",
    "Besançon",
    "São-Paulo",
    "Ärmel",
    "Größe",
    "España",
    "Málaga",
    "café",
    "Düsseldorf",
    "Genève",
    "naïve",
    "£12",
    "12€",
]
WRITTEN = {
    "utf-8": CHINESE + JAPANESE + LATIN, "utf-8-sig": CHINESE + LATIN, "utf-16": CHINESE + LATIN,
    "utf-16-le": CHINESE + LATIN, "utf-16-be": CHINESE + JAPANESE, "gb18030": CHINESE, "cp932": JAPANESE,
    "cp1252": LATIN,
}  # fmt: skip
ENOUGH = 30
MAP = mapping_of({"kind": "orders", "columns": {"order_id": "id", "item_name": "name"}}, "names.toml")


def read(content: bytes, **settings: str) -> list[str]:
    mapping = mapping_of({"kind": "orders", "columns": {"order_id": "id", "item_name": "name"}} | settings, "m.toml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        path.write_bytes(content)
        (table,) = read_seller_file(path, mapping=mapping)
    assert not table.rejects
    return table.frame["item_name"].to_list()


def csv_of(names: list[str]) -> str:
    return "id,name\r\n" + "".join(f"114-{i},{name}\r\n" for i, name in enumerate(names))


@given(st.data())
@settings(max_examples=150)
def test_a_file_is_read_as_it_was_written_or_refused(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(sorted(WRITTEN)))
    names = data.draw(st.lists(st.sampled_from(WRITTEN[encoding]), min_size=2, max_size=40))
    with suppress(FileRefused):
        assert read(csv_of(names).encode(encoding)) == names


@pytest.mark.parametrize("encoding", sorted(WRITTEN))
def test_so_many_names_are_enough_to_tell_an_encoding(encoding: str) -> None:
    names = (WRITTEN[encoding] * ENOUGH)[:ENOUGH]
    assert read(csv_of(names).encode(encoding)) == names


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "cp932", "cp1252", "utf-16"])
def test_an_encoding_that_the_map_names_is_not_guessed(encoding: str) -> None:
    name = WRITTEN[encoding][0]
    assert read(csv_of([name]).encode(encoding), encoding=encoding) == [name]


def test_a_damaged_line_of_utf8_does_not_make_the_file_chinese(tmp_path: Path) -> None:
    lines = csv_of(CHINESE * 5).encode().replace("已发货".encode(), b"\xb0\xa1\xff", 1)
    (tmp_path / "orders.csv").write_bytes(lines)
    (table,) = read_seller_file(tmp_path / "orders.csv", mapping=MAP)
    assert [reject.code for reject in table.rejects] == ["damaged_record"]
    assert table.is_complete
    assert "encoding_guessed" in [note.code for note in table.notes]


def test_bytes_that_do_not_fit_the_declared_encoding_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(csv_of(["东", "京"]).encode("gb18030").replace(b"\xbe\xa9", b"\xbe\xff"))
    mapping = mapping_of(
        {"kind": "orders", "encoding": "gb18030", "columns": {"order_id": "id", "item_name": "name"}}, "m.toml"
    )
    (table,) = read_seller_file(tmp_path / "orders.csv", mapping=mapping)
    assert [reject.line for reject in table.rejects] == [3]
    assert table.is_complete


def test_half_a_letter_of_utf16_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(csv_of(["东"]).encode("utf-16")[:-1])
    with pytest.raises(FileRefused, match="expected text in utf-16"):
        read_seller_file(tmp_path / "orders.csv", mapping=MAP)


def test_an_encoding_that_is_said_is_for_files_that_do_not_tell_it_themselves(tmp_path: Path) -> None:
    for encoding, read_as in (("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")):
        path = tmp_path / f"{encoding}.csv"
        path.write_text("订单号,下单时间\nA1,2026-10-01 10:00\n", encoding)
        look = looked_at(path, said="gb18030")
        assert (look.encoding, look.rows[0]) == (read_as, ["订单号", "下单时间"])


def test_plain_ascii_is_certain(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(b"id,name\n1,case\n")
    assert guessed_encoding(tmp_path / "orders.csv").is_certain
