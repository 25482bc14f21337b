"""Gathering: requests that wait at the same moment are worked on together, so that each costs less.

A lone request is worked on at once; while the loop is busy, those that arrive gather, and go together once a turn of
the loop brings no more.
Answers do not depend on company: a row alone equals the row in a table, bit for bit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")

MOST_TOGETHER = 32  # bounds how long the loop is held: some milliseconds


class Gathering(Generic[Asked, Told]):
    """Asks `work` for the answers to all that waits; one that is an exception is raised to whoever asked."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Told | Exception]]) -> None:
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Told]]] = []

    async def told(self, asked: Asked) -> Told:
        """The answer, once all that arrived meanwhile has been worked on too."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Told] = loop.create_future()
        self._waiting.append((asked, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._turn, 0)
        elif len(self._waiting) == MOST_TOGETHER:
            self._work_on_all()
        return await future

    def _turn(self, had: int) -> None:
        """Wait for the next turn of the loop as long as each brings more from the sockets."""
        count = len(self._waiting)
        if count > had:
            asyncio.get_running_loop().call_soon(self._turn, count)
        else:
            self._work_on_all()

    def _work_on_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        still = [(asked, future) for asked, future in waiting if not future.done()]  # the others went away
        if not still:
            return
        for (_, future), answer in zip(still, self._answers([asked for asked, _ in still]), strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _answers(self, asked: Sequence[Asked]) -> Sequence[Told | Exception]:
        try:
            return self._work(asked)
        except Exception as error:  # a bug; it must not reach those who only came along
            if len(asked) == 1:
                return [error]
            return [answer for one in asked for answer in self._answers([one])]
