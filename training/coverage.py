"""Coverage: from when to when the outcomes are complete, and for what; outside it no row tells nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from features.columns import epoch_seconds
from features.errors import InputError
from features.outcome import CLAIM_TYPES
from model.scorer import Target

NEVER = (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Orders placed from `since` and events up to `until` (epoch seconds) are complete for the target.

    debits: from when to when a source of debits alone shows all of them, so that a claim it does not show was not paid
    by the seller; an empty span where there is none.
    """

    since: float
    until: float
    target: Target
    debits: tuple[float, float] = NEVER


def read_coverage(outcomes: Path, default: Coverage) -> Coverage:
    """The coverage that stands beside an outcomes file as `<name>.coverage.toml`, else `default`.

    Sources complete for filed claims of every type give the target `claim_filed`; where there are none, those complete
    for debited ones give `claim_debited`. A source without `types` shows all of them.
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
    told = [_source(source, path, default) for source in sources.values()]
    of_debits = [s for s in told if "debited" in s.complete_for and "filed" not in s.complete_for]
    debits = _span_of_all_types(of_debits, path) or NEVER
    target: Target
    for what, target in (("filed", "claim_filed"), ("debited", "claim_debited")):
        span = _span_of_all_types([s for s in told if what in s.complete_for], path)
        if span:
            return Coverage(span[0], min(span[1], default.until), target, (debits[0], min(debits[1], default.until)))
    raise InputError(
        f"{path}: expected [source.NAME] whose complete_for holds filed or debited for each of "
        f"{', '.join(CLAIM_TYPES)}, got none: a type that no source shows would count as no claim"
    )


@dataclass(frozen=True, slots=True)
class _Source:
    since: float
    until: float
    complete_for: frozenset[str]
    types: frozenset[str]


def _source(told: Mapping[str, object], path: Path, default: Coverage) -> _Source:
    since, until = _instant(told, "from", path, default.since), _instant(told, "until", path, default.until)
    return _Source(since, until, _words(told, "complete_for", path, ()), _words(told, "types", path, CLAIM_TYPES))


def _words(source: Mapping[str, object], name: str, path: Path, default: Sequence[str]) -> frozenset[str]:
    value = source.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise InputError(f"{path}: {name}: expected a list of words, got {value!r}")
    return frozenset(value)


def _span_of_all_types(sources: Sequence[_Source], path: Path) -> tuple[float, float] | None:
    """From when to when every type of claim is shown by one of the sources; None where some type never is."""
    spans = []
    for name in CLAIM_TYPES:
        showing = sorted((s.since, s.until) for s in sources if name in s.types)
        if not showing:
            return None
        spans.append(_joined_span(showing, path))
    return max(since for since, _ in spans), min(until for _, until in spans)


def _joined_span(spans: list[tuple[float, float]], path: Path) -> tuple[float, float]:
    """From the first to the last instant of spans that leave no gap between them."""
    since, until = spans[0]
    for start, end in spans[1:]:
        if start > until:
            raise InputError(f"{path}: the sources leave a gap in which claims would be missing; name one side of it")
        until = max(until, end)
    return since, until


def _instant(source: Mapping[str, object], name: str, path: Path, default: float) -> float:
    value = source.get(name)
    if value is None:
        return default
    if isinstance(value, datetime) and value.tzinfo is not None:
        return epoch_seconds(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return float((value - date(1970, 1, 1)).days * 86_400)
    raise InputError(f"{path}: {name}: expected a date or an instant with an offset, got {value!r}")
