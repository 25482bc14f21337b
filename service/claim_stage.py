"""Where a dispute over an order stands, and which kinds of claim it is or may become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.claim_course import course_of
from features.columns import Bools, Columns
from features.conditions import Conditions, Truths
from features.handover import is_lost, is_returning
from features.named_moments import moment
from features.outcome import CLAIM_TYPES
from features.ruled import RuledOrder
from service.playbook_catalogue import Cases, Catalogue, Kind, Stage


@dataclass(frozen=True, slots=True)
class One:
    """One order as its data stand: where conditions hold, when things happened."""

    columns: Columns
    truths: Truths

    @classmethod
    def of(cls, columns: Columns, i: int) -> One:
        """Order i alone, as known at its as_of."""
        alone = columns.take(np.array([i]))
        return cls(alone, Truths(alone))

    def holds(self, conditions: Conditions) -> bool:
        """Whether all of the conditions hold; true of none."""
        return bool(self.truths.all_of(conditions, np.ones(1, dtype=np.bool_))[0])

    def any_holds(self, cases: Cases) -> bool:
        """Whether any case holds; false of none."""
        return any(self.holds(case) for case in cases)

    def at(self, name: str) -> float | None:
        """When a moment was (epoch seconds), or None."""
        found = float(moment(self.columns, name)[0])
        return None if np.isnan(found) else found


_TOUCHED = (
    "first_message_at", "last_message_at", "return_requested_at", "refund_charged_at", "chargeback_filed_at",
    "claim_opened_at", "information_requested_at", "claim_withdrawn_at", "claim_decided_at", "debited_at",
    "appeal_decided_at",
)  # fmt: skip


def may_concern(columns: Columns) -> Bools:
    """(n,) bool: orders of which anything is known that a playbook is about; to all others nothing applies."""
    undelivered = [is_lost(columns), is_returning(columns)]
    return np.asarray(np.logical_or.reduce([columns.known(name) for name in _TOUCHED] + undelivered))


def stage_of(order: RuledOrder, one: One) -> Stage:
    """Where the dispute stands: by the course of the claim where there is one."""
    course = course_of(order)
    return _without_claim(order, one) if course == "none" else course


def _without_claim(order: RuledOrder, one: One) -> Stage:
    if order.chargeback_filed_at is not None:
        return "chargeback"
    if order.refund_charged_at is not None:
        return "refund_charged"
    is_unsettled = order.contact_at is not None or order.is_returning or order.is_lost
    is_waiting = one.at("waiting_since") is not None
    return "dispute" if is_waiting or (is_unsettled and order.is_fully_refunded is not True) else "nothing"


def given_type(one: One) -> str | None:
    """The type of the claim, where the order tells it."""
    place = float(one.columns["claim_type"][0])
    return None if np.isnan(place) else CLAIM_TYPES[int(place)]


def kinds_of(one: One, of: Catalogue) -> tuple[Kind, ...]:
    """The kind of the claim whose type is given; else the likely ones, or all that the facts allow if none is."""
    told = given_type(one)
    if told is not None:
        return tuple(_fitting(one, of, (told,)))
    likely = tuple(kind for kind in of.kinds if one.any_holds(kind.likely))
    return likely or tuple(_fitting(one, of, CLAIM_TYPES))


def _fitting(one: One, of: Catalogue, types: tuple[str, ...]) -> Iterator[Kind]:
    for name in types:
        yield next(kind for kind in of.kinds if kind.claim_type == name and one.holds(kind.fits))
