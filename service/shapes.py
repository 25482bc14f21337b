"""The shapes of answers, for the OpenAPI document; answers are built as they are told, not from these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from features.kinds import ClaimType, Instant
from features.order import Order
from service.effects import History
from service.standing import Status

Probability = Annotated[float, Field(ge=0, le=1)]
Band = Literal["low", "elevated", "high", "critical"]


class Interval(BaseModel):
    """The interval for the mean true probability of orders like this."""

    low: Probability
    high: Probability
    level: Probability


class Cost(BaseModel):
    """Expected cost of a claim, with its parts and what was assumed."""

    amount: float
    currency: str
    parts: dict[str, float]
    assumed: list[str]


class ReasonShape(BaseModel):
    """Why: one attribute and its part in the log-odds."""

    code: str
    attribute: str
    direction: Literal["up", "down"]
    strength: float
    value: str
    is_fixable: bool
    text: str


class RecommendationShape(BaseModel):
    """What to do, until when, and what it would do to the probability. is_duty: told whether or not it pays, because
    the marketplace's rules ask for it."""

    action: str
    scope: str
    deadline: Instant | None
    probability_after: Probability
    expected_cost_after: float | None
    cost: float | None
    net_benefit: float | None
    is_duty: bool
    basis: Literal["policy", "prior", "evidence", "experiment"]
    history: History
    effect_interval: list[float]
    side_effects: list[str]
    text: str
    propensity: Annotated[
        Probability | None, Field(description="the chance of being advised, where a lot was drawn")
    ] = None


class PlanShape(BaseModel):
    """The actions that are best taken together, and what they would do."""

    actions: list[str]
    probability_after: Probability
    expected_cost_after: float | None
    cost: float | None
    net_benefit: float | None


class RejectedAction(BaseModel):
    """What was looked at and is not worth doing."""

    action: str
    reason: Literal["NEGATIVE_NET_BENEFIT", "METRIC_LIMIT", "TOO_LATE", "HELD_OUT"]
    text: str


class Eligibility(BaseModel):
    """Whether the buyer can claim on a ground, and when."""

    ground: str
    status: str
    opens_at: Instant | None
    closes_at: Instant | None
    sources: list[str]
    text: str


class Clock(BaseModel):
    """A deadline out of the marketplace's policy."""

    code: str
    due: Instant | None
    state: str
    source: str
    certainty: str
    text: str


class WarningShape(BaseModel):
    """What to know about the answer."""

    code: str
    attribute: str | None
    text: str


class Versions(BaseModel):
    """What the answer was made with."""

    model: str
    trained_until: str | None
    features: str
    policy: str | None
    advice: str | None
    costs: str | None


class Score(BaseModel):
    """What is told of one order. Unknown is null, and so are reasons, recommendations, actions_rejected, eligibility
    and clocks where the score alone was asked for."""

    id: Annotated[str, Field(pattern=r"^scr_[0-9A-HJKMNP-TV-Z]{26}$")]
    recorded: Annotated[
        Literal["stored", "spooled", "off"],
        Field(description="stored: it can be read again; spooled: it will be; off: it is not kept"),
    ]
    order_id: str
    shop_id: str
    as_of: Instant
    state: str
    assessment_status: Status
    target: Literal["claim_filed", "claim_debited"]
    probability: Probability | None
    interval: Interval | None
    within_days: dict[str, Probability] | None
    baseline: Probability
    baseline_multiple: float | None
    score: Annotated[int, Field(ge=0, le=100)] | None
    band: Band | None
    disposition: Literal["proceed", "review", "hold"] | None
    claim_types: dict[ClaimType, Probability] | None
    p_seller_pays: Probability | None
    p_defect: Probability | None
    expected_cost: Cost | None
    reasons: list[ReasonShape] | None
    recommendations: list[RecommendationShape] | None
    plan: PlanShape | None
    actions_rejected: list[RejectedAction] | None
    eligibility: list[Eligibility] | None
    clocks: list[Clock] | None
    warnings: list[WarningShape]
    versions: Versions


class FieldProblem(BaseModel):
    """One thing that is wrong: where in the order (RFC 6901), a stable code, what to do."""

    pointer: str
    code: str
    detail: str


class ProblemShape(BaseModel):
    """RFC 9457. The values that were sent are never told back."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem]


class Batch(BaseModel):
    """Orders to score at once."""

    orders: Annotated[list[Order], Field(max_length=1_000)]


class BatchResult(BaseModel):
    """What became of one order of a batch: a score or a problem."""

    index: int
    status: Literal[200, 422]
    score: Score | None = None
    problem: ProblemShape | None = None


class BatchResults(BaseModel):
    """One result per order, in the order of the batch."""

    results: list[BatchResult]


class Draft(BaseModel):
    """A message to a buyer, or an advice to a seller, to check."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=20_000)]


class FindingShape(BaseModel):
    """A breach of a marketplace's rule: `quote` is text[start:end], counted in Unicode characters."""

    rule: Literal[
        "contact_outside", "contact_details", "concealment", "incentive_withdraw", "incentive_review",
        "refund_for_silence", "pressure",
    ]  # fmt: skip
    quote: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    source: str
    text: str


class Compliance(BaseModel):
    """Whether a text may be sent, and what breaks which rule, by place."""

    allowed: bool
    findings: list[FindingShape]


class FeatureShape(BaseModel):
    """One feature of the model."""

    name: str
    attribute: str
    unit: str
    known: str
    meaning: str
    sign: Literal[-1, 0, 1]


class Model(BaseModel):
    """What the served bundle says of itself."""

    version: str
    trained_until: str | None
    created_on: str
    simulated: bool
    standing: Literal["fitted", "insufficient_data", "degraded"]
    target: Literal["claim_filed", "claim_debited"]
    claim_window_days: float
    orders: int
    claims: int
    trees: int
    metrics: dict[str, JsonValue]
    dropped: list[list[str]]
    versions: dict[str, str]
    features: list[FeatureShape]
    extras: dict[str, Literal["number", "flag", "category"]]


class Health(BaseModel):
    """Whether the process lives, or is ready."""

    status: Literal["ok", "ready", "not_ready"]
    lacks: list[Literal["guard"]] | None = Field(None, description="what else cannot be used; left out where all can")
