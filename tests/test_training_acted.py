"""Orders that were acted on leave training, and like ones stand in: the risk if nothing is done comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from features.columns import Columns
from features.errors import FileRefused
from features.feature import Feature
from service.cli import app
from training.acted import _to_the_end, as_if_unacted
from training.actions import first_acted
from training.dataset import Dataset, read_dataset
from training.rows import Rows
from training.simulate import load_world, simulate

FEATURES = (
    Feature("value_log", "order_total", "log", "placed", "size"),
    Feature("risky", "carrier", "flag", "placed", "risk"),
)


def shop(n: int, seed: int) -> tuple[Dataset, Rows]:
    """One moment an order; risky orders claim four times as often and are mostly acted on, which works."""
    chance = np.random.default_rng(seed)
    risky = chance.random(n) < 0.3
    acted = chance.random(n) < np.where(risky, 0.7, 0.1)
    rate = np.where(risky, 0.2, 0.05) * np.where(acted, 0.1, 1.0)
    claimed_at = np.where(chance.random(n) < rate, 20.0, np.nan)
    X = np.column_stack([chance.normal(size=n), risky.astype(float)])
    everyone = np.arange(n)
    columns = Columns(n, {"order_id": everyone.astype(str).astype(object), "shop_id": np.full(n, "s", dtype=object)})
    rows = Rows(X, np.zeros(n, np.int64), everyone, everyone, np.zeros(n), np.zeros(n), np.full(n, 90.0), claimed_at,
                np.ones(n), np.full(n, "placed", dtype=object))  # fmt: skip
    dataset = Dataset(columns, claimed_at, claimed_at, None, None, False, [], 0, np.where(acted, 1.0, np.nan))  # type: ignore[arg-type]
    return dataset, rows


def rates(rows: Rows) -> list[float]:
    y = ~np.isnan(rows.claimed_at)
    return [float(np.average(y[rows.X[:, 1] == r], weights=rows.importance[rows.X[:, 1] == r])) for r in (0.0, 1.0)]


def test_the_risk_if_nothing_is_done_comes_out_where_the_naive_way_has_it_too_low() -> None:
    dataset, rows = shop(40_000, 3)
    assert rates(rows)[1] < 0.1
    found = as_if_unacted(dataset, rows, FEATURES)
    assert rates(found.rows) == pytest.approx([0.05, 0.2], abs=0.015)
    assert np.average(~np.isnan(rows.claimed_at), weights=found.rows.importance) == pytest.approx(
        0.3 * 0.2 + 0.7 * 0.05, abs=0.01
    )
    assert found.rows.importance.sum() == pytest.approx(len(rows.order), rel=0.03)
    assert found.orders == int(np.isfinite(dataset.acted_at).sum())  # type: ignore[arg-type]


def test_an_action_after_the_claim_or_the_window_is_none() -> None:
    dataset, rows = shop(200, 1)
    late = np.where(np.isnan(rows.claimed_at), 91.0, 21.0)
    object.__setattr__(dataset, "acted_at", late)
    assert as_if_unacted(dataset, rows, FEATURES).rows is rows


def test_each_row_stands_for_all_that_were_acted_on_later() -> None:
    told = _to_the_end(np.array([2.0, 3.0, 5.0, 7.0, 1.0]), np.array([False, False, True, False, True]))
    assert told == pytest.approx([30.0, 15.0, 5.0, 7.0, 1.0])


def test_the_first_action_of_each_order_counts_and_a_bad_row_refuses_the_file(tmp_path: Path) -> None:
    file = tmp_path / "actions.csv"
    file.write_text(
        "order_id,action,at\na,X,2026-01-02T00:00:00Z\na,Y,2026-01-01T00:00:00Z\nc,X,2026-01-01T00:00:00Z\n"
    )
    found = first_acted(file, None, np.array(["a", "b"], dtype=object))
    assert found[0] == 1_767_225_600.0
    assert np.isnan(found[1])
    file.write_text("order_id,at\na,2026-01-02T00:00:00Z\nb,yesterday\n")
    with pytest.raises(FileRefused, match=r"actions.csv: line 3: expected an order_id and an instant"):
        first_acted(file, None, np.array(["a"], dtype=object))


def test_training_takes_a_file_of_actions(tmp_path: Path) -> None:
    made = simulate(load_world("common"), 300, 5, truth=False)
    made.orders.write_parquet(tmp_path / "orders.parquet")
    made.outcomes.write_parquet(tmp_path / "outcomes.parquet")
    lines = [f"{name},{at.isoformat()}" for name, at in made.orders.select("order_id", "placed_at").rows()[:40]]
    (tmp_path / "actions.csv").write_text("\n".join(["order_id,at", *lines]))
    files = (tmp_path / "orders.parquet", tmp_path / "outcomes.parquet")
    assert np.isfinite(read_dataset(*files, actions=tmp_path / "actions.csv").acted_at).sum() == 40  # type: ignore[arg-type]
    command = ["train", *map(str, files), "--out", str(tmp_path / "model"), "--actions", str(tmp_path / "actions.csv")]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "orders were acted on" in told.output
