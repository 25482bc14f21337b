"""The commands that make data and models: simulate, train."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from features.columns import epoch_seconds
from features.delimited import Reject
from features.errors import InputError, nearest
from features.pipeline import declared_extra
from features.tables import first_file, read_raw
from service.files import folder_aside, written_aside
from service.seller_notes import place
from service.settings import Settings, signing_key
from service.workers import HERE, On, spreading
from training.bundle import save_bundle
from training.dataset import read_dataset
from training.learn import Progress
from training.settings import fit_settings
from training.simulate import load_world, simulate
from training.train import Recipe, Trained, train

SIMULATED = "x_simulated"


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What `claimrisk train` was told. observed_until: an instant or None; window_days: None for the default; trials:
    of the search for LightGBM's parameters, 0 for none; actions: a file of actions that were taken."""

    observed_until: datetime | None = None
    window_days: float | None = None
    extras: Sequence[str] = ()
    trusted: Sequence[str] = ()
    zone: ZoneInfo | None = None
    seed: int = 0
    trials: int = 0
    actions: Path | None = None


def write_simulated(
    world: str, orders: int, seed: int, out: Path, *, intervene: str | None = None, truth: bool = True
) -> tuple[int, int]:
    """Simulate into `out`: orders, outcomes, truth. Returns (orders, claims). Every row says that it is simulated."""
    made = simulate(load_world(world), orders, seed, intervene=intervene, truth=truth)
    frames = {"orders": made.orders.with_columns(pl.lit(value=True).alias(SIMULATED)), "outcomes": made.outcomes}
    if made.truth is not None:
        frames["truth"] = made.truth
    for name, frame in frames.items():
        with written_aside(out / f"{name}.parquet") as aside:
            frame.write_parquet(aside)
    return made.orders.height, made.outcomes.height


def is_simulated(orders: Path) -> bool:
    """Whether a file of orders says that it was simulated."""
    first = next(iter(read_raw(first_file(orders))), None)
    return first is not None and SIMULATED in first.frame.columns


def _make_parent(out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: its folder cannot be made ({error.strerror})") from error


def refuse_unknown_names(orders: Path, options: TrainOptions) -> None:
    """`InputError` for names that the file lacks: a misspelt --extra or --trust would silently do nothing."""
    first = next(iter(read_raw(first_file(orders))), None)
    columns = [] if first is None else first.frame.columns
    for extra in (declared_extra(e) for e in options.extras):
        if extra.name not in columns:
            raise InputError(f"--extra {extra.name}: expected a column of {orders}{nearest(extra.name, columns)}")
    for name in options.trusted:
        if name not in columns:
            raise InputError(f"--trust {name}: expected a column of {orders}{nearest(name, columns)}")


def why_rejected(rejects: list[Reject], most: int = 5) -> list[str]:
    """The reasons that set most rows aside, with how many rows each and where the first stands."""
    first: dict[tuple[str, str], int] = {}
    for reject in rejects:
        first.setdefault((reject.column, reject.reason), reject.line)
    counts = Counter((reject.column, reject.reason) for reject in rejects)
    return [
        f"set aside, {n} rows, line {first[column, reason]} the first: {place(column or 'the row', reason)}{reason}"
        for (column, reason), n in counts.most_common(most)
    ]


def train_bundle(
    orders: Path, outcomes: Path, out: Path, options: TrainOptions, progress: Progress, of: Settings, *,
    on: On = HERE, workers: int = 1,
) -> Trained:  # fmt: skip
    """Train on files and put the bundle at `out`, in place of an earlier one; the same bytes wherever it is done."""
    if out.exists() and not (out / "manifest.json").exists():
        raise InputError(f"--out {out}: expected a new folder or an earlier bundle, got something else; name another")
    key = signing_key(of)
    _make_parent(out)
    refuse_unknown_names(orders, options)
    window = options.window_days or float(fit_settings().target_claim_window_days)
    extras, trusted = tuple(declared_extra(e) for e in options.extras), frozenset(options.trusted)
    recipe = Recipe(window, extras, trusted, options.seed, trials=options.trials)
    until = None if options.observed_until is None else epoch_seconds(options.observed_until)
    with spreading(on, workers) as spread:
        dataset = read_dataset(
            orders, outcomes, extras=recipe.extras, observed_until=until, zone=options.zone, actions=options.actions,
            spread=spread,
        )  # fmt: skip
        progress(f"{dataset.orders.n:,} orders read, {len(dataset.rejects)} rejected, "
                 f"{dataset.orphans} claims without order")  # fmt: skip
        if dataset.out_of_scope:
            progress(f"{dataset.out_of_scope:,} orders left out that the guarantee does not cover: sent by the "
                     "marketplace, digital goods, services")  # fmt: skip
        for told in why_rejected(dataset.rejects):
            progress(told)
        trained = train(dataset, recipe, progress, spread)
    today = datetime.now(UTC).date()
    with folder_aside(out) as aside:
        save_bundle(aside, trained, recipe, simulated=is_simulated(orders), made_on=today, key=key)
    return trained
