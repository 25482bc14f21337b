"""The playbook: what to do about one order when a claim is there or may come; pure, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from features.clocks import Clock, clocks
from features.columns import Columns
from features.eligibility import eligibility
from features.moments import as_known
from features.order import attributes
from features.policy.book import book
from features.ruled import RuledOrder, ruled_order
from model.consequences import Consequences
from service.advice_catalogue import Text
from service.claim_endings import Ground
from service.claim_stage import One, given_type, kinds_of, stage_of
from service.cost_profile import Costs
from service.instants import instant_text
from service.money import prices
from service.playbook_catalogue import Item, Kind, Stage, Step, playbook_catalogue
from service.playbook_sources import Sources, rules_of, with_caveats
from service.playbook_told import roads_told
from service.ruling import Ruling, ruling
from service.wording import Lang, rendered_value

Told = dict[str, Any]
WITHOUT_CLAIM: frozenset[Stage] = frozenset({"nothing", "dispute", "chargeback", "refund_charged"})


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one order's dispute, and the language it is told in."""

    order: RuledOrder
    stage: Stage
    kinds: tuple[Kind, ...]
    ground: Ground
    sources: Sources
    ruled: Ruling
    lang: Lang

    @property
    def one(self) -> One:
        """The order."""
        return self.ground.one

    def said(self, text: Text) -> str:
        """A text in the language."""
        return text.zh if self.lang == "zh" else text.en

    def text(self, section: str, key: str) -> str:
        """A text of texts.toml."""
        return self.said(self.ground.catalogue.texts[section][key])


def playbook(given: Columns, i: int, consequences: Consequences, costs: Costs, lang: Lang) -> Told:
    """The playbook of order i: stage, kinds of claim with evidence and roads, timeline, steps, what not to do.

    given: orders that went through a door, with as_of; later facts are masked here.
    """
    case = _case(as_known(given), i, consequences, costs, lang)
    columns, stage = case.one.columns, case.stage
    of = case.ground.catalogue
    donts = [] if stage == "nothing" else list(_steps(case, of.donts))
    claims = [] if stage == "nothing" else [_claim(case, kind, donts) for kind in case.kinds]
    return {
        "order_id": columns["order_id"][0],
        "shop_id": columns["shop_id"][0],
        "as_of": instant_text(case.order.as_of),
        "marketplace": case.order.marketplace,
        "stage": stage,
        "has_claim": stage not in WITHOUT_CLAIM,
        "claim_type": given_type(case.one),
        "text": case.said(of.stages[stage]),
        "steps": [] if stage == "nothing" else list(_steps(case, of.steps)),
        "donts": donts,
        "claims": claims,
        "timeline": _timeline(case),
        "eligibility": case.ruled.eligibility,
        "clocks": case.ruled.clocks,
        "warnings": [*_warnings(case, claims), *case.ruled.warnings],
        "versions": {"policy": book().version, "playbook": of.version, "costs": costs.version},
    }


def _case(columns: Columns, i: int, consequences: Consequences, costs: Costs, lang: Lang) -> Case:
    one, of = One.of(columns, i), playbook_catalogue()
    order = ruled_order(one.columns, 0)
    ticking: dict[str, Clock] = {clock.code: clock for clock in clocks(order, eligibility(order, book()), book())[0]}
    rules = rules_of(order, book())
    ground = Ground(one, rules, ticking, consequences, costs, of)
    sources = Sources(of, rules, order.marketplace, ticking)
    return Case(order, stage_of(order, one), kinds_of(one, of), ground, sources, ruling(one.columns, 0, lang), lang)


def _claim(case: Case, kind: Kind, donts: list[Told]) -> Told:
    """One kind of claim: the one that is there, or a likely one."""
    of = case.ground.catalogue
    items = [item for item in of.items if kind.id in item.kinds and case.one.holds(item.when)]
    roads, comparison = roads_told(case.ground, case.sources, case.stage, kind, case.lang)
    for road in roads:
        named = of.roads.road[road["code"]].cautions
        road["cautions"] = [{"code": no["code"], "text": no["text"]} for no in donts if no["code"] in named]
    return {
        "kind": kind.id,
        "claim_type": kind.claim_type,
        "is_given": given_type(case.one) is not None,
        "text": case.said(kind.text),
        "evidence": [told for item in items if (told := _evidence(case, item)) is not None],
        "roads": roads,
        "comparison": comparison,
    }


