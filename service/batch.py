"""Scoring a file: pieces scored by all cores and put together meanwhile; a run that was killed can go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import polars as pl

from features.errors import InputError
from features.file_state import FileState
from features.seller.table import SellerTable
from features.tables import TableOptions, parquet_of_orders, raw_of, read_blocks, unknown_columns, with_order_ids
from service.assembly import Pieces
from service.batch_pieces import Done, Riskiest, Work, explained, explained_name, scored, scored_name
from service.batch_rows import InParquet, InPieces, Rows, RowsLeft
from service.explained import Explained, riskiest
from service.journal import Journal, begun, facts_of, resumed
from service.locks import alone
from service.means import Means
from service.processes import WorkerLost, spread
from service.result_columns import PREFIX
from service.results import Encoding, Part, check_ending, write_parts, write_rejects
from service.run_facts import facts, rows_expected
from service.summary import Summary
from service.wording import Lang

PIECE_ROWS = 32_768  # many, because what a piece costs by itself is told in milliseconds
EXPLAINED_ROWS = 8_192  # fewer where each is explained, which takes so long that all processes should have some
Phase = Literal["score", "explain"]
T = TypeVar("T")


class Watch(Protocol):
    """Is told how far a run has come, in rows; total: None where it is not known."""

    def __call__(self, phase: Phase, done: int, total: int | None) -> None:
        """Called after each piece."""


def unwatched(phase: Phase, done: int, total: int | None) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is scored. encoding: of a CSV result; explained: which orders get reasons and advice; workers:
    processes, piece_rows: most rows that one works on, chosen here if None; neither changes anything in the result.
    resume: go on where a killed run of the same stopped."""

    lang: Lang = "en"
    encoding: Encoding = "utf-8-sig"
    explained: Explained = field(default_factory=Explained)
    workers: int = 2
    piece_rows: int | None = None
    resume: bool = False
    watch: Watch = unwatched


def working_folder(out: Path) -> Path:
    """Where the pieces of a result lie until it is whole."""
    return out.with_name(f".{out.name}.parts")


def begun_as_of(out: Path) -> float | None:
    """The as_of, in epoch seconds, that a run for `out` was begun with; None where none was begun, or without one."""
    told = facts_of(working_folder(out)).get("as_of")
    return float(told) if told else None


def score_file(
    orders: Path, out: Path, options: TableOptions, means: Means, wish: Wish, *, read: SellerTable | None = None
) -> Summary:
    """Score every good row of `orders` into `out` (CSV, Parquet or xlsx by its ending), rejects beside it.

    read: the same file as a map has read it, where its columns do not have our names.
    """
    check_ending(out, (orders,))
    of, folder = wish.explained, working_folder(out)
    most = wish.piece_rows or (EXPLAINED_ROWS if of.is_told_at_once and not of.is_none else PIECE_ROWS)
    given, rows = _laid_out(orders, out, read, most)
    told = {
        **facts(orders, read, options, means),
        "result": f"{out.suffix} {wish.encoding} {wish.lang}, explained: {wish.explained}",
        "piece": f"{most} rows",
    }
    try:
        with alone(folder.with_suffix(".lock")) as is_alone:
            if not is_alone:
                raise InputError(f"--out {out}: another run is writing it; wait until it ends, or name another file")
            work = Work(folder, given, options, means, wish.lang, wish.explained, out.suffix.lower() == ".csv")
            summary = _finished(_Run(work, rows, wish, rows_expected(orders, read)), out, told)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    summary.dropped.update({} if read is None else read.dropped)
    return summary


_IN_PARQUET_ALONE = (pl.Duration, pl.Binary)


def _laid_out(orders: Path, out: Path, read: SellerTable | None, most: int) -> tuple[InPieces | InParquet, RowsLeft]:
    """Where the rows lie for all processes, and what gives them."""
    if read is None and orders.suffix.lower() == ".parquet":
        file = parquet_of_orders(orders)
        strange = [name for name, kind in file.schema.items() if kind.is_nested() or kind in _IN_PARQUET_ALONE]
        if strange and out.suffix.lower() != ".parquet":
            raise InputError(
                f"--out {out}: column {strange[0]!r} holds lists, structs, durations or bytes, which only .parquet can"
            )
        return (there := InParquet(file, most)), there.rows
    blocks = with_order_ids(read_blocks(orders) if read is None else raw_of(read), orders, takes_map=True)
    pieces = InPieces(working_folder(out), FileState.of(orders) if read is None else None)
    return pieces, partial(pieces.set_down, blocks, most)


