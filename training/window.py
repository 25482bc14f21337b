"""The window of a back-test: its days, the origins at which models are made, and the numbers of `backtest.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from features.columns import Floats, Ints
from features.errors import TrainingError
from features.moments import DAY, HOUR


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """See `backtest.toml` for units and reasons."""

    days_per_month: float
    list_hour: float
    every_days: int
    after_promise_days: tuple[float, ...]
    after_fact_days: tuple[float, ...]
    fewest_claims: int
    luck: float
    dearest: int
    looks: int
    capacities: tuple[float, ...]


@cache
def backtest_settings() -> BacktestSettings:
    """What `backtest.toml` says."""
    table = tomllib.loads((resources.files("training") / "backtest.toml").read_text("utf-8"))
    window, looks, told = table["window"], table["looks"], table["told"]
    return BacktestSettings(
        float(window["days_per_month"]), float(window["list_hour"]), int(looks["every_days"]),
        tuple(looks["after_promise_days"]), tuple(looks["after_fact_days"]), int(table["verdict"]["fewest_claims"]),
        float(table["verdict"]["luck"]),
        int(told["dearest"]), int(told["looks"]), tuple(told["capacities"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """Days on each of which a list is made. first: instant of the first list; days: how many; until: the end of
    observation; origins: the days on which a model is made, the first of them 0."""

    first: float
    days: int
    until: float
    origins: tuple[int, ...]

    def instant(self, day: int) -> float:
        """When the list of a day is made, epoch seconds."""
        return self.first + day * DAY

    def instants(self, day: Ints) -> Floats:
        """(m,) float64: the same of several days."""
        return np.asarray(self.first + day * DAY)

    def day_after(self, at: Floats) -> Floats:
        """(n,) float64: the first day whose list is made at or after an instant, NaN unknown; may lie outside."""
        return np.ceil((at - self.first) / DAY)

    def period(self, origin: int) -> tuple[int, int]:
        """The days on which the model of an origin is used: from its own until before that of the next."""
        ends = (*self.origins[1:], self.days)
        return self.origins[origin], ends[origin]


def window_before(until: float, since: float, months: int) -> Window:
    """The last `months` before `until`; a model each month, on a day on which all open orders are scored.

    since: when the data begin; a window that reaches as far back leaves nothing to learn from.
    """
    settings = backtest_settings()
    hour = settings.list_hour * HOUR
    last = np.floor((until - hour) / DAY) * DAY + hour
    days = round(months * settings.days_per_month)
    first = float(last - (days - 1) * DAY)
    if first <= since:
        known = max(int((until - since) / DAY / settings.days_per_month), 0)
        raise TrainingError(
            f"--months {months}: expected orders from before the window, got {known} whole months of data in all; "
            "ask for fewer months, or give a longer history"
        )
    step = settings.every_days
    origins = {round(k * settings.days_per_month / step) * step for k in range(months)}
    return Window(first, days, until, tuple(sorted(o for o in origins if o < days)))
