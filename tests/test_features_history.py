"""History: the formula of the module by brute force, no look into the future, and a state that comes back in bits."""

from __future__ import annotations

import json
from math import floor, isnan, log

import numpy as np
import pytest

from features.columns import Columns, Floats, concatenated
from features.history import (
    FEWEST_PRIOR_EVENTS,
    KEYS,
    MOST_PRIOR_EVENTS,
    PRIOR_EVENTS,
    PRIOR_WEIGHT,
    STALEST_DAYS,
    STEP_DAYS,
    Past,
    Snapshot,
    key_texts,
    staleness_of,
)
from features.moments import DAY, contact_at
from features.order import attributes
from model.artefact import dumps

START, N = 19_000 * DAY, 48
NAN = float("nan")


def text(rng: np.random.Generator, n: int, *choices: str | None) -> np.ndarray:
    return np.array(choices, dtype=object)[rng.integers(0, len(choices), n)]


def later(rng: np.random.Generator, since: Floats, days: float, share: float) -> Floats:
    """Instants up to `days` after others, of a share of the orders."""
    return np.where(rng.random(len(since)) < share, since + rng.integers(0, int(days * 24), len(since)) * 3600.0, NAN)


def orders(seed: int, n: int = N, first_day: float = 0.0) -> tuple[Columns, Floats]:
    """Final-state orders of two shops, placed over 150 days, with all that history counts, and their claims."""
    rng = np.random.default_rng(seed)
    placed = START + (first_day + np.sort(rng.uniform(0, 150, n))) * DAY
    message = later(rng, placed, 40, 0.5)
    topics = len(attributes()["message_topic"].choices)
    columns = Columns(n, {
        "order_id": np.array([f"{seed}-{i}" for i in range(n)], dtype=object),
        "shop_id": text(rng, n, "north", "south"), "sku": text(rng, n, "A", "B", "C", None),
        "category": text(rng, n, "toys", "shoes", None), "carrier": text(rng, n, "fast", "slow", None),
        "ship_from_country": text(rng, n, "US", "CN"), "ship_to_country": text(rng, n, "US", "CA"),
        "ship_to_region": text(rng, n, "WA", "TX", None), "placed_at": placed, "ship_by": placed + 2 * DAY,
        "latest_delivery_at": placed + 9 * DAY, "shipped_at": later(rng, placed, 4, 0.9),
        "first_scan_at": later(rng, placed, 5, 0.8), "delivered_at": later(rng, placed + 4 * DAY, 12, 0.8),
        "first_message_at": message, "first_reply_at": later(rng, message, 3, 0.7),
        "message_topic": np.where(np.isnan(message), NAN, rng.integers(0, topics, n)),
        "return_requested_at": later(rng, placed + 8 * DAY, 30, 0.2),
    })  # fmt: skip
    return columns, later(rng, placed + 10 * DAY, 80, 0.4)


def happenings(columns: Columns, claimed_at: Floats, what: str) -> list[tuple[float, float]]:
    """(exposed_at, happened_at or NaN) of each order, told anew from what the words mean."""
    out = []
    topics = attributes()["message_topic"].choices
    product = {topics.index(topic) for topic in ("not_as_described", "damaged", "return", "refund")}
    get = {name: columns[name].tolist() for name in columns}
    for i, contact in enumerate(contact_at(columns).tolist()):
        placed, promised, ship_by = get["placed_at"][i], get["latest_delivery_at"][i], get["ship_by"][i]
        handed = np.fmin(get["shipped_at"][i], get["first_scan_at"][i])
        due = get["first_message_at"][i] + DAY
        is_product = get["message_topic"][i] in product or not isnan(get["return_requested_at"][i])
        out.append({
            "claim": (placed, float(claimed_at[i])),
            "contact": (placed, contact),
            "product_contact": (placed, contact if is_product else NAN),
            "late": (promised, NAN if get["delivered_at"][i] <= promised else promised),
            "late_shipment": (ship_by, NAN if handed <= ship_by else ship_by),
            "slow_reply": (due, NAN if get["first_reply_at"][i] <= due else due),
        }[what])  # fmt: skip
    return out


def exposures(happened: list[tuple[float, float]], at: float) -> list[float]:
    """F(age) of each order: Nelson–Aalen of the delays in whole days, 0 before it is exposed."""
    ages = [floor((at - since) / DAY) for since, _ in happened if since <= at]
    delays = [floor((when - since) / DAY) for since, when in happened if when <= at]
    steps = [delays.count(d) / sum(age >= d for age in ages) if d in delays else 0.0 for d in range(401)]
    total = sum(steps)
    whole = [floor((at - since) / DAY) if since <= at else -1 for since, _ in happened]
    return [0.0 if a < 0 else 1.0 if not total else sum(steps[: min(a, 400) + 1]) / total for a in whole]


