"""What is told of a model's health: numbers in one shape, the alarms in words, and a page with a plot."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from markupsafe import Markup

from features.columns import Ints
from model.drift import Drift, numbers
from model.profile import SCORE
from training import plots
from training.card import environment
from training.health import ALL, Counted, Health

Language = Literal["en", "zh"]
# Numbers without an alarm that are told all the same, those with most evidence.
MOST_TOLD = 20


@cache
def _texts() -> Mapping[str, Mapping[Language, str]]:
    found: Mapping[str, Mapping[Language, str]] = tomllib.loads(
        (resources.files("training") / "health_texts.toml").read_text("utf-8")
    )["texts"]
    return found


def said(key: str, lang: Language, **filled: object) -> str:
    """A text of health_texts.toml."""
    return _texts()[key][lang].format(**filled)


def told(found: Health, model: str, lang: Language) -> dict[str, Any]:
    """The answer of `claimrisk monitor`. Months as 2026-11; evidence as a share of what an alarm needs."""
    alarms = sorted(_alarms(found, lang), key=lambda a: a["month"])
    drifted = sorted(found.drifts, key=lambda d: -_share(d))[:MOST_TOLD]
    a_year = sum(v for k, v in numbers()["alarms"].items() if k != "horizon_months")
    return {
        "model": model,
        "since": month_name(found.since),
        "until": month_name(found.until - 1),
        "text": _verdict(found, alarms, lang),
        "alarms": alarms,
        "notes": list(_notes(found, lang)),
        "years_between_false_alarms": 1.0 / a_year,
        "numbers": [_number(d) for d in drifted],
        "cohorts": [_cohort(c) for c in found.counted],
    }


def report(found: Health, answer: Mapping[str, Any], lang: Language, *, simulated: bool, made_on: date) -> bytes:
    """The page, which needs nothing else; equal arguments give equal bytes."""
    return environment().get_template("health.html").render(
        t=lambda key, **filled: said(key, lang, **filled), lang=lang, told=answer, simulated=simulated,
        made_on=made_on, figure=_figure(found.counted[0], lang) if found.counted else None,
    ).encode()  # fmt: skip


def month_name(month: int) -> str:
    """Months since 1970 as 2026-11."""
    return str(np.datetime64(month, "M"))


def _verdict(found: Health, alarms: list[dict[str, Any]], lang: Language) -> str:
    if _is_too_short(found):
        return said("too_short", lang)
    return said("alarms", lang, n=len(alarms)) if alarms else said("quiet", lang)


def _is_too_short(found: Health) -> bool:
    return found.until <= found.since or not (found.drifts or found.counted)


def _notes(found: Health, lang: Language) -> Iterator[str]:
    if _is_too_short(found):
        return
    if not found.counted:
        yield said("no_claims", lang)
    if not found.drifts:
        yield said("no_levels", lang)


def _alarms(found: Health, lang: Language) -> Iterator[dict[str, Any]]:
    for d in found.drifts:
        if d.alarm is not None:
            is_up = float(np.nansum(d.deviation)) > 0.0
            kind = "score" if d.name == SCORE else "input"
            way = ("more" if is_up else "fewer") if d.side == "known" else ("higher" if is_up else "lower")
            month = month_name(d.alarm)
            text = said(f"{kind}_{d.side}", lang, name=d.name, moment=d.moment, way=said(way, lang), month=month)
            yield {"kind": kind, "name": d.name, "moment": d.moment, "month": month, "text": text}
    for c in found.counted:
        for way in ("more", "fewer"):
            alarm = c.alarm(way)
            if alarm is not None:
                cohort = said("all", lang) if c.cohort == ALL else c.cohort
                text = said(
                    "claims_way", lang, way=said(way, lang), cohort=cohort, observed=int(c.observed.sum()),
                    foretold=f"{c.foretold.sum():.1f}", month=month_name(alarm),
                )  # fmt: skip
                kind = "claims" if c.cohort == ALL else "cohort"
                yield {"kind": kind, "name": c.cohort, "moment": None, "month": month_name(alarm), "text": text}


def _share(drift: Drift) -> float:
    return float(drift.evidence.max() / drift.passes)


def _number(drift: Drift) -> dict[str, Any]:
    each = [None if np.isnan(z) else round(float(z), 2) for z in drift.deviation]
    named = {name: getattr(drift, name) for name in ("name", "attribute", "moment", "side")}
    return named | {"months": _names(drift.month), "deviations": each, "evidence": _share(drift)}


def _cohort(counted: Counted) -> dict[str, Any]:
    ratio, low, high = counted.ratio
    return {
        "cohort": counted.cohort, "orders": counted.orders, "observed": int(counted.observed.sum()),
        "foretold": float(counted.foretold.sum()), "ratio": ratio, "low": low, "high": high,
        "months": _names(counted.month), "observed_by_month": counted.observed.astype(int).tolist(),
        "foretold_by_month": counted.foretold.tolist(),
    }  # fmt: skip


def _names(months: Ints) -> list[str]:
    return [month_name(month) for month in months.tolist()]


def _figure(counted: Counted, lang: Language) -> Markup:
    across = np.arange(len(counted.month) + 1, dtype=np.float64)
    told = {"observed": counted.observed, "foretold": counted.foretold}
    counts = {said(name, lang): (across, np.append(of, of[-1:])) for name, of in told.items()}  # each month a step
    axes = (said("claims", lang), said("months", lang, since=month_name(int(counted.month[0]))), said("claims", lang))
    return plots.course(counts, axes)
