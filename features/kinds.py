"""The kinds of value an attribute may have, as pydantic types for the JSON door.

The table door (`features/tables.py`) reads the same kinds by column; `tests/test_features_doors.py` holds both to one
meaning.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


class Kind(StrEnum):
    """What a value is, which fixes how it is read and how it is held in `Columns`."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    COUNTRY = "country"
    CURRENCY = "currency"
    CHOICE = "choice"
    FLAG = "flag"
    COUNT = "count"
    NUMBER = "number"
    RATE = "rate"
    MONEY = "money"
    INSTANT = "instant"


TEXT_KINDS = frozenset({Kind.TEXT, Kind.IDENTIFIER, Kind.COUNTRY, Kind.CURRENCY})
LONGEST_TEXT = 256
LONGEST_IDENTIFIER = 64
LARGEST_NUMBER = 1e12
EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_INSTANT = datetime(2100, 1, 1, tzinfo=UTC)
RFC3339 = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$")
CURRENCY_EXPONENTS = {
    "JPY": 0,
    "KRW": 0,
    "CLP": 0,
    "VND": 0,
    "ISK": 0,
    "BHD": 3,
    "KWD": 3,
    "OMR": 3,
    "JOD": 3,
    "TND": 3,
}
DEFAULT_EXPONENT = 2


def instant_problem(text: str) -> str | None:
    """Why a text is no instant that we take, or None.

    >>> instant_problem("2026-11-20T08:15:00")
    'expected an instant with an offset such as 2026-11-20T08:15:00Z'
    """
    if not RFC3339.match(text):
        return "expected an instant with an offset such as 2026-11-20T08:15:00Z"
    try:
        parsed = datetime.fromisoformat(text.replace("z", "Z").replace("t", "T"))
        in_range = EARLIEST_INSTANT <= parsed < LATEST_INSTANT
    except (ValueError, OverflowError):
        return "no such date or time of day"
    return None if in_range else "expected an instant from 2000 to 2099"


def _instant(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise PydanticCustomError("not_an_instant", "expected an instant such as 2026-11-20T08:15:00Z, as text")
    problem = instant_problem(value)
    if problem is not None:
        raise PydanticCustomError("not_an_instant", "{problem}", {"problem": problem})
    return datetime.fromisoformat(value.replace("z", "Z").replace("t", "T")).astimezone(UTC)


def _integral(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def normal_text(value: str) -> str:
    """NFKC text without white space at its ends.

    >>> normal_text(" ＡＢＣ－1 ")
    'ABC-1'
    """
    return unicodedata.normalize("NFKC", value).strip()


def _printable(value: str) -> str:
    value = normal_text(value)
    if not value:
        raise PydanticCustomError("empty_text", "expected text; leave the attribute out where it is unknown")
    if not value.isprintable():
        raise PydanticCustomError("not_printable", "expected printable characters")
    return value


def _short(value: str) -> str:
    if len(value) > LONGEST_IDENTIFIER:
        raise PydanticCustomError("too_long", "expected at most 64 characters")
    return value


Text = Annotated[str, Field(strict=True, max_length=LONGEST_TEXT), AfterValidator(_printable)]
Identifier = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_printable),
    AfterValidator(_short),
]
Country = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, BeforeValidator(_integral), Field(strict=True, ge=0, le=10**9)]
PositiveCount = Annotated[int, BeforeValidator(_integral), Field(strict=True, ge=1, le=10**9)]
Number = Annotated[float, Field(strict=True, ge=0, le=LARGEST_NUMBER, allow_inf_nan=False)]
Rate = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Money = Annotated[float, Field(strict=True, ge=0, le=LARGEST_NUMBER, allow_inf_nan=False)]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]

Marketplace = Literal[
    "US", "CA", "MX", "BR", "UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "TR", "AE", "SA", "EG", "IN",
    "JP", "AU", "SG", "ZA",
]  # fmt: skip
PaymentType = Literal[
    "card", "debit_card", "gift_card", "cod", "invoice", "points", "voucher", "bank_transfer", "pix", "boleto",
    "convenience_store", "mixed", "other",
]  # fmt: skip
ItemCondition = Literal[
    "new", "renewed", "used_like_new", "used_very_good", "used_good", "used_acceptable", "collectible"
]
ServiceLevel = Literal[
    "free_economy", "standard", "expedited", "second_day", "next_day", "same_day", "scheduled", "priority"
]
DestinationType = Literal["residential", "business", "pickup_point", "locker", "freight_forwarder"]
TrackingStatus = Literal[
    "pre_transit", "in_transit", "out_for_delivery", "attempted", "exception", "customs_hold", "lost", "damaged",
    "undeliverable", "refused", "returning", "delivered",
]  # fmt: skip
DeliveryPlace = Literal["signed", "neighbour", "porch", "mailbox", "locker", "reception", "other"]
MessageTopic = Literal["not_received", "not_as_described", "damaged", "return", "refund", "cancel", "other"]
ClaimType = Literal["not_received", "not_as_described", "return_or_refund"]
SignatureService = Literal["none", "signature", "adult_signature"]
