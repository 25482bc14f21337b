"""`claimrisk backtest`: files in, report and tables out; a bundle that has seen the window is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from features.errors import InputError
from model.artefact import Bundle
from service import cli
from service.backtesting import BacktestOptions, Told, look_back
from service.cli_training import SIMULATED, write_simulated
from service.settings import settings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of a small shop with few claims, so that models are the shop's rate and quickly made."""
    folder = tmp_path_factory.mktemp("shop")
    write_simulated("common", 1_500, 3, folder, truth=False)
    return folder


@pytest.fixture(scope="module")
def until(shop: Path) -> datetime:
    last = pl.read_parquet(shop / "orders.parquet")["placed_at"].max()
    assert isinstance(last, datetime)
    return last


def told(shop: Path, out: Path | None, options: BacktestOptions) -> Told:
    return look_back(shop / "orders.parquet", shop / "outcomes.parquet", out, options, lambda _: None, settings())


def test_a_model_is_made_each_month_and_report_and_tables_are_written(
    shop: Path, until: datetime, tmp_path: Path
) -> None:
    found = told(shop, tmp_path / "back", BacktestOptions(observed_until=until, months=2, capacity=5)).found
    assert [o.standing for o in found.origins] == ["insufficient_data"] * 2
    assert [o.at for o in found.origins] == [found.window.instant(day) for day in found.window.origins]
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == ["backtest.csv", "backtest.html", "claims.csv"]
    page = (tmp_path / "back" / "backtest.html").read_text("utf-8")
    assert "SIMULATED DATA" in page
    assert "Too few to tell." in page
    table = pl.read_csv(tmp_path / "back" / "backtest.csv")
    assert set(table["list"]) == {"probability", "amount", "largest", "overdue", "chance"}
    assert pl.read_csv(tmp_path / "back" / "claims.csv").height == found.claims


def test_a_foreign_starter_may_be_tested_and_the_advice_is_told_in_chinese(
    shop: Path, until: datetime, bundle_folder: Path, tmp_path: Path
) -> None:
    real = tmp_path / "real"
    real.mkdir()
    pl.read_parquet(shop / "orders.parquet").drop(SIMULATED).write_parquet(real / "orders.parquet")
    pl.read_parquet(shop / "outcomes.parquet").write_parquet(real / "outcomes.parquet")
    options = BacktestOptions(bundle=bundle_folder, observed_until=until, lang="zh")
    found = told(real, tmp_path / "back", options).found
    assert [o.standing for o in found.origins] == ["bundle"]
    page = (tmp_path / "back" / "backtest.html").read_text("utf-8")
    assert "起步模型" in page
    assert "SIMULATED" not in page
    assert found.dearest.columns.n > 0
    assert re.search(r'<td class="text">\s*请?[\u4e00-\u9fff]', page)


def test_a_bundle_that_has_seen_the_window_is_refused(
    shop: Path, until: datetime, bundle_folder: Path, bundle: Bundle
) -> None:
    assert bundle.scorer.pipeline.snapshot_.at > until.timestamp()
    with pytest.raises(
        InputError, match=r"expected a bundle that knows nothing after 20.*use --model none, or an older"
    ):
        told(shop, None, BacktestOptions(bundle=bundle_folder, observed_until=until))


def test_a_bundle_takes_no_attributes_of_its_own(shop: Path, bundle_folder: Path) -> None:
    with pytest.raises(InputError, match="expected only with --model none"):
        told(shop, None, BacktestOptions(bundle=bundle_folder, extras=["x_a:flag:placed"]))


def test_a_misspelt_name_is_refused(shop: Path) -> None:
    with pytest.raises(InputError, match="--trust carier"):
        told(shop, None, BacktestOptions(trusted=["carier"]))


def test_the_same_files_tell_the_same(shop: Path, until: datetime) -> None:
    options = BacktestOptions(observed_until=until, months=1, capacity=3)
    one, other = told(shop, None, options), told(shop, None, replace(options, lang="zh"))
    assert one.table == other.table
    assert one.lines != other.lines


def test_the_command_prints_the_table_where_no_folder_is_named(shop: Path, until: datetime) -> None:
    files = [str(shop / "orders.parquet"), str(shop / "outcomes.parquet")]
    told = CliRunner().invoke(cli.app, ["backtest", *files, "--months", "1", "--observed-until", until.isoformat()])
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[0].startswith("list,occasion,worked,claims_found")
    assert "Too few to tell." in told.stderr
