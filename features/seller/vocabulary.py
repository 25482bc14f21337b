"""The names that a seller's table may carry: our attributes, and the few that only this room knows."""

from __future__ import annotations

from features.kinds import LARGEST_NUMBER, Kind
from features.order import Attribute, attributes
from features.outcome import OUTCOME
from features.seller.table import Kind as RowKind


def _own(name: str, kind: Kind, meaning: str, choices: tuple[str, ...] = (), *, minimum: float = 0.0) -> Attribute:
    return Attribute(name, kind, "contact", "value", (), None, meaning, choices, minimum)


# Always kept as a digest, whatever a map says, so that files of one parcel meet.
PARCEL = "parcel_id"
OWN: dict[str, Attribute] = {
    a.name: a
    for a in (
        _own("order_item_id", Kind.IDENTIFIER, "the line of the order"),
        _own("item_name", Kind.TEXT, "name of the product, cut to the longest text"),
        _own("item_status", Kind.TEXT, "status of the line, as the platform writes it"),
        _own("order_status", Kind.TEXT, "status of the order, as the platform writes it"),
        _own("item_tax", Kind.MONEY, "tax on the goods"),
        _own("shipping_tax", Kind.MONEY, "tax on shipping"),
        _own("shipping_discount", Kind.MONEY, "discount on shipping, beside that on the goods"),
        _own("gift_wrap_price", Kind.MONEY, "gift wrap charged to the buyer"),
        _own("gift_wrap_tax", Kind.MONEY, "tax on gift wrap"),
        _own(PARCEL, Kind.IDENTIFIER, "digest of the tracking number"),
        _own("scanned_at", Kind.INSTANT, "when the carrier said what the row says of the parcel"),
        _own("sent_at", Kind.INSTANT, "when a message was sent"),
        _own("sender", Kind.CHOICE, "who sent it", ("buyer", "seller")),
        _own("is_a_to_z", Kind.FLAG, "the report links the return to an A-to-z claim"),
        _own("label_payer", Kind.CHOICE, "who pays the return label", ("seller", "buyer", "marketplace")),
        _own("event", Kind.CHOICE, "what was posted", ("refund", "chargeback", "a_to_z", "shipment", "other")),
        _own("posted_at", Kind.INSTANT, "when it was posted"),
        _own("amount", Kind.NUMBER, "amount posted, negative where the shop pays", minimum=-LARGEST_NUMBER),
        _own("event_id", Kind.TEXT, "the event; the same event counts once"),
        _own("metric", Kind.TEXT, "name of a figure of the performance report"),
        _own("window_from", Kind.INSTANT, "start of the days that a figure covers"),
        _own("window_until", Kind.INSTANT, "end of the days that a figure covers"),
        _own("orders", Kind.COUNT, "orders in those days"),
        _own("count", Kind.COUNT, "orders of them that count in the figure"),
        _own("rate", Kind.RATE, "the figure"),
        _own("target", Kind.RATE, "what the platform wants of it"),
    )
}
# What lists of claims say became of one, in the words of [words.claim_endings].
_ENDINGS = (
    "open", "not_debited", "withdrawn", "denied", "won", "granted", "seller_funded", "marketplace_funded",
    "carrier_funded", "closed",
)  # fmt: skip
OF_CLAIMS: dict[str, Attribute] = {
    a.name: a
    for a in (
        _own("claim_status", Kind.CHOICE, "where the claim stands", _ENDINGS),
        _own("claim_result", Kind.CHOICE, "how it was decided, where a column of its own says so", _ENDINGS),
    )
}
# What a row of each kind must name; `|` stands between names of which one is enough.
KEYS: dict[RowKind, tuple[str, ...]] = {
    "order_items": ("order_id",), "orders": ("order_id",), "parcels": ("order_id|parcel_id",),
    "messages": ("order_id",), "returns": ("order_id",), "finances": ("order_id", "event"), "claims": ("order_id",),
    "performance": ("metric",),
}  # fmt: skip
# Keys of goods that Excel damages as it damages numbers of orders.
NUMBER_LIKE = ("sku", "asin")


def names_of(kind: RowKind) -> dict[str, Attribute]:
    """What a column of a table of this kind may be called, with how its values are read."""
    return OUTCOME | OF_CLAIMS if kind == "claims" else attributes() | OWN


def is_key(attribute: Attribute) -> bool:
    """Whether a value names something, so that a digit lost makes it name something else."""
    return attribute.kind is Kind.IDENTIFIER or attribute.name.endswith("_id") or attribute.name in NUMBER_LIKE
