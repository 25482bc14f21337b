"""The page of advice: actions and rules on who pays as Markdown, for docs/advice.md and `claimrisk advice`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from features.conditions import After, Age, Before, Condition, Conditions, Differs, Happened, InRange, Labelled, OneOf
from features.outcome import CLAIM_TYPES
from model.consequence_rules import Expectations, expectations
from service.advice_catalogue import ASSUMED, Action, Catalogue, Deadline, catalogue

HEAD = """# Advice

What may be advised for an order, when, and what it is believed to do. Written by `claimrisk advice`; the actions stand
in `service/advice/*.toml`, prices in `service/costs/default.toml` (`claimrisk costs`).

- An action is told where its conditions hold and what it saves on the expected cost is more than it takes, side effects
  included. A *duty* is told whether or not it pays, because the marketplace asks for it.
- **Effect**: claims of a type with the action ÷ without, median and 90 % interval. Most are assumptions and say so; a
  shop's own history moves them where enough claims of both kinds are there (`basis` in the answer).
- Nothing holds a parcel later than 12 h before ship-by. Nothing is advised that would worsen a metric of which three
  quarters of what the marketplace allows are used up.
- **Label** says whether a Claims Protected label protects: *protects* – badge without Late Delivery Risk, first scan by
  ship-by, delivery questions answered in time, nothing refunded by the seller, not coming back, and the marketplace has
  these facts; *seems to protect* – all but Late Delivery Risk, which is unknown; *awaits scan* – the first scan may
  still come in time; *void* – one of them is known to be missed; *none* – no badge; *unknown* – any other.
- **Moments** derived from several facts: *handed over* – the carrier has the parcel, or had it; *dispatched* – that, or
  confirmed as shipped; *left* – the same, but for a confirmation beside a carrier who has the label alone; *withheld* –
  what was not handed over is not to go out: cancelled by anybody, or asked to be, paid back, or out of stock; *called
  off* – cancelled before it was dispatched; *sent back* – by the buyer, who thus had the goods.
- No action suggests a cancellation to the buyer, contact outside the marketplace's messages, or anything in exchange
  for a claim, a review or silence; a test reads every text for that.
"""
CONSEQUENCES = """
## What a claim leads to

The share of claims that the seller pays, and that count as an order defect. Of the rules that hold for a type of claim
the first decides, else the base. A rule with a fact holds only where the marketplace has it (docs/policy.md). Shares
are assumed; training shifts and tilts them by the shop's own decided claims.

