"""What one thread makes, handed over to another that uses it up meanwhile, one thing ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.1


def used_meanwhile(made: Iterable[T], use: Callable[[Iterator[T]], object]) -> None:
    """Make things here and use them in a thread; what goes wrong on either side is raised here as it is.

    Where making fails the thread sees the end of what there is; where using ends early no more are made.
    """
    waiting = Queue[list[T]](1)

    def taken() -> Iterator[T]:
        while some := waiting.get():
            yield from some

    with ThreadPoolExecutor(1) as thread:
        used = thread.submit(use, taken())
        try:
            all(_is_handed_over([one], waiting, used) for one in made)
        finally:
            _is_handed_over([], waiting, used)
        used.result()


def _is_handed_over(some: list[T], waiting: Queue[list[T]], used: Future[object]) -> bool:
    while not used.done():
        with suppress(Full):
            waiting.put(some, timeout=LOOK_SECONDS)
            return True
    return False
