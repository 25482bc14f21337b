"""The effects of all actions as arrays: priors of the catalogue, updated by the evidence of the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from features.columns import Floats
from features.outcome import CLAIM_TYPES
from model.effects import Belief, Evidence, Finding, Posterior, choice_variance, posterior, trust
from service.advice_catalogue import Action, Basis, Catalogue

History = Literal["evidence", "not_identified", "not_asked"]


@dataclass(frozen=True, slots=True, eq=False)
class EffectTable:
    """Over the a actions of a catalogue, in its order.

    risk: (a, 3, 3) float64, relative risk by end (median, low, high) and claim type (as CLAIM_TYPES); above 1 where the
    action does harm. basis: (a,) what the sizes rest on: "evidence" or "experiment" where the shop's history moved one
    of them. unidentified: (a,) why the shop's history cannot tell (English), None where it told or was never asked.
    trust: (a,) float64, the share of the action's prior that is believed, because of what history told of the others.
    """

    risk: Floats
    basis: tuple[Basis, ...]
    unidentified: tuple[str | None, ...]
    trust: Floats

    def history(self, place: int) -> History:
        """What the shop's history told of an action."""
        if self.basis[place] in ("evidence", "experiment"):
            return "evidence"
        return "not_asked" if self.unidentified[place] is None else "not_identified"


@lru_cache(maxsize=8)
def effect_table(catalogue: Catalogue, evidence: Evidence) -> EffectTable:
    """What each action does to each type of claim, as believed after the evidence."""
    asked = [_asked(action, evidence) for action in catalogue.actions]
    others = [[seen for j, found in enumerate(asked) if j != i for seen in found.told] for i in range(len(asked))]
    shares = [trust(seen) for seen in others]
    told = [_told(action, found, share) for action, found, share in zip(catalogue.actions, asked, shares, strict=True)]
    risk = [[[getattr(p.belief, end) for p in by_type] for end in Belief.__slots__] for by_type, _, _ in told]
    shape = (len(told), len(Belief.__slots__), len(CLAIM_TYPES))
    return EffectTable(
        np.array(risk, dtype=np.float64).reshape(shape), tuple(basis for _, basis, _ in told),
        tuple(why for _, _, why in told), np.array(shares, dtype=np.float64),
    )  # fmt: skip


def effects_told(catalogue: Catalogue, evidence: Evidence) -> dict[str, dict[str, Any]]:
    """The same by action id for people, relative risks to two decimals, with what history found of each type."""
    table = effect_table(catalogue, evidence)
    out: dict[str, dict[str, Any]] = {}
    for place, action in enumerate(catalogue.actions):
        risks = {name: np.round(table.risk[place, :, k], 2).tolist() for k, name in enumerate(CLAIM_TYPES)}
        out[action.id] = {"basis": table.basis[place], "relative_risk": risks}
        if table.trust[place] < 1.0:
            out[action.id]["share_of_prior_believed"] = round(float(table.trust[place]), 2)
        if table.unidentified[place] is not None:
            out[action.id]["not_identified"] = table.unidentified[place]
        found = {name: f.claims for name in CLAIM_TYPES if (f := evidence.of(action.id, name)) and not f.reason}
        if found:
            out[action.id]["claims_with_and_without"] = found
    return out


@dataclass(frozen=True, slots=True)
class _Asked:
    """What history says of one action, by claim type as CLAIM_TYPES; choice: its `choice_variance`."""

    priors: list[Belief]
    findings: list[Finding | None]
    choice: float

    @property
    def told(self) -> list[tuple[Belief, Finding, float]]:
        return [(p, f, self.choice) for p, f in zip(self.priors, self.findings, strict=True) if f is not None]


def _asked(action: Action, evidence: Evidence) -> _Asked:
    priors = [prior_of(action, name) for name in CLAIM_TYPES]
    findings = [evidence.of(action.id, name) for name in CLAIM_TYPES]
    firm = [f for prior, f in zip(priors, findings, strict=True) if f is not None and prior.is_firm]
    return _Asked(priors, findings, choice_variance(firm))


def _told(action: Action, asked: _Asked, share: float) -> tuple[list[Posterior], Basis, str | None]:
    """Per claim type its posterior; the basis of the action; why history cannot tell. share: of the prior, believed."""
    believed = [prior if prior.is_firm else prior.trusted(share) for prior in asked.priors]
    told = [posterior(p, finding, asked.choice) for p, finding in zip(believed, asked.findings, strict=True)]
    bases = {p.basis for p in told}
    open_to = [f for prior, f, _ in asked.told if not prior.is_firm]
    for basis in ("experiment", "evidence"):
        if basis in bases:
            return told, basis, None
    return told, action.effect.basis, open_to[0].reason if open_to else None


def prior_of(action: Action, claim_type: str) -> Belief:
    """What the catalogue says of an action and a type of claim."""
    said = getattr(action.effect, claim_type)
    return Belief(said.median, said.low, said.high)
