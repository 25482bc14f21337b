"""Files of orders that are written otherwise, or damaged by a spreadsheet: what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import FileRefused
from features.tables import TableOptions, read_orders

HEADER = "order_id;marketplace;order_total\nA-1;US;9,5\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_file_with_other_delimiters_or_encoding_is_refused_with_what_to_add(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER.encode(encoding))
    with pytest.raises(FileRefused, match=r"add --map claimrisk\.orders") as refused:
        list(read_orders(path, TableOptions(takes_map=True)))
    assert "\0" not in str(refused.value)


def test_order_numbers_that_a_spreadsheet_has_shortened_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order_id,marketplace\n1.14E+16,US\n1.14E+16,US\n114-0000001-0000001,US\n", "utf-8")
    (chunk,) = read_orders(path, TableOptions())
    assert chunk.columns["order_id"].tolist() == ["114-0000001-0000001"]
    assert [(reject.line, reject.code) for reject in chunk.rejects] == [(2, "digits_lost"), (3, "digits_lost")]
