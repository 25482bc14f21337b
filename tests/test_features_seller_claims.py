"""Outcomes: one claim seen by several sources is one; what each source covers; what the marketplace counts besides."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.errors import InputError
from features.seller.claims import outcomes
from features.seller.gathering import Gathered, gathered
from features.seller.mapping import Said
from features.seller.reading import read_seller_file
from features.seller.spans import SourceCoverage, coverage_toml
from features.seller.table import Kind, SellerTable
from training.coverage import Coverage, read_coverage

START = datetime(2026, 1, 5, 9, 30, 7, tzinfo=UTC)
DAY = timedelta(days=1)


def at(day: float) -> datetime:
    return START + day * DAY


def table(kind: Kind, report: str, *rows: dict[str, Any], file: str = "") -> SellerTable:
    frame = pl.DataFrame([{"line": i + 2, **row} for i, row in enumerate(rows)], infer_schema_length=None)
    return SellerTable(report, kind, Path(file or report), frame, [], len(rows), {}, [])


def listed(*rows: dict[str, Any], report: str = "amazon.claims") -> SellerTable:
    return table("claims", report, *rows)


def returned(order_id: str, day: float | None) -> SellerTable:
    asked = None if day is None else at(day)
    return table(
        "returns", "amazon.fbm_returns", {"order_id": order_id, "return_requested_at": asked, "is_a_to_z": True}
    )


def posted(*rows: tuple[str, str, float, float], file: str = "") -> SellerTable:
    made = [
        {"order_id": o, "event": e, "posted_at": at(day), "amount": amount, "currency": "USD"}
        for o, e, day, amount in rows
    ]
    return table("finances", "amazon.finances", *made, file=file)


def shop(*tables: SellerTable) -> Gathered:
    orders = [{"order_id": o, "placed_at": START, "currency": "USD"} for o in "abc"]
    return gathered([table("orders", "mine", *orders), *tables])


CLAIM = ("a", "a_to_z", 30, -25.0)


@pytest.mark.parametrize(
    ("sources", "day", "basis"),
    [
        ([listed({"order_id": "a", "claim_opened_at": at(20)}), returned("a", 15), posted(CLAIM)], 20, "stated"),
        ([returned("a", 15), posted(CLAIM)], 15, "return_requested"),
        ([returned("a", None), posted(CLAIM)], 30, "debited"),
        ([listed({"order_id": "a", "decided_at": at(25)})], 25, "decided"),
    ],
)
def test_a_claim_seen_by_several_sources_is_one_with_its_best_date(sources: Any, day: float, basis: str) -> None:
    rows = shop(*sources).outcomes
    assert rows.select("order_id", "claim_opened_at", "claim_opened_basis").rows() == [("a", at(day), basis)]


def test_the_finances_know_best_what_was_paid_and_the_disagreement_is_told() -> None:
    found = shop(
        listed({"order_id": "a", "claim_opened_at": at(20), "seller_paid": False, "amount": 25.0}), posted(CLAIM)
    )
    assert found.outcomes.select("seller_paid", "amount", "currency", "source").rows() == [
        (True, 25.0, "USD", "seller_central")
    ]
    assert found.conflicts.select("attribute", "kept", "other").rows() == [("seller_paid", "true", "false")]


def test_money_that_came_back_in_full_was_not_paid() -> None:
    found = shop(posted(CLAIM, ("a", "a_to_z", 50, 25.0), ("b", "a_to_z", 9, -5.0), ("b", "a_to_z", 9, -2.5)))
    assert found.outcomes.select("order_id", "seller_paid", "amount").rows() == [("b", True, 7.5), ("a", False, 0.0)]


def test_two_claims_of_one_order_are_two_only_where_a_list_tells_them_apart() -> None:
    rows = [{"order_id": "a", "event_id": e, "claim_opened_at": at(d)} for e, d in (("e1", 20), ("e2", 40), ("e1", 20))]
    found = shop(listed(*rows), listed(*rows, report="mine"), posted(CLAIM))
    assert found.outcomes["event_id"].to_list() == ["e1", "e2"]
    assert found.outcomes["seller_paid"].to_list() == [True, None]


def test_outcomes_that_came_out_go_in_again_as_the_same() -> None:
    sources = [returned("a", 15), posted(("b", "shipment", 1, 10.0), CLAIM, ("c", "a_to_z", 40, -5.0))]
    first = shop(*sources)
    again = shop(table("claims", "claimrisk.outcomes", *first.outcomes.drop("claim_opened_basis").to_dicts()))
    same = [c for c in first.outcomes.columns if c != "claim_opened_basis"]
    assert again.outcomes.select(same).equals(first.outcomes.select(same))
    assert [(c.source, c.complete_for[:1]) for c in again.coverage] == [
        ("finances", ("debited",)),
        ("returns_report", ()),
    ]


def test_files_of_orders_that_name_their_claims_are_a_list_too() -> None:
    rows = [{"order_id": o, "placed_at": START, "claim_opened_at": d} for o, d in (("p", at(20)), ("q", None))]
    found = shop(table("orders", "erp.generic_zh", *rows))
    assert found.outcomes.select("order_id", "source").rows() == [("p", "manual")]
    assert [one.source for one in found.coverage] == ["manual"]


def test_a_retracted_claim_stays_beside_and_opens_nothing() -> None:
    found = shop(listed({"order_id": "a", "claim_opened_at": at(20), "retracted": True}))
    assert found.outcomes["retracted"].to_list() == [True]
    assert found.orders["claim_opened_at"].null_count() == 3 if "claim_opened_at" in found.orders.columns else True


def test_the_latest_word_on_a_claim_wins() -> None:
    rows = [
        {"order_id": "a", "claim_opened_at": at(20), "decided_at": d, "seller_paid": p}
        for d, p in ((None, False), (at(30), True))
    ]
    found = shop(listed(rows[0]), listed(rows[1]))
    assert found.outcomes.select("seller_paid", "decided_at").rows() == [(True, at(30))]


def test_a_chargeback_is_no_claim() -> None:
    found = shop(posted(("a", "chargeback", 12, -9.0)))
    assert found.outcomes.select("kind", "claim_opened_at").rows() == [("chargeback", at(12))]
    order = found.orders.filter(pl.col("order_id") == "a").to_dicts()[0]
    assert (order["chargeback_filed_at"], order["claim_opened_at"]) == (at(12), None)


def test_an_order_with_an_undated_claim_is_set_aside_lest_it_count_as_one_without() -> None:
    found = shop(returned("a", None))
    assert found.set_aside.select("order_id", "code").rows() == [("a", "undated_claim")]
    assert found.outcomes.is_empty()


def test_finances_cover_debits_lists_cover_filings_and_returns_cover_nothing() -> None:
    sale = ("b", "shipment", 1, 10.0)
    found = shop(posted(sale, CLAIM), returned("a", 15), listed({"order_id": "a", "claim_opened_at": at(20)}))
    told = {one.source: (one.since, one.until, one.complete_for[:1]) for one in found.coverage}
    assert told == {
        "seller_central": (START, at(20), ("filed",)),
        "finances": (at(1), at(30), ("debited",)),
        "returns_report": (at(15), at(15), ()),
    }


@pytest.mark.parametrize(
    ("days", "since"), [((40, 50, 60), 0), ((46, 46.1), 46), ((70, 80, 90), 0), ((100, 110, 120), 100)]
)
def test_a_list_goes_back_to_the_first_order_where_its_first_claim_comes_soon_enough(days: Any, since: float) -> None:
    (found,) = shop(listed(*({"order_id": "a", "claim_opened_at": at(d)} for d in days))).coverage
    assert (found.since, found.is_assumed) == (at(since), since == 0)


def test_files_with_a_gap_between_them_cover_the_longest_stretch() -> None:
    spans = [(0, 2), (10, 12), (14, 20)]
    files = [posted(("b", "shipment", a, 1.0), ("b", "shipment", b, 1.0), file=str(a)) for a, b in spans]
    (found,) = shop(*files).coverage
    assert (found.since, found.until, found.gaps) == (at(10), at(20), ((at(2), at(10)),))


def read_back(found: list[SourceCoverage], folder: Path) -> Coverage:
    (folder / "outcomes.coverage.toml").write_text(coverage_toml(found), "utf-8")
    return read_coverage(folder / "outcomes.parquet", Coverage(0.0, at(999).timestamp(), "claim_filed"))


def test_training_reads_the_coverage_that_is_written(tmp_path: Path) -> None:
    found = shop(posted(("b", "shipment", 1, 10.0), CLAIM), returned("a", 15)).coverage
    span = (at(1).timestamp(), at(30).timestamp())
    assert read_back(found, tmp_path) == Coverage(*span, "claim_debited", debits=span)
    assert list(tomllib.loads(coverage_toml(found))["source"]) == ["finances", "returns_report"]
    with pytest.raises(InputError, match="complete_for"):
        read_back(shop(returned("a", 15)).coverage, tmp_path)


def test_the_marketplace_s_total_is_set_against_what_the_files_show() -> None:
    totals = {
        "metric": "a_to_z_claims",
        "window_from": at(-1),
        "window_until": at(1),
        "orders": 4,
        "count": 3,
    }
    denied = {"order_id": "c", "claim_opened_at": at(9), "counts_as_defect": False}
    found = shop(table("performance", "amazon.seller_performance", totals), posted(CLAIM), listed(denied))
    (one,) = found.reconciliations
    assert (one.kind, one.told, one.found, one.gap, one.orders_told, one.orders_found) == ("a_to_z", 3, 1, 2, 4, 3)


CENTRAL = (
    "Order ID,Claim Date,Claim Reason,Claim Status,Claim Amount,Currency\n"
    "A1,10-Mar-2025,Item not received,Granted - Amazon funded,$25.00,USD\n"
    "A2,11-Mar-2025,Materially different,Under review,$9.00,USD\n"
    "X9,12-Mar-2025,Return refused,Denied,$1.00,USD\n"
)
PLAIN = (
    "订单号,索赔日期,索赔原因,索赔结果,索赔金额,币种\n"
    "A1,2025/3/10,未收到货,亚马逊承担,¥25.00,人民币\nA2,2025/3/11,货不对板,处理中,9,人民币\nX9,2025/3/12,退货未退款,驳回,1,人民币\n"
    "合计,,,,35,\n"
)


@pytest.mark.parametrize(
    ("text", "report", "source"),
    [(CENTRAL, "amazon.a_to_z_claims", "seller_central"), (PLAIN, "claims.plain", "manual")],
)
def test_exports_and_lists_of_claims_are_known_by_their_columns(
    tmp_path: Path, text: str, report: str, source: str
) -> None:
    (tmp_path / "claims.csv").write_text(text, "utf-8")
    (table,) = read_seller_file(tmp_path / "claims.csv", said=Said(ZoneInfo("UTC")))
    assert (table.report, table.is_complete) == (report, True)
    found, _ = outcomes([table])
    assert found["source"].unique().to_list() == [source]
    assert found.select("order_id", "claim_type", "seller_paid", "amount").rows() == [
        ("A1", "not_received", False, 25.0), ("A2", "not_as_described", None, 9.0),
        ("X9", "return_or_refund", False, 1.0),
    ]  # fmt: skip


def test_a_claim_for_an_unknown_order_is_kept_as_an_orphan(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("order_id,placed_at,sku\nA1,2025-03-01T00:00:00Z,S\nA2,2025-03-01T00:00:00Z,S\n")
    (tmp_path / "c.csv").write_text(CENTRAL)
    tables = [table for name in ("o.csv", "c.csv") for table in read_seller_file(tmp_path / name)]
    found = gathered(tables)
    assert found.orphans.select("order_id", "kind", "line").rows() == [("X9", "claims", 4)]
    assert found.outcomes["order_id"].to_list() == ["A1", "A2", "X9"]
    assert found.orders.filter(pl.col("claim_opened_at").is_not_null()).height == 2


LISTED = (
    "订单号,索赔日期,{closed},状态\n"
    "w,2026/1/20,{day},买家已撤销\nl,2026/1/20,{day},败诉\nm,2026/1/20,{day},亚马逊承担\nd,2026/1/20,{day},已驳回\n"
    "o,2026/1/20,,处理中\nu,2026/1/20,,随便写写\n"
)


def of_list(tmp_path: Path, marketplace: str = "US", closed: str = "结案日期", day: str = "2026/1/25") -> Gathered:
    """What a shop's list of claims gives for orders placed on a marketplace."""
    (tmp_path / "claims.csv").write_text(LISTED.format(closed=closed, day=day), "utf-8")
    orders = [{"order_id": o, "placed_at": START, "marketplace": marketplace} for o in "wlmdou"]
    return gathered(
        [table("orders", "mine", *orders), *read_seller_file(tmp_path / "claims.csv", said=Said(ZoneInfo("UTC")))]
    )


