"""Roads as they are told: chances with their intervals, cost by part, and which is cheaper with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.advice_catalogue import Text
from service.claim_endings import Ground, appeal_rule, endings, is_refund_due
from service.claim_stakes import Purse, purse_of
from service.instants import instant_text
from service.playbook_catalogue import Kind, Stage
from service.playbook_roads import Chance, Ending, compared, cost_of, rounded
from service.playbook_sources import Sources, with_caveats
from service.wording import Lang

Told = dict[str, Any]


def roads_told(
    ground: Ground, sources: Sources, stage: Stage, kind: Kind, lang: Lang
) -> tuple[list[Told], Told | None]:
    """The roads of one kind of claim, and how they compare; empty and None where none stands open."""
    purse = purse_of(ground.one.columns, kind.claim_type, ground.costs, stage)
    open_roads = endings(ground, stage, kind, 0.0 if purse is None else purse.stakes.return_share)
    if not open_roads:
        return [], None
    comparison = _comparison(ground, kind, open_roads, purse, lang)
    told = [_road(ground, sources, kind, ending, purse, lang) for ending in open_roads]
    for road in told:
        cheaper = comparison["cheaper"]
        road["is_cheaper"] = None if cheaper is None else road["code"] == cheaper
    return told, comparison


def _road(ground: Ground, sources: Sources, kind: Kind, ending: Ending, purse: Purse | None, lang: Lang) -> Told:
    road = ground.catalogue.roads.road[ending.road]
    clock = ground.clocks.get(road.clock or "")
    rest = sources.page(road.source)
    return {
        "code": ending.road,
        "deadline": None if clock is None or clock.due is None else instant_text(clock.due),
        "clock": road.clock,
        "seller_pays": _chance(ending.seller_pays),
        "defect": None if ending.defect is None else _chance(ending.defect),
        "appeal": _appeal(ground, kind) if ending.road == "APPEAL" else None,
        "cost": None if purse is None else _cost(ending, purse),
        "basis": ground.catalogue.roads.source,
        "rule": ending.rule,
        "source": rest.told(),
        "text": with_caveats(_in(road.text, lang), rest, ground.catalogue, lang),
    }


def _chance(chance: Chance) -> Told:
    low, high = chance.interval
    return {"value": round(chance.mean, 4), "low": round(low, 4), "high": round(high, 4)}


def _appeal(ground: Ground, kind: Kind) -> Told:
    """Money and defect each for itself: an appeal may give back one and not the other."""
    rule, weight = appeal_rule(ground, kind), ground.catalogue.roads.claims
    return {"money_back": _chance(Chance(rule.money, weight)), "defect_removed": _chance(Chance(rule.defect, weight))}


def _cost(ending: Ending, purse: Purse) -> Told:
    cost = cost_of(ending, purse.stakes)
    amounts = rounded({"expected": cost.expected, "low": cost.low, "high": cost.high}, purse.exponent)
    parts = {"refund_and_goods": cost.refund_and_goods, "defect": cost.defect, "effort": cost.effort}
    return {
        **amounts, "currency": purse.currency, "parts": rounded(parts, purse.exponent), "assumed": list(purse.assumed),
    }  # fmt: skip


def _comparison(ground: Ground, kind: Kind, roads: Sequence[Ending], purse: Purse | None, lang: Lang) -> Told:
    texts = ground.catalogue.texts
    if len(roads) == 1:
        return _compared(None, None, None, _in(texts["comparison"]["over"], lang))
    if is_refund_due(ground, kind) and roads[0].road == "REFUND_NOW":
        return _compared(None, None, None, _in(texts["comparison"]["refund_due"], lang))
    if roads[0].road == "REFUND_NOW" and ground.one.holds(ground.catalogue.roads.is_with_the_bank):
        return _compared(None, None, None, _in(texts["comparison"]["with_the_bank"], lang))
    found = None if purse is None else compared(roads, purse.stakes)
    if found is None or purse is None:
        return _compared(None, None, None, _in(texts["comparison"]["unknown"], lang))
    is_clear = found.sureness >= ground.catalogue.roads.too_close
    is_bound = any(road.defect is None for road in roads)  # what it saves is then the least of what it may
    key = ("cheaper_at_least" if is_bound else "cheaper") if is_clear else "close"
    frame = _in(texts["comparison"][key], lang)
    saves = round(found.saves, purse.exponent)
    text = frame.format(
        road=_in(texts["roads"][found.cheaper], lang), saves=f"{saves:,.{purse.exponent}f} {purse.currency}",
        sureness=_percent(found.sureness, lang),
    )  # fmt: skip
    return _compared(found.cheaper if is_clear else None, saves, round(found.sureness, 2), text)


def _percent(share: float, lang: Lang) -> str:
    number = "> 99" if share > 0.99 else f"{100 * share:.0f}"
    return f"{number} %" if lang == "en" else f"{number}%"


def _compared(cheaper: str | None, saves: float | None, sureness: float | None, text: str) -> Told:
    return {"cheaper": cheaper, "saves": saves, "sureness": sureness, "text": text}


def _in(text: Text, lang: Lang) -> str:
    return text.zh if lang == "zh" else text.en
