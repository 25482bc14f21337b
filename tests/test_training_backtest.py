"""The back-test: nothing is known before its time; lists and chance are what they say; few claims are told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaincinv

from features.columns import Columns
from features.errors import TrainingError
from features.moments import DAY, as_known
from model.artefact import Bundle
from training.backtest import ALL, Backtest, backtest
from training.backtest_report import claims_table, lists_table, report
from training.book import Book, book_of
from training.bounds import bounded, sum_over_days
from training.chance import drawn_by_chance
from training.dataset import Dataset, read_dataset
from training.hindsight import as_it_stood
from training.looks import Looks, known_on, looked
from training.occasions import OCCASIONS, occasions
from training.refits import Given
from training.window import Window, window_before
from training.worked import RANKINGS, worked

WINDOW_DAYS = 90.0


@pytest.fixture(scope="module")
def dataset(bundle_folder: Path) -> Dataset:
    """A simulated shop with many claims, seen until its last order was placed."""
    history = bundle_folder.parent / "history"
    until = pl.read_parquet(history / "orders.parquet")["placed_at"].dt.epoch("us").max() / 1e6
    return read_dataset(history / "orders.parquet", history / "outcomes.parquet", observed_until=until)


@pytest.fixture(scope="module")
def model(bundle: Bundle) -> Given:
    """A model whatever the moment: these tests are of lists, not of models."""
    return Given(bundle.scorer, 0.0, 1, 1)


@pytest.fixture(scope="module")
def window(dataset: Dataset) -> Window:
    return window_before(dataset.observed_until, dataset.coverage.since, 3)


@pytest.fixture(scope="module")
def book(dataset: Dataset, window: Window) -> Book:
    return book_of(dataset, window, WINDOW_DAYS, 0)


@pytest.fixture(scope="module")
def looks(dataset: Dataset, book: Book, window: Window, model: Given) -> Looks:
    return looked(dataset, book, window, model)


def run(dataset: Dataset, window: Window, model: Given, months: int = 3, capacity: int = 4) -> Backtest:
    return backtest(
        dataset, window, model, lambda _: None, months=months, capacity=capacity, window_days=WINDOW_DAYS, seed=0
    )


@pytest.fixture(scope="module")
def found(dataset: Dataset, window: Window, model: Given) -> Backtest:
    return run(dataset, window, model)


def equal(one: Columns, other: Columns) -> bool:
    return set(one) == set(other) and all(
        np.array_equal(one[name].astype(str), other[name].astype(str)) for name in one
    )


def without_future(dataset: Dataset, moment: float) -> Dataset:
    """The same data without any fact or claim later than a moment."""
    there = dataset.orders["placed_at"] <= moment
    orders = dataset.orders.take(there)
    known = as_known(orders.replacing({"as_of": np.full(orders.n, moment)})).without(("as_of",))
    claimed = np.where(dataset.claimed_at <= moment, dataset.claimed_at, np.nan)[there]
    return replace(
        dataset,
        orders=known,
        claimed_at=claimed,
        claim_type=dataset.claim_type[there],
        decisions=dataset.decisions.take(there),
    )


def test_an_origin_knows_nothing_that_came_after_it(dataset: Dataset, window: Window) -> None:
    moment = window.instant(28)
    one, other = as_it_stood(dataset, moment), as_it_stood(without_future(dataset, moment), moment)
    assert equal(one.orders, other.orders)
    np.testing.assert_array_equal(one.claimed_at, other.claimed_at)
    assert one.observed_until == moment
    assert np.nanmax(one.claimed_at) <= moment < np.nanmax(dataset.claimed_at)
    assert one.orders["placed_at"].max() <= moment


def test_what_comes_later_changes_no_earlier_look(
    dataset: Dataset, window: Window, model: Given, book: Book, looks: Looks
) -> None:
    day = 40
    past = without_future(dataset, window.instant(day))
    other_book = book_of(past, window, WINDOW_DAYS, 0)
    other = looked(past, other_book, window, model)
    mine, theirs = (
        pl.DataFrame({"id": b.order_id[at.entry], "day": at.day, "p": at.probability, "occasion": at.occasion})
        .filter(pl.col("day") <= day).sort("day", "id")
        for b, at in ((book, looks), (other_book, other))
    )  # fmt: skip
    assert mine.height > 1_000
    assert mine.equals(theirs)


def test_an_order_is_open_from_its_placing_until_its_claim_or_close(
    dataset: Dataset, book: Book, window: Window
) -> None:
    placed = dataset.orders["placed_at"][book.row]
    for day in range(0, window.days, 13):
        at = window.instant(day)
        is_open = (placed <= at) & (at < book.closes) & ~(book.claimed_at <= at)
        np.testing.assert_array_equal(book.is_open(day), is_open)


def test_every_open_order_is_looked_at_weekly_and_when_it_enters_another_occasion(
    dataset: Dataset, book: Book, window: Window, looks: Looks
) -> None:
    pairs = set(zip(looks.entry.tolist(), looks.day.tolist(), strict=True))
    weekly = {(e, d) for d in range(0, window.days, 7) for e in np.flatnonzero(book.is_open(d)).tolist()}
    assert weekly <= pairs
    some = np.flatnonzero(book.last - book.first > 20)[::25]
    for day in range(30, 45):
        here = some[book.is_open(day)[some] & book.is_open(day - 1)[some]]
        days = np.full(len(here), day)
        now, before = (occasions(known_on(dataset, book, window, (), (here, d))) for d in (days, days - 1))
        assert {(e, day) for e in here[now != before].tolist()} <= pairs


def test_a_perfect_ranking_finds_every_claim_that_a_list_could_hold(book: Book, window: Window, looks: Looks) -> None:
    claimed = book.claimed_in(window)
    could = claimed & (book.first <= book.last)
    done = worked(looks, book, window, np.where(claimed, 2.0, 1.0)[looks.entry], int(could.sum()))
    np.testing.assert_array_equal(~np.isnan(done.first_day(book.n)) & claimed, could)
    assert (done.day < window.day_after(np.fmin(book.claimed_at, np.inf)[done.entry])).all()


def test_no_list_is_longer_than_the_capacity_and_rest_is_kept(book: Book, window: Window, looks: Looks) -> None:
    done = worked(looks, book, window, looks.probability, 4)
    assert np.bincount(done.day).max() <= 4
    assert book.n > done.is_first.sum() == len(np.unique(done.entry))
    again = pl.DataFrame({"entry": done.entry, "day": done.day, "occasion": looks.occasion[done.look]})
    twice = again.sort("entry", "day").with_columns(before=pl.col("occasion").shift().over("entry"))
    kept = pl.DataFrame({"entry": looks.entry, "day": looks.day, "occasion": looks.occasion}).sort("entry", "day")
    changes = kept.with_columns(
        changed=(pl.col("occasion") != pl.col("occasion").shift().over("entry")).cum_sum().over("entry")
    )
    spell = twice.sort("day").join_asof(changes.sort("day"), on="day", by="entry", check_sortedness=False)
    assert spell.select(pl.struct("entry", "changed").is_duplicated().any()).item() is False


def tiny(first: list[int], last: list[int], changes: list[tuple[int, int]]) -> tuple[Looks, Book]:
    """Entries open on some days, whose occasion changes at (entry, day)."""
    n, nan = len(first), np.full(len(first), np.nan)
    book = Book(
        np.arange(n), np.array([str(i) for i in range(n)], dtype=object), np.array(first), np.array(last), nan, nan,
        nan, nan, np.full(n, None, dtype=object), nan, np.arange(n, dtype=np.uint64),
    )  # fmt: skip
    at = sorted([(d, e, 0) for e, d in enumerate(first)] + [(d, e, 1) for e, d in changes])
    day, entry, occasion = (np.array(column) for column in zip(*at, strict=True))
    return Looks(entry, day, np.zeros(len(at)), np.zeros(len(at)), occasion), book


def lots(looks: Looks, book: Book, window: Window, capacity: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) bool: what is worked when each day's list is drawn by lot; by brute force."""
    drawn, resting = np.zeros(book.n, dtype=bool), np.zeros(book.n, dtype=bool)
    for day in range(window.days):
        resting[looks.entry[(looks.day == day) & (looks.occasion == 1)]] = False
        eligible = np.flatnonzero(book.is_open(day) & ~resting)
        chosen = rng.choice(eligible, min(capacity, len(eligible)), replace=False)
        drawn[chosen] = resting[chosen] = True
    return drawn


