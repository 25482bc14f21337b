"""Exchange: the currency in which each order's costs are told, and what its own and the profile's units are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.goods import rough_dollars
from features.moments import DAY
from service.cost_profile import CostProfile, Rate

STALE_DAYS = 60.0


@dataclass(frozen=True, slots=True)
class Exchanged:
    """currency: (n,) text. of_order, of_profile: (n,) float64, what one unit of the order's and of the profile's
    currency is worth in it, NaN where not even a rough rate is known. is_assumed: (n,) bool, a rough rate was used;
    is_old: (n,) bool, the shop's rate is older than STALE_DAYS."""

    currency: Array
    of_order: Floats
    of_profile: Floats
    is_assumed: Bools
    is_old: Bools


def exchanged(columns: Columns, profiles: Sequence[CostProfile], place: Ints) -> Exchanged:
    """Costs are told in the profile's currency where the order has it or the shop gave a rate, else in the order's, and
    the profile's amounts are then put in by a rough rate (features/currency.toml), which is said."""
    n = columns.n
    out = Exchanged(
        np.full(n, None, dtype=object), np.ones(n), np.ones(n), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    )
    currencies: dict[str | None, int] = {}
    code = np.fromiter((currencies.setdefault(c, len(currencies)) for c in columns["currency"]), np.int64, n)
    for which, profile in enumerate(profiles):
        for currency, number in currencies.items():
            rows = np.flatnonzero((code == number) & (place == which))
            if len(rows):
                _tell(out, rows, profile, currency, columns["as_of"][rows])
    return out


def _tell(out: Exchanged, rows: Ints, profile: CostProfile, currency: str | None, as_of: Floats) -> None:
    out.currency[rows] = profile.currency
    if currency is None or currency == profile.currency:
        return
    rates = sorted((rate for rate in profile.rate if rate.currency == currency), key=lambda rate: rate.on)
    begins = np.array([_epoch(rate) for rate in rates])
    which = np.searchsorted(begins, as_of, side="right") - 1
    has_rate = which >= 0
    known, without = rows[has_rate], rows[~has_rate]
    if len(known):
        found = which[has_rate]
        out.of_order[known] = np.array([rate.value for rate in rates])[found]
        out.is_old[known] = as_of[has_rate] - begins[found] > STALE_DAYS * DAY
    out.currency[without] = currency
    out.of_profile[without] = rough_dollars(profile.currency) / rough_dollars(currency)
    out.is_assumed[without] = True


def _epoch(rate: Rate) -> float:
    return datetime.combine(rate.on, time.min, UTC).timestamp()
