"""Orders that the guarantee leaves out teach nothing: they can have no claim, whatever their risk would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.errors import TrainingError
from training.dataset import read_dataset

ORDERS = pl.DataFrame(
    {
        "order_id": ["A", "B", "C", "D", "E"],
        "marketplace": ["US", "US", "US", "JP", None],
        "placed_at": ["2026-01-02T00:00:00Z"] * 5,
        "fulfilment_channel": ["seller", "marketplace", None, None, "marketplace"],
        "is_digital": ["false", "false", None, "true", "false"],
    }
)
CLAIMS = pl.DataFrame({"order_id": ["A", "B"], "claim_opened_at": ["2026-01-20T00:00:00Z"] * 2})


def written(folder: Path, orders: pl.DataFrame) -> tuple[Path, Path]:
    orders.write_csv(folder / "orders.csv")
    CLAIMS.write_csv(folder / "outcomes.csv")
    return folder / "orders.csv", folder / "outcomes.csv"


def test_what_the_marketplace_sends_is_left_out_with_its_claim_where_its_rules_say_so(tmp_path: Path) -> None:
    found = read_dataset(*written(tmp_path, ORDERS))
    assert found.orders["order_id"].tolist() == ["A", "C", "D", "E"]  # JP has no such fact of goods; E may be anywhere
    assert (found.out_of_scope, found.orphans, found.claims) == (1, 0, 1)
    assert np.isfinite(found.claimed_at).tolist() == [True, False, False, False]


def test_a_history_with_nothing_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="expected orders that the shop sent"):
        read_dataset(*written(tmp_path, ORDERS.filter(pl.col("order_id") == "B")))
