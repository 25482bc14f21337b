"""Coverage: from when to when the outcomes are complete, and for what; outside it no row tells nothing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from features.columns import epoch_seconds
from features.errors import InputError
from model.scorer import Target


@dataclass(frozen=True, slots=True)
class Coverage:
    """Orders placed from `since` and events up to `until` (epoch seconds) are complete for the target."""

    since: float
    until: float
    target: Target


def read_coverage(outcomes: Path, default: Coverage) -> Coverage:
    """The coverage that stands beside an outcomes file as `<name>.coverage.toml`, else `default`.

    Sources complete for filed claims give the target `claim_filed`; where there are none, those complete for debited
    ones give `claim_debited`.
    """
    path = outcomes.with_name(outcomes.stem + ".coverage.toml")
    if not path.exists():
        return default
    try:
        sources = tomllib.loads(path.read_text("utf-8")).get("source")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML ({error})") from error
    if not isinstance(sources, dict) or not all(isinstance(s, dict) for s in sources.values()):
        raise InputError(f"{path}: expected tables named [source.NAME], got {type(sources).__name__}")
    for what, target in (("filed", "claim_filed"), ("debited", "claim_debited")):
        chosen = [s for s in sources.values() if what in s.get("complete_for", [])]
        if chosen:
            since, until = _joined_span(
                sorted(
                    (_instant(s, "from", path, default.since), _instant(s, "until", path, default.until))
                    for s in chosen
                ),
                path,
            )
            return Coverage(since, min(until, default.until), target)  # type: ignore[arg-type]
    raise InputError(f"{path}: expected a [source.NAME] whose complete_for holds filed or debited, got none")


def _joined_span(spans: list[tuple[float, float]], path: Path) -> tuple[float, float]:
    """From the first to the last instant of spans that leave no gap between them."""
    since, until = spans[0]
    for start, end in spans[1:]:
        if start > until:
            raise InputError(f"{path}: the sources leave a gap in which claims would be missing; name one side of it")
        until = max(until, end)
    return since, until


def _instant(source: dict[str, object], name: str, path: Path, default: float) -> float:
    value = source.get(name)
    if value is None:
        return default
    if isinstance(value, datetime) and value.tzinfo is not None:
        return epoch_seconds(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return float((value - date(1970, 1, 1)).days * 86_400)
    raise InputError(f"{path}: {name}: expected a date or an instant with an offset, got {value!r}")
