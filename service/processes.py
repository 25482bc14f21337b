"""Work spread over processes of their own: started afresh, never forked, and gone when the one that asked is gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import chain, islice
from typing import TypeVar

from features.errors import ClaimRiskError

Result = TypeVar("Result")
AHEAD = 2  # tasks that wait for each process, so that none is idle
WATCH_SECONDS = 0.2


class WorkerLost(ClaimRiskError):
    """A process that worked for this one was ended from outside, such as for want of memory."""


def spread(tasks: Iterable[Callable[[], Result]], processes: int) -> Iterator[Result]:
    """The results of tasks as they are done, not in order; tasks are asked for as they are needed.

    A task alone, or one process, is done here. `WorkerLost` where a process died.
    """
    tasks = iter(tasks)
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if processes == 1 or len(first) < 2:
        yield from (task() for task in tasks)
        return
    from joblib.externals.loky import process_executor  # only a large file waits for it

    pool = process_executor.ProcessPoolExecutor(
        processes, initializer=_end_with, initargs=(os.getpid(),), env={"POLARS_MAX_THREADS": "1"}
    )
    is_done = False
    try:
        yield from _done(pool.submit, tasks, processes * (1 + AHEAD))
        is_done = True
    except process_executor.BrokenProcessPool as error:
        raise WorkerLost(f"a process that scored was ended from outside ({error}); go on with --resume") from error
    finally:
        pool.shutdown(wait=True, kill_workers=not is_done)


def _done(
    submit: Callable[[Callable[[], Result]], Future[Result]], tasks: Iterable[Callable[[], Result]], most: int
) -> Iterator[Result]:
    waiting: set[Future[Result]] = set()
    for task in tasks:
        waiting.add(submit(task))
        while len(waiting) >= most:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _end_with(parent: int) -> None:
    """End this process soon after its parent is gone, which a pool leaves waiting for ever."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
