"""Every error that claimrisk raises on purpose, in one tree.

    ClaimRiskError
    ├── InputError            what was given cannot be used (exit 1, HTTP 4xx)
    │   ├── FileRefused       a whole file: unknown type, no rows, no order_id column
    │   ├── DocumentRefused   a request body that is no JSON we take (features/document.py)
    │   ├── OrderRefused      one order: wrong types, contradictions; carries its problems
    │   └── RequestRefused    a request that the API does not take (service/problems.py)
    ├── BundleError           a model bundle: damaged, foreign, made for other features (exit 1)
    ├── TrainingError         the data cannot be learned from (exit 1)
    └── SettingError          a setting or declaration that ships with the program is wrong (exit 1)

A message says what was expected, what was got, where, and what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class ClaimRiskError(Exception):
    """Base of all errors raised on purpose. about: the code of a fault that has words of its own in every language."""

    def __init__(self, message: str = "", *, about: str = "") -> None:
        self.about = about
        super().__init__(message)


class InputError(ClaimRiskError):
    """What was given cannot be used."""


class FileRefused(InputError):
    """A whole file cannot be used."""


class BundleError(ClaimRiskError):
    """A model bundle cannot be trusted or does not fit this program."""


class TrainingError(ClaimRiskError):
    """The data cannot be learned from."""


class SettingError(ClaimRiskError):
    """A declaration in a data file of the program, or a setting, is wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one order: where, a stable code, and what to do."""

    attribute: str
    code: str
    detail: str


class OrderRefused(InputError):
    """One order cannot be used; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.attribute}: {p.detail}" for p in self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as `, did you mean "carrier"?`, or nothing where no name is near.

    >>> nearest("carier", ["carrier", "sku"])
    ', did you mean "carrier"?'
    >>> nearest("Order ID", ["order_id"])
    ', did you mean "order_id"?'
    >>> nearest("reply_nw", ["REPLY_NOW"])
    ', did you mean "REPLY_NOW"?'
    """
    asked = re.sub(r"[\s-]+", "_", name[:64].strip().lower())
    names = {of.lower(): of for of in known}
    found = difflib.get_close_matches(asked, list(names), n=2, cutoff=0.75)
    return f", did you mean {' or '.join(chr(34) + names[f] + chr(34) for f in found)}?" if found else ""
