"""Lines read at once are what the reader of records makes of them, or are left to it."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.sound import SoundText, sound_text

HEADER = ["a", "b"]
cells = st.sampled_from(
    ["", "x", '""', '"x"', '"x,y"', '"x""y"', '"', 'x"', '"x\ny"', "\ufeffx", "\0", " ", "é", "x\ry"]
)
plain_cells = st.text("ab \t'=+-@#;0.,é字\u2028\x1f\x85\\\"", max_size=3)
ends = st.sampled_from(["\n", "\n", "\r\n", "\r", ",z\n"])


def sound_frame(lines: list[str], header: list[str], delimiter: str, *, has_quotes: bool) -> pl.DataFrame | None:
    text = sound_text(lines, header, delimiter, has_quotes=has_quotes)
    return None if text is None else text.frame()


def lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def by_record(lines: list[str], *, has_quotes: bool = True) -> list[tuple[str | None, ...]]:
    quoting = csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE
    return [tuple(cell or None for cell in row) for row in csv.reader(lines, strict=True, quoting=quoting)]


@settings(max_examples=400)
@given(st.lists(st.tuples(cells, cells, ends), min_size=1, max_size=4), st.booleans())
@example([("x", "y", "\r\n"), ("x", "y", "\n")], True)
def test_what_is_read_at_once_is_what_the_records_are(rows: list[tuple[str, str, str]], has_quotes: bool) -> None:
    lines = lines_of("".join(f"{a},{b}{end}" for a, b, end in rows))
    frame = sound_frame(lines, HEADER, ",", has_quotes=has_quotes)
    if frame is not None:
        assert frame.rows() == by_record(lines, has_quotes=has_quotes)
        assert frame.schema == dict.fromkeys(HEADER, pl.String)


@pytest.mark.parametrize(
    "text",
    ["1,2\n3,4\n", "1,2\r\n3,4\r\n", "1,2\n3,4", '"1","2, 3"\n4,\n', '1,"say ""no"""\n"",5\n', ",\n,\n", "é,字\n"],
)
def test_sound_lines_are_read_at_once(text: str) -> None:
    frame = sound_frame(lines_of(text), HEADER, ",", has_quotes=True)
    assert frame is not None
    assert frame.rows() == by_record(lines_of(text))


@settings(max_examples=400)
@given(st.lists(st.tuples(plain_cells, plain_cells), min_size=1, max_size=4), st.booleans())
def test_plain_lines_are_what_is_written_of_their_columns(rows: list[tuple[str, str]], ends: bool) -> None:
    text = sound_text([f"{a},{b}\n" for a, b in rows], HEADER, ",", has_quotes=ends)
    if text is not None and text.is_plain:
        assert text.frame().write_csv(include_header=False).encode() == text.data


@pytest.mark.parametrize("text", ["x^1,2\n3,4\n", "x\x01,2\n,4\n"])
def test_what_looks_like_a_compressed_file_is_read_all_the_same(text: str) -> None:
    frame = sound_frame(lines_of(text), HEADER, ",", has_quotes=True)
    assert frame is not None
    assert frame.rows() == by_record(lines_of(text))


@pytest.mark.parametrize("data", [b"1,2\n", b"1,2\n3,4\n5,6\n", b"1\n2,3\n", b"1,\xff\n3,4\n", b""])
def test_lines_that_are_not_what_was_said_of_them_are_refused(data: bytes) -> None:
    with pytest.raises(FileRefused, match="lines 2 to 3: expected one record a line"):
        SoundText(data, ("a", "b"), ",", False, 2, 2, None).frame()


@pytest.mark.parametrize(
    "text",
    ["1,2\n3\n", "1,2,3\n", "1,2\n\n", '1,"2\n3,4\n', '1,"2\n3"\n', '1,a"b"\n', '"1"x,2\n', "1,2\r\n3,4\n", "1\r,2\n",
     "1,\0\n", "\ufeff1,2\n", "1,\udcff\n"],
)  # fmt: skip
def test_doubtful_lines_are_left_to_others(text: str) -> None:
    assert sound_frame(lines_of(text), HEADER, ",", has_quotes=True) is None


@settings(max_examples=200)
@given(st.lists(st.lists(st.tuples(cells, cells, ends), min_size=1, max_size=3), min_size=2, max_size=3))
@example([[("x", "y", "\r\n")], [("x", "y", "\n")]])
@example([[("x", "y", "\n")], [("x", "y", "\r\n")]])
@example([[("x", '""', "\n")], [("x", "", "\n")]])
def test_blocks_that_follow_each_other_are_read_together_as_alone(blocks: list[list[tuple[str, str, str]]]) -> None:
    texts, line = list[SoundText](), 2
    for rows in blocks:
        lines = lines_of("".join(f"{a},{b}{end}" for a, b, end in rows))
        text = sound_text(lines, HEADER, ",", has_quotes=True, line=line)
        if text is None:
            return
        texts.append(text)
        line += len(lines)
    if all(one.is_followed_by(after) for one, after in pairwise(texts)):
        together = texts[0].joined(texts[1:])
        assert together.frame().rows() == pl.concat([text.frame() for text in texts]).rows()
        assert together.lines == list(range(2, line))
