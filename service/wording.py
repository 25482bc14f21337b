"""The words of an answer: actions, reasons and rendered values, in English and Simplified Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.columns import Columns
from features.conditions import CLOSED
from features.errors import SettingError
from features.extras import EXTRA_PREFIX
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, TEXT_KINDS, Kind
from features.moments import DAY, HOUR
from features.named_moments import checked_moment, moment_of
from features.order import attributes
from features.policy.book import Rules
from features.policy.facts import PolicyFact
from features.undated import is_hand_over_undated, undated_of
from service.advice_catalogue import Action, Text

Lang = Literal["en", "zh"]
Direction = Literal["up", "down"]
Moment = Annotated[str, BeforeValidator(checked_moment)]
OWN, OTHER = "OWN_ATTRIBUTE", "OTHER_ATTRIBUTE"
MINUTE = 60.0
# Scans, of which an untracked parcel has none.
SCANS = ("first_scan_at", "last_scan_at")


@dataclass(frozen=True, slots=True, config=CLOSED)
class Reason:
    """How one attribute is told as a reason; reasons.toml says what each key means."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]
    name: Text
    is_fixable: bool = False
    up: Text | None = None
    down: Text | None = None
    unit: Text | None = None
    met_by: Moment | None = None
    since: Moment | None = None
    against: Moment | None = None
    moment: Moment | None = None
    past: Text | None = None
    ahead: Text | None = None
    late: Text | None = None
    early: Text | None = None
    after: Text | None = None
    waiting: Text | None = None


@dataclass(frozen=True, slots=True, eq=False, config=CLOSED)
class Wording:
    """All of reasons.toml."""

    texts: Mapping[Literal["up", "down", "own", "other"], Text]
    phrases: Mapping[str, Text]
    attributes: Mapping[str, Reason]
    choices: Mapping[str, str]
    rejected: Mapping[str, Text]


@cache
def wording() -> Wording:
    """The wording that ships with the program."""
    return loaded(resources.files("service") / "reasons.toml")


