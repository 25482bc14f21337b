"""CSV and TSV: rows given are rows read plus rows set aside, and a damaged record takes no good one with it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.delimited import BLOCK_LINES, RawChunk, Reject, read_delimited
from features.errors import FileRefused

HEADER = "order_id,sku,note"
cells = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
good_rows = st.lists(st.tuples(cells.filter(bool), cells, cells), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("delimited")


def read(
    folder: Path, text: str | bytes, name: str = "orders.csv"
) -> tuple[list[tuple[str | None, ...]], list[Reject], list[int]]:
    """Rows, rejects and lines of a file with this content."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    chunks: list[RawChunk] = list(read_delimited(path))
    rows = [row for chunk in chunks for row in chunk.frame.iter_rows()]
    return rows, [r for chunk in chunks for r in chunk.rejects], [line for chunk in chunks for line in chunk.lines]


def written(rows: list[tuple[str, str, str]], delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL  # else Python 3.11 leaves a bare CR unquoted
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("order_id", "sku", "note"), *rows])
    return text.getvalue()


@settings(max_examples=60, deadline=None)
@given(good_rows, st.sampled_from([",", "\t"]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(
    folder: Path, rows: list[tuple[str, str, str]], delimiter: str, end: str, bom: bool
) -> None:
    text = ("\ufeff" if bom else "") + written(rows, delimiter, end)
    back, rejects, lines = read(folder, text, "orders.csv" if delimiter == "," else "orders.tsv")
    assert back == [tuple(cell or None for cell in row) for row in rows]
    assert rejects == []
    assert lines == sorted(set(lines))


plain = st.sampled_from(["1,A,x", '2,"B, b",y', '3,"C ""c""",', ",,"])
# Two lone quotes that end their lines, near each other, are a sound cell of many lines, whatever was meant: no '9,H,"'.
damaged = st.sampled_from(["4,D", "5,E,e,e", '6,"F,f', '7,"G"g,h', "8", '"10",I,"i,', "\x00", ",,,,"])


@settings(max_examples=60, deadline=None)
@given(st.lists(plain | damaged, max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_rows_given_are_rows_read_and_rows_set_aside(folder: Path, rows: list[str], end: str) -> None:
    back, rejects, lines = read(folder, end.join([HEADER, *rows]) + end)
    assert len(back) + len(rejects) == len(rows)
    assert sorted(lines + [r.line for r in rejects]) == list(range(2, 2 + len(rows)))
    assert all(rows[r.line - 2] == r.raw for r in rejects)


@settings(max_examples=60, deadline=None)
@given(st.lists(plain, min_size=1, max_size=20), st.lists(damaged, max_size=5), st.randoms())
def test_damaged_rows_take_no_good_row_with_them(folder: Path, good: list[str], bad: list[str], chance: object) -> None:
    alone, _, _ = read(folder, "\n".join([HEADER, *good]))
    mixed = list(good)
    for row in bad:
        mixed.insert(chance.randint(0, len(mixed)), row)  # type: ignore[attr-defined]
    together, _, _ = read(folder, "\n".join([HEADER, *mixed]))
    assert together == alone


def test_an_open_quote_sets_one_line_aside_and_says_why(folder: Path) -> None:
    rows, (reject,), lines = read(folder, f'{HEADER}\n1,"A,x\n2,B,y\n3,"C",z\n')
    assert [row[0] for row in rows] == ["2", "3"]
    assert lines == [3, 4]
    assert (reject.line, reject.code, reject.raw) == (2, "damaged_record", '1,"A,x')
    assert "quote" in reject.reason


def test_an_open_quote_that_meets_another_quote_by_chance_keeps_the_lines_between(folder: Path) -> None:
    rows, (reject,), _ = read(folder, f'{HEADER}\n1,A,"x\n2,B,y\n3",C,z\n4,D,w\n')
    assert [row[0] for row in rows] == ["2", '3"', "4"]
    assert reject.line == 2


def test_a_quoted_cell_may_hold_many_lines_and_the_lines_below_keep_their_numbers(folder: Path) -> None:
    rows, rejects, lines = read(folder, f'{HEADER}\r\n1,A,"x\r\ny\r\n\r\nz"\r\n2,B,"w"\r\n')
    assert rows == [("1", "A", "x\r\ny\r\n\r\nz"), ("2", "B", "w")]
    assert rejects == []
    assert lines == [2, 6]


def test_a_quote_inside_a_cell_is_a_letter(folder: Path) -> None:
    rows, rejects, _ = read(folder, 'order_id\tsku\tnote\n1\t5" screen\tx\n2\tB\t6" screen\n', "orders.tsv")
    assert rows == [("1", '5" screen', "x"), ("2", "B", '6" screen')]
    assert rejects == []


def test_blank_lines_are_no_rows_but_empty_cells_are(folder: Path) -> None:
    rows, rejects, lines = read(folder, f"{HEADER}\n\n1,A,x\n  \n\r\n,,\n")
    assert rows == [("1", "A", "x"), (None, None, None)]
    assert rejects == []
    assert lines == [3, 6]
    assert read(folder, "a\tb\n\n\t\n", "orders.tsv")[0] == [(None, None)]


def test_one_byte_of_another_encoding_sets_one_row_aside(folder: Path) -> None:
    rows, (reject,), lines = read(folder, f"{HEADER}\n1,美国,x\n".encode() + b"2,caf\xe9,y\n3,C,z\n")
    assert [row[0] for row in rows] == ["1", "3"]
    assert lines == [2, 4]
    assert (reject.line, reject.raw) == (3, "2,caf\\xe9,y")
    assert "UTF-8" in reject.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "\ufeff".encode(),
        b"\n\n",
        "order_id,sku\n1,A\n".encode("utf-16"),
        "订单,sku\n".encode("gb18030"),
        b"a,b,a\n1,2,3\n",
        b'order_id,"sku\n1,A\n',
    ],
)
def test_a_file_without_a_sound_header_is_refused(folder: Path, content: bytes) -> None:
    with pytest.raises(FileRefused, match=r"orders\.csv: "):
        read(folder, content)


def test_a_very_long_cell_is_set_aside(folder: Path) -> None:
    rows, (reject,), _ = read(folder, f"{HEADER}\n1,A,{'x' * 100_000}\n2,B,y\n")
    assert [row[0] for row in rows] == ["2"]
    assert reject.line == 2


@pytest.mark.parametrize("at", [0, BLOCK_LINES - 2, BLOCK_LINES - 1, BLOCK_LINES, 2 * BLOCK_LINES])
def test_records_are_sound_over_the_edges_of_blocks(folder: Path, at: int) -> None:
    rows = [f"{i},A,x" for i in range(2 * BLOCK_LINES)]
    rows[at:at] = ['long,"B\nb\nb",y', '6,"F,f']
    back, rejects, lines = read(folder, "\n".join([HEADER, *rows]))
    assert len(back) == 2 * BLOCK_LINES + 1
    assert [r.line for r in rejects] == [at + 5]
    assert lines == sorted(set(lines) - {at + 5})
    assert max(*lines, at + 5) == 2 * BLOCK_LINES + 5
