"""How far a long run has come, on a terminal: rows, rows a second, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from service.batch import Phase, Watch


class _Rate(TextColumn):
    def render(self, task: Task) -> Text:
        """Rows a second, over the last moments."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def progress_on(console: Console) -> Iterator[Watch]:
    """What tells a terminal of each phase; nothing is told where there is none."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(""), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        found = {}

        def told(phase: Phase, done: int, total: int | None) -> None:
            if phase not in found:
                found[phase] = bars.add_task(phase)
            bars.update(found[phase], completed=done, total=total)

        yield told
