"""Sizes of shocks learned in training: larger where simulated orders share them, kept in bundles, each order once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.artefact import Bundle, dumps
from model.defect_priors import SharedKind
from model.scorer import Scorer
from model.shock_sizes import ShockSizes, prior_of
from model.shocks import learned
from training.dataset import read_dataset
from training.learn import Learned, known_at, said
from training.shocks import counted, judged, learned_shocks, left_out, shocks_told
from training.simulate import simulate
from training.train import Prepared, Recipe, insufficient, prepare
from training.worldfile import load_world

WORLD = 'extends = "reference"\n[claim]\nshift_log_odds = 2.5\n'


def lived(folder: Path, orders: int, shocks: str = "") -> Prepared:
    """A simulated world, made into rows."""
    (folder / "world.toml").write_text(WORLD + shocks)
    made = simulate(load_world(folder / "world.toml"), orders, 3, truth=False)
    made.orders.write_parquet(folder / "orders.parquet")
    made.outcomes.write_parquet(folder / "outcomes.parquet")
    dataset = read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")
    return prepare(dataset, Recipe(90.0, (), frozenset(), 1), lambda _: None)


def constant(ready: Prepared) -> tuple[Learned, Scorer]:
    """A model that says the same of all orders, judged on the later half: quick, and it knows of no shock."""
    rows, scorer = ready.rows, insufficient(ready)
    later = rows.placed_at >= np.median(rows.placed_at)
    known = known_at(rows, scorer.delay, ready.dataset.observed_until, later)
    of = said(rows, known, np.zeros(len(known.at)))
    return Learned(scorer.margin, scorer.booster, scorer.calibrator, 0, of, judged=known.at), scorer


def sizes(ready: Prepared) -> ShockSizes:
    return learned_shocks(ready.dataset, ready.rows, *constant(ready))


@pytest.mark.parametrize(("kind", "shocks"), [
    ("carrier_week", "[carrier]\nbad_week_share = {share}\n[loss]\nbad_week_effect = 2.5\n"),
    ("sku_lot", "[sku]\nbad_lot_share = {share}\nbad_lot_effect = 5.0\n"),
])  # fmt: skip
def test_shocks_are_found_larger_in_a_world_that_has_them(tmp_path: Path, kind: SharedKind, shocks: str) -> None:
    having, without = (sizes(lived(tmp_path, 20_000, shocks.format(share=share))).of(kind) for share in (0.2, 0.0))
    assert having.mean > 1.3 * without.mean
    assert having.at(np.array([0.05])) > 0.5 * prior_of(kind).mean


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return lived(tmp_path_factory.mktemp("lived"), 24_000)


def test_every_order_of_the_judged_time_counts_once_and_its_claims_are_the_level(ready: Prepared) -> None:
    found, scorer = constant(ready)
    used, left = judged(ready.rows, found, scorer), left_out(ready.dataset, ready.rows, found, scorer)
    row, placed = np.concatenate([used.row, left.row]), ready.dataset.orders["placed_at"]
    of = found.out_of_fold.placed_at
    assert len(left.row) > 500
    assert sorted(row) == np.flatnonzero((placed >= of.min()) & (placed <= of.max())).tolist()
    each = counted(ready.dataset, used, scorer)
    assert each.expected.sum() == pytest.approx(each.claims.sum(), rel=0.05)


def test_learning_twice_gives_equal_bytes_and_says_what_was_found(ready: Prepared) -> None:
    first, second = sizes(ready), sizes(ready)
    assert dumps(first.to_state()) == dumps(second.to_state())
    assert "claims; 0.28 assumed" in shocks_told(first)
    assert "as assumed" in shocks_told(ShockSizes())


def test_what_was_learned_is_kept_and_a_bundle_of_before_has_the_prior(bundle: Bundle) -> None:
    scorer, found = bundle.scorer, learned(prior_of("sku_lot"), np.full(300, 1.0), np.full(300, 1.0))
    state = scorer.to_state() | {"shocks": ShockSizes({"sku_lot": found}).to_state()}
    again = Scorer.from_state(state, scorer.booster)
    assert np.array_equal(again.shocks.of("sku_lot").weights, found.weights)
    before = Scorer.from_state({name: of for name, of in state.items() if name != "shocks"}, scorer.booster)
    assert np.array_equal(before.shocks.of("sku_lot").weights, prior_of("sku_lot").weights)
