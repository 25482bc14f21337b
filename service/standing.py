"""How an order stands: whether it is assessed and by what, a claim is there, or nothing is left to claim."""

from __future__ import annotations

from functools import reduce
from typing import Literal

import numpy as np

from features.claim_window import is_window_over
from features.columns import Array, Bools, Columns, text_array
from features.ruled import is_called_off, is_claim_filed, is_claim_withdrawn
from features.scope import OUTSIDE
from features.tracing import of_each
from model.artefact import Bundle

Status = Literal["assessed", "starter", "degraded", "insufficient_data", "claim_open", "not_eligible"]


def status_of(columns: Columns, bundle: Bundle) -> Array:
    """(n,) object: the assessment status of each order."""
    usual: Status = "assessed"
    if bundle.is_starter:
        usual = "starter"
    elif bundle.scorer.standing != "fitted":
        usual = bundle.scorer.standing

    def told(columns: Columns) -> list[Array]:
        over = reduce(np.logical_or, [where for _, _, where in why_over(columns)])
        return [np.where(is_claim_filed(columns), "claim_open", np.where(over, "not_eligible", usual))]

    if columns.is_few:
        return text_array(of_each(bundle.scorer.written.of("status", told), columns)[0], columns.n)
    return told(columns)[0].astype(object)


def why_over(columns: Columns) -> list[tuple[str, str | None, Bools]]:
    """Why nothing is left to claim: code and attribute of the warning, and where ((n,) bool), the plainest first."""
    as_of = columns["as_of"]
    return [
        ("ORDER_CANCELLED", "cancelled_at", is_called_off(columns)),
        ("CLAIM_WITHDRAWN", "claim_withdrawn_at", is_claim_withdrawn(columns)),
        *((found.warning, found.attribute, found.holds(columns, as_of)) for found in OUTSIDE),
        ("WINDOW_CLOSED", "latest_delivery_at", is_window_over(columns)),
    ]
