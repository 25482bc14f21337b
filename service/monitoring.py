"""Monitoring: the model's health out of files, told in one shape, as a page, and in a line."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from features.columns import epoch_seconds
from features.errors import InputError
from model.artefact import Bundle
from service.cli_training import is_simulated
from service.files import written_aside
from service.wording import Lang
from training.dataset import read_dataset
from training.health import Health, health
from training.health_report import report, told


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and as it is told."""

    found: Health
    answer: dict[str, Any]
    simulated: bool


def looked_after(
    orders: Path, outcomes: Path | None, bundle: Bundle, *, until: datetime | None = None,
    zone: ZoneInfo | None = None, lang: Lang = "en",
) -> Looked:  # fmt: skip
    """The health of a bundle by later orders; without outcomes of its inputs and scores alone."""
    with tempfile.TemporaryDirectory() as aside:
        claims = outcomes or _none(Path(aside) / "outcomes.csv")
        at = None if until is None else epoch_seconds(until)
        extras = bundle.scorer.pipeline.extras
        dataset = read_dataset(orders, claims, extras=extras, observed_until=at, zone=zone)
    if dataset.coverage.target != bundle.scorer.target and outcomes is not None:
        raise InputError(f"{outcomes}: expected outcomes of {bundle.scorer.target}, got {dataset.coverage.target}")
    since = bundle.scorer.pipeline.snapshot_.at
    found = health(dataset, bundle.scorer, orjson.loads(bundle.profile), since=since, has_outcomes=outcomes is not None)
    return Looked(found, told(found, bundle.version, lang), is_simulated(orders))


def _none(path: Path) -> Path:
    path.write_text("order_id,claim_opened_at\n", "utf-8")
    return path


def write_page(looked: Looked, out: Path, lang: Lang) -> None:
    """The page, with its plot."""
    page = report(looked.found, looked.answer, lang, simulated=looked.simulated, made_on=datetime.now(UTC).date())
    with written_aside(out) as aside:
        aside.write_bytes(page)
