"""Rows of a defect budget: a window's orders, those only the marketplace counts, and those yet to be placed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Floats, Ints
from model.odr import Rows, Shared
from model.shock_groups import GROUPS
from model.shock_sizes import ShockSizes
from model.shocks import Spread
from service.odr_chances import ToCome
from service.odr_window import Window

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Budgeted:
    """n + 2 rows: the orders, those that the marketplace counts beyond ours, those of the days ahead; pooled: (n + 2,)
    1 for the last two. reported, final: (n + 2, d) chances (numbers, in the pooled) by day ahead."""

    rows: Rows
    pooled: Floats
    reported: Floats
    final: Floats


def budgeted(window: Window, coming: ToCome, sizes: ShockSizes, unseen: tuple[int, int], orders: int) -> Budgeted:
    """The rows. unseen: orders and defects that the marketplace counts beyond ours, each at least 0; orders: of both.

    Orders not seen are taken to be like the mean of those seen, those with an open claim left out: of a few orders one
    claim would be taken for many. New ones come as evenly as those of the window.
    """
    n, (more, defects) = window.columns.n, unseen
    a_day, new = orders / (len(coming.days) - 1), coming.new_by_age
    reported, final = coming.by_day * coming.stays, coming.final[:, None] * coming.stays
    to_report = a_day * np.concatenate([[0.0], np.cumsum(new[:-1])])
    to_end = a_day * coming.days * new[-1]
    usual = window.known.open == 0.0
    usual |= not usual.any()
    of_more = more * coming.seen[usual].mean() if window.complete or defects else 0.0
    return Budgeted(
        Rows(
            _shared(window, coming, sizes),
            np.append(coming.seen if window.complete or defects else np.zeros(n), [max(of_more, _LEAST), 0.0]),
            np.append(window.known.is_defect + window.known.open, [defects, 0.0]),
            np.append(coming.give, [1.0, 1.0]),
        ),
        np.append(np.zeros(n), [1.0, 1.0]),
        np.vstack([reported, more * reported[usual].mean(axis=0), to_report]),
        np.vstack([final, more * final[usual].mean(axis=0), to_end]),
    )


def _shared(window: Window, coming: ToCome, sizes: ShockSizes) -> list[Shared]:
    """The level of all chances, carrier weeks and SKU lots; the two pooled rows only share the level."""
    level = Shared(np.zeros(window.columns.n + 2, dtype=np.int64), Spread(np.array([coming.deviation]), np.ones(1)))
    return [level, *(Shared(_with_two(of(window.columns)), sizes.of(kind)) for kind, of in GROUPS.items())]


def _with_two(group: Ints) -> Ints:
    return np.append(group, [group.max() + 1, group.max() + 2])
