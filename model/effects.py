"""The effect of an action as a posterior: what was believed of it beside what the shop's own history shows."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from model.calibration import Z_90

Status = Literal["evidence", "experiment", "not_identified"]
Told = Literal["prior", "evidence", "experiment"]


@dataclass(frozen=True, slots=True)
class EffectSettings:
    """The numbers of `effects.toml`, with units and reasons there."""

    confounding_sd: float
    experiment_sd: float
    firm_width: float
    trust_sd: float


@cache
def effect_settings() -> EffectSettings:
    """What `effects.toml` says."""
    table = tomllib.loads((resources.files("model") / "effects.toml").read_text("utf-8"))
    return EffectSettings(**{name: float(table[name]) for name in EffectSettings.__slots__})


@dataclass(frozen=True, slots=True)
class Finding:
    """What history tells of one action and one type of claim.

    log_rr: log of claims with ÷ without the action, sd: its standard deviation by sampling alone; both NaN where
    nothing is told. claims: distinct claims with the action and without. overlap: share of the eligible orders that
    could have gone either way. reason: why it is not identified, "" where it is.
    """

    status: Status
    log_rr: float
    sd: float
    claims: tuple[int, int]
    overlap: float
    reason: str = ""

    @property
    def spread(self) -> float:
        """Standard deviation of the log relative risk with what adjustment, or next year, leaves; NaN if not told."""
        settings = effect_settings()
        left = settings.experiment_sd if self.status == "experiment" else settings.confounding_sd
        return math.hypot(self.sd, left)

    @property
    def interval(self) -> tuple[float, float, float]:
        """Relative risk: median and 90 % interval by history alone, with the same; NaN if not told."""
        reach = Z_90 * self.spread
        return math.exp(self.log_rr), math.exp(self.log_rr - reach), math.exp(self.log_rr + reach)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Findings by action id and claim type; what was never asked is absent. Compared by identity."""

    findings: Mapping[str, Mapping[str, Finding]] = field(default_factory=dict)

    def of(self, action: str, claim_type: str) -> Finding | None:
        """The finding, or None where history was never asked."""
        return self.findings.get(action, {}).get(claim_type)

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values; null for what is not told."""
        return {a: {t: _plain(f) for t, f in by_type.items()} for a, by_type in self.findings.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Evidence:
        """The inverse of `to_state`."""
        return cls({a: {t: _finding(f) for t, f in by_type.items()} for a, by_type in state.items()})


def _plain(finding: Finding) -> dict[str, Any]:
    told = finding.status != "not_identified"
    return asdict(finding) | ({} if told else {"log_rr": None, "sd": None}) | {"claims": list(finding.claims)}


def _finding(state: Mapping[str, Any]) -> Finding:
    numbers = {name: math.nan if state[name] is None else float(state[name]) for name in ("log_rr", "sd")}
    return Finding(**{**state, **numbers, "claims": tuple(state["claims"])})


@dataclass(frozen=True, slots=True)
class Belief:
    """A relative risk: median and 90 % interval."""

    median: float
    low: float
    high: float

    @property
    def sd(self) -> float:
        """Standard deviation of its log, if lognormal of that interval."""
        return math.log(self.high / self.low) / (2.0 * Z_90)

    @property
    def is_firm(self) -> bool:
        """Whether it says that the action cannot reach this type of claim."""
        return math.log(self.high / self.low) < effect_settings().firm_width

    def trusted(self, share: float) -> Belief:
        """The same with this share of its log median, and as wide as before."""
        factor = self.median ** (share - 1.0)
        return Belief(self.median * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed after history was asked, and what that rests on."""

    belief: Belief
    basis: Told


def posterior(prior: Belief, finding: Finding | None, choice_variance: float = 0.0) -> Posterior:
    """A lognormal prior and a finding, weighed by their precisions; the prior itself where nothing was found.

    choice_variance: variance (of the log relative risk) added for what adjustment left, beyond `effects.toml`; see
    `choice_variance`. A firm prior stands; another that history contradicts by more than both can be off is believed
    less, by the variance that would explain it (a random effect of two studies: DerSimonian and Laird 1986).
    """
    if finding is None or finding.status == "not_identified" or prior.is_firm:
        return Posterior(prior, "prior")
    variance = finding.spread**2 + (0.0 if finding.status == "experiment" else choice_variance)
    gap = (finding.log_rr - math.log(prior.median)) ** 2
    believed, found = 1.0 / max(prior.sd**2, gap - variance), 1.0 / variance
    centre = (believed * math.log(prior.median) + found * finding.log_rr) / (believed + found)
    half = Z_90 / math.sqrt(believed + found)
    return Posterior(Belief(math.exp(centre), math.exp(centre - half), math.exp(centre + half)), finding.status)


def trust(seen: Iterable[tuple[Belief, Finding, float]]) -> float:
    """The share, 0 to 1, of what priors say (log relative risks) that has shown where history could tell.

    seen: (prior, finding, its `choice_variance`) of other actions; firm priors and what is not identified do not count.
    A regression of findings on priors through the origin, drawn to 1 by `trust_sd`: priors are one person's guesses, so
    where those that could be tried fell short, those that could not are believed less too. One outside the 90 % that
    both allow counts for less (by the variance that would bring it in), and the share never exceeds 1.
    """
    told = [(math.log(p.median), p.sd, f, c) for p, f, c in seen if f.status != "not_identified" and not p.is_firm]
    up = down = effect_settings().trust_sd ** -2
    for guess, sd, finding, choice in told:
        weight = 1.0 / max(finding.spread**2 + choice + sd**2, ((finding.log_rr - guess) / Z_90) ** 2)
        up, down = up + weight * guess * finding.log_rr, down + weight * guess * guess
    return min(max(up / down, 0.0), 1.0)


def choice_variance(firm: list[Finding]) -> float:
    """How much choice shows where an action cannot act: squared findings beyond their sampling, averaged by precision.

    firm: findings of one action on types with a firm prior (negative controls: Lipsitch et al. 2010). 0 where none is
    told, or where they show no more than chance.
    """
    told = [f for f in firm if f.status == "evidence"]
    weight = sum(f.sd**-2 for f in told)
    excess = sum((f.log_rr**2 - f.sd**2) / f.sd**2 for f in told)
    return max(excess / weight, 0.0) if told else 0.0
