"""Work spread over processes of their own: started afresh, never forked, and gone when the one that asked is gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from features.errors import ClaimRiskError

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")
AHEAD = 2  # tasks that wait for each process, so that none is idle
WATCH_SECONDS = 0.2


class WorkerLost(ClaimRiskError):
    """A process that worked for this one was ended from outside, such as for want of memory."""


def spread(
    work: Callable[[Shared, Task], Result], shared: Shared, tasks: Iterable[Task], processes: int
) -> Generator[Result]:
    """What `work` makes of each task, as they are done, not in order; tasks are asked for as they are needed.

    shared: what all tasks need; a process is sent it once. A task alone, or one process, is done here. `WorkerLost`
    where a process died.
    """
    tasks = iter(tasks)
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if processes == 1 or len(first) < 2:
        yield from (work(shared, task) for task in tasks)
        return
    from joblib.externals.loky import process_executor  # only a large file waits for it

    pool = process_executor.ProcessPoolExecutor(
        processes, initializer=_begin, initargs=(os.getpid(), work, shared), env={"POLARS_MAX_THREADS": "1"}
    )
    is_done = False
    try:
        yield from _done(partial(pool.submit, _do), tasks, processes * (1 + AHEAD))
        is_done = True
    except process_executor.BrokenProcessPool as error:
        raise WorkerLost("a process that scored was ended from outside, such as for want of memory") from error
    finally:
        pool.shutdown(wait=True, kill_workers=not is_done)


def _done(submit: Callable[[Task], Future[Result]], tasks: Iterable[Task], most: int) -> Iterator[Result]:
    waiting: set[Future[Result]] = set()
    for task in tasks:
        waiting.add(submit(task))
        while len(waiting) >= most:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


# What a process of the pool does with its tasks; set once, when it starts.
_its: list[Callable[[Any], Any]] = []


def _begin(parent: int, work: Callable[[Shared, Task], Result], shared: Shared) -> None:
    _its.append(partial(work, shared))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _do(task: Any) -> Any:
    return _its[0](task)


def _end_with(parent: int) -> None:
    """End this process soon after its parent is gone, which a pool leaves waiting for ever."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
