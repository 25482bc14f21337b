"""Patience: how long something is waited for; what takes longer is left to end by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_left: set[asyncio.Task[Any]] = set()


async def within(seconds: float, doing: Coroutine[Any, Any, T]) -> T:
    """What is done within so many seconds, else `TimeoutError`, at once.

    What is late is not cancelled: a hung server does not answer a cancel either, and two who clean up one connection
    can wait for each other for ever. It ends by the driver's own time limit.

    >>> asyncio.run(within(1.0, asyncio.sleep(0.0, "done")))
    'done'
    """
    task = let_go(asyncio.ensure_future(doing))
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise TimeoutError(f"not done within {seconds:g} s")
    return task.result()


def let_go(task: asyncio.Task[T]) -> asyncio.Task[T]:
    """A task that ends by itself, whatever it ends with."""
    _left.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()
