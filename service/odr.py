"""The defect budget: where a shop's order defect rate stands, and the distribution of where it will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from features.columns import Floats
from features.errors import InputError
from model.defect_priors import defect_priors
from model.odr import Counts, Multiples, multiples
from model.scorer import Scorer
from service.odr_chances import ToCome, to_come
from service.odr_rows import Budgeted, budgeted
from service.odr_rule import OdrRule
from service.odr_window import Window


@dataclass(frozen=True, slots=True)
class Official:
    """The marketplace's own count."""

    defects: int
    orders: int


@dataclass(frozen=True, slots=True)
class Doubts:
    """Orders that are not as they should be. set_aside: cannot be used even as they were sent, and do not count;
    as_sent: contradicted by an event, and counted as they were sent."""

    set_aside: int = 0
    as_sent: int = 0


NO_DOUBTS = Doubts()


@dataclass(frozen=True, slots=True)
class Path:
    """(d,) by day ahead: the expected rate of that day's orders, and P(it is not below the target)."""

    rate: Floats
    breach: Floats


@dataclass(frozen=True, slots=True)
class Forecast:
    """A window's defect budget.

    orders, known: of today's window, by the official count where there is one; masses: (k,) P(so many defects come
    beside the known ones), of the count `today`; on_day: (d,) orders in the window of each day ahead; reported: of what
    will be seen on that day; final: of what that day's orders will come to.
    """

    window: Window
    rule: OdrRule
    official: Official | None
    coming: ToCome
    budgeted: Budgeted
    multiples: Multiples
    today: Counts
    orders: int
    known: int
    masses: Floats
    on_day: Floats
    reported: Path
    final: Path

    @property
    def ours(self) -> Official:
        """What our own data count."""
        return Official(int(self.window.known.is_defect.sum()), self.window.columns.n)

    @property
    def allowed(self) -> int:
        """The most defects that today's orders may have."""
        return self.rule.allowed(self.orders)

    @property
    def worst(self) -> int:
        """The day ahead on which a breach is most likely to be seen; of equals that of the highest rate."""
        return int(np.lexsort((-self.reported.rate, -np.round(self.reported.breach, 6)))[0])


def forecast(window: Window, rule: OdrRule, scorer: Scorer, official: Official | None = None) -> Forecast:
    """The defect budget of a window under a rule; `InputError` where no order was placed in it."""
    n, ours = window.columns.n, int(window.known.is_defect.sum())
    if not n:
        until = datetime.fromtimestamp(window.span.until, UTC)
        raise InputError(
            f"no order of {window.span.shop_id} on {window.span.marketplace} in the {rule.days} days before "
            f"{until:%Y-%m-%dT%H:%M:%SZ}; --as-of looks at another moment, --shop and --marketplace at other orders"
        )
    orders, known = (n, ours) if official is None else (official.orders, official.defects)
    coming = to_come(window, scorer, rule.days)
    rows = budgeted(window, coming, scorer.shocks, (max(orders - n, 0), max(known - ours, 0)), orders)
    drawn = multiples(rows.rows, defect_priors().draws)
    counted = drawn.counts(np.hstack([rows.reported, rows.final]), rows.pooled)
    staying = coming.stays.mean(axis=0)
    on_day = np.maximum(np.rint(orders * staying + orders / rule.days * coming.days), 1.0)
    known_on = window.known.is_defect @ coming.stays + np.ceil((known - ours) * staying)
    known_on = np.maximum(known_on, 0.0)
    needed = rule.all_allowed(on_day) + 1 - known_on.astype(np.int64)
    breach = counted.at_least(np.tile(needed, 2))
    rate = (np.tile(known_on, 2) + counted.mean.mean(axis=0)) / np.tile(on_day, 2)
    reported, final = (Path(r, b) for r, b in zip(np.split(rate, 2), np.split(breach, 2), strict=True))
    today = len(coming.days)
    return Forecast(
        window, rule, official, coming, rows, drawn, counted.only(today), orders, known, counted.masses(today), on_day,
        reported, final,
    )  # fmt: skip