@settings(max_examples=6)
@given(seed=st.integers(0, 1_000), capacity=st.integers(1, 5))
def test_chance_is_what_lists_drawn_by_lot_find(seed: int, capacity: int) -> None:
    rng, window = np.random.default_rng(seed), Window(0.0, 12, 12 * DAY, (0,))
    first = rng.integers(0, 12, 60)
    last = np.minimum(first + rng.integers(0, 12, 60), 11)
    changes = [
        (e, int(rng.integers(f + 1, d + 1)))
        for e, (f, d) in enumerate(zip(first, last, strict=True))
        if d > f and e % 3
    ]
    looks, book = tiny(first.tolist(), last.tolist(), changes)
    told = drawn_by_chance(looks, book, window, capacity)
    seen = np.mean([lots(looks, book, window, capacity, rng) for _ in range(800)], axis=0)
    assert abs(told.sum() - seen.sum()) < 0.03 * seen.sum()
    assert np.abs(told - seen).max() < 0.12


def test_chance_without_rest_is_the_textbook_formula() -> None:
    looks, book = tiny([0] * 50, [0] * 50, [])
    assert drawn_by_chance(looks, book, Window(0.0, 1, DAY, (0,)), 8) == pytest.approx(8 / 50)
    assert drawn_by_chance(looks, book, Window(0.0, 1, DAY, (0,)), 80) == pytest.approx(1.0)


