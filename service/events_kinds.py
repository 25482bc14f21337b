"""The kinds of events out of `events.toml`: what each sets on an order, and what it may carry."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

_FILE = Path(__file__).with_name("events.toml")
EventKind = Literal[
    "cancel_requested", "cancelled", "out_of_stock", "shipped", "scanned", "delivered", "message", "reply", "return",
    "refund", "claim_opened", "claim_withdrawn", "claim_decided", "appeal_decided", "feedback", "chargeback",
    "action_taken", "label_retracted",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class KindOfEvent:
    """first, last: attributes that the event's instant sets, once or always; never_after, anew_after: attributes of
    which one that came before keeps `first` from being set, or lets it be set anew; answers: one before which `first`
    does not lie; counts: one that is counted up; grows: an amount, all of it so far, without which `last` stays.

    facts: attributes that it may carry, of which `once` those that stay as they were told first; members: what else it
    may; stages: attributes set by the stage it names, once; amounts_to: the event (kind, or kind.stage) that it is as
    well, by the action it names; dates: by member, an instant that is set as `first` is where the member says true;
    tells: attributes that are what a member says; sets: attributes and their values, where no fact says otherwise.
    """

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    never_after: str | None = None
    anew_after: str | None = None
    answers: str | None = None
    counts: str | None = None
    grows: str | None = None
    once: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    stages: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    amounts_to: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    dates: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tells: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sets: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))


@cache
def event_kinds() -> Mapping[str, KindOfEvent]:
    """Every kind by its name."""
    declared = tomllib.loads(_FILE.read_text("utf-8"))
    return MappingProxyType({name: _kind(said) for name, said in declared.items()})


@cache
def telling() -> Mapping[str, str]:
    """By instant of the order the event (kind, or kind.stage) that tells it."""
    out: dict[str, str] = {}
    for name, kind in event_kinds().items():
        out |= dict.fromkeys((*kind.first, *kind.last), name)
        out |= {instant: f"{name}.{stage}" for stage, instant in kind.stages.items()}
    return MappingProxyType(out)


def _kind(said: Mapping[str, Any]) -> KindOfEvent:
    """A kind as events.toml has it: its lists as the fields hold them."""
    forms = {"first": tuple, "last": tuple, "once": tuple, "facts": frozenset, "members": frozenset}
    return KindOfEvent(**{name: forms[name](value) if name in forms else value for name, value in said.items()})
