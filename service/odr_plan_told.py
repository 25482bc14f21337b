"""What is told of a plan for a defect budget: its actions, what they cost, and what remains if they do half as much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from features.policy.book import book
from service.instants import instant_text
from service.money import exponent
from service.odr import Forecast
from service.odr_plan import Plan, Plans
from service.odr_told import filled, percent
from service.wording import Lang, text


def plans_told(made: Plans, found: Forecast, lang: Lang) -> dict[str, Any]:
    """The answer of `claimrisk odr --plan-below` and of the API; costs are in the currency of the cost profile."""
    currency = _currency(found)
    return {
        "alpha": made.wanted.alpha,
        "budget": None if made.wanted.budget == float("inf") else made.wanted.budget,
        "currency": currency,
        "before": made.before,
        "plan": _plan(made.plan, found, currency, lang),
        "if_effects_are_half": _plan(made.cautious, found, currency, lang),
        "text": " ".join(_sentences(made, found, currency, lang)),
    }


def _currency(found: Forecast) -> str:
    prices = found.window.decisions.stakes.prices
    return str(prices.costs.profiles[int(prices.place[0])].currency)


def _plan(plan: Plan, found: Forecast, currency: str, lang: Lang) -> dict[str, Any]:
    places, columns, span = exponent(currency), found.window.columns, found.window.span
    rules = book().rules(span.marketplace, span.until)
    rows = zip(plan.chosen, plan.before, plan.falls, strict=True)
    return {
        "reaches": plan.reaches,
        "probability_of_breach": plan.breach,
        "probability_if_effects_are_half": plan.breach_if_half,
        "cost": round(plan.cost, places) + 0.0,
        "actions": [{
            "order_id": columns["order_id"][one.row],
            "actions": [action.id for action in one.actions],
            "deadline": instant_text(one.due),
            "cost": round(one.cost, places) + 0.0,
            "net_benefit": round(one.net, places) + 0.0,
            "p_defect_before": before,
            "p_defect_after": before - fall,
            "text": [text(action, lang, rules) for action in one.actions],
        } for one, before, fall in sorted(rows, key=lambda row: -row[2])],
    }  # fmt: skip


def _sentences(made: Plans, found: Forecast, currency: str, lang: Lang) -> Iterator[str]:
    plan, cautious = made.plan, made.cautious
    said = {
        "alpha": percent(made.wanted.alpha), "before": percent(made.before), "orders": len(plan.chosen),
        "cost": f"{plan.cost:.{exponent(currency)}f} {currency}", "after": percent(plan.breach),
        "half": percent(plan.breach_if_half), "cautious": f"{cautious.cost:.{exponent(currency)}f} {currency}",
        "cautious_after": percent(cautious.breach),
    }  # fmt: skip
    if found.known > found.allowed:
        yield filled("plan", "too_late", lang, **said)
    elif made.before <= made.wanted.alpha:
        yield filled("plan", "not_needed", lang, **said)
    else:
        yield filled("plan", "reaches" if plan.reaches else "falls_short", lang, **said)
        yield filled("plan", "half_reaches" if cautious.reaches else "half_falls_short", lang, **said)
