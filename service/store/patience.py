"""Patience: how long something is waited for; what takes longer is left behind, never waited for again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_left: set[asyncio.Task[Any]] = set()


async def within(seconds: float, doing: Coroutine[Any, Any, T]) -> T:
    """What is done within so many seconds, else `TimeoutError`, at once: a hung server does not even answer a cancel.

    >>> asyncio.run(within(1.0, asyncio.sleep(0.0, "done")))
    'done'
    """
    task = asyncio.ensure_future(doing)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        leave(task)
        raise
    if not done:
        leave(task)
        raise TimeoutError(f"not done within {seconds:g} s")
    return task.result()


def leave(task: asyncio.Task[Any]) -> None:
    """Cancel a task and let it end by itself."""
    let_go(task)
    task.cancel()


def let_go(task: asyncio.Task[Any]) -> None:
    """Let a task end by itself, whatever it ends with."""
    _left.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()
