"""Real orders as the benchmark takes them: nothing from later, labels that are mature, two doors of one meaning."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import brier_score_loss, log_loss

from benchmarks import olist, olist_baselines
from benchmarks.olist_orders import EXTRAS, FOLDER, MOMENTS, WINDOW_DAYS, Olist, known_by, read_olist
from benchmarks.olist_product import Product
from benchmarks.olist_report import HEADING, Judged, replaced_section
from features.columns import Columns
from features.document import checked_columns, read_json, read_order
from features.tables import TableOptions, read_orders

needs_data = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the real orders are not here: {FOLDER}")


@pytest.fixture(scope="module")
def real() -> Olist:
    return read_olist()


@needs_data
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_fact_is_later_than_the_moment(real: Olist, moment: str) -> None:
    rows = real.looked_at(moment)
    for fact in ("payment_approved_at", "shipped_at", "delivered_at"):
        assert not (rows[fact] > rows["as_of"]).any()
    assert rows["delivered_at"].null_count() >= (0 if moment == "delivered" else rows.height - 5)
    assert rows["x_approval_hours"].is_null().all() == (moment == "placed")


@needs_data
@pytest.mark.parametrize("moment", MOMENTS)
def test_claims_open_after_the_moment_and_inside_the_window(real: Olist, moment: str) -> None:
    rows = real.looked_at(moment).join(real.reviews, on="order_id")
    claimed = rows.filter("is_claimed")
    assert claimed.height > 300
    assert (claimed["claim_opened_at"] > claimed["as_of"]).all()
    assert (claimed["claim_opened_at"] <= claimed["closes_at"]).all()
    late = rows.filter(~pl.col("is_claimed") & pl.col("is_one_star"))
    assert (late["claim_opened_at"] > late["closes_at"]).all()


@needs_data
def test_periods_learn_from_closed_windows_and_test_what_comes_later(real: Olist) -> None:
    rows = olist.mature_rows(real)["placed"]
    periods = olist.periods(real)
    sizes = [period.tested(rows).height for period in periods]
    assert len(sizes) == 5
    assert max(sizes) < 1.1 * min(sizes)
    for period in periods:
        assert (period.learned(rows)["closes_at"] <= period.origin).all()
        assert (period.tested(rows)["placed_at"] >= period.origin).all()


@needs_data
def test_a_shop_holds_nothing_from_after_the_origin(real: Olist) -> None:
    origin = olist.periods(real)[0].origin
    held = known_by(real.orders.filter(pl.col("placed_at") < origin), origin)
    for fact in ("placed_at", "payment_approved_at", "shipped_at", "delivered_at"):
        assert (held[fact] <= origin).all()
    assert (real.outcomes(origin)["claim_opened_at"] < origin).all()


@needs_data
@pytest.mark.parametrize("moment", MOMENTS)
def test_both_doors_read_the_same_order(real: Olist, moment: str, tmp_path: Path) -> None:
    asked = real.looked_at(moment).select(*real.orders.columns, "as_of").sample(40, seed=7)
    asked.write_parquet(tmp_path / "asked.parquet")
    product = Product(tmp_path, EXTRAS, WINDOW_DAYS, seed=0)
    options = TableOptions(extras={name: declared.split(":")[0] for name, declared in EXTRAS.items()})
    (chunk,) = read_orders(tmp_path / "asked.parquet", options)
    assert not chunk.rejects
    for i, row in enumerate(asked.iter_rows(named=True)):
        body = json.dumps(product.document(row)).encode()
        single = checked_columns(read_order(read_json(body)), as_of=0.0, extras=options.extras)
        assert _plain(single, 0) == _plain(chunk.columns, i)


def _plain(columns: Columns, i: int) -> dict[str, object]:
    return {name: columns[name][i] for name in columns if columns[name][i] == columns[name][i] is not None}


@needs_data
def test_past_rates_ignore_reviews_from_after_the_purchase(real: Olist) -> None:
    keys = real.orders.select("order_id", "shop_id", "category", "ship_to_region")
    reviews = real.reviews.drop_nulls("reviewed_at").join(keys, on="order_id")
    at = real.orders["placed_at"][2_500]
    rows = real.looked_at("placed").filter(pl.col("placed_at") <= at)
    changed = reviews.with_columns(is_one_star=pl.col("is_one_star") ^ (pl.col("reviewed_at") >= at))
    cut = reviews.filter(pl.col("reviewed_at") < at)
    whole, flipped, short = (olist_baselines.features(rows, "placed", r) for r in (reviews, changed, cut))
    assert whole.equals(flipped)
    assert whole.equals(short)
    assert whole["rate_shop_id"].n_unique() > 100


@needs_data
def test_left_out_orders_are_counted(real: Olist) -> None:
    assert real.orders.height + sum(real.left_out.values()) == 5_172
    assert sum(real.left_out.values()) < 20
    assert real.seen_until - real.orders["placed_at"].min() > timedelta(days=600)


def test_a_constant_is_refitted_to_the_share_that_happened() -> None:
    y = np.repeat([0.0, 1.0, 0.0], [60, 20, 120])
    table = pl.DataFrame({"f": np.arange(200.0)})
    chosen, raw = olist_baselines.refitted([DummyClassifier(strategy="prior")], table, y, table[:3])
    assert chosen.tolist() == raw.tolist() == [0.1, 0.1, 0.1]


def test_losses_and_differences_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(500) < 0.2).astype(np.float64)
    found = Judged(y, {"a": rng.uniform(0.05, 0.5, 500), "b": np.full(500, 0.2)}, [200, 300])
    a, b = found.probabilities.values()
    logarithmic, squared = found.differences("a", "b")
    assert logarithmic.mean == pytest.approx(log_loss(y, a) - log_loss(y, b))
    assert squared.mean == pytest.approx(brier_score_loss(y, a) - brier_score_loss(y, b))
    assert found.observed_to_expected("b") == pytest.approx([y[:200].sum() / 40, y[200:].sum() / 60])
    assert squared.error == pytest.approx(np.std((a - y) ** 2 - (b - y) ** 2, ddof=1) / np.sqrt(500))


def test_only_its_own_section_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    path.write_text("# Results\n\n## Speed\n\nfast\n")
    path.write_text(replaced_section(path, "first"))
    path.write_text(path.read_text() + "\n## Last\n\nend\n")
    again = replaced_section(path, "second")
    assert again == f"# Results\n\n## Speed\n\nfast\n\n{HEADING}\n\nsecond\n\n## Last\n\nend\n"
