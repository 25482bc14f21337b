"""The back-test for people: files in, what training finds in them told with the advice of the day, files out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from features.columns import epoch_seconds
from features.errors import InputError
from features.moments import DAY
from features.pipeline import Extra, declared_extra
from model.artefact import Bundle, load
from model.consequences import from_policy_alone
from model.effects import Evidence
from model.scorer import Target
from service.advice_catalogue import catalogue
from service.cli_training import TrainOptions, is_simulated, refuse_unknown_names
from service.cost_profile import default_costs
from service.files import written_aside
from service.instants import instant_text
from service.recommend import recommended
from service.results import escaped
from service.settings import Settings, signing_key
from service.stakes import stakes
from service.wording import Lang, text
from training.backtest import ALL, Backtest, backtest
from training.backtest_report import Said, claims_table, lists_table, report
from training.dataset import Dataset, read_dataset
from training.dearest import Dearest
from training.learn import Progress
from training.refits import Given, Refits
from training.settings import fit_settings
from training.train import Recipe
from training.window import Window, backtest_settings, window_before

TOLD_ACTIONS = 2


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What `claimrisk backtest` was told. bundle: None for a model each month, of what was known then."""

    bundle: Path | None = None
    months: int = 3
    capacity: int = 16
    lang: Lang = "en"
    observed_until: datetime | None = None
    extras: Sequence[str] = ()
    trusted: Sequence[str] = ()
    zone: ZoneInfo | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What a back-test found: the result, its table as CSV, and a few lines for the terminal."""

    found: Backtest
    table: str
    lines: Sequence[str]


def look_back(
    orders: Path, outcomes: Path, out: Path | None, options: BacktestOptions, progress: Progress, of: Settings
) -> Told:
    """Back-test on files; report and tables go into the folder `out`, where one is named."""
    bundle = None if options.bundle is None else load(options.bundle, signing_key(of))
    if bundle is not None and (options.extras or options.trusted):
        raise InputError("--extra and --trust: expected only with --model none; a bundle holds its own")
    refuse_unknown_names(orders, TrainOptions(extras=options.extras, trusted=options.trusted))
    dataset = _dataset(orders, outcomes, options, bundle)
    progress(f"{len(dataset.last_rows):,} orders read, {len(dataset.rejects)} rows rejected, {dataset.claims} claims")
    window = window_before(dataset.observed_until, dataset.coverage.since, options.months)
    simulated = is_simulated(orders)
    models = _refits(dataset, options, progress) if bundle is None else _given(bundle, dataset, window, simulated)
    days = fit_settings().target_claim_window_days if bundle is None else bundle.scorer.pipeline.window_days
    found = backtest(
        dataset, window, models, progress, months=options.months, capacity=options.capacity, window_days=float(days),
        seed=options.seed,
    )  # fmt: skip
    is_foreign = bundle is not None and bundle.is_starter and not simulated
    banners = ["simulated"] * simulated + ["starter"] * is_foreign
    if out is not None:
        _save(found, out, dataset.coverage.target, options.lang, banners)
    return Told(found, escaped(lists_table(found)).write_csv(), _lines(found, Said(options.lang)))


def _dataset(orders: Path, outcomes: Path, options: BacktestOptions, bundle: Bundle | None) -> Dataset:
    until = None if options.observed_until is None else epoch_seconds(options.observed_until)
    extras = _extras(options) if bundle is None else bundle.scorer.pipeline.extras
    return read_dataset(orders, outcomes, extras=extras, observed_until=until, zone=options.zone)


def _extras(options: BacktestOptions) -> tuple[Extra, ...]:
    return tuple(declared_extra(e) for e in options.extras)


def _refits(dataset: Dataset, options: BacktestOptions, progress: Progress) -> Refits:
    window_days = float(fit_settings().target_claim_window_days)
    return Refits(dataset, Recipe(window_days, _extras(options), frozenset(options.trusted), options.seed), progress)


def _given(bundle: Bundle, dataset: Dataset, window: Window, simulated: bool) -> Given:
    """The model of a bundle; `InputError` if it has seen the window, or foretells something else."""
    seen_until = bundle.scorer.pipeline.snapshot_.at
    if seen_until > window.first and (simulated or not bundle.is_starter):
        months = int((window.until - seen_until) / DAY / backtest_settings().days_per_month)
        shorter = f", or --months {months}" if months >= 1 else ""
        raise InputError(
            f"--model: expected a bundle that knows nothing after {instant_text(window.first)} (the window begins); "
            f"got one trained until {instant_text(seen_until)}, which has seen what it would be tested on; "
            f"use --model none{shorter}, or an older bundle"
        )
    if bundle.scorer.target != dataset.coverage.target:
        raise InputError(
            f"--model: expected a bundle that foretells {dataset.coverage.target}, as the outcomes do, got one for "
            f"{bundle.scorer.target}; use --model none"
        )
    return Given(bundle.scorer, seen_until, int(bundle.manifest["orders"]), int(bundle.manifest["claims"]))


def _save(found: Backtest, out: Path, target: Target, lang: Lang, banners: Sequence[str]) -> None:
    told = advice_then(found.dearest, target, lang)
    page = report(found, told, lang, banners=banners, made_on=datetime.now(UTC).date())
    with written_aside(out / "backtest.html") as aside:
        aside.write_bytes(page)
    for name, frame in (("backtest", lists_table(found)), ("claims", claims_table(found))):
        with written_aside(out / f"{name}.csv") as aside:
            aside.write_text(escaped(frame).write_csv(), "utf-8-sig", newline="")


def advice_then(dear: Dearest, target: Target, lang: Lang) -> list[list[str]]:
    """Per moment of the dearest claims what would have been advised, with the deadline."""
    if not dear.columns.n:
        return []
    known = stakes(dear.columns, dear.scored, from_policy_alone(), target, default_costs())
    advice = recommended(known, catalogue(), Evidence(), limit=TOLD_ACTIONS)
    return [
        [
            text(r.action, lang, r.rules) + (f" [{(instant_text(r.deadline) or '')[:16]}Z]" if r.deadline else "")
            for r in row.recommendations
        ]
        for row in advice
    ]


def _lines(found: Backtest, said: Said) -> list[str]:
    """The verdict and what each list found."""
    lines = [said(found.verdict), f"{said('claims')}: {found.claims}"]
    for name, ranking in found.rankings.items():
        claims = ranking.found[ALL].claims
        lines.append(f"{said.ranking(name)}: {claims.value:.0f} ({claims.low:.1f} – {claims.high:.1f})")
    return [*lines, f"{said.ranking('chance')}: {found.chance:.1f}"]
