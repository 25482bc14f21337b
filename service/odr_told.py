"""What is told of a defect budget: numbers in one shape, and a few plain sentences in English or Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from features.columns import Floats
from features.moments import DAY
from features.policy.book import book
from model.artefact import Bundle
from service.instants import instant_text
from service.odr import NO_DOUBTS, Doubts, Forecast, Path
from service.wording import Lang

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEW_OTHER_DEFECTS = 10
Texts = Mapping[str, Mapping[str, Mapping[Lang, str]]]


@cache
def texts() -> Texts:
    """What `odr_texts.toml` says."""
    return tomllib.loads((resources.files("service") / "odr_texts.toml").read_text("utf-8"))


def told(found: Forecast, bundle: Bundle, lang: Lang, doubts: Doubts = NO_DOUBTS) -> dict[str, Any]:
    """The answer of `claimrisk odr` and of the API; rates are shares of orders."""
    span, rule, ours = found.window.span, found.rule, found.ours
    return {
        "shop_id": span.shop_id,
        "marketplace": span.marketplace,
        "as_of": instant_text(span.until),
        "window": {"from": instant_text(span.since), "until": instant_text(span.until), "days": rule.days},
        "rule": {"below": rule.target.value, "sources": [rule.target.id, rule.period.id]},
        "orders": found.orders,
        "known": {
            "defects": found.known,
            "rate": found.known / found.orders,
            "by_kind": {kind: int(where.sum()) for kind, where in found.window.known.by_kind.items()},
            "undecided_claims": int((found.window.known.open > 0.0).sum()),
        },
        "official": None if found.official is None else {
            "defects": found.official.defects, "orders": found.official.orders,
            "difference": {"defects": found.official.defects - ours.defects,
                           "orders": found.official.orders - ours.orders},
        },
        "allowed": found.allowed,
        "remaining": found.allowed - found.known,
        "to_come": {"expected": _mean(found.masses), "by_kind": found.coming.parts},
        "as_it_will_be": _distribution(found),
        "today": _day(found, 0),
        "worst_day": _day(found, found.worst),
        "days": [_day(found, day) for day in range(len(found.on_day))],
        "text": " ".join(_sentences(found, lang)),
        "warnings": [{"code": code, "text": filled("warning", code, lang, **of)}
                     for code, of in _warnings(found, bundle, doubts)],
        "versions": {"model": bundle.version, "trained_until": bundle.trained_until, "policy": book().version},
    }  # fmt: skip


def _mean(masses: Floats) -> float:
    return float(masses @ np.arange(len(masses)))


def _distribution(found: Forecast) -> dict[str, Any]:
    """Of all defects that today's orders will have been seen with by the end of their time in the window."""
    below = np.cumsum(found.masses)
    return {
        "expected_rate": float(found.final.rate[0]),
        "probability_of_breach": float(found.final.breach[0]),
        "quantiles": {str(q): found.known + int(np.searchsorted(below, q)) for q in QUANTILES},
        "distribution": [{"defects": found.known + k, "probability": float(p)} for k, p in enumerate(found.masses)],
    }


def _day(found: Forecast, day: int) -> dict[str, Any]:
    return {
        "days_ahead": day,
        "on": _on(found, day),
        "orders": int(found.on_day[day]),
        "as_reported": _of(found.reported, day),
        "as_it_will_be": _of(found.final, day),
    }


def _of(path: Path, day: int) -> dict[str, float]:
    return {"expected_rate": float(path.rate[day]), "probability_of_breach": float(path.breach[day])}


def _on(found: Forecast, day: int) -> str:
    """The marketplace's local day."""
    return book().on(found.window.span.marketplace, found.window.span.until + day * DAY).isoformat()


def _sentences(found: Forecast, lang: Lang) -> Iterator[str]:
    share = percent(float(found.rule.target.value))
    said = {
        "orders": found.orders, "days": found.rule.days, "allowed": found.allowed, "known": found.known,
        "remaining": found.allowed - found.known, "target": share, "one": percent(1.0 / found.orders),
        "needed": int(1 / found.rule.rate), "expected": number(_mean(found.masses)),
        "breach": percent(float(found.final.breach[0])),
    }  # fmt: skip
    used = "used_up" if found.known > found.allowed else "room" if found.allowed else "no_room"
    yield filled("text", used, lang, **said)
    yield filled("text", "ahead", lang, **said)
    breach = percent(float(found.reported.breach[found.worst]))
    worst = {"on": _on(found, found.worst), "target": share, "breach": breach, "days": found.rule.days}
    yield filled("text", "worst" if found.worst else "today", lang, **worst)


def _warnings(found: Forecast, bundle: Bundle, doubts: Doubts) -> Iterator[tuple[str, dict[str, object]]]:
    known, ours = found.window.known, found.ours
    if bundle.is_starter:
        yield "STARTER_MODEL", {}
    if bundle.is_degraded:
        yield "DEGRADED", {}
    if doubts.set_aside:
        yield "ORDERS_SET_ASIDE", {"more": doubts.set_aside}
    if doubts.as_sent:
        yield "ORDERS_AS_SENT", {"more": doubts.as_sent}
    if not found.window.complete and found.official is None:
        yield "OUTCOMES_UNKNOWN", {}
    if known.by_kind["negative_feedback"].sum() + known.by_kind["chargeback"].sum() < FEW_OTHER_DEFECTS:
        yield "OTHER_DEFECTS_ASSUMED", {}
    for more, above, below in (
        (found.orders - ours.orders, "ORDERS_MISSING", "ORDERS_BEYOND"),
        (found.known - ours.defects, "DEFECTS_UNSEEN", "DEFECTS_BEYOND"),
    ):
        if more:
            yield (above if more > 0 else below), {"more": abs(more)}
    undecided = int((known.open > 0.0).sum())
    if undecided:
        yield "CLAIMS_UNDECIDED", {"more": undecided}


def filled(table: str, code: str, lang: Lang, **values: object) -> str:
    """A text of odr_texts.toml."""
    return texts()[table][code][lang].format(**values)


def number(expected: float) -> str:
    """A number of defects to come as people read it.

    >>> number(0.0342), number(3.42), number(238.4)
    ('0.034', '3.4', '238')
    """
    return f"{expected:.2g}" if expected < 10.0 else f"{expected:,.0f}"


def percent(share: float) -> str:
    """A share as people read it: two digits, never 0 or 100 where it is not."""
    if 0.0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1.0:
        return "> 99.9 %"
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{100.0 * share:.3g} %"