def expected(columns: Columns, claimed_at: Floats, at: float, name: str, what: str) -> dict[str | None, float]:
    """log(rate ÷ rate of all orders) by key, as the docstring of features/history.py says it."""
    key, happened = KEYS[name], happenings(columns, claimed_at, what)
    exposed, events = exposures(happened, at), [float(when <= at) for _, when in happened]
    overall = (sum(events) + 0.5) / (sum(exposed) + 50.0)
    shop = columns["shop_id"].tolist()
    texts = key_texts(columns, key)

    def worth(keys: list[str | None], bases: list[float]) -> float:
        """K by moments: how far keys lie from their base beyond chance, shrunk to PRIOR_EVENTS."""
        sums: dict[str, list[float]] = {}
        for i, own in enumerate(keys):
            if own is not None:
                seen = sums.setdefault(own, [0.0, 0.0])
                seen[0] += events[i]
                seen[1] += exposed[i] * bases[i]
        beyond = sum((e - mu) ** 2 - mu for e, mu in sums.values()) + PRIOR_WEIGHT / PRIOR_EVENTS
        spread = beyond / (sum(mu**2 for _, mu in sums.values()) + PRIOR_WEIGHT)
        return 1.0 / min(max(spread, 1.0 / MOST_PRIOR_EVENTS), 1.0 / FEWEST_PRIOR_EVENTS)

    def rate(of: list[bool], base: float, k: float) -> float:
        mine = [i for i, inside in enumerate(of) if inside]
        k /= overall
        return (sum(events[i] for i in mine) + k * base) / (sum(exposed[i] for i in mine) + k)

    of_shop = worth(shop, [overall] * len(shop))
    bases = [rate([s == own for s in shop], overall, of_shop) if key.inside_shop else overall for own in shop]
    k = worth(texts, bases)
    out: dict[str | None, float] = {}
    for mine, base in zip(texts, bases, strict=True):
        out[mine] = log((rate([t == mine for t in texts], base, k) if mine is not None else base) / overall)
    return out


@pytest.mark.parametrize("day", [30.0, 95.0, 400.0])
@pytest.mark.parametrize("name", KEYS)
def test_rates_are_those_of_the_formula(name: str, day: float) -> None:
    columns, claimed_at = orders(1)
    at = START + day * DAY
    told = Past(columns, claimed_at).snapshot(at).features(columns)
    for what in KEYS[name].happenings:
        wanted = expected(columns, claimed_at, at, name, what)
        known = np.array([t is not None for t in key_texts(columns, KEYS[name])])
        mine = np.array([wanted[t] for t in key_texts(columns, KEYS[name])])
        got = told[f"{name}_{what}_history"]
        np.testing.assert_allclose(got[known], mine[known], rtol=1e-9, atol=1e-12)
        assert KEYS[name].inside_shop or not got[~known].any()


def test_rows_of_the_past_use_the_grid_moment_before_their_stale_as_of() -> None:
    columns, claimed_at = orders(2)
    rows = columns.replacing({"as_of": columns["placed_at"] + 20 * DAY})
    stale = np.random.default_rng(0).uniform(0, STALEST_DAYS, N)
    past = Past(columns, claimed_at)
    told = past.features(rows, stale)
    for i in range(N):
        at = floor((rows["as_of"][i] - stale[i] * DAY) / (STEP_DAYS * DAY)) * STEP_DAYS * DAY
        alone = past.snapshot(at).features(rows.take(np.array([i])))
        assert {name: values[i] for name, values in told.items()} == {n: v[0] for n, v in alone.items()}


def test_the_age_feature_tells_how_old_the_history_is_up_to_sixty_days() -> None:
    columns, claimed_at = orders(3)
    snapshot = Past(columns, claimed_at).snapshot(START + 100 * DAY)
    looked = columns.take(np.arange(4)).replacing({"as_of": START + np.array([90.0, 100.0, 130.0, 190.0]) * DAY})
    assert snapshot.features(looked)["history_age_days"].tolist() == [0.0, 0.0, 30.0, 60.0]


