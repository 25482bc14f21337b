"""What the shop's own past says of a SKU, carrier, lane, region, category or shop, as it was known at one moment.

    rate(key) = (events before t + K · base) ÷ (Σ over earlier orders of F(their age at t) + K)

F is the share of events that have shown by that age (estimated from what was known at t), so young orders count for
what they can already tell. base is the shop's own rate for keys inside a shop, else the rate of all orders. K is worth
as many events as keys of that kind resemble each other (`_prior_events`): the same history then means the same whether
there is little of it or much. A feature is log(rate ÷ rate of all orders): 0 where nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import polars as pl

from features.columns import Array, Bools, Columns, Floats, Ints
from features.feature import Feature
from features.moments import DAY, contact_at, message_at
from features.symbols import Symbol, at, each
from features.undated import arrived_at, undated

PRIOR_EVENTS = 2.0
PRIOR_WEIGHT = 50.0  # squared expected events' worth of that
FEWEST_PRIOR_EVENTS, MOST_PRIOR_EVENTS = 0.5, 200.0
STEP_DAYS = 10.0
STALEST_DAYS = 60.0
LONGEST_DELAY_DAYS = 400
_SEPARATOR = "\x1f"
_FLAGS = np.array([None, 0.0, 1.0], dtype=object)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that may happen to an order: (n,) instants from when it can, and at which it did (NaN if not)."""

    exposed_at: Floats
    at: Floats


def _claims(orders: Columns, claimed_at: Floats) -> Happening:
    return Happening(orders["placed_at"], claimed_at)


def _contacts(orders: Columns, claimed_at: Floats) -> Happening:  # noqa: ARG001 - one shape for all
    return Happening(orders["placed_at"], contact_at(orders))


def _product_contacts(orders: Columns, claimed_at: Floats) -> Happening:  # noqa: ARG001
    about_product = orders.chosen("message_topic", "not_as_described", "damaged", "return", "refund") == 1.0
    written = np.where(about_product, message_at(orders), np.nan)
    return Happening(orders["placed_at"], np.fmin(written, orders["return_requested_at"]))


def _late_deliveries(orders: Columns, claimed_at: Floats) -> Happening:  # noqa: ARG001
    promised, arrived = orders["latest_delivery_at"], arrived_at(orders)
    is_unknown = np.isnan(arrived) & undated(orders, "delivered_at")  # it came, and nobody tells when
    return Happening(promised, np.where(~(arrived <= promised) & ~is_unknown, promised, np.nan))


def _late_shipments(orders: Columns, claimed_at: Floats) -> Happening:  # noqa: ARG001
    promised, shipped = orders["ship_by"], np.fmin(orders["shipped_at"], orders["first_scan_at"])
    return Happening(promised, np.where(~(shipped <= promised), promised, np.nan))


def _slow_replies(orders: Columns, claimed_at: Floats) -> Happening:  # noqa: ARG001
    due = message_at(orders) + DAY
    return Happening(due, np.where(~(orders["first_reply_at"] <= due), due, np.nan))


_HAPPENINGS: dict[str, Callable[[Columns, Floats], Happening]] = {
    "claim": _claims,
    "contact": _contacts,
    "product_contact": _product_contacts,
    "late": _late_deliveries,
    "late_shipment": _late_shipments,
    "slow_reply": _slow_replies,
}


@dataclass(frozen=True, slots=True)
class Key:
    """What history is kept by: the columns that make the key. inside_shop: whether the shop's rate is its base."""

    names: tuple[str, ...]
    attribute: str
    happenings: tuple[str, ...]
    inside_shop: bool = False


# The shop stands first: keys inside a shop fall back on it.
KEYS: dict[str, Key] = {
    "shop": Key(("shop_id",), "shop_id", ("claim", "contact", "product_contact", "late_shipment", "slow_reply")),
    "sku": Key(("shop_id", "sku"), "sku", ("claim", "contact", "product_contact"), inside_shop=True),
    "category": Key(("category",), "category", ("claim", "product_contact")),
    "carrier": Key(("carrier",), "carrier", ("claim", "late")),
    "carrier_fragile": Key(("carrier", "is_fragile"), "carrier", ("product_contact",)),
    "lane": Key(("carrier", "ship_from_country", "ship_to_country"), "carrier", ("claim", "late", "contact")),
    "region": Key(("ship_to_country", "ship_to_region"), "ship_to_region", ("claim", "late")),
}
AGE = Feature("history_age_days", "history", "days", "placed", "age of the history used, at most 60", 0, "history")
FEATURES = (
    *(
        Feature(f"{name}_{what}_history", key.attribute, "log ratio", "planned" if "carrier" in key.names else "placed",
                f"past {what} rate of the {name} against all orders", 0, "history")
        for name, key in KEYS.items() for what in key.happenings
    ),
    AGE,
)  # fmt: skip


def key_texts(columns: Columns, key: Key) -> list[str | None]:
    """The key of each order, None where a part of it is unknown."""
    return _joined([columns[name].tolist() for name in key.names])


