"""Actions that were taken: when each order was first acted on, out of a file with one row an action."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from features.columns import Array, Floats
from features.errors import FileRefused
from features.kinds import Kind
from features.order import Attribute, attributes
from features.parsing import parsed
from features.tables import read_raw

_AT = Attribute("at", Kind.INSTANT, "placed", "fact", (), None, "when the action was taken", (), 0.0)


def first_acted(path: Path, zone: ZoneInfo | None, order_id: Array) -> Floats:
    """(n,) float64 instants: when each of the orders was first acted on, NaN where it was not.

    The file has the columns order_id and at; others are passed over. One bad row refuses the file: an order that was
    acted on unseen would teach that its risk was low.
    """
    first: dict[str, float] = {}
    for chunk in read_raw(path):
        if chunk.rejects:
            worst = chunk.rejects[0]
            raise FileRefused(f"{path}: line {worst.line}: {worst.reason}; correct the row")
        for needed in ("order_id", "at"):
            if needed not in chunk.frame.columns:
                raise FileRefused(f"{path}: expected a column {needed}, got {', '.join(chunk.frame.columns[:8])}")
        ids = parsed(chunk.frame["order_id"], attributes()["order_id"], zone)
        at = parsed(chunk.frame["at"], _AT, zone)
        wrong = np.flatnonzero(ids.bad | at.bad | np.isnan(at.array) | (ids.array == None))  # noqa: E711 - elementwise
        if len(wrong):
            raise FileRefused(f"{path}: line {chunk.lines[wrong[0]]}: expected an order_id and an instant in at")
        for name, when in zip(ids.array.tolist(), at.array.tolist(), strict=True):
            first[name] = min(when, first.get(name, np.inf))
    return np.array([first.get(name, np.nan) for name in order_id], dtype=np.float64)
