"""Scoring a file: every row scored or rejected, the user's columns first, nothing half-written, nothing run."""

from __future__ import annotations

import csv
import errno
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import Columns
from features.completion import completed
from features.document import read_order
from features.errors import FileRefused, InputError
from features.kinds import TEXT_KINDS
from features.order import attributes
from features.order_columns import columns_of
from features.parsing import parsed
from features.tables import TableOptions
from model.artefact import Bundle
from service.advice_catalogue import Catalogue, catalogue
from service.batch import Wish, score_file
from service.batch_rows import InPieces
from service.decide import decide
from service.files import folder_aside, written_aside
from service.means import Means
from service.meanwhile import used_meanwhile
from service.result_columns import PREFIX
from service.results import REJECT_COLUMNS, Part, escaped, write_parquet, write_parts
from service.summary import Summary
from service.wording import Lang

OURS = (
    "probability", "low", "high", "score", "band", "disposition", "state", "status", "expected_cost", "cost_currency",
    "reason_1", "reason_2", "reason_3", "action_1", "action_2", "action_3", "deadline", "warnings", "model",
)  # fmt: skip
CHINESE = r"[\u4e00-\u9fff]"


@pytest.fixture(scope="module")
def advice() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="module")
def rows(documents: list[dict[str, Any]]) -> pl.DataFrame:
    """A user's file: 60 orders, columns in an order of its own, one that is no attribute and one of the shop's."""
    frame = pl.DataFrame(documents[:60], infer_schema_length=None)
    names = sorted(frame.columns, reverse=True)
    return frame.select(names).with_columns(my_note=pl.lit("please check"), x_picker=pl.int_range(60))


def scored(
    given: pl.DataFrame | Path, out: Path, bundle: Bundle, advice: Catalogue, lang: Lang = "en"
) -> tuple[pl.DataFrame, Summary]:
    path = given
    if isinstance(given, pl.DataFrame):
        path = out.with_name("orders.csv")
        given.write_csv(path)
    summary = score_file(path, out, TableOptions(), Means(bundle), Wish(lang, workers=1))
    read = pl.read_parquet if out.suffix == ".parquet" else pl.read_csv
    return read(out), summary


def with_bad_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Row 4 has a rate of the moon, row 9 no order_id, row 10 repeats row 9's neighbour."""
    place = pl.int_range(pl.len())
    return rows.with_columns(
        order_id=pl.when(place == 9).then(None).when(place == 10).then(pl.col("order_id").get(8)).otherwise("order_id"),
        as_of=pl.when(place == 10).then(pl.col("as_of").get(8)).otherwise("as_of"),
        quantity=pl.when(place == 4).then(-1).otherwise("quantity"),
    )