def _joined(parts: Sequence[list[Any]]) -> list[str | None]:
    """Texts as they are, flags as 0 and 1, part by part."""
    texts = [[_text(value) for value in part] if _is_flag(part) else part for part in parts]
    if len(texts) == 1:
        return texts[0]
    return [None if None in row else _SEPARATOR.join(row) for row in zip(*texts, strict=True)]


def _is_flag(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], float)


def _text(flag: float) -> str | None:
    return None if flag != flag else str(int(flag))


@dataclass(frozen=True)
class Table:
    """Rates of one key at one moment. places: the row of each key; ratios: (keys, happenings)."""

    places: Mapping[str, int]
    ratios: Floats

    @cached_property
    def by_happening(self) -> list[Floats]:
        """(keys + 1,) each: the ratios of one happening, and NaN for keys that are new."""
        return [np.append(column, np.nan) for column in self.ratios.T]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """History as known at `at` (epoch seconds), by name of the key."""

    at: float
    tables: Mapping[str, Table]

    def features(self, columns: Columns) -> dict[str, Floats]:
        """The features of this file for orders looked at now, (n,) float64 each."""
        out: dict[str, Floats] = {}
        for name, key in KEYS.items():
            table = self.tables[name]
            places = _places(columns, key, table.places)
            found = [at(column, places) for column in table.by_happening]
            out.update(_with_base(name, key, places == len(table.places), found, out))
        out[AGE.name] = np.clip((columns["as_of"] - self.at) / DAY, 0.0, STALEST_DAYS)
        return out

    def to_state(self) -> dict[str, Any]:
        """Plain numbers and texts, for JSON."""
        return {
            "at": self.at,
            "tables": {name: {"keys": list(t.places), "ratios": t.ratios.tolist()} for name, t in self.tables.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Snapshot:
        """The inverse of `to_state`."""
        tables = {
            name: Table(
                {key: place for place, key in enumerate(t["keys"])},
                np.array(t["ratios"], dtype=np.float64).reshape(len(t["keys"]), len(KEYS[name].happenings)),
            )
            for name, t in state["tables"].items()
        }
        return cls(float(state["at"]), tables)


def nothing_known() -> Snapshot:
    """The history of a shop of which nothing is known: of no age, and no key stands out."""
    return Snapshot(np.nan, {name: Table({}, np.empty((0, len(key.happenings)))) for name, key in KEYS.items()})


def _places(columns: Columns, key: Key, places: Mapping[str, int]) -> Ints:
    """(n,) int64: the row of each order's key; the number of keys where it is unknown or new."""
    absent = len(places)
    get: Callable[[str | None, int], int] = places.get  # type: ignore[assignment]
    parts = [_few(columns[name]) for name in key.names]
    found = each(lambda *values: get(_joined([[value] for value in values])[0], absent), *parts)
    return cast("Ints", found if isinstance(found, Symbol) else found.astype(np.int64))


def _few(values: Array) -> Array:
    """Flags as so few objects that each is met again; texts as they are."""
    if isinstance(values, Symbol) or values.dtype == np.object_:
        return values
    return _FLAGS[np.nan_to_num(values + 1.0).astype(np.int64)]


def _looked_up(
    name: str, key: Key, places: Ints, ratios: Floats, moment: Ints, found: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Ratios (moments, keys, happenings) of each order's key at its moment; a new key falls back on its base."""
    absent = places == ratios.shape[1]
    safe = np.where(absent, 0, places)
    known = ratios.shape[1] > 0
    values = [ratios[moment, safe, j] if known else np.zeros(len(places)) for j in range(len(key.happenings))]
    return _with_base(name, key, absent, values, found)


def _with_base(
    name: str, key: Key, absent: Bools, values: Sequence[Floats], found: Mapping[str, Floats]
) -> dict[str, Floats]:
    """What was looked up for each happening, and the base where the key was absent: the shop's, or that of all."""
    out: dict[str, Floats] = {}
    for what, ratio in zip(key.happenings, values, strict=True):
        base = found[f"shop_{what}_history"] if key.inside_shop else 0.0
        out[f"{name}_{what}_history"] = np.where(absent, base, ratio)
    return out


class Past:
    """The history of a set of orders, at any moment of a fixed grid; built once for training."""

    def __init__(self, orders: Columns, claimed_at: Floats) -> None:
        self._happenings = {name: of(orders, claimed_at) for name, of in _HAPPENINGS.items()}
        self._keys: dict[str, tuple[dict[str, int], Ints]] = {}
        for name, key in KEYS.items():
            texts = key_texts(orders, key)
            places = {text: i for i, text in enumerate(dict.fromkeys(t for t in texts if t is not None))}
            codes = np.fromiter((-1 if t is None else places[t] for t in texts), np.int64, len(texts))
            self._keys[name] = (places, codes)
        places, codes = self._keys["sku"]
        shop_of = np.zeros(len(places), dtype=np.int64)
        shop_of[codes[codes >= 0]] = self._keys["shop"][1][codes >= 0]
        self._shop_of_sku = shop_of
        self._snapshots: dict[float, Snapshot] = {}

    def _kept_snapshot(self, at: float) -> Snapshot:
        if at not in self._snapshots:
            self._snapshots[at] = self.snapshot(at)
        return self._snapshots[at]

    def snapshot(self, at: float) -> Snapshot:
        """History as it was known at `at` (epoch seconds)."""
        weighted = {name: (_exposure(h, at), h.at <= at) for name, h in self._happenings.items()}
        tables: dict[str, Table] = {}
        rates: dict[tuple[str, str], Floats] = {}
        for name, key in KEYS.items():
            places, codes = self._keys[name]
            ratios = np.empty((len(places), len(key.happenings)))
            for j, what in enumerate(key.happenings):
                exposure, happened = weighted[what]
                overall = (happened.sum() + 0.5) / (exposure.sum() + 50.0)
                known = codes >= 0
                events = np.bincount(codes[known], happened[known], len(places))
                exposed = np.bincount(codes[known], exposure[known], len(places))
                base = rates["shop", what][self._shop_of_sku] if key.inside_shop else overall
                worth = _prior_events(events.astype(np.float64), exposed * base)
                rates[name, what] = (events + worth * base / overall) / (exposed + worth / overall)
                ratios[:, j] = np.log(rates[name, what] / overall)
            tables[name] = Table(places, ratios)
        return Snapshot(at, tables)

    def features(self, rows: Columns, staleness: Floats) -> dict[str, Floats]:
        """The features of this file for rows of the past, each from a snapshot at least `staleness` days old.

        staleness: (n,) float64 days, 0 to 60, as a served bundle is old. The grid of moments is absolute, so what
        happens later changes nothing.
        """
        wanted = np.floor((rows["as_of"] - staleness * DAY) / (STEP_DAYS * DAY))
        moments, moment = np.unique(wanted, return_inverse=True)
        snapshots = [self._kept_snapshot(float(m) * STEP_DAYS * DAY) for m in moments]
        out: dict[str, Floats] = {}
        for name, key in KEYS.items():
            places = _places(rows, key, self._keys[name][0])
            ratios = np.stack([s.tables[name].ratios for s in snapshots])
            out.update(_looked_up(name, key, places, ratios, moment, out))
        age = rows["as_of"] - moments[moment] * STEP_DAYS * DAY
        out[AGE.name] = np.clip(age / DAY, 0.0, STALEST_DAYS)
        return out


def _prior_events(events: Floats, expected: Floats) -> float:
    """K: how many events the base is worth against a key's own, from how much keys differ beyond chance.

    Moments of gamma-distributed rates: E(events − expected)² = expected + expected² ÷ K; shrunk to `PRIOR_EVENTS`.
    A K that fits keeps a ratio's meaning the same while history grows. events, expected: (keys,) float64.
    """
    beyond = float(np.sum((events - expected) ** 2 - expected)) + PRIOR_WEIGHT / PRIOR_EVENTS
    spread = beyond / (float(np.sum(expected**2)) + PRIOR_WEIGHT)
    return float(1.0 / np.clip(spread, 1.0 / MOST_PRIOR_EVENTS, 1.0 / FEWEST_PRIOR_EVENTS))


def _exposure(happening: Happening, at: float) -> Floats:
    """(n,) float64: the share of its happenings that each order could have shown by `at`; 0 if not yet exposed."""
    age = (at - happening.exposed_at) / DAY
    exposed = age >= 0.0
    shown = shown_by_age(happening, at)
    whole = np.where(exposed, np.minimum(age, LONGEST_DELAY_DAYS), 0.0).astype(np.int64)
    return np.where(exposed, shown[whole], 0.0)


def shown_by_age(happening: Happening, at: float) -> Floats:
    """(LONGEST_DELAY_DAYS + 1,) float64: by age in whole days, the share of happenings shown, as known at `at`.

    Nelson–Aalen on the delays: an order is at risk at a delay if it was exposed that long before `at`.
    """
    age = np.floor((at - happening.exposed_at) / DAY)
    age = age[age >= 0.0].astype(np.int64)
    seen = happening.at <= at
    delay = np.floor((happening.at[seen] - happening.exposed_at[seen]) / DAY)
    delay = np.clip(delay, 0, LONGEST_DELAY_DAYS).astype(np.int64)
    if not len(delay):
        return np.ones(LONGEST_DELAY_DAYS + 1)
    size = LONGEST_DELAY_DAYS + 1
    counts = np.bincount(delay, minlength=size)
    at_risk = np.bincount(np.minimum(age, LONGEST_DELAY_DAYS), minlength=size)[::-1].cumsum()[::-1]
    hazard = np.cumsum(counts / np.maximum(at_risk, 1))
    return np.asarray(hazard / hazard[-1])


def staleness_of(order_ids: Array, moments: Sequence[str] | Array) -> Floats:
    """(n,) float64 days, 0 to 60: seeded by the order and the moment alone, so that other rows do not change it."""
    frame = pl.DataFrame({"id": order_ids.tolist(), "moment": list(moments)})
    hashed = frame.select((pl.col("id") + "|" + pl.col("moment")).hash(seed=60)).to_series().to_numpy()
    return np.asarray((hashed >> np.uint64(11)) * (STALEST_DAYS / 2.0**53), dtype=np.float64)
