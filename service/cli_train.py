"""The command that trains a model, `claimrisk train`: on files, or on what the service keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from features.errors import InputError
from service.cli_options import Extras, ObservedUntil, Trusted, Zone, err, instant, say, zone_named
from service.settings import settings
from service.workers import Engine, On


def train(
    orders: Annotated[
        Path | None,
        typer.Argument(help="past orders: a file, or a folder of Parquet files; not with --from-store"),
    ] = None,
    outcomes: Annotated[Path | None, typer.Argument(help="their claims")] = None,
    out: Annotated[Path, typer.Option(help="folder of the bundle")] = ...,  # type: ignore[assignment]
    from_store: Annotated[
        bool, typer.Option("--from-store", help="of the orders and events that the service keeps")
    ] = False,
    shop: Annotated[str | None, typer.Option(help="with --from-store this shop alone; all if unset")] = None,
    actions: Annotated[
        Path | None, typer.Option(help="actions that were taken: order_id and at; acted orders do not teach low risk")
    ] = None,
    observed_until: ObservedUntil = None,
    claim_window_days: Annotated[
        float | None, typer.Option(min=1, max=365, help="days after latest_delivery_at")
    ] = None,
    extra: Extras = None,
    trust: Trusted = None,
    time_zone: Zone = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    tune: Annotated[int, typer.Option(min=0, help="trials of a search for LightGBM's parameters (needs Optuna)")] = 0,
    engine: Annotated[Engine, typer.Option(help="where fits are spread over: this machine alone, or Dask")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="address of a running Dask, such as tcp://host:8786")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes; each holds all rows")] = 1,
) -> None:
    """Train a model on past orders and claims."""
    from service.cli_training import TrainOptions, train_bundle

    until = None if observed_until is None else instant(observed_until, "--observed-until")
    options = TrainOptions(until, claim_window_days, extra or (), trust or (), zone_named(time_zone), seed, tune)
    if from_store == (orders is not None) or (orders is None) != (outcomes is None) or (shop and not from_store):
        raise InputError("train: expected files of ORDERS and OUTCOMES, or --from-store, with --shop or without")
    if actions is not None and from_store:
        raise InputError("--actions: expected with files; what was kept holds the actions too")
    with _files(orders, outcomes, actions, shop) as (sent, became, acted):
        options, on = replace(options, actions=acted), On(engine, scheduler)
        trained = train_bundle(sent, became, out, options, say, settings(), on=on, workers=workers)
    for dropped in trained.prepared.dropped:
        err.print(f"not used: {dropped.attribute}: {dropped.reason}", markup=False)
    say(f"bundle written to {out}; look at {out / 'report.html'}")


@contextmanager
def _files(
    orders: Path | None, outcomes: Path | None, actions: Path | None, shop: str | None
) -> Iterator[tuple[Path, Path, Path | None]]:
    """The files named, or those of what is kept: orders, outcomes, actions."""
    if orders is not None and outcomes is not None:
        yield orders, outcomes, actions
        return
    from service.exporting import ACTIONS, ORDERS, OUTCOMES, exported

    with exported(settings(), shop) as (folder, told):
        say(f"{told.orders:,} orders and {told.outcomes:,} outcomes are kept; {told.never_sent:,} were never sent")
        if told.conflicts:
            say(f"{told.conflicts:,} times outcomes are told otherwise; `claimrisk export` lists what stands and why")
        if not told.orders:
            raise InputError("--from-store: no order is kept yet; send some to /v1/scores first, or train on files")
        yield folder / ORDERS, folder / OUTCOMES, folder / ACTIONS
