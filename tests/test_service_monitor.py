"""`claimrisk monitor`: quiet while nothing changes, in words where something does, nothing on what it cannot know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from conftest import ORDERS, SEED
from typer.testing import CliRunner

from service.cli import app
from service.cli_training import SIMULATED
from training.simulate import load_world, simulate

MAY = pl.col("placed_at") >= pl.datetime(2025, 5, 1, time_zone="UTC")


@dataclass
class Later:
    """The year after the training of the test bundle, of the same shops."""

    orders: pl.DataFrame
    outcomes: pl.DataFrame
    bundle: Path

    def told(self, folder: Path, *options: str, orders: pl.DataFrame | None = None, with_outcomes: bool = True) -> Any:
        """What the command prints as JSON of these orders, and its exit code."""
        (self.orders if orders is None else orders).write_parquet(folder / "orders.parquet")
        self.outcomes.write_parquet(folder / "outcomes.parquet")
        files = [str(folder / "orders.parquet"), *[str(folder / "outcomes.parquet")] * with_outcomes]
        until = ["--observed-until", "2025-12-31T00:00:00Z"]
        asked = ["monitor", *files, "--model", str(self.bundle), "--json", *until, *options]
        found = CliRunner().invoke(app, asked, catch_exceptions=False)
        return orjson.loads(found.stdout), found.exit_code


@pytest.fixture(scope="module")
def later(bundle_folder: Path, data_dir: Path) -> Later:
    made = simulate(load_world(data_dir / "world.toml"), ORDERS, SEED, part=1, truth=False)
    return Later(made.orders.with_columns(pl.lit(True).alias(SIMULATED)), made.outcomes, bundle_folder)


def test_a_year_like_the_training_raises_no_alarm_on_inputs(later: Later, tmp_path: Path) -> None:
    answer, code = later.told(tmp_path, "--out", str(tmp_path / "health.html"), "--strict")
    assert [a for a in answer["alarms"] if a["kind"] == "input"] == []
    assert code == bool(answer["alarms"])
    assert (answer["since"], answer["until"]) == ("2025-04", "2025-11")
    counted = answer["cohorts"][0]
    assert counted["observed"] == sum(counted["observed_by_month"]) > 10
    page = (tmp_path / "health.html").read_text("utf-8")
    assert "<svg" in page
    assert "SIMULATED" in page


@pytest.mark.parametrize(("lang", "words"), [("en", "weight_log (when"), ("zh", "数值比训练期更低")])
def test_weights_in_another_unit_are_told_with_the_month_and_fail_a_strict_run(
    later: Later, tmp_path: Path, lang: str, words: str
) -> None:
    kilograms = pl.when(MAY).then(pl.col("item_weight_g") / 1000.0).otherwise(pl.col("item_weight_g"))
    broken = later.orders.with_columns(kilograms.alias("item_weight_g"))
    answer, code = later.told(tmp_path, "--strict", "--lang", lang, orders=broken)
    assert code == 1
    assert answer["alarms"][0]["month"] == "2025-05"
    assert any(words in a["text"] for a in answer["alarms"])


def test_without_outcomes_nothing_is_said_of_claims(later: Later, tmp_path: Path) -> None:
    answer, _ = later.told(tmp_path, with_outcomes=False)
    assert answer["cohorts"] == []
    assert "No outcomes were given: claims are not held against what was foretold." in answer["notes"]


def test_no_whole_month_after_the_training_is_told_as_such(later: Later, tmp_path: Path) -> None:
    days = later.orders.filter(pl.col("placed_at") < pl.datetime(2025, 1, 10, time_zone="UTC"))
    answer, code = later.told(tmp_path, "--observed-until", "2025-01-20T00:00:00Z", "--strict", orders=days)
    assert code == 0
    assert answer["text"].startswith("No whole month after the training")
    assert answer["notes"] == []