def _evidence(case: Case, item: Item) -> Told | None:
    rest = case.sources.of(item.fact, item.source)
    if rest is None:
        return None
    columns = case.one.columns
    shown = [name for name in item.shows if columns.known(name)[0]]
    return {
        "id": item.id,
        "status": _status(case, item),
        "weight": item.weight,
        "values": {name: _value(case, name) for name in shown},
        "source": rest.told(),
        "text": case.said(item.text),
        "hint": None if item.hint is None else case.said(item.hint),
    }


def _status(case: Case, item: Item) -> str:
    clock = case.ground.clocks.get(item.clock or "")
    by_clock = None if clock is None else {"met": "present", "missed": "against", "running": "missing"}.get(clock.state)
    if by_clock is not None:
        return by_clock
    for status in ("present", "against", "missing"):
        if case.one.any_holds(getattr(item, status)):
            return status
    return "unknown"


def _value(case: Case, name: str) -> str:
    if attributes()[name].is_instant:
        return instant_text(float(case.one.columns[name][0])) or ""
    return rendered_value(case.one.columns, 0, name, case.lang)


def _steps(case: Case, steps: tuple[Step, ...]) -> Iterator[Told]:
    kinds = {kind.id for kind in case.kinds}
    for step in steps:
        clock = case.ground.clocks.get(step.clock or "")
        state = "unknown" if clock is None else clock.state
        is_meant = case.stage in step.stages and (not step.kinds or kinds.intersection(step.kinds))
        spoilt = case.ground.clocks.get(step.unless_missed or "")
        is_out = (spoilt is not None and spoilt.state == "missed") or step.unless_fact in case.ground.rules
        if not is_meant or is_out or (step.clock and state not in step.clock_is) or not case.one.holds(step.when):
            continue
        rest = case.sources.of(step.fact, step.source, step.clock)
        if rest is not None:
            yield {
                "code": step.id,
                "deadline": _deadline(step, clock),
                "clock": step.clock,
                "clock_state": state if step.clock else None,
                "source": rest.told(),
                "text": with_caveats(case.said(step.text), rest, case.ground.catalogue, case.lang),
            }


def _deadline(step: Step, clock: Clock | None) -> str | None:
    """The end of the step's clock, where the step is what the clock is about and not merely told while it runs."""
    is_of_clock = clock is not None and clock.fact.topic == step.fact
    return instant_text(clock.due) if clock is not None and is_of_clock and clock.due is not None else None


def _timeline(case: Case) -> list[Told]:
    """What happened, was promised and is due, by time."""
    columns, told = case.one.columns, list[Told]()
    for declared in attributes().values():
        name = declared.name
        if declared.is_instant and name != "as_of" and columns.known(name)[0]:
            kind = "promise" if declared.role == "promise" else "fact"
            at = instant_text(float(columns[name][0]))
            told.append({"at": at, "kind": kind, "code": name, "state": None, "source": None,
                         "text": case.text("timeline", name)})  # fmt: skip
    for clock in case.ruled.clocks:
        is_past_filing = case.stage not in WITHOUT_CLAIM and clock["code"].startswith("BUYER_CAN_FILE")
        if clock["due"] is not None and not is_past_filing:
            told.append({"at": clock["due"], "kind": "deadline", "code": clock["code"], "state": clock["state"],
                         "source": clock["source"], "text": clock["text"]})  # fmt: skip
    return sorted(told, key=lambda entry: (entry["at"], entry["kind"] == "deadline"))


def _warnings(case: Case, claims: list[Told]) -> Iterator[Told]:
    def warned(code: str, attribute: str | None) -> Told:
        return {"code": code, "attribute": attribute, "text": case.text("warnings", code)}

    roads = [road for claim in claims for road in claim["roads"]]
    if given_type(case.one) is None and case.stage not in WITHOUT_CLAIM:
        yield warned("CLAIM_TYPE_UNKNOWN", "claim_type")
    if case.order.is_fully_refunded is None and case.stage != "nothing":
        yield warned("PARTIAL_AMOUNT_UNKNOWN", "refund_amount")
    if roads:
        yield warned("CHANCES_ASSUMED", None)
        if roads[0]["cost"] is None:
            yield warned("AMOUNT_UNKNOWN", "order_total")
        elif "costs" in roads[0]["cost"]["assumed"]:
            yield warned("COSTS_ASSUMED", None)
        if prices(case.one.columns, case.ground.costs).goods_exceed_value[0]:
            yield warned("COST_ABOVE_VALUE", "unit_cost")
    if any(road["code"] == "REFUND_NOW" and road["defect"] is None for road in roads):
        yield warned("REFUND_EFFECT_UNKNOWN", "marketplace")