def loaded(file: Traversable) -> Wording:
    """The wording in a file; `SettingError` names the key that is wrong."""
    try:
        found = TypeAdapter(Wording).validate_python(tomllib.loads(file.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file.name}: expected TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingError(f"{file.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    codes = [reason.code for reason in found.attributes.values()]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    strangers = sorted(found.attributes.keys() - attributes().keys())
    if twice or strangers:
        raise SettingError(f"{file.name}: codes given twice: {twice}; not attributes of the order: {strangers}")
    return found


def _in(text: Text, lang: Lang) -> str:
    return text.zh if lang == "zh" else text.en


def text(action: Action, lang: Lang, rules: Rules) -> str:
    """What to do, in one or two sentences, and what the facts of the order's marketplace say of it."""
    told = [_in(action.text, lang)]
    told += [_in(of, lang).replace("{span}", span(rules[of.fact], lang)) for of in action.policy_of(rules)]
    return (" " if lang == "en" else "").join(told)


def span(fact: PolicyFact, lang: Lang) -> str:
    """The value of a fact as a length of time; as it stands where it is none.

    >>> from features.policy.book import book
    >>> span(book().fact("US", "return.method", 1.8e9), "en"), span(book().fact("UK", "reply.limit", 1.8e9), "zh")
    ('5 days', '48 小时')
    """
    key = {"hours": "hours", "calendar_days": "days", "business_days": "business_days"}.get(fact.unit)
    return f"{fact.value:g}" if key is None else _phrase(key, lang, number=f"{fact.value:g}")


def rejected_text(action: Action, why: str, lang: Lang, rules: Rules) -> str:
    """Why an action is not advised, with what it would be."""
    return _rejected(why, text(action, lang, rules), lang)


@cache
def _rejected(why: str, action: str, lang: Lang) -> str:
    return _in(wording().rejected[why], lang).format(action=action)


def reason(attribute: str) -> Reason:
    """How an attribute is told; for the shop's own (`x_…`) and any without an entry a wording made from its name."""
    words = wording()
    found = words.attributes.get(attribute)
    if found is not None:
        return found
    is_own = attribute.startswith(EXTRA_PREFIX)
    frame = words.texts["own" if is_own else "other"]
    declared = attributes().get(attribute)
    filled = {
        "attribute": attribute.removeprefix(EXTRA_PREFIX).replace("_", " "),
        "meaning": declared.meaning if declared else "no description",
    }
    return Reason(OWN if is_own else OTHER, Text(frame.en.format(**filled), frame.zh.format(**filled)))


def reason_text(attribute: str, direction: Direction, value: str, lang: Lang) -> str:
    """A reason as a sentence; `value` as `rendered_value` gives it.

    >>> reason_text("latest_delivery_at", "up", "4.2 days overdue", "en")
    'Promised delivery: 4.2 days overdue. This raises the risk.'
    """
    found = reason(attribute)
    own = found.up if direction == "up" else found.down
    return _in(own or wording().texts[direction], lang).format(name=_in(found.name, lang), value=value)


def rendered_value(columns: Columns, i: int, attribute: str, lang: Lang) -> str:
    """The value of order i as a person would say it: instants as ages relative to as_of, rates in percent."""
    declared = attributes().get(attribute)
    if declared is not None and declared.is_instant:
        return _instant(columns, i, attribute, lang)
    value = columns.value(attribute, i)
    if value is None or value != value:
        return _phrase("unknown", lang)
    kind = declared.kind if declared is not None else _own_kind(value)
    if kind is Kind.FLAG:
        return _phrase("yes" if value else "no", lang)
    if kind is Kind.CHOICE and declared is not None:
        return _choice(declared.choices[int(value)], lang)
    if kind is Kind.MONEY:
        return _money(float(value), columns.value("currency", i))
    if kind is Kind.RATE:
        return f"{100 * float(value):.3g}%"
    if kind in TEXT_KINDS:
        return str(value)
    unit = reason(attribute).unit
    return f"{float(value):,.10g}" + (f" {_in(unit, lang)}" if unit else "")


def _own_kind(value: object) -> Kind:
    if isinstance(value, bool):
        return Kind.FLAG
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER


def _phrase(key: str, lang: Lang, **filled: str) -> str:
    return _in(wording().phrases[key], lang).format(**filled)


def _choice(value: str, lang: Lang) -> str:
    return wording().choices.get(value, value) if lang == "zh" else value.replace("_", " ")


def _money(value: float, currency: str | None) -> str:
    exponent = CURRENCY_EXPONENTS.get(currency or "", DEFAULT_EXPONENT)
    return f"{value:,.{exponent}f} {currency or ''}".rstrip()


def age(seconds: float, lang: Lang) -> str:
    """A length of time: minutes under an hour, hours under two days, then days.

    >>> age(31 * 3600, "en"), age(4.2 * 86400, "zh")
    ('31 h', '4.2 天')
    """
    if seconds < HOUR:
        return _phrase("minutes", lang, number=f"{seconds / MINUTE:.0f}")
    if seconds < 2 * DAY:
        return _phrase("hours", lang, number=f"{seconds / HOUR:.0f}")
    return _phrase("days", lang, number=f"{seconds / DAY:.1f}")


def _instant(columns: Columns, i: int, attribute: str, lang: Lang) -> str:
    """One order's instant as an age, by the relation that reasons.toml declares for it."""
    key, seconds = _told(columns, i, attribute, reason(attribute))
    if key in ("unknown", "undated", "unfollowed"):
        return _phrase(key, lang)
    return _in(getattr(reason(attribute), key) or wording().phrases[key], lang).format(age=age(abs(seconds), lang))


def _told(columns: Columns, i: int, attribute: str, how: Reason) -> tuple[str, float]:
    """The phrase for an instant, and the seconds it speaks of."""
    if undated_of(columns, i, attribute):
        return "undated", 0.0
    if "handed_over_at" in (how.met_by, how.moment) and is_hand_over_undated(columns, i):
        return "undated", 0.0
    at, as_of = moment_of(columns, i, how.moment or attribute), float(columns.value("as_of", i))
    other = how.met_by or how.since or how.against
    mark = moment_of(columns, i, other) if other else np.nan
    if how.met_by and mark != mark and undated_of(columns, i, "delivered_at"):
        return "undated", 0.0
    if attribute in SCANS and at != at and columns.value("has_tracking", i) == 0.0:
        return "unfollowed", 0.0
    if attribute == "first_scan_at" and at != at and columns.known("last_scan_at")[i]:
        return "undated", 0.0
    if how.since and mark == mark and not at >= mark:
        return ("waiting", as_of - mark) if as_of == as_of else ("unknown", 0.0)
    if at != at or (mark != mark and as_of != as_of):
        return "unknown", 0.0
    if mark == mark:
        distance = mark - at if how.met_by else at - mark
        return ("after" if how.since else "late" if distance >= 0 else "early"), distance
    return ("past" if as_of >= at else "ahead"), as_of - at
