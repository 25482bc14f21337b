"""A run over a file that was killed goes on, and nobody can tell from the result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.errors import InputError
from features.tables import TableOptions
from model.artefact import Bundle
from service.batch import Phase, Wish, begun_as_of, score_file, working_folder
from service.explained import Explained
from service.journal import begun, facts_of, put, resumed
from service.means import Means
from service.processes import WorkerLost

RUN = """
import sys
from pathlib import Path
from features.tables import TableOptions
from model.artefact import load
from service.batch import Phase, Wish, score_file
from service.explained import Explained
from service.means import Means
from service.settings import settings, signing_key

orders, out, bundle, workers, resume = sys.argv[1:]
wish = Wish(explained=Explained(share=0.2), workers=int(workers), piece_rows=25, resume=bool(int(resume)))
score_file(Path(orders), Path(out), TableOptions(), Means(load(Path(bundle), signing_key(settings()))), wish)
"""
WISH = Wish(explained=Explained(share=0.2), workers=1, piece_rows=25)


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 orders as CSV: every hundredth is damaged, the last ten repeat the first."""
    path = tmp_path_factory.mktemp("given") / "orders.csv"
    frame = pl.DataFrame(documents[:230], infer_schema_length=None)
    frame = frame.with_columns(quantity=pl.when(pl.int_range(230) % 100 == 7).then(-1).otherwise("quantity"))
    pl.concat([frame, frame[:10]]).write_csv(path)
    return path


@pytest.fixture(scope="module")
def whole(orders: Path, bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """What a run that is left in peace gives."""
    out = tmp_path_factory.mktemp("whole") / "out.parquet"
    score_file(orders, out, TableOptions(), Means(bundle), WISH)
    return _result(out)


def _result(out: Path) -> tuple[bytes, bytes]:
    assert [p.name for p in out.parent.iterdir() if p.name.startswith(".")] == []
    return out.read_bytes(), out.with_name(out.name + ".rejects.csv").read_bytes()


def _run(orders: Path, out: Path, bundle: Path, workers: int, *, resume: bool) -> subprocess.Popen[bytes]:
    told = [str(orders), str(out), str(bundle), str(workers), str(int(resume))]
    return subprocess.Popen([sys.executable, "-c", RUN, *told], start_new_session=True)


@pytest.mark.parametrize(("workers", "steps"), [(1, 3), (2, 12)])
def test_a_run_killed_and_taken_up_gives_the_same_bytes(
    orders: Path, whole: tuple[bytes, bytes], bundle_folder: Path, tmp_path: Path, workers: int, steps: int
) -> None:
    out = tmp_path / "out.parquet"
    process = _run(orders, out, bundle_folder, workers, resume=False)
    journal = working_folder(out) / "journal.jsonl"
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < steps):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert _run(orders, out, bundle_folder, workers, resume=True).wait() == 0
    assert _result(out) == whole


@pytest.mark.parametrize("wish", [WISH, Wish(explained=Explained(share=0.2), workers=2, piece_rows=100)])
def test_neither_pieces_nor_processes_change_a_byte(
    orders: Path, whole: tuple[bytes, bytes], bundle: Bundle, tmp_path: Path, wish: Wish
) -> None:
    summary = score_file(orders, tmp_path / "out.parquet", TableOptions(), Means(bundle), wish)
    assert _result(tmp_path / "out.parquet") == whole
    assert (summary.rows, summary.rejected["repeated"]) == (240, 9)  # the tenth repeats a damaged one


def test_a_run_is_not_taken_up_with_other_orders(orders: Path, bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        score_file(orders, out, TableOptions(as_of=1.5), Means(bundle), replace(WISH, watch=_interrupting))
    assert begun_as_of(out) == 1.5
    again = replace(WISH, resume=True)
    with pytest.raises(InputError, match=r"--resume: the run was begun with another as of \(1\.5\).*\(2\.5\)"):
        score_file(orders, out, TableOptions(as_of=2.5), Means(bundle), again)
    assert begun_as_of(out) == 1.5


def test_a_second_run_for_the_same_result_is_refused_and_harms_nothing(
    orders: Path, whole: tuple[bytes, bytes], bundle: Bundle, tmp_path: Path
) -> None:
    out, refused = tmp_path / "out.parquet", list[str]()

    def meanwhile(phase: Phase, done: int, total: int | None) -> None:
        for resume in (False, True):
            with pytest.raises(InputError, match="another run is writing it") as found:
                score_file(orders, out, TableOptions(), Means(bundle), replace(WISH, resume=resume))
            refused.append(str(found.value))

    score_file(orders, out, TableOptions(), Means(bundle), replace(WISH, watch=meanwhile))
    assert refused
    assert _result(out) == whole


def test_a_run_that_lost_a_process_says_how_to_go_on(
    orders: Path, whole: tuple[bytes, bytes], bundle: Bundle, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(WorkerLost, match=r"^a process .* was ended from outside, .*; go on with --resume$"):
        score_file(orders, out, TableOptions(), Means(bundle), replace(WISH, workers=2, watch=_killing))
    score_file(orders, out, TableOptions(), Means(bundle), replace(WISH, resume=True))
    assert _result(out) == whole


def _killing(phase: Phase, done: int, total: int | None) -> None:
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            if b"popen_loky" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)


def _interrupting(phase: Phase, done: int, total: int | None) -> None:
    if done >= 50:
        raise KeyboardInterrupt


def test_a_step_whose_line_or_piece_is_damaged_is_done_again(tmp_path: Path) -> None:
    folder, frame = tmp_path / "run", pl.DataFrame({"a": [1]})
    journal = begun(folder, {"input": "x"})
    for name in ("one", "two", "three"):
        journal.note({name: put(folder, name, frame)})
    (folder / "two").write_bytes((folder / "two").read_bytes()[:-1] + b"?")
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    again = resumed(folder, {"input": "x"})
    assert [name in again for name in ("one", "two", "three")] == [True, False, False]
    assert sorted(p.name for p in folder.iterdir()) == ["journal.jsonl", "one"]
    assert facts_of(folder) == {"input": "x"}
