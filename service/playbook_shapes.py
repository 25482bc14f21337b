"""The shapes of the playbook, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from features.clocks import Code
from features.kinds import ClaimType, Instant, Marketplace
from features.policy.facts import Certainty
from service.playbook_catalogue import ClockState, KindId, RoadId, Stage, Weight
from service.shapes import Clock, Eligibility, Probability, WarningShape


class SourceShape(BaseModel):
    """What a text rests on: a fact of policy, a page, or (without url) this project's own list."""

    id: str
    certainty: Certainty
    url: str | None
    is_other_marketplace: bool


class StepShape(BaseModel):
    """Something to do, or not to do; deadline only where a clock of policy runs."""

    code: str
    deadline: Instant | None
    clock: Code | None
    clock_state: ClockState | None
    source: SourceShape
    text: str


class EvidenceShape(BaseModel):
    """One piece of evidence; `against`: it is there and speaks for the buyer; `unknown`: the order does not tell."""

    id: str
    status: Literal["present", "against", "missing", "unknown"]
    weight: Weight
    values: dict[str, str]
    source: SourceShape
    text: str
    hint: str | None


class ChanceShape(BaseModel):
    """A probability with its 90 % interval."""

    value: Probability
    low: Probability
    high: Probability


class AppealShape(BaseModel):
    """What an appeal may bring, each for itself: the money back or the defect taken away, not always both."""

    money_back: ChanceShape
    defect_removed: ChanceShape


class RoadCost(BaseModel):
    """What a road costs: on average (null where it is not known whether it counts as a defect) and its 90 % range."""

    expected: float | None
    low: float
    high: float
    currency: str
    parts: dict[str, float | None]
    assumed: list[str]


class CautionShape(BaseModel):
    """What not to do on a road."""

    code: str
    text: str


class RoadShape(BaseModel):
    """A road that stands open; none is recommended, the cheaper one by expected value is marked where it is clear."""

    code: RoadId
    deadline: Instant | None
    clock: Code | None
    seller_pays: ChanceShape
    defect: ChanceShape | None
    appeal: AppealShape | None
    cost: RoadCost | None
    is_cheaper: bool | None
    cautions: list[CautionShape]
    basis: Literal["assumed"]
    rule: str
    source: SourceShape
    text: str


class ComparisonShape(BaseModel):
    """Which road is cheaper, by how much, and in what share of the likely chances."""

    cheaper: RoadId | None
    saves: float | None
    sureness: Probability | None
    text: str


class ClaimShape(BaseModel):
    """The claim that is there, or a likely one where its type is not given."""

    kind: KindId
    claim_type: ClaimType
    is_given: bool
    text: str
    evidence: list[EvidenceShape]
    roads: list[RoadShape]
    comparison: ComparisonShape | None


class Moment(BaseModel):
    """What happened, was promised or is due."""

    at: Instant
    kind: Literal["fact", "promise", "deadline"]
    code: str
    state: ClockState | None
    source: str | None
    text: str


class PlaybookVersions(BaseModel):
    """What the playbook was made with."""

    policy: str
    playbook: str
    costs: str


class Playbook(BaseModel):
    """What to do about one order when a claim is there or may come."""

    order_id: str
    shop_id: str
    as_of: Instant
    marketplace: Marketplace | None
    stage: Stage
    has_claim: bool
    claim_type: ClaimType | None
    text: str
    steps: list[StepShape]
    donts: list[StepShape]
    claims: list[ClaimShape]
    timeline: list[Moment]
    eligibility: list[Eligibility]
    clocks: list[Clock]
    warnings: list[WarningShape]
    versions: PlaybookVersions
