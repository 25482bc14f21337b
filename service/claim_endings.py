"""How each road that stands open may end: chances from policy, model/consequences.toml and the playbook's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from features.clocks import Clock
from features.outcome import CLAIM_TYPES
from features.policy.book import Rules
from features.refunds import is_surely_in_full
from model.consequence_rules import expectations, expected
from model.consequences import Consequences
from service.claim_stage import One
from service.cost_profile import Costs
from service.playbook_catalogue import Appeal, Catalogue, Kind, RoadId, Stage
from service.playbook_roads import Chance, Ending

REFUND_COUNTS = "odr.refund_after_filing_counts"


@dataclass(frozen=True, slots=True)
class Ground:
    """What chances are judged by: the order, the facts of its marketplace on that day, its clocks by code, and what the
    shop's claims have shown, and what things cost it."""

    one: One
    rules: Rules
    clocks: Mapping[str, Clock]
    consequences: Consequences
    costs: Costs
    catalogue: Catalogue


def endings(ground: Ground, stage: Stage, kind: Kind, return_share: float) -> tuple[Ending, ...]:
    """The roads of a stage, those whose clock has run out left out. return_share: of refunds, with goods back."""
    told = dict[RoadId, Ending]()
    for ending in _endings(ground, stage, kind, return_share):
        told[ending.road] = ending
    return tuple(told.values())


def _endings(ground: Ground, stage: Stage, kind: Kind, return_share: float) -> Iterator[Ending]:
    if stage in ("claim_open", "information_requested"):
        if not is_surely_in_full(ground.one.columns)[0]:
            yield _refund_now(ground, kind, return_share)
        yield _represent(ground, kind)
    elif stage == "debited":
        if _is_open(ground, "APPEAL"):
            yield _appeal(ground, kind)
        yield Ending("ACCEPT", Chance(1.0), _counts(ground, kind), _minutes(ground, "ACCEPT"), "debited")
    elif stage == "appeal_decided":
        if ground.one.columns["is_debit_upheld"][0] == 1.0:
            yield Ending("ACCEPT", Chance(1.0), _counts(ground, kind), _minutes(ground, "ACCEPT"), "debited")
    elif stage == "refund_charged":
        if _is_open(ground, "SAFE_T"):
            chance = Chance(ground.catalogue.roads.safe_t.money, ground.catalogue.roads.claims)
            yield Ending("SAFE_T", chance.inverse, Chance(0.0), _minutes(ground, "SAFE_T"), "playbook.safe_t")
        yield Ending("ACCEPT", Chance(1.0), Chance(0.0), _minutes(ground, "ACCEPT"), "charged")


def _minutes(ground: Ground, road: RoadId) -> float:
    return ground.catalogue.roads.road[road].minutes


def _is_open(ground: Ground, road: RoadId) -> bool:
    """Whether the clock of a road still runs; where the marketplace has no such clock the road may be open."""
    clock = ground.clocks.get(ground.catalogue.roads.road[road].clock or "")
    return clock is None or clock.state == "running"


def _refund_now(ground: Ground, kind: Kind, return_share: float) -> Ending:
    """Certain to be paid; a defect by the fact of policy, unknown without one. Goods that come back are worth something
    only where the refund is made to depend on the return."""
    fact = ground.rules.get(REFUND_COUNTS)
    is_back_anyway = kind.id == "undeliverable"
    counts = None if fact is None else Chance(1.0 if fact.value else 0.0)
    share = 0.0 if is_back_anyway else return_share
    rule = "unknown" if fact is None else fact.id
    return Ending("REFUND_NOW", Chance(1.0), counts, _minutes(ground, "REFUND_NOW"), rule, share)


def _represent(ground: Ground, kind: Kind) -> Ending:
    """As model/consequences.toml and the shop's claims let expect; worse where Amazon may have got no answer."""
    place = CLAIM_TYPES.index(kind.claim_type)
    outlook = ground.consequences.of(ground.one.columns)
    pays = _chance(ground.consequences.seller_pays.claims, float(outlook.seller_pays[0, place]))
    defect = _chance(ground.consequences.defect.claims, float(outlook.defect[0, place]))
    limit, late = ground.clocks.get("INFORMATION_LIMIT"), ground.catalogue.roads.unanswered
    rule = f"consequences.{_rule(ground, place)}"
    if limit is not None and limit.state == "missed" and late.fact in ground.rules:
        # Nothing in the order tells whether Amazon was answered: half way between.
        weight = ground.catalogue.roads.claims
        pays, defect = (
            Chance((chance.mean + without) / 2.0, weight)
            for chance, without in ((pays, late.seller_pays), (defect, late.defect))
        )
        rule = ground.rules[late.fact].id
    return Ending("REPRESENT", pays, defect, _minutes(ground, "REPRESENT"), rule)


def is_refund_due(ground: Ground, kind: Kind) -> bool:
    """Whether the goods came back and their refund is due; one of a parcel that never arrived is Amazon's to make."""
    return kind.id != "undeliverable" and ground.one.holds(ground.catalogue.roads.refund_is_due)


def _chance(decided: float, mean: float) -> Chance:
    return Chance(mean, expectations().prior.claims + decided)


def _rule(ground: Ground, place: int) -> str:
    found = int(expected(ground.one.columns).rule[0, place])
    return "base" if found < 0 else expectations().rule[found].id


def _counted(ground: Ground, kind: Kind) -> float:
    """The probability that a claim which the seller has paid counts as a defect."""
    place = CLAIM_TYPES.index(kind.claim_type)
    outlook = ground.consequences.of(ground.one.columns)
    return min(float(outlook.defect[0, place]) / float(outlook.seller_pays[0, place]), 1.0)


def _counts(ground: Ground, kind: Kind) -> Chance:
    """The same, as firmly as it is believed."""
    return _chance(ground.consequences.defect.claims, _counted(ground, kind))


def appeal_rule(ground: Ground, kind: Kind) -> Appeal:
    """The first rule on appeals that holds."""
    for rule in ground.catalogue.roads.appeal:
        is_of_kind = not rule.kinds or kind.id in rule.kinds
        if is_of_kind and (rule.fact is None or rule.fact in ground.rules) and ground.one.holds(rule.when):
            return rule
    raise AssertionError("roads.toml: the last rule on appeals holds for every order; the loader checks it")


def _appeal(ground: Ground, kind: Kind) -> Ending:
    rule, weight = appeal_rule(ground, kind), ground.catalogue.roads.claims
    stays = Chance(rule.defect, weight).inverse.times(_counted(ground, kind))
    return Ending(
        "APPEAL", Chance(rule.money, weight).inverse, stays, _minutes(ground, "APPEAL"), f"playbook.appeal.{rule.id}"
    )
