"""The closed vocabulary in which rules say when they apply: each condition is a boolean per order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, Tag, model_validator
from pydantic.dataclasses import dataclass

from features.columns import Array, Bools, Columns
from features.errors import nearest
from features.kinds import TEXT_KINDS, Kind
from features.moments import HOUR
from features.named_moments import checked_moment, has_come, is_absent, moment
from features.order import Attribute, attributes
from features.protection import Label, labelled
from features.symbols import Value
from features.tracing import written

CLOSED = ConfigDict(extra="forbid", allow_inf_nan=False)
MEASURED = frozenset({Kind.COUNT, Kind.NUMBER, Kind.RATE})


def declared(name: str) -> Attribute:
    """The attribute of this name, or a ValueError that suggests one."""
    found = attributes().get(name)
    if found is None:
        raise ValueError(f"expected an attribute of the order, got {name!r}{nearest(name, attributes())}")
    return found


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


@dataclass(frozen=True, slots=True, config=CLOSED)
class OneOf:
    """`{attribute = "signature_service", is = ["none"]}`: any of the attributes has one of the values."""

    attribute: Annotated[tuple[str, ...], BeforeValidator(_several)]
    among: Annotated[tuple[StrictBool | str, ...], BeforeValidator(_several), Field(alias="is")]
    or_unknown: bool = False

    @model_validator(mode="after")
    def _known_values(self) -> Self:
        for name in self.attribute:
            for value in self.among:
                held_value(declared(name), value)
        return self

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool; where all is unknown, `or_unknown`."""
        result = np.zeros(columns.n, dtype=np.bool_)
        for name in self.attribute:
            if name in columns:
                array = columns[name]
                for value in self.among:
                    result = result | (array == held_value(attributes()[name], value))
                if self.or_unknown:
                    result = result | ~columns.known(name)
            elif self.or_unknown:
                result = np.ones(columns.n, dtype=np.bool_)
        return result


def held_value(attribute: Attribute, value: bool | str) -> float | str:
    """A flag, choice or text as `Columns` hold it; a ValueError where the attribute cannot have it."""
    if isinstance(value, bool):
        if attribute.kind is not Kind.FLAG:
            raise ValueError(f"expected a {attribute.kind} for {attribute.name}, got true or false")
        return float(value)
    if attribute.kind in TEXT_KINDS:
        return value
    if value not in attribute.choices:
        expected = ", ".join(attribute.choices) or f"a {attribute.kind}"
        raise ValueError(f"expected for {attribute.name} one of {expected}; got {value!r}")
    return float(attribute.choices.index(value))


@dataclass(frozen=True, slots=True, config=CLOSED)
class InRange:
    """`{attribute = "carrier_late_rate", at_least = 0.15}` or `below`; not for money, whose unit varies."""

    attribute: str
    at_least: float | None = None
    below: float | None = None
    or_unknown: bool = False

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if declared(self.attribute).kind not in MEASURED:
            raise ValueError(f"expected a number, count or rate, got {self.attribute}")
        return self

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool; where unknown, `or_unknown`."""
        if self.attribute not in columns:
            return np.full(columns.n, self.or_unknown)
        return _between(columns[self.attribute], self.at_least, self.below, self.or_unknown)


def _between(values: Array, at_least: float | None, below: float | None, or_unknown: bool) -> Bools:
    known: Bools = values == values
    inside = known
    if at_least is not None:
        inside = inside & (values >= at_least)
    if below is not None:
        inside = inside & (values < below)
    return inside | ~known if or_unknown else inside


@dataclass(frozen=True, slots=True, config=CLOSED)
class Differs:
    """`{attribute = "ship_from_country", differs_from = "ship_to_country"}`: both known and not equal."""

    attribute: str
    differs_from: str

    @model_validator(mode="after")
    def _alike(self) -> Self:
        if declared(self.attribute).kind is not declared(self.differs_from).kind:
            raise ValueError(f"expected {self.differs_from} to be of the kind of {self.attribute}")
        return self

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool."""
        differs: Bools = columns[self.attribute] != columns[self.differs_from]
        return differs & columns.known(self.attribute) & columns.known(self.differs_from)


@dataclass(frozen=True, slots=True, config=CLOSED)
class Happened:
    """`{moment = "first_scan_at", happened = false}`: whether the moment has come by as_of, dated or not."""

    moment: Annotated[str, BeforeValidator(checked_moment)]
    happened: StrictBool

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool; a moment that is unknown has not happened."""
        if is_absent(columns, self.moment):
            return np.full(columns.n, not self.happened)
        happened: Bools = has_come(columns, self.moment) == self.happened
        return happened


@dataclass(frozen=True, slots=True, config=CLOSED)
class Age:
    """`{moment = "ship_by", age_over_hours = -24}`: hours from the moment to as_of; negative before it."""

    moment: Annotated[str, BeforeValidator(checked_moment)]
    age_over_hours: float | None = None
    age_under_hours: float | None = None
    or_unknown: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.age_over_hours is None and self.age_under_hours is None:
            raise ValueError("expected happened, age_over_hours or age_under_hours beside the moment")
        return self

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool; at least `age_over_hours` and less than `age_under_hours` old."""
        if is_absent(columns, self.moment):
            return np.full(columns.n, self.or_unknown)
        hours = (columns["as_of"] - moment(columns, self.moment)) / HOUR
        return _between(hours, self.age_over_hours, self.age_under_hours, self.or_unknown)