| rule | claims | when | fact | seller pays | defect |
|---|---|---|---|---|---|
"""


def advice_command() -> None:
    """Print the actions that may be advised, with conditions, effects and sources, as Markdown."""
    sys.stdout.write(advice_page(catalogue(), expectations()))


def advice_page(held: Catalogue, expected: Expectations) -> str:
    """The whole page."""
    actions = "".join(line for action in held.actions for line in _action(action, held))
    return HEAD + actions + CONSEQUENCES + "".join(_rules(expected))


def _action(action: Action, held: Catalogue) -> Iterator[str]:
    yield f"\n## {action.id}\n\n{action.text.en}\n\n{action.text.zh}\n\n"
    yield from (f"- Where the marketplace has `{of.fact}`: {of.en} {of.zh}\n" for of in action.policy)
    marks = [f"version {action.version}, from {action.valid_from}", f"on: {action.scope}"]
    marks += ["duty"] * action.is_duty + ["helps the next orders"] * (action.helps == "next_orders")
    yield f"- {'; '.join(marks)}. States: {', '.join(action.states)}.\n"
    if action.when:
        yield f"- When: {_all(action.when)}.\n"
    if action.when_any:
        yield f"- And any of: {_all(action.when_any)}.\n"
    if action.facts:
        yield f"- Only where the marketplace has: {', '.join(f'`{topic}`' for topic in action.facts)}.\n"
    if action.deadline:
        yield f"- Until: {', else '.join(_until(rule) for rule in action.deadline)}; {_LATE[action.after_deadline]}.\n"
    yield f"- Effect ({action.effect.basis}, {_cited(action.effect.source, held)}): {_effects(action)}.\n"
    yield f"- Takes: {action.cost.quantity:g} × {action.cost.kind.replace('_', ' ')}.{_side(action)}\n"
    yield f"- Source: {_cited(action.source, held)}.\n"


_LATE = {"late": "late is better than not", "drop": "not after that"}


def _all(conditions: Conditions) -> str:
    return "; ".join(said(condition) for condition in conditions)


def said(condition: Condition) -> str:
    """A condition in words.

    >>> said(Before("first_scan_at", "ship_by")), said(InRange("carrier_late_rate", at_least=0.15))
    ('first_scan_at by ship_by', 'carrier_late_rate at least 0.15')
    """
    match condition:
        case OneOf():
            if not condition.among:
                return f"{' or '.join(condition.attribute)} is unknown"
            values = " or ".join(str(v).lower() if isinstance(v, bool) else v for v in condition.among)
            text = f"{' or '.join(condition.attribute)} is {values}"
        case InRange():
            bounds = (("at least", condition.at_least), ("below", condition.below))
            text = condition.attribute + "".join(f" {word} {bound:g}" for word, bound in bounds if bound is not None)
        case Differs():
            return f"{condition.attribute} differs from {condition.differs_from}"
        case Happened():
            return f"{condition.moment} {'has come' if condition.happened else 'has not come'}"
        case Age():
            bounds = (("more than", condition.age_over_hours), ("less than", condition.age_under_hours))
            text = condition.moment + "".join(f" {word} {hours:g} h ago" for word, hours in bounds if hours is not None)
        case Labelled():
            return f"label: {' or '.join(name.replace('_', ' ') for name in condition.label)}"
        case Before():
            return f"{condition.moment} by {condition.by}" + f" + {condition.plus_hours:g} h" * bool(
                condition.plus_hours
            )
        case After():
            return f"{condition.moment} after {condition.after}"
    return text + " or unknown" * condition.or_unknown


def _until(rule: Deadline) -> str:
    if rule.fact is not None:
        return f"{rule.start} + `{rule.fact}` of the marketplace"
    hours = f" {'+' if rule.plus_hours > 0 else '−'} {abs(rule.plus_hours):g} h" if rule.plus_hours else ""
    return f"{rule.start}{hours} ({rule.source})"


def _effects(action: Action) -> str:
    told = []
    for name in CLAIM_TYPES:
        risk = getattr(action.effect, name)
        if risk.low != 1.0 or risk.high != 1.0:
            told.append(f"{name.replace('_', ' ')} {risk.median:g} ({risk.low:g} – {risk.high:g})")
    return ", ".join(told) or "none on the claim itself"


def _side(action: Action) -> str:
    cases = [f"{name} {chance:g}" for name, chance in action.side_effects.items()]
    worse = f" Side effects per order: {', '.join(cases)}." if cases else ""
    return worse + (f" Betters: {', '.join(action.betters)}." if action.betters else "")


def _cited(key: str, held: Catalogue) -> str:
    return ASSUMED if key == ASSUMED else f"[{key}](<{held.sources[key].url}>), certainty {held.sources[key].certainty}"


def _rules(expected: Expectations) -> Iterator[str]:
    for rule in expected.rule:
        fact = f"`{rule.fact}`" if rule.fact else "–"
        kinds = ", ".join(rule.types)
        by = "" if rule.until == "as_of" else f" by {rule.until}"
        late = f"the fact's span from {rule.overdue} has run out{by}; " if rule.overdue else ""
        when = late + _all(rule.when)
        yield f"| {rule.id} | {kinds} | {when} | {fact} | {rule.seller_pays:.0%} | {rule.defect:.0%} |\n"
    for name in CLAIM_TYPES:
        base = expected.base[name]
        yield f"| base | {name} | none of the above | – | {base.seller_pays:.0%} | {base.defect:.0%} |\n"
