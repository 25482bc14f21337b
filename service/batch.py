"""Scoring a file: rows set down, scored by all cores and put together; a run that was killed can go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from features.delimited import RawChunk
from features.errors import InputError
from features.seller.table import SellerTable
from features.tables import TableOptions, cut, raw_of, read_raw, unknown_columns, with_order_ids
from service.assembly import Pieces
from service.batch_pieces import Done, Riskiest, Rows, Work, explained, explained_name, scored, scored_name, set_down
from service.explained import Explained, riskiest
from service.journal import Journal, begun, facts_of, resumed
from service.locks import alone
from service.means import Means
from service.processes import WorkerLost, spread
from service.results import Encoding, check_ending, write_frames, write_rejects
from service.run_facts import facts, rows_expected
from service.summary import Summary
from service.wording import Lang

PIECE_ROWS = 32_768  # many, because what a piece costs by itself is told in milliseconds
EXPLAINED_ROWS = 8_192  # fewer where each is explained, which takes so long that all processes should have some
Phase = Literal["score", "explain", "write"]
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
    most = wish.piece_rows or (EXPLAINED_ROWS if wish.explained.is_told_at_once else PIECE_ROWS)
    raws = with_order_ids(read_raw(orders) if read is None else raw_of(read), orders)
    told = {
        **facts(orders, read, options, means),
        "result": f"{out.suffix} {wish.encoding} {wish.lang}, explained: {wish.explained}",
        "piece": f"{most} rows",
    }
    folder = working_folder(out)
    try:
        with alone(folder.with_suffix(".lock")) as is_alone:
            if not is_alone:
                raise InputError(f"--out {out}: another run is writing it; wait until it ends, or name another file")
            run = _Run(Work(folder, options, means, wish.lang, wish.explained), wish, rows_expected(orders, read))
            summary = _finished(run, _cut(raws, out, most), out, told)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    summary.dropped.update({} if read is None else read.dropped)
    return summary


def _finished(run: _Run, raws: Iterable[RawChunk], out: Path, told: Mapping[str, str]) -> Summary:
    journal = (resumed if run.wish.resume else begun)(run.work.folder, told)
    keeps = False
    try:
        return run.result(raws, out, journal)
    except WorkerLost as error:
        keeps = True
        raise WorkerLost(f"{error}; go on with --resume") from error
    except KeyboardInterrupt:
        keeps = True
        raise
    finally:
        if not keeps:
            journal.remove()


def _cut(raws: Iterable[RawChunk], out: Path, most: int) -> Iterator[RawChunk]:
    """The same rows in pieces; refused where the result cannot hold what is in them."""
    for raw in raws:
        nested = [name for name, dtype in raw.frame.schema.items() if dtype.is_nested()]
        if nested and out.suffix.lower() != ".parquet":
            raise InputError(f"--out {out}: column {nested[0]!r} holds lists or structs, which only .parquet can")
        yield from cut(raw, most)


@dataclass(slots=True)
class _Run:
    """One run over a file. total: rows, None where only reading tells."""

    work: Work
    wish: Wish
    total: int | None

    def result(self, raws: Iterable[RawChunk], out: Path, journal: Journal) -> Summary:
        """Score, explain, write; what stands in the journal is not done again."""
        pieces = Pieces(journal.folder, self._score(raws, journal))
        if not self.work.explained.is_told_at_once:
            self._explain(pieces, journal)
        summary = Summary()
        summary.strange_columns = [f"{p.attribute}: {p.detail}" for p in unknown_columns(pieces.given)]
        write_rejects(summary.of_rejects(pieces.rejects()), out.with_name(out.name + ".rejects.csv"))
        count = _Count(self.wish.watch, "write", pieces.orders)
        frames = (count.added(frame.height, frame) for frame in pieces.frames())
        write_frames(summary.of_frames(frames), pieces.schema, out, self.wish.encoding)
        return summary

    def _score(self, raws: Iterable[RawChunk], journal: Journal) -> int:
        """Score what is not scored yet. Returns the number of pieces."""
        count, pieces = _Count(self.wish.watch, "score", self.total), 0

        def tasks() -> Iterator[Rows]:
            nonlocal pieces
            for k, raw in enumerate(raws):
                pieces = k + 1
                if scored_name(k) not in journal:
                    yield set_down(journal.folder, k, raw)
                else:
                    count.added(raw.frame.height, None)

        self._do(scored, tasks(), count, journal)
        return pieces

    def _explain(self, pieces: Pieces, journal: Journal) -> None:
        """Explain the riskiest share of the file, which is known only now."""
        most = self.work.explained.most(pieces.orders)
        places = riskiest([pieces.probability(k) for k in range(pieces.count)], most)
        left = [k for k, some in enumerate(places) if len(some) and explained_name(k) not in journal]
        count = _Count(self.wish.watch, "explain", sum(len(places[k]) for k in left))
        self._do(explained, (Riskiest(k, places[k]) for k in left), count, journal)

    def _do(self, do: Callable[[Work, T], Done], tasks: Iterable[T], count: _Count, journal: Journal) -> None:
        for done in spread(do, self.work, tasks, self.wish.workers):
            journal.note(done.step)
            count.added(done.rows, None)


class _Count:
    """How many rows are done."""

    def __init__(self, watch: Watch, phase: Phase, total: int | None) -> None:
        self._watch, self._phase, self._total, self._done = watch, phase, total, 0

    def added(self, rows: int, done: T) -> T:
        self._done += rows
        self._watch(self._phase, self._done, self._total)
        return done
