"""A folder of files: the same results here and on Dask, whose workers may be lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workers import worker_of

from features.errors import InputError
from features.tables import TableOptions
from model.artefact import Bundle
from service.batch import Wish, score_file
from service.folder import score_folder
from service.means import Means
from service.workers import On

FILES = 6


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 orders in files of forty."""
    folder = tmp_path_factory.mktemp("orders")
    frame = pl.DataFrame(documents[: 40 * FILES], infer_schema_length=None)
    for k in range(FILES):
        frame[40 * k : 40 * k + 40].write_parquet(folder / f"{k}.parquet")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_folder_is_scored_file_by_file(orders: Path, bundle: Bundle, tmp_path: Path) -> None:
    wish = Wish(workers=1)
    summary = score_folder(orders, tmp_path / "out", TableOptions(), Means(bundle), wish, On())
    score_file(orders / "3.parquet", tmp_path / "3.parquet", TableOptions(), Means(bundle), wish)
    assert summary.scored == 40 * FILES
    assert contents(tmp_path / "out")["3.parquet"] == (tmp_path / "3.parquet").read_bytes()
    assert sorted(contents(tmp_path / "out")) == [f"{k}.parquet" for k in range(FILES)]


def test_what_is_no_folder_of_files_is_refused(orders: Path, bundle: Bundle, tmp_path: Path) -> None:
    for given, out, wish in (
        (tmp_path, tmp_path / "out", Wish()), (orders, orders, Wish()), (orders, tmp_path / "out.csv", Wish()),
        (orders, tmp_path / "out", Wish(resume=True)),
    ):  # fmt: skip
        with pytest.raises(InputError, match="expected"):
            score_folder(given, out, TableOptions(), Means(bundle), wish, On())


def test_what_a_lost_worker_had_begun_is_gone(orders: Path, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".1.parquet.4711.part").touch()
    score_folder(orders, tmp_path / "out", TableOptions(), Means(bundle), Wish(workers=1), On())
    assert sorted(contents(tmp_path / "out")) == [f"{k}.parquet" for k in range(FILES)]


def test_dask_gives_the_same_bytes_though_a_worker_is_lost(
    orders: Path, bundle: Bundle, bundle_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    score_folder(orders, tmp_path / "here", TableOptions(), Means(bundle), Wish(workers=1), On())
    command = [str(Path(sys.executable).with_name("claimrisk")), "score", str(orders), "--out", str(tmp_path / "dask")]
    command += ["--model", str(bundle_folder), "--engine", "dask", "--workers", "2"]
    process = subprocess.Popen(command)
    while process.poll() is None and not list((tmp_path / "dask").glob("*.parquet")):
        time.sleep(0.01)
    os.kill(worker_of(process.pid), signal.SIGKILL)
    assert process.wait() == 0
    assert contents(tmp_path / "dask") == contents(tmp_path / "here")
