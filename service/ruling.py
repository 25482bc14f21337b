"""What policy says of one order, told in English or Chinese: eligibility, clocks and what is unknown."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from features.clocks import Clock, UnknownClock, clocks
from features.columns import Columns
from features.document import checked_columns, read_order
from features.eligibility import Eligibility, eligibility
from features.errors import SettingError
from features.policy.book import book
from features.ruled import ruled_order
from service.instants import instant_text
from service.wording import Lang, age

Texts = Mapping[str, Mapping[str, Mapping[Lang, str]]]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The lists of an answer, in the shapes of the API."""

    eligibility: list[dict[str, Any]]
    clocks: list[Mapping[str, Any]]
    warnings: list[dict[str, Any]]


@cache
def texts() -> Texts:
    """The catalogue `policy_texts.toml`, read once; `SettingError` where a text lacks a language."""
    found: Texts = tomllib.loads((resources.files("service") / "policy_texts.toml").read_text("utf-8"))
    for section, entries in found.items():
        for key, text in entries.items():
            if set(text) != {"en", "zh"}:
                raise SettingError(f"policy_texts.toml: {section}.{key}: expected en and zh, got {sorted(text)}")
    return found


def ruling(columns: Columns, i: int, lang: Lang) -> Ruling:
    """What policy says of order i as it is known at its as_of."""
    order = ruled_order(columns, i)
    grounds = eligibility(order, book())
    told, unknown = clocks(order, grounds, book())
    return Ruling(
        [_ground(ground, lang) for ground in grounds],
        [_clock(clock, lang, order.as_of) for clock in told],
        _warnings(grounds, unknown, lang),
    )


def clocks_of(value: Any, at: float) -> list[Mapping[str, Any]]:
    """The clocks of an order as it was sent, looked at `at` (epoch seconds) where it does not say when."""
    return ruling(checked_columns(read_order(value), at), 0, "en").clocks


def _ground(found: Eligibility, lang: Lang) -> dict[str, Any]:
    return {
        "ground": found.ground,
        "status": found.status,
        "opens_at": _instant(found.opens_at),
        "closes_at": _instant(found.closes_at),
        "sources": list(found.sources),
        "text": _ground_text(found.ground, found.why, lang),
    }


@cache
def _ground_text(ground: str, why: str, lang: Lang) -> str:
    return _text("frames", "ground", lang).format(ground=_text("grounds", ground, lang), why=_text("why", why, lang))


def _clock(found: Clock, lang: Lang, as_of: float) -> Mapping[str, Any]:
    return _not_started(found, lang) if found.due is None else _written(found, lang, as_of)


@cache
def _not_started(found: Clock, lang: Lang) -> Mapping[str, Any]:
    """What is told of most clocks of most orders."""
    return _written(found, lang, 0.0)


def _written(found: Clock, lang: Lang, as_of: float) -> Mapping[str, Any]:
    return {
        "code": found.code,
        "due": _instant(found.due),
        "state": found.state,
        "source": found.fact.id,
        "certainty": found.fact.certainty,
        "text": _clock_text(found, lang, as_of),
    }


def _clock_text(found: Clock, lang: Lang, as_of: float) -> str:
    """What is due, its state, for how long it is overdue, and how sure the rule is."""
    state = _state_text(found.code, found.state, lang)
    if found.is_overdue and found.due is not None:
        state = _text("frames", "overdue", lang).format(age=age(as_of - found.due, lang))
    told = _told(found.code, state, found.fact.certainty, found.is_by_day, lang)
    return told + (" " if lang == "en" else "") + _text("frames", "if_now", lang) if found.is_if_now else told


@lru_cache(maxsize=4096)
def _told(code: str, state: str, certainty: str, is_by_day: bool, lang: Lang) -> str:
    frame = _text("frames", "clock", lang)
    parts = [frame.format(clock=_text("clocks", code, lang), state=state)]
    if certainty in texts()["certainty"]:
        parts.append(_text("certainty", certainty, lang))
    if is_by_day:
        parts.append(_text("frames", "local_day", lang))
    return (" " if lang == "en" else "").join(parts)


def _state_text(code: str, state: str, lang: Lang) -> str:
    own = texts()["states_of_clocks"].get(f"{code}.{state}")
    return _text("states", state, lang) if own is None else own[lang]


def _warnings(grounds: tuple[Eligibility, ...], unknown: tuple[UnknownClock, ...], lang: Lang) -> list[dict[str, Any]]:
    if any(ground.why == "marketplace_unknown" for ground in grounds):
        return [_warning("MARKETPLACE_UNKNOWN", "marketplace", lang)]
    out = [_warning("POLICY_FACT_UNKNOWN", clock.attribute, lang, topic=clock.topic) for clock in unknown]
    without = [ground.ground for ground in grounds if ground.why == "fact_unknown"]
    if without:
        out.append(_warning("POLICY_GROUND_UNKNOWN", "marketplace", lang, grounds=", ".join(without)))
    return out


def _warning(code: str, attribute: str, lang: Lang, **filled: str) -> dict[str, Any]:
    return {"code": code, "attribute": attribute, "text": _text("warnings", code, lang).format(**filled)}


def _text(section: str, key: str, lang: Lang) -> str:
    return texts()[section][key][lang]


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else instant_text(seconds)
