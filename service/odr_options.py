"""What may be done about a defect budget: the actions of advice, by how far each lowers an order's chance of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from features.columns import Floats
from model.odr_task import Options
from service.advice_catalogue import Action, SideEffect
from service.means import Means
from service.metric_limits import cases_left
from service.odr import Forecast
from service.stakes import Stakes, summed
from service.worth import worths

LIMITED: tuple[SideEffect, ...] = ("LATE_SHIPMENT", "VALID_TRACKING", "ON_TIME_DELIVERY", "CANCELLATION_RATE")
_MOST_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Offered:
    """One action, or two together, for the order at `row`. factor, defect: (types,) what the chance of each type of
    claim is multiplied by, and P(it counts) then; cost in the currency of the profile; due: NaN without a deadline."""

    row: int
    actions: tuple[Action, ...]
    factor: Floats
    defect: Floats
    cost: float
    net: float
    due: float

    def beside(self, other: Offered) -> Offered:
        """Both for the same order: effects multiply, of what counts the better holds."""
        return Offered(
            self.row, self.actions + other.actions, self.factor * other.factor, np.minimum(self.defect, other.defect),
            self.cost + other.cost, self.net + other.net, float(np.fmin(self.due, other.due)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offers:
    """m things that may be done, and the same as `options` of a plan over the orders at `rows` ((c,)); room: (r,) cases
    of LIMITED that the shop's metrics still bear."""

    offered: Sequence[Offered]
    options: Options
    rows: np.ndarray
    room: Floats


def offers(found: Forecast, means: Means) -> Offers:
    """Everything that may be done now about the orders of a window."""
    stakes, chance = found.window.decisions.stakes, found.coming
    each = list(_each(stakes, means))
    told = each + list(_together(each))
    rows = np.array([o.row for o in told], dtype=np.int64)
    by_type = stakes.by_type[rows]
    factor, defect = (np.array([getattr(o, n) for o in told]).reshape(by_type.shape) for n in ("factor", "defect"))
    ratio = summed(by_type * factor * defect) / summed(by_type * stakes.outlook.defect[rows])
    claims = chance.claims[rows]
    others = (1.0 - chance.final[rows]) / (1.0 - claims)
    added = _added(told)
    fall = claims * (1.0 - ratio) * others - added[:, -1]
    good = np.flatnonzero(fall > 0.0)
    places, order = np.unique(rows[good], return_inverse=True)
    costs = np.array([told[j].cost for j in good], dtype=np.float64)
    limits, a_day = means.catalogue.limits, found.orders / found.rule.days
    room = np.array([cases_left(found.window.columns, effect, limits, a_day) for effect in LIMITED])
    return Offers(
        [told[j] for j in good], Options(order.astype(np.int64), fall[good], costs, added[good, :-1]), places, room
    )


def _added(told: Sequence[Offered]) -> Floats:
    """(m, effects) float64: cases of LIMITED and, last, of negative feedback that each thing adds."""
    place: dict[tuple[str, ...], int] = {}
    rows: list[list[float]] = []
    which: list[int] = []
    for one in told:
        key = tuple(action.id for action in one.actions)
        if key not in place:
            place[key] = len(rows)
            effects = (*LIMITED, "NEGATIVE_FEEDBACK")
            rows.append([sum(action.side_effects.get(effect, 0.0) for action in one.actions) for effect in effects])
        which.append(place[key])
    return np.array(rows, dtype=np.float64).reshape(-1, len(LIMITED) + 1)[np.array(which, dtype=np.int64)]


def _each(stakes: Stakes, means: Means) -> Iterator[Offered]:
    for action, worth in worths(stakes, means.catalogue, means.bundle.scorer.evidence).by_action():
        can = ~(worth.is_too_late | worth.is_blocked | np.isnan(worth.cost))
        if action.helps != "this_order":
            continue
        unit = stakes.prices.unit[worth.rows]
        for k in np.flatnonzero(can).tolist():
            yield Offered(
                int(worth.rows[k]), (action,), worth.factor[k], worth.defect[k], float(worth.cost[k] / unit[k]),
                float(worth.net[k] / unit[k]), float(worth.due[k]),
            )  # fmt: skip


def _together(each: Sequence[Offered]) -> Iterator[Offered]:
    """Two actions for one order, of its cheapest few; never two of one slot."""
    by_row: dict[int, list[Offered]] = {}
    for one in each:
        by_row.setdefault(one.row, []).append(one)
    for mine in by_row.values():
        for one, other in combinations(sorted(mine, key=lambda o: o.cost)[:_MOST_TOGETHER], 2):
            slot = one.actions[0].slot
            if slot is None or slot != other.actions[0].slot:
                yield one.beside(other)