@pytest.mark.parametrize("seed", range(4))
def test_later_orders_claims_and_events_change_no_earlier_feature(seed: int) -> None:
    columns, claimed_at = orders(seed)
    cut = START + 80 * DAY
    known = columns["placed_at"] < cut
    rows = columns.take(known)
    rows = rows.replacing({"as_of": np.minimum(rows["placed_at"] + 15 * DAY, cut)})
    stale = staleness_of(rows["order_id"], ["placed"] * rows.n)
    instants = [name for name in columns if attributes()[name].role == "fact" and name != "placed_at"]
    earlier = columns.take(known).replacing({n: np.where(columns[n] <= cut, columns[n], NAN)[known] for n in instants})
    before = Past(earlier, np.where(claimed_at <= cut, claimed_at, NAN)[known]).features(rows, stale)
    more, more_claims = orders(seed + 100, first_day=81.0)
    both = Past(concatenated([columns, more]), np.concatenate([claimed_at, more_claims])).features(rows, stale)
    for name, values in before.items():
        np.testing.assert_allclose(both[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_an_unknown_sku_falls_back_on_its_shop_and_an_unknown_shop_on_all() -> None:
    columns, claimed_at = orders(4)
    new = columns.replacing({"sku": np.full(N, "never sold", dtype=object)})
    told = Past(columns, claimed_at).snapshot(START + 200 * DAY).features(new)
    for what in KEYS["sku"].happenings:
        np.testing.assert_array_equal(told[f"sku_{what}_history"], told[f"shop_{what}_history"])
    stranger = new.replacing({"shop_id": np.full(N, "new shop", dtype=object)})
    assert not Past(columns, claimed_at).snapshot(START + 200 * DAY).features(stranger)["sku_claim_history"].any()


def test_a_sku_of_one_shop_says_nothing_of_that_sku_in_another() -> None:
    columns, claimed_at = orders(5)
    of_south = columns["shop_id"] == "south"
    unsold = np.where((columns["sku"] == "A") & of_south, None, columns["sku"])
    past = Past(columns.replacing({"sku": unsold}), np.where(of_south, NAN, claimed_at)).snapshot(START + 200 * DAY)
    told = past.features(columns.replacing({"sku": np.full(N, "A", dtype=object)}))
    own, shop = told["sku_claim_history"], told["shop_claim_history"]
    assert (own != shop)[~of_south].all()
    assert (own == shop)[of_south].all()


def test_staleness_hangs_on_order_and_moment_alone() -> None:
    ids = np.array([f"114-{i}" for i in range(2_000)], dtype=object)
    days = staleness_of(ids, ["placed"] * len(ids))
    assert (days >= 0.0).all()
    assert (days < STALEST_DAYS).all()
    assert 28.0 < days.mean() < 32.0
    assert staleness_of(ids[7:8], ["placed"]).tolist() == [days[7]]
    assert (staleness_of(ids, ["due"] * len(ids)) != days).all()


@pytest.mark.parametrize("written", [lambda s: json.dumps(s).encode(), dumps])
def test_the_state_comes_back_from_json_with_equal_bits(written) -> None:
    columns, claimed_at = orders(6)
    snapshot = Past(columns, claimed_at).snapshot(START + 120 * DAY)
    again = Snapshot.from_state(json.loads(written(snapshot.to_state())))
    looked = columns.replacing({"as_of": columns["placed_at"]})
    told, retold = snapshot.features(looked), again.features(looked)
    assert {n: v.tobytes() for n, v in told.items()} == {n: v.tobytes() for n, v in retold.items()}
    assert dumps(again.to_state()) == dumps(snapshot.to_state())


def test_a_past_without_orders_says_nothing() -> None:
    columns, _ = orders(7)
    nobody = columns.take(np.arange(0))
    told = Past(nobody, np.empty(0)).snapshot(START).features(columns.replacing({"as_of": columns["placed_at"]}))
    assert not any(values.any() for name, values in told.items() if name.endswith("_history"))


def test_a_later_return_request_does_not_make_an_earlier_message_one_about_the_product() -> None:
    day = 86_400.0
    base = {"order_id": np.array(["1"], dtype=object), "shop_id": np.array(["a"], dtype=object)}
    times = {"placed_at": np.array([0.0]), "first_message_at": np.array([10 * day])}
    topic = {"message_topic": np.array([float(attributes()["message_topic"].choices.index("other"))])}
    early = Columns(1, base | times | topic)
    late = early.replacing({"return_requested_at": np.array([30 * day])})
    ratios = [Past(o, np.array([np.nan])).snapshot(20 * day).tables["shop"].ratios for o in (early, late)]
    np.testing.assert_array_equal(ratios[0], ratios[1])