@dataclass(frozen=True, slots=True, config=CLOSED)
class Before:
    """`{moment = "first_scan_at", by = "ship_by", plus_hours = 2}`: the moment came, at most so long after another."""

    moment: Annotated[str, BeforeValidator(checked_moment)]
    by: Annotated[str, BeforeValidator(checked_moment)]
    plus_hours: float = 0.0

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool."""
        if is_absent(columns, self.moment) or is_absent(columns, self.by):
            return np.zeros(columns.n, dtype=np.bool_)
        at = moment(columns, self.moment)
        limit = moment(columns, self.by) + self.plus_hours * HOUR
        return (at <= limit) & (at <= columns["as_of"])


@dataclass(frozen=True, slots=True, config=CLOSED)
class Labelled:
    """`{label = "protects"}`: any of these can be said of the Claims Protected label (features/protection.py)."""

    label: Annotated[tuple[Label, ...], BeforeValidator(_several), Field(min_length=1)]

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool."""
        return labelled(columns, *self.label)


@dataclass(frozen=True, slots=True, config=CLOSED)
class After:
    """`{moment = "first_scan_at", after = "ship_by"}`: the moment came, later than another; both are known."""

    moment: Annotated[str, BeforeValidator(checked_moment)]
    after: Annotated[str, BeforeValidator(checked_moment)]

    def holds(self, columns: Columns) -> Bools:
        """(n,) bool."""
        if is_absent(columns, self.moment) or is_absent(columns, self.after):
            return np.zeros(columns.n, dtype=np.bool_)
        at = moment(columns, self.moment)
        return (at > moment(columns, self.after)) & (at <= columns["as_of"])


_AnyCondition = OneOf | InRange | Differs | Happened | Age | Before | After | Labelled


_FORMS = {OneOf: "one_of", InRange: "in_range", Differs: "differs", Happened: "happened", Age: "age", Before: "before",
          After: "after", Labelled: "labelled"}  # fmt: skip
_OF_MOMENTS = {"by": "before", "after": "after", "happened": "happened"}


def _form(value: Any) -> str:
    if not isinstance(value, dict):
        return _FORMS.get(type(value), "one_of")
    if "label" in value:
        return "labelled"
    if "moment" in value:
        return next((form for key, form in _OF_MOMENTS.items() if key in value), "age")
    if "differs_from" in value:
        return "differs"
    return "in_range" if {"at_least", "below"} & value.keys() else "one_of"


Condition = Annotated[
    Annotated[OneOf, Tag("one_of")]
    | Annotated[InRange, Tag("in_range")]
    | Annotated[Differs, Tag("differs")]
    | Annotated[Happened, Tag("happened")]
    | Annotated[Age, Tag("age")]
    | Annotated[Before, Tag("before")]
    | Annotated[Labelled, Tag("labelled")]
    | Annotated[After, Tag("after")],
    Discriminator(_form),
]


@cache
def _one(condition: _AnyCondition) -> _AnyCondition:
    return condition


def _interned(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions, equal ones as one object, so that whoever asks them can know by identity what it has asked."""
    return tuple(_one(condition) for condition in conditions)


Conditions = Annotated[tuple[Condition, ...], AfterValidator(_interned)]


class Truths:
    """Where each condition holds, asked of the columns once, however many rules share it."""

    __slots__ = ("_columns", "_found")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._found: dict[int, Bools] = {}

    def of(self, condition: Condition) -> Bools:
        """(n,) bool; not to be written to."""
        found = self._found.get(id(condition))
        if found is None:
            columns = self._columns
            found = _OF_ONE[_holds(condition, columns)] if columns.is_one else condition.holds(columns)
            self._found[id(condition)] = found
        return found

    def all_of(self, conditions: Conditions, among: Bools) -> Bools:
        """(n,) bool: the orders of `among` where all conditions hold; stops as soon as none is left."""
        if self._columns.is_one:
            return among if all(self.of(condition) is _TRUE for condition in conditions) else _FALSE
        for condition in conditions:
            if not np.count_nonzero(among):
                return among
            among = among & self.of(condition)
        return among


_FALSE, _TRUE = _OF_ONE = (np.zeros(1, dtype=np.bool_), np.ones(1, dtype=np.bool_))
_FALSE.flags.writeable = _TRUE.flags.writeable = False
_written: dict[int, tuple[Condition, Callable[[Mapping[str, Value]], list[bool]]]] = {}


def _holds(condition: Condition, order: Columns) -> bool:
    """Whether a condition holds for one order, by what it does to symbols."""
    found = _written.get(id(condition))
    if found is None:
        found = _written[id(condition)] = (condition, written(lambda columns: [condition.holds(columns)]))
    return found[1](order.each[0])[0]