def test_sums_agree(found: Backtest, looks: Looks) -> None:
    for ranking in found.rankings.values():
        parts = [ranking.found[name] for name in OCCASIONS]
        assert ranking.found[ALL].worked == sum(f.worked for f in parts)
        assert ranking.found[ALL].claims.value == sum(f.claims.value for f in parts) <= found.claims
        assert ranking.found[ALL].money.value == pytest.approx(sum(f.money.value for f in parts))
        assert ranking.found[ALL].claims.low <= ranking.found[ALL].claims.value <= ranking.found[ALL].claims.high
        assert ranking.visits <= found.capacity * found.window.days
    calibration = found.calibration
    assert calibration[ALL].expected == pytest.approx(sum(calibration[name].expected for name in OCCASIONS))
    assert calibration[ALL].looks == sum(calibration[name].looks for name in OCCASIONS)
    table = claims_table(found)
    assert table.height == found.claims
    assert table["first_worked_at"].is_not_null().sum() == found.rankings["probability"].found[ALL].claims.value
    assert (table["lead_days"].drop_nulls() > 0).all()
    assert (
        found.curve["probability"][found.capacities.index(4)] == found.rankings["probability"].found[ALL].claims.value
    )


def test_the_order_of_rows_changes_nothing(dataset: Dataset, window: Window, model: Given, found: Backtest) -> None:
    shuffle = np.random.default_rng(3).permutation(dataset.orders.n)
    other = replace(
        dataset, orders=dataset.orders.take(shuffle), claimed_at=dataset.claimed_at[shuffle],
        claim_type=dataset.claim_type[shuffle], decisions=dataset.decisions.take(shuffle),
    )  # fmt: skip
    again = run(other, window, model)
    mine, theirs = (lists_table(f).with_columns(pl.col(pl.Float64).round(6)) for f in (found, again))
    assert mine.equals(theirs)
    assert claims_table(found).equals(claims_table(again))


def test_the_riskiest_orders_find_more_than_chance_and_simple_rules(dataset: Dataset, model: Given) -> None:
    found = run(dataset, window_before(dataset.observed_until, dataset.coverage.since, 6), model, months=6)
    assert found.verdict == "better"
    ours, largest = found.rankings["probability"], found.rankings["largest"]
    assert largest.ahead is not None
    assert largest.ahead.low > 0.0
    assert largest.ahead.value == ours.found[ALL].claims.value - largest.found[ALL].claims.value


@pytest.mark.parametrize(
    ("chance", "verdict"), [(0.0, "better"), (0.95, "better"), (1.05, "no_better"), (2.0, "no_better")]
)
def test_better_than_chance_is_what_luck_would_bring_once_in_a_hundred(
    found: Backtest, chance: float, verdict: str
) -> None:
    claims = found.rankings["probability"].found[ALL].claims.value
    border = float(gammaincinv(claims, 0.01))  # lists by lot that expect so many find as many in 1 of 100 windows
    assert claims > 0.0
    assert replace(found, claims=30, chance=chance * border).verdict == verdict


def test_fewer_than_thirty_claims_are_too_few_to_tell(dataset: Dataset, window: Window, model: Given) -> None:
    late = np.flatnonzero(dataset.claimed_at > window.first)
    few = dataset.claimed_at.copy()
    few[late[10:]] = np.nan
    found = run(replace(dataset, claimed_at=few), window, model)
    assert (found.claims, found.verdict, found.months_needed) == (10, "too_few", 9)
    page = report(found, [[]] * found.dearest.columns.n, "en", banners=(), made_on=date(2026, 1, 1)).decode()
    assert "Too few to tell." in page
    assert "10 orders were claimed in these 3 months; 30 are needed" in page


