"""A request that is refused: by which kind of problem, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from features.errors import InputError, Problem

Code = Literal[
    "document_refused", "body_incomplete", "request_refused", "unauthorised", "forbidden", "not_found",
    "method_not_allowed", "body_too_slow", "body_too_large", "too_many_orders", "unsupported_media_type",
    "order_refused", "batch_refused", "text_refused", "internal_error", "store_unavailable", "guard_unavailable",
    "request_in_flight", "key_reused",
]  # fmt: skip


class RequestRefused(InputError):
    """A request that is refused for its form: headers, size, key. code: a row of `STATUSES`."""

    def __init__(self, code: Code, detail: str, *, errors: Sequence[Problem] = ()) -> None:
        self.code: Code = code
        self.errors = tuple(errors)
        super().__init__(detail)