def rejects(out: Path) -> list[dict[str, str]]:
    with out.with_name(out.name + ".rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_read_is_scored_or_rejected(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    found, summary = scored(with_bad_rows(rows), tmp_path / "out.csv", bundle, advice)
    assert summary.rows == rows.height
    assert (summary.scored, summary.rejected.total()) == (57, 3)
    assert found.height == summary.scored == sum(summary.statuses.values())
    assert len(rejects(tmp_path / "out.csv")) == 3


def test_the_users_columns_stand_first_in_their_order_with_their_rows_in_order(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    found, summary = scored(with_bad_rows(rows), tmp_path / "out.csv", bundle, advice)
    assert found.columns == [*rows.columns, *(PREFIX + name for name in OURS)]
    kept = [i for i in range(rows.height) if i not in (4, 9, 10)]
    assert found["order_id"].to_list() == rows["order_id"].gather(kept).to_list()
    assert found["x_picker"].to_list() == kept
    assert summary.strange_columns == ["my_note: not an attribute, carried through"]


def test_rejects_name_line_column_code_and_reason_with_the_row_itself(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    given = with_bad_rows(rows)
    scored(given, tmp_path / "out.csv", bundle, advice)
    told = rejects(tmp_path / "out.csv")
    assert tuple(told[0]) == REJECT_COLUMNS
    assert [(r["line"], r["column"], r["code"]) for r in told] == [
        ("6", "quantity", "not_a_count"), ("11", "order_id", "missing"), ("12", "order_id", "repeated")
    ]  # fmt: skip
    assert all(r["reason"] for r in told)
    lines = (tmp_path / "orders.csv").read_text("utf-8").splitlines()
    assert [next(csv.reader([r["raw"]])) for r in told] == [next(csv.reader([lines[int(r["line"]) - 1]])) for r in told]


def test_rejects_of_an_earlier_run_do_not_stay(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    scored(with_bad_rows(rows), tmp_path / "out.csv", bundle, advice)
    scored(rows, tmp_path / "out.csv", bundle, advice)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["orders.csv", "out.csv"]


def test_a_file_tells_what_the_decision_tells(
    rows: pl.DataFrame, documents: list[dict[str, Any]], bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    found, _ = scored(rows, tmp_path / "out.parquet", bundle, advice)
    orders: Columns = completed(columns_of([read_order(document) for document in documents[:60]]))
    told = decide(orders, Means(bundle))
    for name in ("probability", "low", "high"):
        ours = found[PREFIX + name].fill_null(np.nan).to_numpy()
        np.testing.assert_array_equal(ours, getattr(told.scores, name))
    assert found[PREFIX + "status"].to_list() == told.status.tolist()
    assert set(found[PREFIX + "model"]) == {bundle.version}


def test_csv_and_parquet_tell_the_same_and_parquet_keeps_types(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    rows.write_parquet(tmp_path / "typed.parquet")
    out, _ = scored(tmp_path / "typed.parquet", tmp_path / "out.parquet", bundle, advice)
    text, _ = scored(rows, tmp_path / "out.csv", bundle, advice)
    assert out.select(rows.columns).equals(rows)
    assert out.schema[PREFIX + "probability"] == pl.Float64
    assert out.schema[PREFIX + "score"] == pl.Int64
    assert text[PREFIX + "probability"].to_list() == out[PREFIX + "probability"].to_list()
    assert text[PREFIX + "band"].to_list() == out[PREFIX + "band"].to_list()


def test_csv_starts_with_the_mark_that_spreadsheets_want(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    scored(rows, tmp_path / "out.csv", bundle, advice)
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")


RISKY = ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "＝1", "＋1", "－1", "＠a", "\tx", "\r=x", "=cmd|' /C calc'!A0"]
PLAIN = ["-5", "+5", "-1.5e-3", "+.5", "5.", "a=b", "", "10-20", "'=1", None, "－" * 0 + "note"]


def test_cells_that_a_spreadsheet_would_run_are_escaped_and_numbers_stay_numbers() -> None:
    cells = pl.DataFrame({"text": RISKY + PLAIN, "number": [-1.5] * (len(RISKY) + len(PLAIN))})
    got = escaped(cells)
    assert got["text"].to_list() == ["'" + cell for cell in RISKY] + PLAIN
    assert got["number"].equals(cells["number"])


@pytest.mark.parametrize("kind", [pl.Categorical(), pl.Enum(["=1+1", "-5"])])
def test_cells_of_a_closed_set_that_a_spreadsheet_would_run_are_escaped(kind: pl.DataType) -> None:
    assert escaped(pl.DataFrame({"text": pl.Series(["=1+1", "-5"], dtype=kind)}))["text"].to_list() == ["'=1+1", "-5"]


def test_names_of_columns_that_a_spreadsheet_would_run_are_escaped_each_by_a_name_of_its_own() -> None:
    got = escaped(pl.DataFrame({"=1+1": ["a"], "'=1+1": ["b"], "-5": ["c"], "plain": ["d"]}))
    assert got.rows(named=True) == [{"''=1+1": "a", "'=1+1": "b", "'-5": "c", "plain": "d"}]


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, timedelta(hours=1), b"\xff"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_only_parquet_holds_is_refused_for_other_results(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path, value: object, ending: str
) -> None:
    rows.with_columns(strange=pl.Series([value] * rows.height)).write_parquet(tmp_path / "orders.parquet")
    with pytest.raises(InputError, match=r"column 'strange' holds lists, structs, durations or bytes, which only"):
        score_file(tmp_path / "orders.parquet", tmp_path / f"out.{ending}", TableOptions(), Means(bundle), Wish())
    score_file(tmp_path / "orders.parquet", tmp_path / "out.parquet", TableOptions(), Means(bundle), Wish())
    assert pl.read_parquet(tmp_path / "out.parquet")["strange"].to_list() == [value] * rows.height


def test_formulas_of_a_file_are_escaped_in_scores_and_rejects(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    given = with_bad_rows(rows).with_columns(my_note=pl.lit("=HYPERLINK(1)"), zz=pl.lit("-3"))
    given = given.select("my_note", pl.exclude("my_note"))
    found, _ = scored(given, tmp_path / "out.csv", bundle, advice)
    assert set(found["my_note"]) == {"'=HYPERLINK(1)"}
    assert set(found["zz"]) == {-3}
    assert all(r["raw"].startswith("'=HYPERLINK(1),") for r in rejects(tmp_path / "out.csv"))


@pytest.mark.parametrize("name", ["out.xls", "out", "out.csv.gz", "out.json"])
def test_an_ending_that_is_not_written_is_refused_before_any_work(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError, match=r"--out .*expected a name ending in \.csv, \.parquet, \.xlsx"):
        score_file(tmp_path / "none.csv", tmp_path / name, TableOptions(), Means(bundle), Wish())
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_leaves_the_earlier_result_and_nothing_half_written(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    scored(rows, out, bundle, advice)
    before = out.read_bytes()
    (tmp_path / "bad.csv").write_text("sku\nA\n")
    with pytest.raises(FileRefused):
        scored(tmp_path / "bad.csv", out, bundle, advice)
    assert out.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "orders.csv", "out.csv"]


def test_a_place_that_cannot_be_written_is_one_clear_line(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "folder.csv", tmp_path / "file" / "out.csv"):
        rows.write_csv(tmp_path / "given.csv")
        with pytest.raises(InputError, match=f"{out}: cannot be written"):
            scored(tmp_path / "given.csv", out, bundle, advice)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.csv", "given.csv"]


def test_a_disk_that_is_full_is_told_as_such() -> None:
    frames = [pl.DataFrame({"a": np.random.default_rng(k).random(100_000)}) for k in range(5)]
    with pytest.raises(OSError, match="No space left"):
        write_parquet(iter(frames), frames[0].schema, Path("/dev/full"))


def test_no_more_is_made_than_is_used_up() -> None:
    made = list[int]()

    def numbers() -> Iterator[int]:
        for k in range(100):
            made.append(k)
            yield k

    with pytest.raises(ZeroDivisionError):
        used_meanwhile(numbers(), lambda some: 1 // next(some))
    assert len(made) < 4


def test_what_goes_wrong_while_frames_are_made_is_raised_as_it_is(tmp_path: Path) -> None:
    def parts() -> Iterator[Part]:
        yield Part(pl.DataFrame({"a": [1.0]}))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_parts(parts(), tmp_path / "out.parquet", "utf-8-sig")
    assert list(tmp_path.iterdir()) == []


def _shorter(rows: pl.DataFrame, path: Path) -> None:
    _again(rows[:30], path)


def _of_other_columns(rows: pl.DataFrame, path: Path) -> None:
    _again(rows.select("order_id", "as_of"), path)


def _of_other_cells(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":  # as long as before, as bytes are counted
        path.write_bytes(path.read_bytes().replace(b"false", b"true "))
    else:
        _again(rows.with_columns(order_total=pl.col("order_total") * 9.0), path)


def _no_text(_: pl.DataFrame, path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def _touched(_: pl.DataFrame, path: Path) -> None:
    path.touch()


def _again(rows: pl.DataFrame, path: Path) -> None:
    rows.write_csv(path) if path.suffix == ".csv" else rows.write_parquet(path)


@pytest.mark.parametrize("name", ["orders.parquet", "orders.csv"])
@pytest.mark.parametrize("changed", [_again, _touched, _shorter, _of_other_columns, _of_other_cells, _no_text])
def test_a_file_that_changes_while_it_is_read_gives_no_result(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
    changed: Callable[[pl.DataFrame, Path], object],
) -> None:  # fmt: skip
    path, out = tmp_path / name, tmp_path / "out.parquet"
    _again(rows, path)
    monkeypatch.setattr("features.delimited.BLOCK_LINES", 4)
    wish = Wish(workers=1, piece_rows=8, watch=lambda *_: changed(rows, path))
    with pytest.raises(FileRefused, match="changed while it was read"):
        score_file(path, out, TableOptions(), Means(bundle), wish)
    assert [found.name for found in tmp_path.iterdir() if "lock" not in found.name] == [name]


@pytest.mark.parametrize("name", ["orders.parquet", "orders.csv"])
def test_pieces_of_a_file_that_was_another_for_a_while_are_not_taken_up(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, out, seen = tmp_path / name, tmp_path / "out.csv", list[int]()
    _again(rows, path)
    monkeypatch.setattr("features.delimited.BLOCK_LINES", 4)

    def watch(*_: object) -> None:
        seen.append(1)
        if len(seen) == 1:
            _of_other_cells(rows, path)
        else:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, FileRefused)):
        score_file(path, out, TableOptions(), Means(bundle), Wish(workers=1, piece_rows=8, watch=watch))
    _again(rows, path)
    score_file(path, out, TableOptions(), Means(bundle), Wish(workers=1, piece_rows=8, resume=True))
    once = tmp_path / "once.csv"
    score_file(path, once, TableOptions(), Means(bundle), Wish(workers=1))
    assert out.read_bytes() == once.read_bytes()


def test_no_process_outlives_a_result_that_cannot_be_written(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "orders.parquet", tmp_path / "out.csv"
    rows.write_parquet(path)

    def full(parts: Iterator[Part], *_: object) -> None:
        next(parts)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("service.results._write_csv", full)
    with pytest.raises(InputError, match="No space left") as told:
        score_file(path, out, TableOptions(), Means(bundle), Wish(workers=2, piece_rows=8))
    assert told.tb is not None  # it still holds whatever was at work
    assert not [line for line in _children() if b"popen_loky" in line]
    assert not (tmp_path / ".out.csv.parts").exists()


def _children() -> list[bytes]:
    """The command lines of this process's children."""
    listed = [task.read_text().split() for task in Path("/proc/self/task").glob("*/children")]
    return [Path(f"/proc/{pid}/cmdline").read_bytes() for pids in listed for pid in pids]


@given(st.data())
def test_good_cells_that_are_no_texts_are_never_escaped(data: st.DataObject) -> None:
    kinds = [one for one in attributes().values() if one.kind not in TEXT_KINDS]
    attribute = data.draw(st.sampled_from(kinds))
    middle = st.one_of(st.sampled_from(["1", "50", "-0", "+5", "true", "2026-01-02T03:04:05Z", *attribute.choices]),
                       st.text("+-=@0159.eETZ: \u00a0\u3000", max_size=5))  # fmt: skip
    blank = st.text(" \u00a0\u3000", max_size=2)
    cell = data.draw(st.sampled_from(["", "+", "-"])) + data.draw(middle) + data.draw(blank)
    if not parsed(pl.Series([cell]), attribute, None).bad[0]:
        assert escaped(pl.DataFrame({"a": [cell]})).item() == cell


def test_what_is_written_aside_takes_its_place_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with written_aside(path) as aside:
        aside.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    with pytest.raises(UnicodeEncodeError), written_aside(path) as aside:
        aside.write_text("other \ud800", encoding="utf-8")
    assert path.read_text() == "half"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_folder_takes_the_place_of_an_earlier_one_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "old").write_text("")
    with pytest.raises(InputError, match="cannot be written"), folder_aside(path) as aside:
        (aside / "missing" / "new").write_text("")
    assert [p.name for p in path.iterdir()] == ["old"]
    with folder_aside(path) as aside:
        aside.mkdir()
        (aside / "new").write_text("")
    assert [p.name for p in path.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(("content", "message"), [("", "the file is empty"), ("order_id,sku\n", "no rows below")])
def test_an_empty_file_is_one_clear_line(
    bundle: Bundle, advice: Catalogue, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "orders.csv").write_text(content)
    with pytest.raises(FileRefused, match=f"orders.csv: {message}") as refusal:
        scored(tmp_path / "orders.csv", tmp_path / "out.csv", bundle, advice)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_of_bad_rows_alone_gives_rejects_and_an_empty_result(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    found, summary = scored(rows.with_columns(quantity=pl.lit(-1)), tmp_path / "out.csv", bundle, advice)
    assert (summary.scored, summary.rejected.total()) == (0, rows.height)
    assert found.height == 0
    assert found.columns == [*rows.columns, *(PREFIX + name for name in OURS)]


def test_reasons_and_advice_are_told_in_chinese_on_wish(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    chinese, _ = scored(rows, tmp_path / "zh.csv", bundle, advice, lang="zh")
    english, _ = scored(rows, tmp_path / "en.csv", bundle, advice, lang="en")
    for name in ("reason_1", "reason_2", "action_1"):
        assert chinese[PREFIX + name].drop_nulls().str.contains(CHINESE).all()
        assert not english[PREFIX + name].drop_nulls().str.contains(CHINESE).any()
        assert chinese[PREFIX + name].drop_nulls().len() > 0
    assert chinese[PREFIX + "probability"].equals(english[PREFIX + "probability"])


def test_facts_later_than_as_of_are_masked_with_a_warning(
    documents: list[dict[str, Any]], bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    placed = [read_order(d).placed_at for d in documents[:20]]
    frame = pl.DataFrame(
        {"order_id": [d["order_id"] for d in documents[:20]], "placed_at": placed, "delivery_place": ["porch"] * 20}
    ).with_columns(as_of=pl.col("placed_at") + timedelta(days=3), delivered_at=pl.col("placed_at") + timedelta(days=6))
    frame.write_parquet(tmp_path / "final.parquet")
    frame.drop("delivered_at", "delivery_place").write_parquet(tmp_path / "then.parquet")
    final, summary = scored(tmp_path / "final.parquet", tmp_path / "a.parquet", bundle, advice)
    then, _ = scored(tmp_path / "then.parquet", tmp_path / "b.parquet", bundle, advice)
    assert final[PREFIX + "warnings"].str.contains("LATER_FACT_MASKED:delivered_at", literal=True).all()
    assert summary.warnings["LATER_FACT_MASKED delivered_at"] == 20
    assert set(final[PREFIX + "state"]) == {"placed"}
    assert final[PREFIX + "probability"].to_list() == then[PREFIX + "probability"].to_list()


def test_chunks_of_a_file_tell_what_the_file_in_one_tells(
    rows: pl.DataFrame, bundle: Bundle, advice: Catalogue, tmp_path: Path
) -> None:
    whole, _ = scored(rows, tmp_path / "whole.csv", bundle, advice)
    parts = [scored(rows[i : i + 7], tmp_path / f"{i}.csv", bundle, advice)[0] for i in range(0, rows.height, 7)]
    for name in ("probability", "band", "reason_1", "warnings"):
        assert [v for part in parts for v in part[PREFIX + name]] == whole[PREFIX + name].to_list()


DAMAGED = [b"one,cell", b'open,"quote', b"a,b" * 200, b"nul,\0", b"\xff\xfe,x", b"cr,\rx"]


ODD = {4: "=1+1", 13: 'say "no"', 14: "a, b", 21: "-3", 22: "", 30: "＝x", 31: "a\tb"}


@pytest.mark.parametrize("text", ["plain", "odd", "odd ends", "damaged", "repeated"])
def test_lines_that_are_copied_are_the_lines_that_are_written(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    notes = [ODD.get(k) if text.startswith("odd") else "as it is" for k in range(60)]
    given = rows.with_columns(my_note=pl.Series(notes))
    lines = (given[[*range(50), 3, *range(50, 60)]] if text == "repeated" else given).write_csv().splitlines()
    lines[30] += ',too much"' if text == "damaged" else ""
    lines[0] = ("\ufeff" if text == "odd" else "") + lines[0]
    path = tmp_path / "orders.csv"
    path.write_bytes(("\r\n" if text == "odd ends" else "\n").join(lines).encode())  # no end of the last line
    once, parts = tmp_path / "once.csv", tmp_path / "parts.csv"
    score_file(path, once, TableOptions(), Means(bundle), Wish(workers=1))
    copied = list[int]()
    monkeypatch.setattr("features.delimited.BLOCK_LINES", 4)
    is_plain = InPieces.plain
    monkeypatch.setattr(InPieces, "plain", lambda self, k: copied.append(k) or is_plain(self, k))
    score_file(path, parts, TableOptions(), Means(bundle), Wish(workers=1, piece_rows=8))
    assert parts.read_bytes() == once.read_bytes()
    assert rejects_text(parts) == rejects_text(once)
    # Asked by those that score and, of what can be copied, by the one that writes.
    assert len(copied) > 8 or text == "odd ends"


def rejects_text(out: Path) -> str:
    path = out.with_name(out.name + ".rejects.csv")
    return path.read_text("utf-8-sig") if path.exists() else ""


def test_scored_and_rejected_are_all_records_of_a_damaged_file(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path
) -> None:
    header, *lines = rows.write_csv().encode().splitlines(keepends=True)
    mixed = [line.replace(b"\n", b"\r\n") if i % 7 == 0 else line for i, line in enumerate(lines)]
    for place, damage in enumerate(DAMAGED):
        mixed.insert(9 * place + 2, damage + b"\n")
    (tmp_path / "bad.csv").write_bytes(b"".join([header, *mixed]))
    summary = score_file(tmp_path / "bad.csv", tmp_path / "out.csv", TableOptions(), Means(bundle), Wish(workers=1))
    score_file(tmp_path / "bad.csv", tmp_path / "out.parquet", TableOptions(), Means(bundle), Wish(workers=1))
    assert summary.scored == rows.height
    assert summary.rows == rows.height + len(DAMAGED) + 1  # a carriage return of its own ends a line
    assert pl.read_parquet(tmp_path / "out.parquet")["order_id"].to_list() == rows["order_id"].to_list()
    told = [int(r["line"]) for r in rejects(tmp_path / "out.csv")]
    assert told == sorted(told)
