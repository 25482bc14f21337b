"""Scoring a folder of Parquet files, each into a file of the same name: here, or on Dask by a task a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from features.errors import FileRefused, InputError
from features.tables import TableOptions
from service.batch import Wish, score_file, unwatched
from service.means import Means
from service.processes import WorkerLost, spread
from service.summary import Summary

Engine = Literal["local", "dask"]
Pair = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class On:
    """Where it is done. scheduler: the address of a running Dask; workers of this machine are started if None."""

    engine: Engine = "local"
    scheduler: str | None = None


def score_folder(orders: Path, out: Path, options: TableOptions, means: Means, wish: Wish, on: On) -> Summary:
    """Score each file of a folder by itself: a repeat, or a share to be explained, is of its file alone.

    On Dask the folders are to be seen by all workers under the same names. A file is written whole or not at all, and
    one whose worker was lost is scored again by another.
    """
    files = sorted(orders.glob("*.parquet"))
    if not files:
        raise FileRefused(f"{orders}: expected a folder with .parquet files, found none")
    if wish.resume:
        raise InputError("--resume: expected one file, got a folder; score the files that are left")
    if out.suffix or out.resolve() == orders.resolve():
        raise InputError(f"--out {out}: expected a new folder for the results of a folder")
    out.mkdir(parents=True, exist_ok=True)
    pairs = [(file, out / file.name) for file in files]
    alone = replace(wish, watch=unwatched)
    found = _on_dask(pairs, options, means, alone, on) if on.engine == "dask" else _here(pairs, options, means, alone)
    summary = Summary()
    try:
        for done, one in enumerate(found):
            summary.add(one)
            wish.watch("score", done + 1, len(files))
    except WorkerLost as error:
        raise WorkerLost(f"{error}; score the files that are left") from error
    return summary


def _here(pairs: list[Pair], options: TableOptions, means: Means, wish: Wish) -> Iterator[Summary]:
    return spread(_scored, (options, means, replace(wish, workers=1)), pairs, wish.workers)


def _scored(shared: tuple[TableOptions, Means, Wish], pair: Pair) -> Summary:
    options, means, wish = shared
    return score_file(*pair, options, means, wish)


def _on_dask(pairs: list[Pair], options: TableOptions, means: Means, wish: Wish, on: On) -> Iterator[Summary]:
    try:
        from dask.distributed import Client, as_completed
    except ImportError as error:
        raise InputError("--engine dask: expected Dask; install it with: pip install 'claimrisk[dask]'") from error
    here = {"n_workers": wish.workers, "threads_per_worker": 1, "dashboard_address": None}
    shared = (options, means, replace(wish, workers=1))
    with Client(on.scheduler, set_as_default=False, **({} if on.scheduler else here)) as client:
        futures = [client.submit(_scored, shared, pair, pure=False) for pair in pairs]
        for _, summary in as_completed(futures, loop=client.loop, with_results=True):
            yield summary