JAN_20, JAN_25 = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 25, tzinfo=UTC)


@pytest.mark.parametrize(("day", "over"), [("2026/1/25", JAN_25), ("", JAN_20), ("2026/1/2", JAN_20)])
def test_a_claim_that_its_list_calls_withdrawn_or_decided_is_never_open(
    tmp_path: Path, day: str, over: datetime
) -> None:
    found = of_list(tmp_path, day=day)
    rows = found.orders.select("order_id", "claim_opened_at", "claim_withdrawn_at", "claim_decided_at")
    assert {o: (w, d) for o, opened, w, d in rows.rows() if opened == JAN_20} == {
        "w": (over, None), "l": (None, over), "m": (None, over), "d": (None, over), "o": (None, None),
        "u": (None, None),
    }  # fmt: skip
    told = [note.details["count"] for note in found.notes if note.code == "claims_over_undated"]
    assert told == ([] if day == "2026/1/25" else ["4"])


@pytest.mark.parametrize(
    ("marketplace", "counts"),
    [("US", {"w": False, "m": False}), ("CA", {"m": False}), ("AE", {"d": False}), ("JP", {})],
)
def test_a_status_says_who_paid_and_policy_whether_it_counts(
    tmp_path: Path, marketplace: str, counts: dict[str, bool]
) -> None:
    rows = of_list(tmp_path, marketplace).outcomes.select("order_id", "seller_paid", "funded_by", "counts_as_defect")
    assert {o: (paid, by) for o, paid, by, _ in rows.rows()} == {
        "w": (False, None), "l": (True, "seller"), "m": (False, "marketplace"), "d": (False, None), "o": (None, None),
        "u": (None, None),
    }  # fmt: skip
    assert {o: c for o, _, _, c in rows.rows() if c is not None} == counts


