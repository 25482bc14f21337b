"""Gathering: requests that wait at the same moment are worked on together, so that each costs less.

A lone request waits for two turns of the loop; while the loop is busy, those that arrive gather, and go together once a
turn brings no more, or after a few turns.
Answers do not depend on company: a row alone equals the row in a table, bit for bit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")

MOST_TOGETHER = 32  # bounds how long the loop is held: some milliseconds
MOST_TURNS = 4  # bounds how long the first waits for company


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
            loop.call_soon(self._turn, 0, MOST_TURNS)
        elif len(self._waiting) == MOST_TOGETHER:
            self._work_on_all()
        try:
            return await future
        finally:
            del future  # an error that it holds would hold it by this frame

    def _turn(self, had: int, left: int) -> None:
        """Wait for the next turn of the loop while each brings more from the sockets, and some are left."""
        count = len(self._waiting)
        if left and count > had:
            asyncio.get_running_loop().call_soon(self._turn, count, left - 1)
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
