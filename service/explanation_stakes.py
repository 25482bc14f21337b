"""What one order's claim would lead to and cost, by which rule, and how each action was reckoned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.outcome import CLAIM_TYPES
from model.consequence_rules import expectations, expected
from service.decide import BANDS, Decisions, rules
from service.explanation_words import Words, money, percent
from service.means import Means
from service.worth import HIGH, LOW, MEDIAN, Worth, worths


def consequence_lines(decisions: Decisions, words: Words) -> Iterator[str]:
    """Types of claim, and by which rule of `model/consequences.toml` who pays."""
    stakes, told = decisions.stakes, expected(decisions.columns)
    yield words.heading("consequences")
    if stakes.target == "claim_debited":
        yield words.item("debited")
    for k, name in enumerate(CLAIM_TYPES):
        share, probability = decisions.scores.type_shares[0, k], stakes.by_type[0, k]
        yield words.item("type", type=words.of("types", name), share=percent(share), probability=percent(probability))
        by_policy = {"pays": percent(told.seller_pays[0, k]), "defect": percent(told.defect[0, k])}
        yield words.below("rule", **_rule(int(told.rule[0, k]), words), **by_policy)
        own = {"pays": percent(stakes.outlook.seller_pays[0, k]), "defect": percent(stakes.outlook.defect[0, k])}
        if own != by_policy:
            yield words.below("tilt", **own)


def _rule(place: int, words: Words) -> dict[str, str]:
    """The id of a rule and what it says; place: -1 for the base."""
    if place < 0:
        return {"rule": "base", "text": words.of("rules", "base")}
    rule = expectations().rule[place]
    text = words.of("rules", rule.id)
    return {"rule": rule.id, "text": text if rule.fact is None else words("fact", text=text, fact=rule.fact)}


def cost_lines(decisions: Decisions, means: Means, words: Words) -> Iterator[str]:
    """What a claim of each type costs, what it is expected to, and the band."""
    stakes, currency = decisions.stakes, decisions.stakes.prices.currency[0]
    yield words.heading("cost", costs=means.costs.version)
    if np.isnan(stakes.expected.amount[0]):
        yield words.item("no_rate")
        if not np.isnan(decisions.band[0]):
            edges = {name: f"{at:g}" for name, at in rules().band_by_multiple.items()}
            yield words.item("band_by_multiple", **_band(decisions, words), **edges)
        return
    claim, parts = stakes.claim, stakes.expected
    for k, name in enumerate(CLAIM_TYPES):
        refund, defect = (money(part[0, k], currency) for part in (claim.refund_and_goods, claim.defect))
        yield words.item(
            "claim", type=words.of("types", name), refund=refund, defect=defect, handling=money(claim.handling[0])
        )
    refund, defect, handling = (money(part[0]) for part in (parts.refund_and_goods, parts.defect, parts.handling))
    yield words.item(
        "expected", refund=refund, defect=defect, handling=handling, amount=money(parts.amount[0], currency)
    )
    begins = stakes.prices.costs.profiles[stakes.prices.place[0]].band
    unit = float(stakes.prices.unit[0])
    edges = {name: money(getattr(begins, name) * unit, currency) for name in BANDS[1:]}
    yield words.item("band", **_band(decisions, words), **edges)


def _band(decisions: Decisions, words: Words) -> dict[str, str]:
    return {
        "band": BANDS[int(decisions.band[0])],
        "disposition": decisions.disposition[0] or words("no_disposition"),
    }


def action_lines(decisions: Decisions, means: Means, words: Words) -> Iterator[str]:
    """Each action that is feasible now: effect, cost, net benefit and what became of it; then the plan."""
    stakes, advice = decisions.stakes, decisions.advice[0]
    currency = stakes.prices.currency[0]
    verdicts: dict[str, str] = {r.action.id: "advised" for r in advice.recommendations}
    verdicts |= {r.action.id: r.why for r in advice.rejected}
    found = [worth for _, worth in worths(stakes, means.catalogue, means.bundle.scorer.evidence).each()]
    yield words.heading("actions")
    if not found:
        yield words.item("nothing")
    for one in sorted(found, key=lambda worth: (-worth.net, worth.action.id)):
        yield _action(one, words, verdicts.get(one.action.id, "pays_less"), float(stakes.expected.amount[0]))
    if advice.plan is not None:
        names = " + ".join(action.id for action in advice.plan.actions)
        yield words.item("plan", actions=names, net=money(advice.plan.net_benefit, currency))


def _action(one: Worth, words: Words, verdict: str, before: float) -> str:
    action, relative = one.action, one.relative
    told = words(verdict)
    if action.helps == "next_orders":
        told = f"{told}, {words('next_orders')}" if words.lang == "en" else f"{told}，{words('next_orders')}"
    return words.item(
        "action", action=action.id, relative=f"{relative[MEDIAN]:.3f}", low=f"{relative[LOW]:.3f}",
        high=f"{relative[HIGH]:.3f}", basis=one.basis, after=money(one.cost_after), before=money(before),
        takes=money(one.cost), net=money(one.net), verdict=told,
    )  # fmt: skip
