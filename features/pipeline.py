"""The feature pipeline: orders by column into the matrix the model reads; one order or a million, the same code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features import goods as goods_block
from features import history as history_block
from features import parcel as parcel_block
from features import parties as parties_block
from features import timing as timing_block
from features.columns import Columns, Floats
from features.errors import BundleError, InputError
from features.extras import EXTRA_PREFIX, ExtraKind
from features.feature import Feature, grouped
from features.history import Past, Snapshot
from features.moments import reached_states
from features.order import STATES, Known, attributes
from features.tracing import Written
from features.transformer import Transformer

CONTRACT = 2
EXTRA_LEVELS = 12
_UNKNOWN = np.full(1, np.nan)


@dataclass(frozen=True, slots=True)
class Extra:
    """One of the shop's own attributes, as declared for training: `x_…` column, kind, and from when it is known."""

    name: str
    kind: ExtraKind
    known: Known


class FeaturePipeline(Transformer):
    """Turns `Columns` masked to their as_of into an (n, features) float64 matrix; NaN is unknown.

    Parameters: window_days, the claim window; extras, the shop's own attributes; ignored, attributes that are not used.
    One that is ignored because a final state cannot tell what it was still tells of the first contact, the arrival and
    the state: a last message is a message, what the carrier calls delivered has come.
    `fit` learns the history of the shop and the levels of category extras; `transform` uses the newest history,
    `transform_past` that of the row's time.
    """

    def __init__(
        self, window_days: float = 90.0, extras: tuple[Extra, ...] = (), ignored: tuple[str, ...] = ()
    ) -> None:
        self.window_days = window_days
        self.extras = extras
        self.ignored = ignored

    def fit(self, X: Columns, y: Floats, *, observed_until: float) -> FeaturePipeline:
        """Learn from orders in their final state. y: (n,) instants of the first claim, NaN if none."""
        self.past_ = Past(self._telling(X), y)
        self.snapshot_ = self.past_.snapshot(observed_until)
        self.levels_ = {e.name: _levels(X, e.name) for e in self.extras if e.kind == "category"}
        return self._declare()

    def without_history(self) -> FeaturePipeline:
        """Ready for orders of which no history is known; extras need one."""
        self.snapshot_ = history_block.nothing_known()
        self.levels_ = {}
        return self._declare()

    def _declare(self) -> FeaturePipeline:
        self.features_ = (
            *goods_block.FEATURES, *parcel_block.FEATURES, *timing_block.FEATURES, *parties_block.FEATURES,
            *history_block.FEATURES, *_STATE_FEATURES, *self._extra_features(),
        )  # fmt: skip
        self._written = Written()
        self._place = {f.name: j for j, f in enumerate(self.features_)}
        self.by_attribute_ = grouped(self.features_)
        return self

    def transform(self, X: Columns) -> Floats:
        """(n, features) float64 for orders looked at now."""
        if X.is_few:
            return np.array(list(map(self._of_one(), X.each)))
        self.require("snapshot_")
        used = X.without(self.ignored)
        return self._assembled(used, self._telling(X), self.snapshot_.features(used))

    def transform_past(self, X: Columns, staleness: Floats) -> Floats:
        """(n, features) float64 for rows of the past, with history as old as a served bundle's (days, (n,))."""
        self.require("past_")
        used = X.without(self.ignored)
        return self._assembled(used, self._telling(X), self.past_.features(used, staleness))

    def _telling(self, columns: Columns) -> Columns:
        """The orders without what is ignored for another reason than that it is overwritten as life goes on."""
        return columns.without([name for name in self.ignored if not _is_overwritten(name)])

    def _assembled(self, columns: Columns, told: Columns, history: Mapping[str, Floats]) -> Floats:
        out = np.full((columns.n, len(self.features_)), np.nan)
        for name, array in self._named(columns, told, history).items():
            out[:, self._place[name]] = array
        return out

    def _named(self, columns: Columns, told: Columns, history: Mapping[str, Floats]) -> dict[str, Floats]:
        """The features by name, (n,) float64 each; those left out are unknown for all. told: of `_telling`."""
        return {
            **goods_block.goods(columns), **parcel_block.parcel(columns, told),
            **timing_block.timing(columns, self.window_days, told), **parties_block.parties(columns), **history,
            **_state_flags(told), **self._extra_columns(columns),
        }  # fmt: skip

    def _of_one(self) -> Callable[..., list[float]]:
        """The same of the values of one order."""

        def told(columns: Columns) -> list[Floats]:
            used = columns.without(self.ignored)
            named = self._named(used, self._telling(columns), self.snapshot_.features(used))
            return [named.get(f.name, _UNKNOWN) for f in self.features_]

        if "_written" not in self.__dict__:
            self.require("snapshot_")
        return self._written.of("features", told, extras={e.name: e.kind for e in self.extras})

    def get_feature_names_out(self, input_features: object = None) -> Any:  # noqa: ARG002 - scikit-learn's signature
        """The names of the columns of the matrix."""
        return np.array([f.name for f in self.features_], dtype=object)

    def _extra_features(self) -> list[Feature]:
        out: list[Feature] = []
        for extra in self.extras:
            names = [extra.name]
            if extra.kind == "category":
                names = [f"{extra.name}={level}" for level in self.levels_[extra.name]]
            out += [Feature(n, extra.name, extra.kind, extra.known, "the shop's own attribute") for n in names]
        return out

    def _extra_columns(self, columns: Columns) -> dict[str, Floats]:
        out: dict[str, Floats] = {}
        for extra in self.extras:
            if extra.name not in columns:
                continue
            if extra.kind == "category":
                known, values = columns.known(extra.name), columns[extra.name]
                for level in self.levels_[extra.name]:
                    out[f"{extra.name}={level}"] = np.where(known, (values == level).astype(np.float64), np.nan)
            else:
                out[extra.name] = columns[extra.name].astype(np.float64)
        return out

    def to_state(self) -> dict[str, Any]:
        """Everything `transform` needs, as plain JSON values."""
        self.require("snapshot_")
        return {
            "contract": CONTRACT,
            "window_days": self.window_days,
            "ignored": list(self.ignored),
            "extras": [[e.name, e.kind, e.known] for e in self.extras],
            "levels": self.levels_,
            "features": [f.name for f in self.features_],
            "history": self.snapshot_.to_state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> FeaturePipeline:
        """The inverse of `to_state`; refuses the state of another feature contract."""
        if state.get("contract") != CONTRACT:
            raise BundleError(
                f"features: expected contract {CONTRACT}, got {state.get('contract')!r}; train the model again"
            )
        self = cls(float(state["window_days"]), tuple(Extra(*e) for e in state["extras"]), tuple(state["ignored"]))
        self.levels_ = {name: list(levels) for name, levels in state["levels"].items()}
        self.snapshot_ = Snapshot.from_state(state["history"])
        self._declare()
        names = [f.name for f in self.features_]
        if names != state["features"]:
            added, gone = sorted(set(names) - set(state["features"])), sorted(set(state["features"]) - set(names))
            raise BundleError(f"features: the bundle lacks {added or 'nothing'} and has {gone or 'nothing'} besides")
        return self


def _is_overwritten(name: str) -> bool:
    declared = attributes().get(name)
    return declared is not None and declared.settled is not None


def _levels(columns: Columns, name: str) -> list[str]:
    """The most frequent levels of a category, ties in order of text."""
    if name not in columns:
        return []
    values, counts = np.unique(columns[name][columns.known(name)].astype(str), return_counts=True)
    order = np.lexsort((values, -counts))
    return [str(v) for v in values[order[:EXTRA_LEVELS]]]


_STATE_FEATURES = tuple(
    Feature(f"has_been_{state}", "state", "flag", "placed", f"the order has been {state}", 0, "timing")
    for state in STATES[1:]
)


def _state_flags(columns: Columns) -> dict[str, Floats]:
    reached = reached_states(columns)
    return {f"has_been_{state}": reached[state].astype(np.float64) for state in STATES[1:]}


def declared_extra(text: str) -> Extra:
    """The extra in `x_warehouse:category:placed`.

    >>> declared_extra("x_warehouse:category:placed")
    Extra(name='x_warehouse', kind='category', known='placed')
    """
    name, _, rest = text.partition(":")
    kind, _, known = rest.partition(":")
    if not name.startswith(EXTRA_PREFIX) or kind not in ("number", "flag", "category") or known not in STATES:
        raise InputError(
            f"--extra {text}: expected x_NAME:KIND:STATE with KIND number, flag or category and STATE one of "
            f"{', '.join(STATES)}, such as x_warehouse:category:placed"
        )
    return Extra(name, kind, known)  # type: ignore[arg-type]
