"""The model's health: later orders looked at again, month by month, beside the profile and beside what was foretold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.moments import DAY, claim_window_closes
from features.order import STATES, State, attributes
from model.counting import Law, evidence, ratio_limits
from model.drift import Drift, drifts, numbers
from model.profile import MOMENTS, Rows, months_of, read_levels
from model.scorer import Scorer
from training.dataset import Dataset
from training.landmarks import Landmarks, known_rows, landmarks

ALL, OTHER = "all", "other"
PIECE = 50_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Claims of one cohort by month. observed, foretold, more, fewer: (months,) counts and evidence; passes: where
    evidence is an alarm. ratio, low, high: observed ÷ foretold over all months, with 90 % limits."""

    cohort: str
    orders: int
    month: Ints
    observed: Floats
    foretold: Floats
    more: Floats
    fewer: Floats
    passes: float

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Observed ÷ foretold over all months, and its 90 % limits."""
        observed, foretold = float(self.observed.sum()), max(float(self.foretold.sum()), 1e-9)
        return (observed / foretold, *ratio_limits(observed, foretold))

    def alarm(self, side: str) -> int | None:
        """The first month in which there are too many (`more`), or too few (`fewer`) claims."""
        passed = np.flatnonzero(getattr(self, side) >= self.passes)
        return int(self.month[passed[0]]) if len(passed) else None


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. drifts: every number at its moment; counted: all claims first, then cohorts."""

    since: int
    until: int
    drifts: list[Drift]
    counted: list[Counted]


def health(
    dataset: Dataset,
    scorer: Scorer,
    profile: Mapping[str, object],
    *,
    since: float,
    has_outcomes: bool = True,
    seed: int = 0,
) -> Health:
    """Look at a data set by whole months from `since` (epoch seconds, the end of training) on.

    Claims of a month are held against what all orders that were open in it let expect for it when they were placed:
    probability × the share of the filing delay that falls into the month. So labels need not be mature. Without
    outcomes drift alone is looked at.
    """
    marks, (first, last) = _marks(dataset, scorer, seed), _whole_months(since, dataset.observed_until)
    rows = _looked(dataset, marks, scorer)
    inside = (rows.month >= first) & (rows.month < last)
    found = drifts(_taken(rows, inside), scorer.pipeline.features_, read_levels(profile))
    placed = rows.moment == MOMENTS[0]
    months = np.arange(first, last)
    if not has_outcomes or not len(months):
        return Health(first, last, found, [])
    return Health(first, last, found, _counted(dataset, scorer, marks.order[placed], rows.probability[placed], months))


def _whole_months(since: float, until: float) -> tuple[int, int]:
    first, last = months_of(np.array([since - 1.0, until]))
    return int(first) + 1, int(last)


def _marks(dataset: Dataset, scorer: Scorer, seed: int) -> Landmarks:
    window = scorer.pipeline.window_days
    found = landmarks(dataset.orders, dataset.claimed_at, window, until=dataset.observed_until, seed=seed)
    return found.take(np.flatnonzero(np.isin(found.name.astype(str), MOMENTS)))


def _looked(dataset: Dataset, marks: Landmarks, scorer: Scorer) -> Rows:
    """Each order at the entry of each state, scored as it was known then."""
    X, probability = np.empty((marks.m, len(scorer.pipeline.features_))), np.empty(marks.m)
    for start in range(0, marks.m, PIECE):
        piece = np.arange(start, min(start + PIECE, marks.m))
        known = known_rows(dataset.orders, marks.take(piece), scorer.pipeline.extras, is_snapshots=False)
        scores = scorer.score(known)
        X[piece], probability[piece] = scores.X, scores.probability
    return Rows(X, marks.name, probability, months_of(marks.as_of), np.ones(marks.m))


def _taken(rows: Rows, where: Bools) -> Rows:
    return Rows(*(getattr(rows, name)[where] for name in Rows.__slots__))


def _counted(dataset: Dataset, scorer: Scorer, order: Ints, probability: Floats, months: Ints) -> list[Counted]:
    """Claims by the month in which they opened, of all orders and of cohorts."""
    orders = dataset.orders.take(order)
    closes, opened = claim_window_closes(orders, scorer.pipeline.window_days), dataset.claimed_at[order]
    opened = np.where(opened <= closes, opened, np.nan)
    foretold = _by_month(scorer, orders["placed_at"], closes, probability, months)
    observed = np.stack([np.nan_to_num(months_of(np.nan_to_num(opened, nan=-1.0))) == m for m in months], axis=1)
    claims, cohorts, alarms = numbers()["claims"], numbers()["cohorts"], numbers()["alarms"]
    groups = list(_cohorts(orders, foretold.sum(axis=1)))
    out = []
    for cohort, where in [(ALL, np.ones(orders.n, dtype=bool)), *groups]:
        of, chance = (claims, alarms["claims"]) if cohort == ALL else (cohorts, alarms["cohorts"] / len(groups))
        law = Law(of["tolerance"], of["restlessness"], tuple(claims["alternatives"]))
        seen, told = observed[where].sum(axis=0).astype(np.float64), foretold[where].sum(axis=0)
        passes = 2.0 * alarms["horizon_months"] / chance  # both ways
        out.append(Counted(cohort, int(where.sum()), months, seen, told, *evidence(seen, told, law), passes))
    return out


def _by_month(scorer: Scorer, placed_at: Floats, closes: Floats, probability: Floats, months: Ints) -> Floats:
    """(n, months) claims foretold at placing for each month."""
    edges = np.arange(months[0], months[-1] + 2).astype("datetime64[M]").astype("datetime64[s]").astype(np.float64)
    state = np.full(len(placed_at), STATES.index(State.PLACED))
    shown = [
        scorer.delay.share(state, np.clip((edge - placed_at) / DAY, 0.0, None), (closes - placed_at) / DAY)
        for edge in edges
    ]
    return probability[:, None] * np.diff(np.stack(shown, axis=1), axis=1)


def _cohorts(orders: Columns, foretold: Floats) -> Iterator[tuple[str, Bools]]:
    """The larger values of each attribute, the others together."""
    of = numbers()["cohorts"]
    for name in of["attributes"]:
        if name not in orders:
            continue
        choices = attributes()[name].choices
        values = np.array([_told(v, choices) for v in orders[name].tolist()])
        kinds = np.unique(values)
        expected = {kind: float(foretold[values == kind].sum()) for kind in kinds}
        dearest = sorted(kinds.tolist(), key=lambda k: -expected[k])[: of["most"]]
        large = [k for k in dearest if expected[k] >= of["least_expected"]]
        if len(kinds) > 1 and large:
            yield from ((f"{name}={kind}", values == kind) for kind in large)
            if len(large) < len(kinds):
                yield f"{name}={OTHER}", ~np.isin(values, large)


def _told(value: str | float | None, choices: tuple[str, ...]) -> str:
    if value is None or value != value:
        return "unknown"
    return value if isinstance(value, str) else str(choices[int(value)] if choices else value)
