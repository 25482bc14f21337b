"""Spreading: one thing done to many tasks, here one after the other, or wherever who calls has workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")


class Spread(Protocol):
    """Does `work` to each task and gives the results in the order of the tasks; shared: what all of them need."""

    def __call__(self, work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]) -> list[Result]:
        """The results."""


def here(work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task]) -> list[Result]:
    """One after the other, in this process."""
    return [work(shared, task) for task in tasks]
