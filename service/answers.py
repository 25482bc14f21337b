"""The answer: what is told of one order, in the shape of the API, in English or Chinese."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from features.columns import Floats
from features.order import STATES
from features.outcome import CLAIM_TYPES
from features.policy.book import book
from service.decide import BANDS, Decisions, rules
from service.instants import instant_text
from service.means import Means
from service.money import ExpectedCost, exponent
from service.planning import Plan
from service.recommend import Recommendation, Rejected
from service.ruling import Ruling, ruling
from service.stakes import Stakes
from service.wording import Lang, reason, reason_text, rejected_text, rendered_value, text

Answer = dict[str, Any]
MOST_REASONS = 5


Detail = Literal["full", "without_reasons", "score"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One order to be scored, as parsed JSON; the language of its answer, and how much that tells."""

    value: Any
    lang: Lang
    detail: Detail = "full"


@dataclass(frozen=True, slots=True)
class Beside:
    """What a shadow says of decisions. model: its version; probability: (n,) float64, NaN where none is told."""

    model: str
    probability: Floats


@dataclass(frozen=True, slots=True)
class Scored:
    """One order, as JSON that was `seen`, and what is told of it: row `i` of the decisions, made `at` epoch seconds.

    beside: what the shadow says of the same decisions; None without one.
    """

    seen: Any
    answer: Answer
    decisions: Decisions
    i: int
    at: float
    beside: Beside | None = None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def answer(decisions: Decisions, i: int, means: Means, lang: Lang, *, detail: Detail = "full") -> Answer:
    """What is told of order i, without the id of the answer; fields of what is not yet there are null or empty.

    detail: `score` leaves reasons, advice and what policy says null.
    """
    scores, columns, stakes = decisions.scores, decisions.columns, decisions.stakes
    bundle, probability = means.bundle, _number(scores.probability[i])
    told = probability is not None
    ruled = None if detail == "score" else ruling(columns, i, lang)
    with_reasons = told and detail == "full"
    return {
        "order_id": columns.value("order_id", i),
        "shop_id": columns.value("shop_id", i),
        "as_of": instant_text(float(columns.value("as_of", i))),
        "state": str(STATES[scores.state[i]]),
        "assessment_status": decisions.status[i],
        "target": bundle.scorer.target,
        "probability": probability,
        "interval": {"low": float(scores.low[i]), "high": float(scores.high[i]), "level": 0.9} if told else None,
        "within_days": {"7": float(scores.within_7[i]), "30": float(scores.within_30[i])} if told else None,
        "baseline": float(scores.baseline[i]),
        "baseline_multiple": _number(decisions.multiple[i]),
        "score": int(decisions.score[i]) if told else None,
        "band": None if math.isnan(decisions.band[i]) else BANDS[int(decisions.band[i])],
        "disposition": decisions.disposition[i],
        "claim_types": _types(decisions, i) if told else None,
        "p_seller_pays": _number(stakes.seller_pays[i]),
        "p_defect": _number(stakes.defect[i]),
        "expected_cost": expected_cost(stakes, i),
        **(_LEFT_OUT if ruled is None else _explained(decisions, i, ruled, lang, with_reasons=with_reasons)),
        "warnings": [
            {"code": w.code, "attribute": w.attribute, "text": rules().warnings[w.code][lang]}
            for w in decisions.warnings
            if w.where[i]
        ]
        + ([] if ruled is None else ruled.warnings),
        "versions": {
            "model": bundle.version,
            "trained_until": bundle.trained_until,
            "features": str(bundle.manifest["feature_contract"]),
            "policy": book().version,
            "advice": means.catalogue.fingerprint,
            "costs": means.costs.version,
        },
    }


_LEFT_OUT: Answer = dict.fromkeys(
    ("reasons", "recommendations", "plan", "actions_rejected", "eligibility", "clocks")
)  # fmt: skip