def _finished(run: _Run, out: Path, told: Mapping[str, str]) -> Summary:
    journal = (resumed if run.wish.resume else begun)(run.work.folder, told)
    keeps = False
    try:
        return run.result(out, journal)
    except WorkerLost as error:
        keeps = True
        raise WorkerLost(f"{error}; go on with --resume") from error
    except KeyboardInterrupt:
        keeps = True
        raise
    finally:
        if not keeps:
            journal.remove()


@dataclass(slots=True)
class _Run:
    """One run over a file. rows: all of it; total: how many, None where only reading tells; processes: to be ended."""

    work: Work
    rows: RowsLeft
    wish: Wish
    total: int | None
    processes: ExitStack = field(default_factory=ExitStack)

    def result(self, out: Path, journal: Journal) -> Summary:
        """Score, explain, and write what is ready meanwhile; what stands in the journal is not done again.

        Whatever goes wrong with a file that was changed meanwhile went wrong because of that.
        """
        summary = Summary()
        parts = self._parts(journal, summary, out.with_name(out.name + ".rejects.csv"))
        try:
            with self.processes:
                write_parts(summary.of_parts(parts), out, self.wish.encoding)
        except Exception:
            self.work.given.require_unchanged()
            raise
        return summary

    def _parts(self, journal: Journal, summary: Summary, rejects: Path) -> Iterator[Part]:
        """The rows of the result in the order of the file; then what was set aside is written, and told."""
        pieces = Pieces(journal.folder, self.work.given)
        ready: Iterator[int] = (pieces.take(k) for k in self._score(journal))
        if not self.work.explained.is_told_at_once:
            all(True for _ in ready)  # which share of the file is the riskiest is known only then
            ready = self._explain(pieces, journal)
        yield from (pieces.part(k) for k in ready)
        self.work.given.require_unchanged()
        names = self.work.given.names()
        earlier = [f"{name}: of an earlier result, not kept" for name in names if name.startswith(PREFIX)]
        strange = unknown_columns(name for name in names if not name.startswith(PREFIX))
        summary.strange_columns = [f"{p.attribute}: {p.detail}" for p in strange] + earlier
        write_rejects(summary.of_rejects(pieces.rejects()), rejects, self.wish.lang)

    def _score(self, journal: Journal) -> Iterator[int]:
        """Score what is not scored yet. The pieces in order, as soon as they are there."""
        count = _Count(self.wish.watch, "score", self.total)

        def is_done(k: int) -> bool:
            return scored_name(k) in journal

        def left() -> Iterator[Rows]:
            for rows in self.rows(is_done):
                if is_done(rows.k):
                    count.add(rows.count)
                else:
                    yield rows

        return _in_order(is_done, self._done(scored, left(), count, journal))

    def _explain(self, pieces: Pieces, journal: Journal) -> Iterator[int]:
        """Explain the riskiest share of the file. The pieces in order, also those without such orders."""
        most = self.work.explained.most(pieces.orders)
        places = riskiest([pieces.probability(k) for k in range(pieces.count)], most)

        def is_done(k: int) -> bool:
            return k < pieces.count and (not len(places[k]) or explained_name(k) in journal)

        left = [Riskiest(k, places[k]) for k in range(pieces.count) if not is_done(k)]
        count = _Count(self.wish.watch, "explain", sum(len(some.places) for some in left))
        return _in_order(is_done, self._done(explained, left, count, journal))

    def _done(
        self, do: Callable[[Work, T], Done], tasks: Iterable[T], count: _Count, journal: Journal
    ) -> Iterator[None]:
        for done in self.processes.enter_context(closing(spread(do, self.work, tasks, self.wish.workers))):
            self.work.given.require_unchanged()  # or the piece may be of other rows
            journal.note(done.step)
            count.add(done.rows)
            yield


def _in_order(is_done: Callable[[int], bool], steps: Iterable[None]) -> Iterator[int]:
    """Each piece as soon as it and those before it are done; after each step there may be more."""
    k = 0
    for _ in chain(steps, [None]):
        while is_done(k):
            yield k
            k += 1


class _Count:
    """How many rows are done."""

    def __init__(self, watch: Watch, phase: Phase, total: int | None) -> None:
        self._watch, self._phase, self._total, self._done = watch, phase, total, 0

    def add(self, rows: int) -> None:
        self._done += rows
        self._watch(self._phase, self._done, self._total)
