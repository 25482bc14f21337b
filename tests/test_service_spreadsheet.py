"""Workbooks of results: what stands in them reads back as what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from features.errors import InputError
from features.tables import TableOptions, read_orders
from service.files import folder_aside
from service.results import write_table
from service.worklist_files import save

NUMBERS = [8.22, 0.1 + 0.2, 0.22017361375995945, 1e-7, 27.97]


def numbers_of(path: Path) -> list[object]:
    """The first column of the first sheet, below the header."""
    return [row[0] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:]]


def test_a_workbook_of_results_holds_the_very_numbers(tmp_path: Path) -> None:
    write_table(pl.DataFrame({"p": NUMBERS}), tmp_path / "scored.xlsx")
    assert numbers_of(tmp_path / "scored.xlsx") == NUMBERS


def test_a_worklist_in_a_workbook_holds_the_very_numbers(tmp_path: Path) -> None:
    save({"orders": pl.DataFrame({"p": NUMBERS})}, {"orders": "Today"}, tmp_path / "today.xlsx", "utf-8-sig")
    assert numbers_of(tmp_path / "today.xlsx") == NUMBERS


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_instants_of_a_result_are_read_once_more_as_orders(tmp_path: Path, ending: str) -> None:
    at = datetime(2026, 11, 2, 9, 0, 0, 250_000, tzinfo=UTC)
    write_table(pl.DataFrame({"order_id": ["A-1"], "placed_at": [at]}), tmp_path / f"scored{ending}")
    (chunk,) = read_orders(tmp_path / f"scored{ending}", TableOptions())
    assert chunk.columns["placed_at"].tolist() == [at.timestamp()]
    assert not chunk.rejects


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="pack: cannot be written"), folder_aside(tmp_path / "file" / "in" / "pack"):
        pass