def _explained(decisions: Decisions, i: int, ruled: Ruling, lang: Lang, *, with_reasons: bool) -> Answer:
    """Why, what to do, and what policy says."""
    advice, round_to = decisions.advice[i], exponent(decisions.stakes.prices.currency[i])
    return {
        "reasons": _reasons(decisions, i, lang) if with_reasons else [],
        "recommendations": [_recommendation(r, round_to, lang) for r in advice.recommendations],
        "plan": None if advice.plan is None else _plan(advice.plan, round_to),
        "actions_rejected": [_rejected(r, lang) for r in advice.rejected],
        "eligibility": ruled.eligibility,
        "clocks": ruled.clocks,
    }


def _types(decisions: Decisions, i: int) -> dict[str, float]:
    probability = float(decisions.scores.probability[i])
    return {name: probability * float(decisions.scores.type_shares[i, j]) for j, name in enumerate(CLAIM_TYPES)}


def _reasons(decisions: Decisions, i: int, lang: Lang) -> list[dict[str, Any]]:
    return [reason_of(decisions, i, *found, lang) for found in decisions.reasons.of(i, MOST_REASONS)]


def reason_of(decisions: Decisions, i: int, attribute: str, strength: float, lang: Lang) -> dict[str, Any]:
    """One reason of order i. strength: signed log-odds."""
    how = reason(attribute)
    value = rendered_value(decisions.columns, i, attribute, lang)
    direction = "up" if strength > 0 else "down"
    return {
        "code": how.code,
        "attribute": attribute,
        "direction": direction,
        "strength": strength,
        "value": value,
        "is_fixable": how.is_fixable,
        "text": reason_text(attribute, "up" if strength > 0 else "down", value, lang),
    }


def expected_cost(stakes: Stakes, i: int) -> dict[str, Any] | None:
    """The expected cost of order i with its parts and what was assumed; None where it is unknown."""
    parts, prices = stakes.expected, stakes.prices
    amount, places = float(parts.amount[i]), exponent(prices.currency[i])
    if math.isnan(amount):
        return None
    assumed = {
        "order_total": prices.value_assumed, "unit_cost": prices.goods_assumed, "refund_amount": prices.refund_assumed,
        "rate": prices.rate_assumed,
    }  # fmt: skip
    told = {name: round(float(getattr(parts, name)[i]), places) + 0.0 for name in ExpectedCost.__slots__}
    largest = max(told, key=lambda name: told[name])
    others = sum(value for name, value in told.items() if name != largest)
    told[largest] = round(round(amount, places) - others, places) + 0.0  # rounded parts add up to the rounded amount
    return {
        "amount": round(amount, places) + 0.0,
        "currency": prices.currency[i],
        "parts": told,
        "assumed": [name for name, where in assumed.items() if where[i]],
    }


def _amount(value: float, places: int) -> float | None:
    return None if math.isnan(value) else round(value, places) + 0.0  # no negative zero


def _recommendation(found: Recommendation, places: int, lang: Lang) -> dict[str, Any]:
    return {
        "action": found.action.id,
        "scope": found.scope,
        "deadline": None if found.deadline is None else instant_text(found.deadline),
        "probability_after": found.probability_after,
        "expected_cost_after": _amount(found.expected_cost_after, places),
        "cost": _amount(found.cost, places),
        "net_benefit": _amount(found.net_benefit, places),
        "is_duty": found.action.is_duty,
        "basis": found.basis,
        "history": found.history,
        "effect_interval": [found.effect_low, found.effect_high],
        "side_effects": list(found.side_effects),
        "text": text(found.action, lang, found.rules),
    } | ({} if found.propensity is None else {"propensity": found.propensity})


def _plan(plan: Plan, places: int) -> dict[str, Any]:
    return {
        "actions": [action.id for action in plan.actions],
        "probability_after": plan.probability_after,
        "expected_cost_after": _amount(plan.expected_cost_after, places),
        "cost": _amount(plan.cost, places),
        "net_benefit": _amount(plan.net_benefit, places),
    }


def _rejected(found: Rejected, lang: Lang) -> dict[str, Any]:
    told = rejected_text(found.action, found.why, lang, found.rules)
    return {"action": found.action.id, "reason": found.why, "text": told}
