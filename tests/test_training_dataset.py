"""The data set: orders joined with their first claim that counts, inside what the outcomes cover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.columns import epoch_seconds
from features.errors import ClaimRiskError, FileRefused, InputError, TrainingError
from training.dataset import Dataset, read_dataset
from training.hindsight import as_it_stood

START = datetime(2026, 3, 1, tzinfo=UTC)
N = 10


def day(k: float) -> datetime:
    return START + timedelta(days=k)


def at(k: float) -> float:
    return epoch_seconds(day(k))


def orders(**columns: list[Any]) -> pl.DataFrame:
    """Orders 0 … 9, one placed a day and shipped the day after."""
    plain = {
        "order_id": [str(i) for i in range(N)],
        "placed_at": [day(i) for i in range(N)],
        "shipped_at": [day(i + 1) for i in range(N)],
    }
    return pl.DataFrame(plain | columns)


def claims(*rows: tuple[str, float], **columns: list[Any]) -> pl.DataFrame:
    """Claims of orders, opened so many days after the start."""
    opened = {"order_id": [order for order, _ in rows], "claim_opened_at": [day(k) for _, k in rows]}
    return pl.DataFrame(opened | columns)


def dataset(folder: Path, placed: pl.DataFrame, outcomes: pl.DataFrame, coverage: str = "", **told: Any) -> Dataset:
    placed.write_parquet(folder / "orders.parquet")
    outcomes.write_parquet(folder / "claims.parquet")
    if coverage:
        (folder / "claims.coverage.toml").write_text(coverage)
    return read_dataset(folder / "orders.parquet", folder / "claims.parquet", **told)


def claimed(found: Dataset) -> dict[str, float]:
    """Days after the start, by order with a claim."""
    ids = found.orders["order_id"].tolist()
    days = ((found.claimed_at - at(0)) / 86_400).tolist()
    return {order: k for order, k in zip(ids, days, strict=True) if not np.isnan(k)}


def test_claims_are_joined_by_order_and_those_without_one_are_counted(tmp_path: Path) -> None:
    found = dataset(tmp_path, orders(), claims(("3", 20), ("7", 30), ("lost", 9), ("gone", 9), ("gone", 10)))
    assert claimed(found) == {"3": 20.0, "7": 30.0}
    assert found.orphans == 2
    assert found.orders.n == N
    assert not found.is_snapshots


def test_the_first_claim_of_an_order_wins_with_its_type(tmp_path: Path) -> None:
    rows = (("3", 25.0), ("3", 20.0), ("3", 30.0), ("1", 12.0))
    types = ["not_received", "return_or_refund", "not_as_described", None]
    found = dataset(tmp_path, orders(), claims(*rows, claim_type=types))
    assert claimed(found) == {"3": 20.0, "1": 12.0}
    assert found.claim_type[3] == 2.0
    assert np.isnan(found.claim_type[1])


def test_retracted_rows_and_other_kinds_do_not_count(tmp_path: Path) -> None:
    rows = (("1", 20.0), ("2", 20.0), ("3", 20.0), ("4", 20.0), ("4", 22.0))
    kinds = ["a_to_z", "chargeback", "negative_feedback", "a_to_z", None]
    found = dataset(tmp_path, orders(), claims(*rows, kind=kinds, retracted=[False, False, None, True, None]))
    assert claimed(found) == {"1": 20.0, "4": 22.0}


def test_withdrawn_and_denied_claims_count(tmp_path: Path) -> None:
    found = dataset(tmp_path, orders(), claims(("1", 20), ("2", 20), seller_paid=[False, None], amount=[0.0, 5.0]))
    assert claimed(found) == {"1": 20.0, "2": 20.0}


def test_observation_ends_at_the_latest_instant_of_the_files_unless_told(tmp_path: Path) -> None:
    assert dataset(tmp_path, orders(), claims(("3", 20))).observed_until == at(20)
    assert dataset(tmp_path, orders(), claims(("3", 5))).observed_until == at(N)
    told = dataset(tmp_path, orders(), claims(("3", 20), ("1", 6.5)), observed_until=at(7))
    assert told.observed_until == at(7)
    assert claimed(told) == {"1": 6.5}
    assert told.orders["placed_at"].max() == at(7)


def test_no_claims_at_all_is_a_data_set_too(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text("order_id,claim_opened_at\n")
    orders().write_parquet(tmp_path / "orders.parquet")
    found = read_dataset(tmp_path / "orders.parquet", tmp_path / "claims.csv")
    assert claimed(found) == {}
    assert found.coverage.target == "claim_filed"


COVERAGE = """
[source.finances]
complete_for = ["debited"]
from = 2026-03-03
until = 2026-03-08T12:00:00Z
"""
FILED = '[source.returns_report]\ncomplete_for = ["filed", "denied"]\n'


def test_outcomes_that_are_complete_for_debits_alone_shift_the_target_and_cut_both_ends(tmp_path: Path) -> None:
    found = dataset(tmp_path, orders(), claims(("3", 7.4), ("4", 7.6), ("1", 3.0), seller_paid=[True] * 3), COVERAGE)
    assert found.coverage.target == "claim_debited"
    assert found.observed_until == at(7.5)
    assert found.orders["order_id"].tolist() == ["2", "3", "4", "5", "6", "7"]
    assert claimed(found) == pytest.approx({"3": 7.4})


def test_where_only_debits_are_complete_a_claim_that_was_not_debited_does_not_count(tmp_path: Path) -> None:
    events = claims(("3", 7.0), ("4", 7.2), ("5", 7.4), seller_paid=[True, False, None])
    assert claimed(dataset(tmp_path, orders(), events, COVERAGE)) == pytest.approx({"3": 7.0})


def test_a_source_that_does_not_show_every_type_is_complete_for_none(tmp_path: Path) -> None:
    goods = FILED + 'types = ["not_as_described", "return_or_refund"]\n'
    found = dataset(tmp_path, orders(), claims(("3", 7.0), seller_paid=[True]), COVERAGE + goods)
    assert found.coverage.target == "claim_debited"
    with pytest.raises(InputError, match=r"for each of not_received, .* would count as no claim"):
        dataset(tmp_path, orders(), claims(("3", 7.0)), goods)
    rest = '[source.manual]\ncomplete_for = ["filed"]\nfrom = 2026-03-04\ntypes = ["not_received"]\n'
    both = dataset(tmp_path, orders(), claims(("3", 20)), goods + rest)
    assert (both.coverage.target, both.coverage.since) == ("claim_filed", at(3))


DEBITS = '[source.finances]\ncomplete_for = ["debited"]\nfrom = 2026-03-01\nuntil = 2026-06-01\n'


def test_a_claim_that_no_complete_list_of_debits_shows_was_not_paid_by_the_seller(tmp_path: Path) -> None:
    events = claims(("3", 20), ("4", 20), ("5", 20), ("6", 80), seller_paid=[None, True, None, None],
                    funded_by=[None, None, "seller", None])  # fmt: skip
    found = dataset(tmp_path, orders(), events, FILED + DEBITS, observed_until=at(200))
    np.testing.assert_array_equal(found.decisions.seller_paid[3:7], [0.0, 1.0, 1.0, np.nan])
    alone = dataset(tmp_path, orders(), events, FILED, observed_until=at(200))
    np.testing.assert_array_equal(alone.decisions.seller_paid[3:7], [np.nan, 1.0, 1.0, np.nan])


def test_a_decision_is_not_known_before_its_day(tmp_path: Path) -> None:
    events = claims(("3", 20), ("4", 20), seller_paid=[False, True], counts_as_defect=[False, True],
                    decided_at=[day(25), day(45)])  # fmt: skip
    found = dataset(tmp_path, orders(), events, observed_until=at(60))
    np.testing.assert_array_equal(found.decisions.counts_as_defect[3:5], [0.0, 1.0])
    then = as_it_stood(found, at(30)).decisions
    np.testing.assert_array_equal(then.counts_as_defect[3:5], [0.0, np.nan])
    np.testing.assert_array_equal(as_it_stood(found, at(19)).decisions.seller_paid, np.full(N, np.nan))


def test_sources_that_leave_a_gap_are_refused(tmp_path: Path) -> None:
    later = '[source.manual]\ncomplete_for = ["debited"]\nfrom = 2026-06-01\nuntil = 2026-07-01\n'
    with pytest.raises(ClaimRiskError, match="leave a gap"):
        dataset(tmp_path, orders(), claims(("3", 7.4)), COVERAGE + later)


def test_a_claim_without_a_date_refuses_the_file(tmp_path: Path) -> None:
    events = claims(("3", 7.4), ("4", 7.6)).with_columns(
        pl.when(pl.col("order_id") == "3").then(pl.col("claim_opened_at")).alias("claim_opened_at")
    )
    with pytest.raises(FileRefused, match="row 2: expected claim_opened_at in every claim"):
        dataset(tmp_path, orders(), events)


def test_a_source_complete_for_filed_claims_goes_before_debits(tmp_path: Path) -> None:
    found = dataset(tmp_path, orders(), claims(("3", 20)), COVERAGE + FILED)
    assert found.coverage.target == "claim_filed"
    assert found.observed_until == at(20)
    assert found.orders.n == N


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[source", "not TOML"),
        ('[source.a]\ncomplete_for = ["withdrawn"]', "complete_for holds filed or debited for each of .*, got none"),
        ('[source.a]\ncomplete_for = ["filed"]\nuntil = "soon"', "until: expected a date or an instant .* got 'soon'"),
        ('[source.a]\ncomplete_for = ["filed"]\nfrom = 2026-03-08T12:00:00', "from: expected a date or an instant"),
    ],
)
def test_a_coverage_file_that_is_wrong_is_refused_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"claims.coverage.toml: .*{message}"):
        dataset(tmp_path, orders(), claims(("3", 20)), text)


@pytest.mark.parametrize(
    ("placed", "outcomes", "message"),
    [
        (orders().drop("order_id"), claims(("1", 20)), "orders.parquet: expected a column order_id, got placed_at"),
        (orders().drop("placed_at"), claims(("1", 20)), "orders.parquet: expected placed_at, which training needs"),
        (orders(), claims(("1", 20)).drop("order_id"), "claims.parquet: expected a column order_id, got claim_opened"),
        (orders(), claims(("1", 20)).drop("claim_opened_at"), "claims.parquet: expected a column claim_opened_at"),
        (orders(), claims(("1", 20), claim_type=["theft"]), "claims.parquet: row 1: claim_type: expected one of"),
    ],
)
def test_a_missing_column_or_a_bad_value_is_one_clear_error(
    tmp_path: Path, placed: pl.DataFrame, outcomes: pl.DataFrame, message: str
) -> None:
    with pytest.raises(ClaimRiskError, match=message):
        dataset(tmp_path, placed, outcomes)


def test_a_claim_without_order_id_is_refused_with_its_row(tmp_path: Path) -> None:
    outcomes = claims(("1", 20), ("2", 20)).with_columns(order_id=pl.Series(["1", None]))
    with pytest.raises(FileRefused, match="row 2: expected order_id in every claim"):
        dataset(tmp_path, orders(), outcomes)


def test_as_of_in_some_rows_only_is_refused_and_in_all_makes_snapshots(tmp_path: Path) -> None:
    looked: list[Any] = [day(i + 0.5) for i in range(N)]
    assert dataset(tmp_path, orders(as_of=looked), claims(("3", 20))).is_snapshots
    with pytest.raises(TrainingError, match=r"as_of: expected it in all rows .* or in none .*; fill or drop it"):
        dataset(tmp_path, orders(as_of=[*looked[:-1], None]), claims(("3", 20)))


def test_two_snapshots_of_an_order_share_its_claim(tmp_path: Path) -> None:
    twice = pl.concat([orders(as_of=[day(i + k) for i in range(N)]) for k in (1.5, 4.5)])
    found = dataset(tmp_path, twice, claims(("3", 20)))
    assert found.orders.n == 2 * N
    assert np.isfinite(found.claimed_at).sum() == 2
    assert found.orphans == 0


def test_rows_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    placed = orders(shipped_at=[day(i - 1 if i == 4 else i + 1) for i in range(N)])
    found = dataset(tmp_path, placed, claims(("3", 20), ("4", 20)))
    assert [(reject.line, reject.column) for reject in found.rejects] == [(5, "shipped_at")]
    assert found.orders.n == N - 1
    assert found.orphans == 1
