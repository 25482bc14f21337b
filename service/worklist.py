"""The worklist: which orders to work on today, by amount at risk × urgency, and what one action does for many."""

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
from features.goods import dollar_scale, order_value
from features.moments import HOUR
from features.order import STATES
from service.advice_catalogue import Action, Catalogue
from service.decide import Decisions
from service.recommend import Advice, recommended

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
    """The numbers of worklist.toml. half_hours, no_deadline_hours: of urgency; groups: action ids named by sheet."""

    half_hours: float
    no_deadline_hours: float
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
        float(urgency["half_hours"]), float(urgency["no_deadline_hours"]), int(rows["actions"]), int(rows["reasons"]),
        int(groups["fewest_orders"]), int(groups["orders_named"]), {s: tuple(groups[s]) for s in SHEETS},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """Orders of one piece of a file, as frames.

    orders: place (of the row in the file), order_id, shop_id, as_of, state, status, probability, value, currency,
    scale (rough dollars per unit), due (first deadline, epoch seconds), and the key of each sheet; null is unknown.
    offers: place, action (its place in the catalogue), due: every feasible action of every order.
    """

    orders: pl.DataFrame
    offers: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Worklist:
    """What to work on. orders: those listed, most pressing first, with at_risk and urgency; groups: by sheet, with
    key, action, orders, at_risk (text by currency), due and the ids named; left_out: orders by the reason."""

    orders: pl.DataFrame
    groups: Mapping[Sheet, pl.DataFrame]
    left_out: Mapping[LeftOut, int]


def looked(decisions: Decisions, catalogue: Catalogue, first: int) -> Looked:
    """The orders of a piece that starts at row `first` of the file."""
    columns, scores = decisions.columns, decisions.scores
    advice = recommended(
        columns, scores.state, scores.probability, scores.type_shares, catalogue, limit=len(catalogue.actions)
    )
    place = np.arange(first, first + columns.n)
    offers = _offers(advice, catalogue, place)
    helping = pl.Series([i for i, a in enumerate(catalogue.actions) if a.helps == "this_order"], dtype=pl.Int64)
    first_due = (
        offers.filter(pl.col("action").is_in(helping.implode()))
        .group_by("place")
        .agg(pl.col("due").min(), actions=pl.len())
    )
    orders = pl.DataFrame({
        "place": place, "order_id": _texts(columns["order_id"]), "shop_id": _texts(columns["shop_id"]),
        "as_of": columns["as_of"], "state": [str(STATES[s]) for s in scores.state],
        "status": _texts(decisions.status), "probability": scores.probability, "value": order_value(columns),
        "currency": _texts(columns["currency"]), "scale": dollar_scale(columns),
        **{f"key_{sheet}": _key(columns, names) for sheet, names in _KEYS.items()},
    }).with_columns(pl.col("probability", "value", "scale").fill_nan(None))  # fmt: skip
    return Looked(orders.join(first_due, on="place", how="left", maintain_order="left"), offers)


def _texts(array: Array) -> pl.Series:
    return pl.Series(array.tolist(), dtype=pl.String)


def _key(columns: Columns, names: Sequence[str]) -> pl.Series:
    """The texts of a key in one, null where a part is unknown."""
    frame = pl.DataFrame({name: _texts(columns[name]) for name in names})
    return frame.select(pl.concat_str(pl.all(), separator=JOINT, ignore_nulls=False)).to_series()


