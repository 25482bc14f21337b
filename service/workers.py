"""Workers: where heavy work is spread over, processes of this machine or a Dask, started here or running elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog

from features.errors import ClaimRiskError, InputError
from features.spread import Spread, here
from service.processes import spread

Engine = Literal["local", "dask"]
Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class On:
    """Where it is done. scheduler: the address of a running Dask; workers of this machine are started if None."""

    engine: Engine = "local"
    scheduler: str | None = None


HERE = On()
MOST_LOST = 3  # times that a job is begun

log = structlog.get_logger()


@contextmanager
def dask_client(on: On, workers: int) -> Iterator[Any]:
    """A client of the Dask named, or of one of so many workers that lasts as long as the block."""
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise InputError("--engine dask: expected Dask; install it with: pip install 'claimrisk[dask]'") from error
    started = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    with Client(on.scheduler, set_as_default=False, **({} if on.scheduler else started)) as client:
        yield client


@contextmanager
def spreading(on: On, workers: int) -> Iterator[Spread]:
    """How work is spread: a task whose worker is lost is done again by another on Dask; here it ends the job."""
    if on.engine == "dask":
        with dask_client(on, workers) as client:
            yield _OnDask(client)
    else:
        yield here if workers == 1 else _InProcesses(workers)


@dataclass(frozen=True, slots=True)
class _OnDask:
    client: Any

    def __call__(self, work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]) -> list[Result]:
        """What is shared is held by workers, and lost with the last that held it: then all of it is done again."""
        for lost in range(MOST_LOST):
            try:
                return self._done(work, shared, tasks)
            except ClaimRiskError:
                raise
            except Exception as error:  # whatever Dask raises of a worker that is gone; a bug comes again and is told
                if lost + 1 == MOST_LOST:
                    raise
                log.warning("dask.again", error=type(error).__name__)
                self.client.wait_for_workers(1)
        raise AssertionError("unreachable")

    def _done(self, work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]) -> list[Result]:
        held = self.client.scatter(shared, broadcast=True, hash=False)
        futures = [self.client.submit(work, held, task, pure=False) for task in tasks]
        return list(self.client.gather(futures))


@dataclass(frozen=True, slots=True)
class _InProcesses:
    workers: int

    def __call__(self, work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]) -> list[Result]:
        found = dict(spread(_numbered, (work, shared), enumerate(tasks), self.workers))
        return [found[place] for place in range(len(tasks))]


def _numbered(both: tuple[Callable[[Any, Any], Any], Any], task: tuple[int, Any]) -> tuple[int, Any]:
    work, shared = both
    return task[0], work(shared, task[1])
