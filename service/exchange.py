"""Exchange: the currency in which each order's costs are told, and what its own and the profile's units are worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.goods import currencies, rough_dollars
from features.moments import DAY
from features.symbols import at, each
from service.cost_profile import Costs, Rate

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


@dataclass(frozen=True, slots=True)
class _Rates:
    """place: of each currency, the last for all others; own: (profiles,) their currencies; kind: (profiles,) which have
    the same currency and rates. By kind, then currency: is_own, where nothing is exchanged, and rough, what a unit of
    the profile's currency is worth. begins: instants from which any rate holds; by kind, currency and how many of these
    have passed: value of the shop's rate and since when, NaN where there is none."""

    place: Mapping[str | None, int]
    own: Array
    kind: Ints
    is_own: Bools
    rough: Floats
    begins: list[float]
    value: Floats
    since: Floats


def exchanged(columns: Columns, costs: Costs, profile: Ints) -> Exchanged:
    """Costs are told in the profile's currency where the order has it or the shop gave a rate, else in the order's, and
    the profile's amounts are then put in by a rough rate (features/currency.toml), which is said.

    profile: (n,) which of the costs' profiles an order has.
    """
    of, currency, as_of = _rates(costs), columns["currency"], columns["as_of"]
    code = each(lambda name: of.place.get(name, len(of.place)), currency).astype(np.int64)
    pair = at(of.kind, profile) * (len(of.place) + 1) + code
    passed = pair * (len(of.begins) + 1)
    if of.begins:
        passed = passed + each(lambda now: bisect_right(of.begins, now), as_of).astype(np.int64)
    since = at(of.since, passed)
    has_rate = since == since
    is_assumed = ~(at(of.is_own, pair) | has_rate)
    return Exchanged(
        currency=np.where(is_assumed, currency, at(of.own, profile)),
        of_order=np.where(has_rate, at(of.value, passed), 1.0),
        of_profile=np.where(is_assumed, at(of.rough, pair), 1.0),
        is_assumed=is_assumed,
        is_old=as_of - since > STALE_DAYS * DAY,
    )


@lru_cache(maxsize=8)
def _rates(costs: Costs) -> _Rates:
    profiles = costs.profiles
    kinds = list(dict.fromkeys((p.currency, p.rate) for p in profiles))
    names = [None, *sorted({*currencies(), *(rate.currency for p in profiles for rate in p.rate)})]
    begins = sorted({_epoch(rate) for p in profiles for rate in p.rate})
    spans = [-np.inf, *begins]
    held = [[_held(kind, name, span) for name in (*names, "") for span in spans] for kind in kinds]
    value, since = (np.array([[one[k] for one in row] for row in held]).ravel() for k in (0, 1))
    rough = [[rough_dollars(own) / rough_dollars(name) for name in (*names, "")] for own, _ in kinds]
    return _Rates(
        {name: place for place, name in enumerate(names)},
        np.array([p.currency for p in profiles], dtype=object),
        np.array([kinds.index((p.currency, p.rate)) for p in profiles]),
        np.array([[name in (None, own) for name in (*names, "")] for own, _ in kinds]).ravel(),
        np.array(rough).ravel(), begins, value, since,
    )  # fmt: skip


def _held(kind: tuple[str, tuple[Rate, ...]], currency: str | None, at: float) -> tuple[float, float]:
    """The latest rate of a currency that holds at an instant and since when; NaN where there is none. What is told of a
    profile's own currency changes nothing: one unit is one unit."""
    own, rates = kind
    of = [rate for rate in rates if rate.currency == currency != own and _epoch(rate) <= at]
    latest = max(of, key=lambda rate: rate.on, default=None)
    return (np.nan, np.nan) if latest is None else (latest.value, _epoch(latest))


def _epoch(rate: Rate) -> float:
    return datetime.combine(rate.on, time.min, UTC).timestamp()


def shop_profile(costs: Costs, columns: Columns) -> Ints:
    """(n,) int64: which of the costs' profiles each order has, by its shop."""
    place = {name: number for number, name in enumerate(costs.shops, start=1)}
    if not place:
        return np.zeros(columns.n, dtype=np.int64)
    found: Ints = each(lambda shop: place.get(shop, 0), columns["shop_id"]).astype(np.int64)
    return found