def test_a_window_without_claims_is_told(dataset: Dataset, window: Window, model: Given) -> None:
    none = np.where(dataset.claimed_at > window.first, np.nan, dataset.claimed_at)
    found = run(replace(dataset, claimed_at=none), window, model)
    assert (found.claims, found.verdict, found.months_needed) == (0, "too_few", None)
    page = report(found, [], "zh", banners=(), made_on=date(2026, 1, 1)).decode()
    assert "没有任何索赔" in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_is_one_page_in_the_language_asked_for(found: Backtest, lang: str) -> None:
    advice = [["do <this> & that"]] * found.dearest.columns.n
    page, again = (report(found, advice, lang, banners=["simulated"], made_on=date(2026, 1, 1)) for _ in range(2))  # type: ignore[arg-type]
    text = page.decode()
    assert page == again
    assert f'<html lang="{lang}">' in text
    assert "do &lt;this&gt; &amp; that" in text
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    words = re.sub(r"<svg.*?</svg>|<style.*?</style>|<code>.*?</code>", "", text, flags=re.S)
    chinese = re.search(r"[\u4e00-\u9fff]", words) is not None
    assert chinese == (lang == "zh")


def test_the_dearest_claims_are_told_at_moments_before_the_claim(found: Backtest, window: Window) -> None:
    d, book = found.dearest, found.book
    claimed = np.flatnonzero(book.claimed_in(window))
    assert set(d.entry) <= set(claimed)
    assert np.nanmin(book.dollars[d.entry]) >= np.sort(book.dollars[claimed])[-len(d.entry)]
    assert (window.instants(d.day) < book.claimed_at[d.entry[d.claim]]).all()
    assert (d.columns["order_id"] == book.order_id[d.entry[d.claim]]).all()
    assert ((d.rank >= 1) & (d.rank <= d.open)).all()


def test_snapshots_are_used_from_the_moment_they_were_taken(dataset: Dataset, window: Window) -> None:
    orders = dataset.orders.take(np.arange(200))
    taken = [orders["placed_at"] + 5 * DAY, orders["placed_at"] + 25 * DAY]
    parts = [as_known(orders.replacing({"as_of": at})) for at in taken]
    both = Columns(400, {name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
    snapshots = replace(
        dataset, orders=both, claimed_at=np.tile(dataset.claimed_at[:200], 2),
        claim_type=np.tile(dataset.claim_type[:200], 2),
        decisions=dataset.decisions.take(np.tile(np.arange(200), 2)), is_snapshots=True,
    )  # fmt: skip
    book = book_of(snapshots, window, WINDOW_DAYS, 0)
    for day in range(5, window.days, 20):
        entry = np.flatnonzero(book.is_open(day))
        known = known_on(snapshots, book, window, (), (entry, np.full(len(entry), day)))
        placed = known["placed_at"]
        assert (placed + 5 * DAY <= window.instant(day)).all()
        late = placed + 25 * DAY <= window.instant(day)
        now = known["delivered_at"]
        final = dict(zip(orders["order_id"], orders["delivered_at"], strict=True))
        limit = np.where(late, placed + 25 * DAY, placed + 5 * DAY)
        true = np.array([final[i] for i in known["order_id"]])
        np.testing.assert_array_equal(now, np.where(true <= limit, true, np.nan))


@given(count=st.integers(0, 400), factor=st.floats(1.0, 5.0))
def test_limits_hold_the_sum_and_widen_with_its_variance(count: int, factor: float) -> None:
    plain, wide = bounded(count, count), bounded(count, factor * count)
    assert plain.low <= count <= plain.high
    assert wide.low <= plain.low + 1e-9
    assert wide.high >= plain.high - 1e-9


def test_limits_of_a_poisson_count_hold_its_mean_in_nine_of_ten() -> None:
    rng = np.random.default_rng(5)
    days = [np.sort(rng.integers(0, 90, rng.poisson(40.0))) for _ in range(400)]
    limits = [sum_over_days(np.ones(len(d)), d, 90) for d in days]
    assert 0.86 <= np.mean([limit.low <= 40.0 <= limit.high for limit in limits]) <= 0.98


def test_a_window_needs_orders_from_before_it(dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match="--months 24: expected orders from before the window"):
        window_before(dataset.observed_until, dataset.coverage.since, 24)


def test_every_ranking_says_something_of_every_look(book: Book, looks: Looks) -> None:
    for key in RANKINGS.values():
        told = key(looks, book)
        assert told.shape == looks.entry.shape
        assert not np.isnan(told).any()
