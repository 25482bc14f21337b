"""The worklist: which orders to work on today, by worth × urgency, and what one action does for many."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

import numpy as np
import polars as pl

from features.columns import Array, Columns
from features.moments import HOUR
from features.order import STATES
from service.action_costs import action_costs
from service.advice_catalogue import Action, Catalogue
from service.decide import Decisions
from service.means import Means
from service.recommend import OrderAdvice
from service.stakes import Stakes
from service.worth import Worths, worths

Sheet = Literal["sku", "lane", "carrier", "shop"]
SHEETS: tuple[Sheet, ...] = get_args(Sheet)
LeftOut = Literal["beyond_capacity", "nothing_to_do", "claim_open", "not_eligible", "superseded"]
_KEYS: dict[Sheet, tuple[str, ...]] = {
    "sku": ("shop_id", "sku"),
    "lane": ("carrier", "ship_from_country", "ship_to_country"),
    "carrier": ("carrier",),
    "shop": ("shop_id",),
}
JOINT = " · "


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of worklist.toml. half_hours, no_deadline_hours: of urgency; duty_defects: what a duty is worth, in
    order defects; groups: action ids named by sheet."""

    half_hours: float
    no_deadline_hours: float
    duty_defects: float
    actions: int
    reasons: int
    fewest_orders: int
    orders_named: int
    groups: Mapping[Sheet, tuple[str, ...]]


