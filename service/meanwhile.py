"""What one thread makes, handed over to another that uses it up meanwhile, one thing ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Semaphore
from typing import TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.1


def used_meanwhile(made: Iterable[T], use: Callable[[Iterator[T]], object]) -> None:
    """Make things here and use them in a thread; what goes wrong on either side is raised here as it is.

    Where making fails the thread sees the end of what there is; where using ends early no more are made. The next is
    begun when the last was taken, and nothing is held that was.
    """
    waiting, wanted = SimpleQueue[list[T]](), Semaphore(1)

    def taken() -> Iterator[T]:
        while some := waiting.get():
            wanted.release()
            yield some.pop()

    making = iter(made)
    with ThreadPoolExecutor(1) as thread:
        used = thread.submit(use, taken())
        try:
            while _is_wanted(wanted, used):
                waiting.put([next(making)])
        except StopIteration:
            pass
        finally:
            waiting.put([])
        used.result()


def _is_wanted(wanted: Semaphore, used: Future[object]) -> bool:
    while not used.done():
        if wanted.acquire(timeout=LOOK_SECONDS):
            return True
    return False