def _offers(advice: Advice, catalogue: Catalogue, place: Array) -> pl.DataFrame:
    index = {id(action): i for i, action in enumerate(catalogue.actions)}
    found = [(int(p), index[id(r.action)], r.deadline) for p, row in zip(place, advice, strict=True) for r in row]
    schema = {"place": pl.Int64, "action": pl.Int64, "due": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")


def worklist(parts: Sequence[Looked], catalogue: Catalogue, capacity: int) -> Worklist:
    """At most `capacity` orders of all pieces, and the groups over all of them; the order of rows does not matter."""
    everything = pl.concat([part.orders for part in parts])
    newest = _newest(everything)
    assessed = _weighed(newest.filter(pl.col("probability").is_not_null()))
    workable = assessed.filter(pl.col("actions") > 0)
    ranked = workable.sort("pressure", "order_id", "shop_id", descending=[True, False, False])
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
    """With value (assumed where unknown), at_risk, hours_left, urgency and pressure, in rough dollars."""
    of, typical = rules(), typical_value(orders)
    assumed = pl.col("value").is_null() | pl.col("scale").is_null()
    orders = orders.with_columns(is_assumed=assumed).with_columns(
        pl.when("is_assumed").then(pl.lit(typical.value)).otherwise("value").alias("value"),
        pl.when("is_assumed").then(pl.lit(typical.currency)).otherwise("currency").alias("currency"),
        pl.when("is_assumed").then(pl.lit(typical.scale)).otherwise("scale").alias("scale"),
    )
    left = ((pl.col("due") - pl.col("as_of")) / HOUR).clip(0.0)
    orders = orders.with_columns(
        hours_left=left, is_late=pl.col("due") < pl.col("as_of"), at_risk=pl.col("probability") * pl.col("value")
    )
    urgency = of.half_hours / (of.half_hours + pl.col("hours_left").fill_null(of.no_deadline_hours))
    orders = orders.with_columns(urgency=urgency, dollars=pl.col("at_risk") * pl.col("scale"))
    return orders.with_columns(pressure=pl.col("dollars") * pl.col("urgency"))


@dataclass(frozen=True, slots=True)
class Typical:
    """The order value assumed where it is unknown; 1 without a currency where no order has one."""

    value: float
    currency: str | None
    scale: float


def typical_value(orders: pl.DataFrame) -> Typical:
    """The median order value in the commonest currency."""
    known = orders.filter(pl.col("value").is_not_null() & pl.col("scale").is_not_null())
    if known.is_empty():
        return Typical(1.0, None, 1.0)
    counts = known.group_by("currency", "scale").agg(pl.len(), pl.col("value").median())
    currency, scale, _, value = counts.sort("len", "currency", descending=[True, False]).row(0)
    return Typical(float(value), currency, float(scale))


def serves_many(action: Action, sheet: Sheet) -> bool:
    """Whether one such action serves all orders that share the key of the sheet."""
    return action.scope == sheet or action.id in rules().groups[sheet]


def _groups(sheet: Sheet, offers: pl.DataFrame, actions: Sequence[Action]) -> pl.DataFrame:
    """Orders that one action serves, largest sum at risk first."""
    of, key = rules(), f"key_{sheet}"
    places = pl.Series([i for i, a in enumerate(actions) if serves_many(a, sheet)], dtype=pl.Int64)
    chosen = offers.filter(pl.col("action").is_in(places.implode()) & pl.col(key).is_not_null())
    chosen = chosen.rename({key: "key"}).sort("dollars", "order_id", descending=[True, False])
    grouped = chosen.group_by("key", "action", maintain_order=True).agg(
        orders=pl.len(), pressure=pl.col("dollars").sum(), due=pl.col("due").min(),
        named=pl.col("order_id").head(of.orders_named).str.join(", "),
    )  # fmt: skip
    sums = chosen.group_by("key", "action", "currency").agg(pl.col("at_risk").sum()).sort("currency")
    amount = pl.format("{} {}", pl.col("at_risk").round(2), pl.col("currency").fill_null("")).str.strip_chars()
    texts = sums.group_by("key", "action", maintain_order=True).agg(at_risk=amount.str.join("; "))
    found = grouped.filter(pl.col("orders") >= of.fewest_orders).join(texts, on=["key", "action"])
    return found.sort("pressure", "key", "action", descending=[True, False, False])
