"""The shapes of a defect budget and of the plan for it, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.kinds import Instant

Count = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Chance = Annotated[float, Field(ge=0.0, le=1.0)]


class OfficialCount(BaseModel):
    """The marketplace's own count of the window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defects: Count
    orders: Annotated[Count, Field(ge=1)]

    @model_validator(mode="after")
    def _no_more_than_orders(self) -> OfficialCount:
        if self.defects > self.orders:
            raise ValueError("expected no more defects than orders")
        return self


class PlanAsked(BaseModel):
    """What a plan is for. alpha: the most that P(breach) may be; budget: the most it may cost, null for any."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    marketplace: Annotated[str, Field(min_length=1, max_length=64)]
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.05
    budget: Annotated[float, Field(ge=0.0)] | None = None
    official: OfficialCount | None = None


class WindowShape(BaseModel):
    """The days of order dates that count."""

    model_config = ConfigDict(populate_by_name=True)

    since: Instant = Field(alias="from")
    until: Instant
    days: int


class RuleShape(BaseModel):
    """The target that defects ÷ orders must stay below, and the facts of the policy that say so."""

    below: float
    sources: list[str]


class KnownDefects(BaseModel):
    """Defects that are known; an order counts once, whatever kinds it has."""

    defects: int
    rate: float
    by_kind: dict[str, int]
    undecided_claims: int


class Difference(BaseModel):
    """The official count less ours."""

    defects: int
    orders: int


class OfficialTold(BaseModel):
    """The marketplace's own count, and how it differs."""

    defects: int
    orders: int
    difference: Difference


class ToComeShape(BaseModel):
    """Defects to come of today's orders, expected: of claims and of other kinds."""

    expected: float
    by_kind: dict[str, float]


class PathShape(BaseModel):
    """A rate and the chance that it does not stay below the target."""

    expected_rate: float
    probability_of_breach: Chance


class Mass(BaseModel):
    """The chance of so many defects."""

    defects: int
    probability: Chance


class Distribution(PathShape):
    """Of all defects that today's orders will have been seen with by the end of their time in the window."""

    quantiles: dict[str, int]
    distribution: list[Mass]


class DayShape(BaseModel):
    """One day ahead: the orders in its window, as they will be reported on it, and as they will be in the end."""

    days_ahead: int
    on: str
    orders: int
    as_reported: PathShape
    as_it_will_be: PathShape


class OdrWarning(BaseModel):
    """What to know before believing the numbers."""

    code: str
    text: str


class OdrVersions(BaseModel):
    """What the numbers come from."""

    model: str
    trained_until: str | None
    policy: str


class DefectBudget(BaseModel):
    """Where a shop's order defect rate stands on a marketplace, and the distribution of where it will."""

    shop_id: str
    marketplace: str
    as_of: Instant
    window: WindowShape
    rule: RuleShape
    orders: int
    known: KnownDefects
    official: OfficialTold | None
    allowed: int
    remaining: int
    to_come: ToComeShape
    as_it_will_be: Distribution
    today: DayShape
    worst_day: DayShape
    days: list[DayShape]
    text: str
    warnings: list[OdrWarning]
    versions: OdrVersions


class PlannedOrder(BaseModel):
    """What to do for one order, and what that does to its chance of a defect."""

    order_id: str
    actions: list[str]
    deadline: str | None
    cost: float
    net_benefit: float
    p_defect_before: Chance
    p_defect_after: Chance
    text: list[str]


class PlanShape(BaseModel):
    """The cheapest actions under one belief of what they do; reaches: P(breach) comes to alpha or below."""

    reaches: bool
    probability_of_breach: Chance
    probability_if_effects_are_half: Chance
    cost: float
    actions: list[PlannedOrder]


class PlansShape(BaseModel):
    """The plan, and the one to make if actions do half of what is believed."""

    alpha: float
    budget: float | None
    currency: str
    before: Chance
    plan: PlanShape
    if_effects_are_half: PlanShape
    text: str


class PlannedBudget(DefectBudget):
    """A defect budget and the plan for it."""

    plan: PlansShape
