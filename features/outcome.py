"""The outcome: what became of an order, one row per event, declared once."""

from __future__ import annotations

from collections.abc import Sequence

from features.kinds import ClaimType, Kind
from features.order import Attribute, attributes


def _column(name: str, kind: Kind, meaning: str, choices: tuple[str, ...] = ()) -> Attribute:
    return Attribute(name, kind, "contact", "afterwards", (), None, meaning, choices)


CLAIM_TYPES: tuple[str, ...] = ClaimType.__args__  # type: ignore[attr-defined]
CLAIM = "a_to_z"

OUTCOME: dict[str, Attribute] = {
    a.name: a
    for a in (
        _column("order_id", Kind.IDENTIFIER, "the order"),
        _column("event_id", Kind.TEXT, "the event; the same event counts once"),
        _column("kind", Kind.CHOICE, "what happened", (CLAIM, "chargeback", "negative_feedback")),
        _column("claim_type", Kind.CHOICE, "the ground of a claim", CLAIM_TYPES),
        _column("claim_opened_at", Kind.INSTANT, "when it was opened"),
        _column("decided_at", Kind.INSTANT, "when it was decided"),
        _column("withdrawn_at", Kind.INSTANT, "when the buyer withdrew it; it was filed all the same"),
        _column("seller_paid", Kind.FLAG, "the seller was debited"),
        _column("counts_as_defect", Kind.FLAG, "it counts in the order defect rate"),
        _column("amount", Kind.MONEY, "amount of the claim"),
        _column("currency", Kind.CURRENCY, "ISO 4217"),
        _column("funded_by", Kind.CHOICE, "who paid", ("seller", "marketplace", "carrier")),
        _column(
            "source", Kind.CHOICE, "where it is known from", ("returns_report", "finances", "seller_central", "manual")
        ),
        _column("recorded_at", Kind.INSTANT, "when the shop came to know"),
        _column("retracted", Kind.FLAG, "a data error; does not count"),
    )
}


def is_outcomes(names: Sequence[str]) -> bool:
    """Whether a file with such columns holds outcomes: several that only they have, and none that only orders have.

    >>> is_outcomes(["order_id", "event_id", "decided_at"]), is_outcomes(["order_id", "claim_opened_at"])
    (True, False)
    """
    have, of_orders = set(names), set(attributes())
    return len(have & (OUTCOME.keys() - of_orders)) > 1 and not have & (of_orders - OUTCOME.keys())
