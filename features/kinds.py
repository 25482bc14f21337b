"""The kinds of value an attribute may have, as pydantic types for the JSON door.

The table door (`features/parsing.py`) reads the same kinds by column; `tests/test_features_doors.py` holds both to one
meaning. White space around a value is no part of it. Only the doors' nature differs: an empty cell is unknown, where
JSON has null and refuses an empty text; a cell holds numbers and flags as text, where JSON has its own.
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
LARGEST_COUNT = 1e9
EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_INSTANT = datetime(2100, 1, 1, tzinfo=UTC)
WHITE_SPACE = " \t\r\n\u00a0\u3000"
# Read by Python's re and by Rust's regex alike. Leap seconds (:60) name no second of the POSIX clock and are refused.
LOCAL_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
INSTANT = LOCAL_INSTANT + r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
RFC3339 = re.compile(INSTANT)
# ISO 4217 minor units other than two, of currencies in use.
CURRENCY_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
DEFAULT_EXPONENT = 2


def expected(kind: Kind, choices: tuple[str, ...] = (), minimum: float = 0.0) -> tuple[str, str]:
    """The stable code and the text that say what a value should have been, the same at both doors.

    >>> expected(Kind.RATE)
    ('not_a_rate', 'expected a number from 0 to 1; leave it out where it is unknown')
    """
    code, detail = wanted(kind, choices, minimum)
    return code, detail if kind in (Kind.CHOICE, Kind.INSTANT) else f"{detail}; leave it out where it is unknown"


def wanted(kind: Kind, choices: tuple[str, ...] = (), minimum: float = 0.0) -> tuple[str, str]:
    """The code, and what a value should have been.

    >>> wanted(Kind.COUNT, minimum=1)
    ('not_a_count', 'expected a whole number from 1 to 1e+09')
    """
    if kind is Kind.CHOICE:
        return "not_in_set", f"expected one of {', '.join(choices)}"
    if kind is Kind.INSTANT:
        return "not_an_instant", "expected an instant with an offset such as 2026-11-20T08:15:00Z, from 2000 to 2099"
    if kind in (Kind.TEXT, Kind.IDENTIFIER):
        what = f"1 to {longest_text(kind)} printable characters"
    elif kind in (Kind.COUNTRY, Kind.CURRENCY):
        what = f"a code in capitals ({'ISO 3166 such as US' if kind is Kind.COUNTRY else 'ISO 4217 such as USD'})"
    elif kind is Kind.FLAG:
        what = "true or false"
    else:
        noun = "a whole number" if kind is Kind.COUNT else "a number"
        what = f"{noun} from {minimum:g} to {largest_number(kind):g}"
    article = "" if kind is Kind.TEXT else "an_" if kind is Kind.IDENTIFIER else "a_"
    return f"not_{article}{kind}", f"expected {what}"


def longest_text(kind: Kind) -> int:
    """How many characters a text of this kind may have, after NFKC."""
    return LONGEST_IDENTIFIER if kind is Kind.IDENTIFIER else LONGEST_TEXT


def largest_number(kind: Kind) -> float:
    """The largest number of this kind."""
    return {Kind.RATE: 1.0, Kind.COUNT: LARGEST_COUNT}.get(kind, LARGEST_NUMBER)


def instant_problem(text: str) -> str | None:
    """Why a text is no instant that we take, or None.

    >>> instant_problem("2026-11-20T08:15:00")
    'expected an instant with an offset such as 2026-11-20T08:15:00Z'
    """
    found = _instant_or_problem(text)
    return found if isinstance(found, str) else None


def _instant_or_problem(text: str) -> datetime | str:
    if not RFC3339.fullmatch(text):
        return "expected an instant with an offset such as 2026-11-20T08:15:00Z"
    try:
        found = datetime.fromisoformat(text.upper())
        in_range = EARLIEST_INSTANT <= found < LATEST_INSTANT
    except (ValueError, OverflowError):
        return "expected a date and a time of day that exist"
    return found.astimezone(UTC) if in_range else "expected an instant from 2000 to 2099"


def _instant(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.isoformat()
    if not isinstance(value, str):
        raise PydanticCustomError("not_an_instant", "expected an instant such as 2026-11-20T08:15:00Z, as text")
    found = _instant_or_problem(value)
    if isinstance(found, str):
        raise PydanticCustomError("not_an_instant", "{problem}", {"problem": found})
    return found


def _integral(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def normal_text(value: str) -> str:
    """NFKC text without white space at its ends.

    >>> normal_text(" ＡＢＣ－1 ")
    'ABC-1'
    """
    return unicodedata.normalize("NFKC", value).strip(WHITE_SPACE)


def readable_text(value: str) -> str | None:
    """Normal text, or None if it holds what cannot be printed (control characters, lone surrogates, odd spaces)."""
    text = normal_text(value)
    return text if text.isprintable() else None


def _text_of(kind: Kind) -> AfterValidator:
    def read(value: str) -> str:
        text = readable_text(value)
        if not text or len(text) > longest_text(kind):
            code, detail = expected(kind)
            raise PydanticCustomError(code, "{detail}", {"detail": detail})
        return text

    return AfterValidator(read)


def _encodable(value: str) -> str:
    value.encode()  # a lone surrogate raises a UnicodeEncodeError, which is a ValueError
    return value


def _text_schema(kind: Kind) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest_text(kind)})


Text = Annotated[str, Field(strict=True), _text_of(Kind.TEXT), _text_schema(Kind.TEXT)]
Identifier = Annotated[str, Field(strict=True), _text_of(Kind.IDENTIFIER), _text_schema(Kind.IDENTIFIER)]
ExtraValue = bool | float | Annotated[str, Field(strict=True), AfterValidator(_encodable)] | None
Country = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, BeforeValidator(_integral), Field(strict=True, ge=0, le=int(LARGEST_COUNT))]
PositiveCount = Annotated[int, BeforeValidator(_integral), Field(strict=True, ge=1, le=int(LARGEST_COUNT))]
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
