"""Scoring a folder of Parquet files, each into a file of the same name: here, or on Dask by a task a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from features.errors import InputError
from features.tables import TableOptions, parquet_files
from service.batch import Wish, score_file, unwatched
from service.files import unfinished
from service.means import Means
from service.processes import WorkerLost, spread
from service.summary import Summary
from service.workers import On, dask_client

Pair = tuple[Path, Path]


def score_folder(orders: Path, out: Path, options: TableOptions, means: Means, wish: Wish, on: On) -> Summary:
    """Score each file of a folder by itself: a repeat, or a share to be explained, is of its file alone.

    On Dask the folders are to be seen by all workers under the same names. A file is written whole or not at all, and
    one whose worker was lost is scored again by another.
    """
    files = parquet_files(orders)
    if wish.resume:
        raise InputError("--resume: expected one file, got a folder; score the files that are left")
    if out.suffix or out.resolve() == orders.resolve():
        raise InputError(f"--out {out}: expected a new folder for the results of a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: the folder cannot be made ({error.strerror})") from error
    pairs = [(file, out / file.name) for file in files]
    alone = replace(wish, watch=unwatched)
    found = _on_dask(pairs, options, means, alone, on) if on.engine == "dask" else _here(pairs, options, means, alone)
    summary = Summary()
    try:
        for done, one in enumerate(found):
            summary.add(one)
            wish.watch("score", done + 1, len(files))
        for _, result in pairs:  # what a worker had begun when it was lost
            for begun in unfinished(result):
                begun.unlink(missing_ok=True)
    except WorkerLost as error:
        raise WorkerLost(f"{error}; score the files that are left") from error
    return summary


def _here(pairs: list[Pair], options: TableOptions, means: Means, wish: Wish) -> Iterator[Summary]:
    return spread(_scored, (options, means, replace(wish, workers=1)), pairs, wish.workers)


def _scored(shared: tuple[TableOptions, Means, Wish], pair: Pair) -> Summary:
    options, means, wish = shared
    return score_file(*pair, options, means, wish)


def _on_dask(pairs: list[Pair], options: TableOptions, means: Means, wish: Wish, on: On) -> Iterator[Summary]:
    shared = (options, means, replace(wish, workers=1))
    with dask_client(on, wish.workers) as client:
        from dask.distributed import as_completed

        futures = [client.submit(_scored, shared, pair, pure=False) for pair in pairs]
        for _, summary in as_completed(futures, loop=client.loop, with_results=True):
            yield summary
