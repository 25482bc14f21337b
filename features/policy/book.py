"""The book of policy: all facts that ship with the program, looked up by marketplace and day."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from math import nan
from zoneinfo import ZoneInfo

import numpy as np

from features.columns import Bools, Columns, Floats
from features.errors import SettingError
from features.order import attributes
from features.policy.due import QUARTER, local_day
from features.policy.facts import COMMON, NOT_FACTS, PolicyFact, facts_of, toml_of

Rules = Mapping[str, PolicyFact]
MOST_GROUPS = 4_096


@dataclass(frozen=True, slots=True)
class Group:
    """Orders under the same facts. rows: (n,) bool; zone: in which the days of their marketplace end."""

    marketplace: str
    rows: Bools
    rules: Rules
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Book:
    """facts: by marketplace, in the order of the file, with `common`; zones: in which a marketplace's days end.

    borders: the days on which any fact begins or ends, ascending. version: a digest of all files.
    """

    facts: Mapping[str, tuple[PolicyFact, ...]]
    zones: Mapping[str, ZoneInfo]
    borders: tuple[date, ...]
    version: str
    _held: dict[tuple[str, int], Rules] = field(default_factory=dict, compare=False)
    _groups: dict[tuple[int, float], list[Group]] = field(default_factory=dict, compare=False)
    _spans: dict[str, tuple[Floats, Floats, Floats]] = field(default_factory=dict, compare=False)

    def at(self, marketplace: str, on: date) -> Rules:
        """The facts that apply on a day, by topic. Those of other marketplaces are never lent: no fact, no entry."""
        key = (marketplace, bisect_right(self.borders, on))  # between borders nothing changes
        found = self._held.get(key)
        if found is None:
            both = (*self.facts[COMMON], *self.facts.get(marketplace, ()))
            found = self._held[key] = {fact.topic: fact for fact in both if fact.holds(on)}
        return found

    def on(self, marketplace: str, at: float) -> date:
        """The marketplace's local day of an instant (epoch seconds)."""
        return local_day(at, self.zones[marketplace])

    def rules(self, marketplace: str, at: float) -> Rules:
        """The facts that apply at an instant, by topic."""
        return self.at(marketplace, self.on(marketplace, at))

    def groups(self, columns: Columns) -> list[Group]:
        """Orders under the same facts, those of their marketplace at their as_of; none where either is unknown."""
        codes, as_of = columns["marketplace"], columns["as_of"]
        if columns.is_one:
            return self._of_one(float(codes[0]), float(as_of[0]))
        found: list[Group] = []
        for code in np.unique(codes[~np.isnan(codes)]).tolist():
            here = codes == code
            span = np.searchsorted(self._border_instants(int(code)), as_of, side="right")
            for place in np.unique(span[here & ~np.isnan(as_of)]).tolist():
                rows = here & (span == place)
                found.append(self._group(rows, int(code), float(as_of[rows][0])))
        return found

    def groups_of_each(self, columns: Columns) -> Iterator[list[Group]]:
        """For each of a few orders its group, if it has one, as if it were alone."""
        return (self._of_one(of.get("marketplace", nan), of.get("as_of", nan)) for of in columns.each)  # type: ignore[arg-type]

    def _of_one(self, code: float, at: float) -> list[Group]:
        """The group of one order; no local day begins inside a quarter of an hour."""
        if code != code or at != at:
            return []
        key = (int(code), at // QUARTER)
        found = self._groups.get(key)
        if found is None:
            if len(self._groups) >= MOST_GROUPS:
                self._groups.clear()
            found = self._groups[key] = [self._group(np.ones(1, dtype=np.bool_), int(code), at)]
        return found

    def _group(self, rows: Bools, code: int, at: float) -> Group:
        marketplace = attributes()["marketplace"].choices[code]
        return Group(marketplace, rows, self.rules(marketplace, at), self.zones[marketplace])

    def _border_instants(self, code: int) -> Floats:
        """Epoch seconds at which the local days of `borders` begin."""
        zone = self.zones[attributes()["marketplace"].choices[code]]
        return np.array([datetime.combine(day, time.min, zone).timestamp() for day in self.borders])

    def spans(self, topic: str) -> tuple[Floats, Floats, Floats]:
        """(marketplaces + 1,) each: epoch seconds from which and before which a fact on a topic applies, -inf and inf
        where no text dates it; and what the newest says, flags as 0 and 1. Nowhere in a marketplace without one, nor at
        the end, for an unknown one, and NaN; of several facts from the first to the last. Not to be written to."""
        found = self._spans.get(topic)
        if found is None:
            found = self._spans[topic] = self._spans_of(topic)
        return found

    def _spans_of(self, topic: str) -> tuple[Floats, Floats, Floats]:
        choices = attributes()["marketplace"].choices
        begins, ends = np.full(len(choices) + 1, np.inf), np.full(len(choices) + 1, -np.inf)
        values = np.full(len(choices) + 1, np.nan)
        for code, marketplace in enumerate(choices):
            zone = self.zones[marketplace]
            for fact in (*self.facts[COMMON], *self.facts.get(marketplace, ())):
                if fact.topic == topic and fact.used:
                    first, last = fact.valid_from, fact.valid_until
                    begun = datetime.combine(first, time.min, zone).timestamp() if first else -np.inf
                    ended = datetime.combine(last, time.min, zone).timestamp() if last else np.inf
                    values[code] = float(fact.value) if ended >= ends[code] else values[code]
                    begins[code], ends[code] = min(begins[code], begun), max(ends[code], ended)
        return begins, ends, values

    def fact(self, marketplace: str, topic: str, at: float) -> PolicyFact | None:
        """The fact on a topic that applies at an instant, or None where the marketplace has none."""
        return self.rules(marketplace, at).get(topic)


@cache
def book() -> Book:
    """The book that ships with the program, read once."""
    return loaded(resources.files("features") / "policy")


def loaded(folder: Traversable) -> Book:
    """The book in a folder; `SettingError` says which file and fact is wrong."""
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    urls = _texts(folder / "sources.toml")
    codes = attributes()["marketplace"].choices
    facts: dict[str, tuple[PolicyFact, ...]] = {}
    for file in files:
        if file.name not in NOT_FACTS:
            name = file.name.removesuffix(".toml")
            if name != COMMON and name.upper() not in codes:
                raise SettingError(f"{file.name}: expected common or a marketplace code, got {name}")
            facts[COMMON if name == COMMON else name.upper()] = facts_of(file, urls)
    zones = {code: ZoneInfo(name) for code, name in _texts(folder / "zones.toml").items()}
    if set(zones) != set(codes):
        raise SettingError(f"zones.toml: expected each marketplace once, differs in {sorted(set(zones) ^ set(codes))}")
    digest = hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()
    return Book(facts, zones, _borders(facts), digest[:8])


def _borders(facts: Mapping[str, tuple[PolicyFact, ...]]) -> tuple[date, ...]:
    ends = {day for held in facts.values() for fact in held for day in (fact.valid_from, fact.valid_until)}
    return tuple(sorted(day for day in ends if day is not None))


def _texts(file: Traversable) -> dict[str, str]:
    return {name: str(value) for name, value in toml_of(file).items()}