@cache
def rules() -> Rules:
    """What `worklist.toml` says."""
    table = tomllib.loads((resources.files("service") / "worklist.toml").read_text("utf-8"))
    groups, rows, urgency = table["groups"], table["rows"], table["urgency"]
    return Rules(
        float(urgency["half_hours"]), float(urgency["no_deadline_hours"]), float(table["duty"]["defects"]),
        int(rows["actions"]), int(rows["reasons"]),
        int(groups["fewest_orders"]), int(groups["orders_named"]), {s: tuple(groups[s]) for s in SHEETS},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """Orders of one piece of a file, as frames.

    orders: place (of the row in the file), order_id, shop_id, as_of, state, status, probability, expected_cost, net
    (benefit of the best plan), defect (price of one), currency, unit (of the profile's currency in that), is_assumed
    (the order's value), actions (how many are advised), has_duty, due (first deadline, epoch seconds), and the key of
    each sheet; null is unknown.
    offers: place, action (its place in the catalogue), due, saved (less side effects and what is spent on each order),
    once (what it takes however many orders it serves), both in profile_currency; served: how many later orders profit
    where it helps none of these; is_advised: for the order alone.
    """

    orders: pl.DataFrame
    offers: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Worklist:
    """What to work on. orders: those listed, most pressing first, with urgency and pressure; groups: by sheet, with
    key, action, orders, net, profile_currency, due and the ids named; left_out: orders by the reason."""

    orders: pl.DataFrame
    groups: Mapping[Sheet, pl.DataFrame]
    left_out: Mapping[LeftOut, int]


def looked(decisions: Decisions, means: Means, first: int) -> Looked:
    """The orders of a piece that starts at row `first` of the file."""
    columns, scores, stakes = decisions.columns, decisions.scores, decisions.stakes
    catalogue, evidence = means.catalogue, means.bundle.scorer.evidence
    place = np.arange(first, first + columns.n)
    offers = _offers(worths(stakes, catalogue, evidence), stakes, place)
    helping = pl.Series([i for i, a in enumerate(catalogue.actions) if a.helps == "this_order"], dtype=pl.Int64)
    duties = pl.Series([i for i, a in enumerate(catalogue.actions) if a.is_duty], dtype=pl.Int64)
    first_due = (
        offers.filter(pl.col("is_advised") & pl.col("action").is_in(helping.implode()))
        .group_by("place")
        .agg(pl.col("due").min(), actions=pl.len(), has_duty=pl.col("action").is_in(duties.implode()).any())
    )
    orders = pl.DataFrame({
        "place": place, "order_id": _texts(columns["order_id"]), "shop_id": _texts(columns["shop_id"]),
        "as_of": columns["as_of"], "state": pl.Series([str(STATES[s]) for s in scores.state], dtype=pl.String),
        "status": _texts(decisions.status), "probability": scores.probability,
        "expected_cost": stakes.expected.amount,
        "net": pl.Series([_net(of_order) for of_order in decisions.advice], dtype=pl.Float64),
        "defect": stakes.prices.defect, "currency": _texts(stakes.prices.currency), "unit": stakes.prices.unit,
        "is_assumed": stakes.prices.value_assumed,
        **{f"key_{sheet}": _key(columns, names) for sheet, names in _KEYS.items()},
    }).with_columns(pl.col("probability", "expected_cost", "net", "defect", "unit").fill_nan(None))  # fmt: skip
    return Looked(orders.join(first_due, on="place", how="left", maintain_order="left"), offers)


def _net(advice: OrderAdvice) -> float:
    """What the best plan saves, or the best of what is advised where its duties take more; at least 0."""
    singly = [told.net_benefit for told in advice.recommendations if told.action.helps == "this_order"]
    return max([0.0, *singly] if advice.plan is None else [0.0, advice.plan.net_benefit, *singly])


def _texts(array: Array) -> pl.Series:
    return pl.Series(array.tolist(), dtype=pl.String)


def _key(columns: Columns, names: Sequence[str]) -> pl.Series:
    """The texts of a key in one, null where a part is unknown."""
    frame = pl.DataFrame({name: _texts(columns[name]) for name in names})
    return frame.select(pl.concat_str(pl.all(), separator=JOINT, ignore_nulls=False)).to_series()


def _offers(found: Worths, stakes: Stakes, place: Array) -> pl.DataFrame:
    """Every action that could be done, in the currencies of the cost profiles."""
    unit = stakes.prices.unit
    currency = np.array([profile.currency for profile in stakes.prices.costs.profiles], dtype=object)
    found = found.taken(np.flatnonzero(~(found.is_too_late | found.is_blocked)))
    rows, actions, costs = found.rows, found.place, action_costs(stakes.prices.costs, found.catalogue)
    is_once, profile = costs.in_minutes[actions], stakes.prices.place[rows]
    helps_later = np.array([action.helps == "next_orders" for action in found.catalogue.actions])[actions]
    is_duty = np.array([action.is_duty for action in found.catalogue.actions])[actions]
    return pl.DataFrame({
        "place": place[rows], "action": actions, "due": found.due,
        "saved": np.where(is_once, found.net + found.shared, found.net) / unit[rows],
        "once": np.where(is_once, found.once, 0.0) / unit[rows],
        "served": np.where(helps_later, costs.served[profile, actions], np.nan),
        "profile_currency": _texts(currency[profile]), "is_advised": ~(found.net <= 0.0) | is_duty,
    }).with_columns(pl.col("due", "saved", "once", "served").fill_nan(None))  # fmt: skip


def worklist(parts: Sequence[Looked], catalogue: Catalogue, capacity: int) -> Worklist:
    """At most `capacity` orders of all pieces, and the groups over all of them; the order of rows does not matter."""
    everything = pl.concat([part.orders for part in parts])
    newest = _newest(everything)
    assessed = _weighed(newest.filter(pl.col("probability").is_not_null()))
    workable = assessed.filter(pl.col("actions") > 0)
    by = ("pressure", "expected_cost", "order_id", "shop_id")
    ranked = workable.sort(*by, descending=[True, True, False, False], nulls_last=True)
    listed = ranked.head(capacity)
    closed = newest.filter(pl.col("probability").is_null())["status"]
    left_out: dict[LeftOut, int] = {
        "beyond_capacity": ranked.height - listed.height,
        "nothing_to_do": assessed.height - workable.height,
        "claim_open": int((closed == "claim_open").sum()),
        "not_eligible": int((closed != "claim_open").sum()),
        "superseded": everything.height - newest.height,
    }
    offers = pl.concat([part.offers for part in parts]).join(assessed, on="place", suffix="_first")
    return Worklist(listed, {sheet: _groups(sheet, offers, catalogue.actions) for sheet in SHEETS}, left_out)


def _newest(orders: pl.DataFrame) -> pl.DataFrame:
    """Of several rows of one order the latest."""
    latest = orders.sort("as_of", "place", nulls_last=False)
    return latest.unique(["shop_id", "order_id"], keep="last", maintain_order=True)


def _weighed(orders: pl.DataFrame) -> pl.DataFrame:
    """With hours_left, is_late, urgency and pressure: worth × urgency, in the currency of the cost profile. An order
    with a duty is worth no less than the duty is, though nothing about it may pay."""
    of = rules()
    left = ((pl.col("due") - pl.col("as_of")) / HOUR).clip(0.0)
    orders = orders.with_columns(hours_left=left, is_late=pl.col("due") < pl.col("as_of"))
    urgency = of.half_hours / (of.half_hours + pl.col("hours_left").fill_null(of.no_deadline_hours))
    duty = pl.when("has_duty").then(pl.col("defect") * of.duty_defects)
    worth = pl.max_horizontal("net", duty) / pl.col("unit")
    return orders.with_columns(urgency=urgency, pressure=worth * urgency)


def serves_many(action: Action, sheet: Sheet) -> bool:
    """Whether one such action serves all orders that share the key of the sheet."""
    return action.scope == sheet or action.id in rules().groups[sheet]


def _groups(sheet: Sheet, offers: pl.DataFrame, actions: Sequence[Action]) -> pl.DataFrame:
    """Orders that one action serves: what it saves on them (on as many later ones, if it only helps those), less what
    it takes once; largest benefit first."""
    of, key = rules(), f"key_{sheet}"
    places = pl.Series([i for i, a in enumerate(actions) if serves_many(a, sheet)], dtype=pl.Int64)
    chosen = offers.filter(pl.col("action").is_in(places.implode()) & pl.col(key).is_not_null() & (pl.col("saved") > 0))
    chosen = chosen.rename({key: "key"}).sort("saved", "order_id", descending=[True, False])
    served = pl.col("served").max().fill_null(pl.len())
    found = chosen.group_by("key", "action", "profile_currency", maintain_order=True).agg(
        orders=pl.len(), net=pl.col("saved").mean() * served - pl.col("once").max(), due=pl.col("due").min(),
        named=pl.col("order_id").head(of.orders_named).str.join(", "),
    )  # fmt: skip
    found = found.filter((pl.col("orders") >= of.fewest_orders) & (pl.col("net") > 0))
    return found.sort("net", "key", "action", descending=[True, False, False])