def test_what_a_list_says_of_counting_stands_before_policy(tmp_path: Path) -> None:
    told = {"order_id": "a", "claim_opened_at": at(20), "claim_status": "withdrawn", "counts_as_defect": True}
    orders = table("orders", "mine", {"order_id": "a", "placed_at": START, "marketplace": "US"})
    assert gathered([orders, listed(told)]).outcomes["counts_as_defect"].to_list() == [True]


def test_words_of_a_status_that_nobody_knows_are_told(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(LISTED.format(closed="结案日期", day=""), "utf-8")
    (found,) = read_seller_file(tmp_path / "claims.csv", said=Said(ZoneInfo("UTC")))
    assert [n.details["words"] for n in found.notes if n.code == "words_unknown"] == ["随便写写"]


@pytest.mark.parametrize(
    "word",
    ["撤诉", "买家已撤销", "已撤案", "已撤回", "Withdrawn by buyer", "CLOSED - WITHDRAWN", "Buyer withdrew claim"],
)
def test_sellers_words_for_a_withdrawal_are_known_in_an_export_of_seller_central(tmp_path: Path, word: str) -> None:
    (tmp_path / "claims.csv").write_text(CENTRAL.replace("Under review", word), "utf-8")
    (read,) = read_seller_file(tmp_path / "claims.csv")
    orders = table("orders", "mine", {"order_id": "A2", "placed_at": datetime(2025, 3, 1, tzinfo=UTC)})
    assert gathered([orders, read]).orders["claim_withdrawn_at"].to_list() == [datetime(2025, 3, 11, tzinfo=UTC)]


def test_a_column_of_results_says_more_than_that_a_claim_is_closed() -> None:
    said = (("a", "closed", "seller_funded"), ("b", "withdrawn", "closed"), ("c", "closed", None),
            ("d", "won", "seller_funded"))  # fmt: skip
    rows = [{"order_id": o, "claim_opened_at": at(20), "claim_status": s, "claim_result": r} for o, s, r in said]
    found = shop(listed(*rows)).outcomes.sort("order_id")
    assert found.select("seller_paid", "decided_at", "withdrawn_at").rows() == [
        (True, at(20), None), (False, None, at(20)), (None, at(20), None), (False, at(20), None),
    ]  # fmt: skip


def test_an_order_whose_claim_was_filed_anew_after_a_withdrawal_has_the_new_one() -> None:
    said = (("a", 20, "withdrawn"), ("a", 30, "open"), ("b", 20, "withdrawn"), ("b", 30, "withdrawn"))
    rows = [{"order_id": o, "claim_opened_at": at(d), "claim_status": s} for o, d, s in said]
    found = (
        shop(listed(*rows))
        .orders.select("order_id", "claim_opened_at", "claim_withdrawn_at")
        .drop_nulls("claim_opened_at")
    )
    assert found.rows() == [("a", at(30), None), ("b", at(30), at(30))]


def test_a_debit_after_a_withdrawal_stands_over_it() -> None:
    found = shop(listed({"order_id": "a", "claim_opened_at": at(20), "claim_status": "withdrawn"}), posted(CLAIM))
    order = found.orders.filter(pl.col("order_id") == "a").to_dicts()[0]
    assert (order["claim_withdrawn_at"], order["claim_decided_at"]) == (at(20), at(30))
    assert found.outcomes["seller_paid"].to_list() == [True]
