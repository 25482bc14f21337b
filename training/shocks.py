"""How large shocks are that orders share, from claims of groups beside those expected by a model that knew of none.

An order counts once, as it was first looked at, when nothing had shown of a bad week or a bad lot. Later its own
lateness tells part of that, so that for older orders these sizes are rather too large than too small.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from features.columns import Columns, Floats, Ints
from features.moments import DAY, claim_window_closes
from features.phases import STATE_OF_PHASE
from model.calibration import probability_of
from model.defect_priors import SharedKind
from model.scorer import Scorer
from model.shock_groups import GROUPS
from model.shock_sizes import ShockSizes, prior_of
from model.shocks import learned
from training.dataset import Dataset
from training.landmarks import first_looks
from training.learn import Learned
from training.rows import Rows, pieces_of
from training.settings import fit_settings

_LEAST = 1e-9
_LEVEL_CLAIMS = 2.0


@dataclass(frozen=True, slots=True)
class Looked:
    """n orders at their first look. All (n,): row of the data set, instant, place of the phase, P(a claim before the
    window closes) of a model that had not seen the order, and the fold of that model."""

    row: Ints
    as_of: Floats
    phase: Ints
    chance: Floats
    fold: Ints


@dataclass(frozen=True, slots=True)
class Counted:
    """n orders. claims: (n,) float64 1 where one came; expected: (n,) how many by then, at the level of its fold."""

    claims: Floats
    expected: Floats


def learned_shocks(dataset: Dataset, rows: Rows, found: Learned, scorer: Scorer) -> ShockSizes:
    """What the orders judged out of fold, and those that were left out of training, tell; nothing where none were."""
    if not len(found.judged):
        return ShockSizes()
    parts = [judged(rows, found, scorer), left_out(dataset, rows, found, scorer)]
    looked = Looked(*(np.concatenate([getattr(part, of.name) for part in parts]) for of in fields(Looked)))
    orders, of = dataset.orders.take(_most_known(dataset, looked.row)), counted(dataset, looked, scorer)
    return ShockSizes({kind: learned(prior_of(kind), *_grouped(kind, orders, of)) for kind in GROUPS})


def shocks_told(sizes: ShockSizes) -> str:
    """One line on what was found."""
    told = [
        f"{kind.replace('_', ' ')} {of.mean:.2f} ({of.claims:.0f} claims; {prior_of(kind).mean:.2f} assumed)"
        for kind, of in sizes.learned.items()
    ]
    return f"shocks that orders share, deviation of the log-chance: {', '.join(told) or 'as assumed'}"


def judged(rows: Rows, found: Learned, scorer: Scorer) -> Looked:
    """The orders that were judged out of fold."""
    said, at = found.out_of_fold, found.judged
    by_life = np.lexsort((rows.as_of[at], rows.group[at]))
    first = by_life[np.unique(rows.group[at][by_life], return_index=True)[1]]
    phase = said.phase[first]
    chance = probability_of(scorer.calibrator.log_odds(said.raw[first], phase))
    return Looked(rows.order[at[first]], rows.as_of[at[first]], phase, chance, said.fold[first])


def left_out(dataset: Dataset, rows: Rows, found: Learned, scorer: Scorer) -> Looked:
    """Of the same periods the orders without a claim that were left out of training: weighing a few instead of
    counting all would make groups differ by chance, which looks like shocks."""
    pipeline, is_used = scorer.pipeline, np.zeros(dataset.orders.n, dtype=np.bool_)
    is_used[rows.order] = True
    looks = first_looks(
        dataset.orders, dataset.claimed_at, pipeline.window_days, until=dataset.observed_until,
        is_snapshots=dataset.is_snapshots,
    )  # fmt: skip
    fold = _period(dataset.orders["placed_at"][looks.order], found)
    kept = ~is_used[looks.order] & (fold >= 0)
    looks, fold = looks.take(kept), fold[kept]
    phase, chance = np.empty(looks.m, dtype=np.int64), np.empty(looks.m)
    for piece, X, of in pieces_of(dataset, pipeline, looks):
        raw = scorer.raw_log_odds(X, STATE_OF_PHASE[of], threads=1)
        phase[piece], chance[piece] = of, probability_of(scorer.calibrator.log_odds(raw, of))
    return Looked(looks.order, looks.as_of, phase, chance, fold)


def _period(placed_at: Floats, found: Learned) -> Ints:
    """(n,) int64: the fold whose judged orders were placed around that instant; -1 none."""
    out = np.full(len(placed_at), -1, dtype=np.int64)
    for fold in np.unique(found.out_of_fold.fold):
        of = found.out_of_fold.placed_at[found.out_of_fold.fold == fold]
        out[(placed_at >= of.min()) & (placed_at <= of.max())] = fold
    return out


def counted(dataset: Dataset, looked: Looked, scorer: Scorer) -> Counted:
    """Claims that came, and were to come by now; each fold is set to the level of its claims: that is no shock."""
    until, claimed_at = dataset.observed_until, dataset.claimed_at[looked.row]
    closes = claim_window_closes(dataset.orders.take(looked.row), scorer.pipeline.window_days)
    end = np.minimum(closes, until)
    days, whole = (end - looked.as_of) / DAY, (closes - looked.as_of) / DAY
    expected = looked.chance * scorer.delay.share(STATE_OF_PHASE[looked.phase], days, whole)
    claims = ((claimed_at > looked.as_of) & (claimed_at <= end)).astype(np.float64)
    came, told = (np.bincount(looked.fold, of) + _LEVEL_CLAIMS for of in (claims, expected))
    return Counted(claims, expected * (came / told)[looked.fold])


def _most_known(dataset: Dataset, row: Ints) -> Ints:
    """(n,) int64: the row of the data set that knows most of the same order."""
    if not dataset.is_snapshots:
        return row
    code, last = dataset.order_codes, np.empty(dataset.orders.n, dtype=np.int64)
    last[code[dataset.last_rows]] = dataset.last_rows
    return last[code[row]]


def _grouped(kind: SharedKind, orders: Columns, of: Counted) -> tuple[Floats, Floats]:
    """(g,) claims and (g,) expected of the groups that can tell most: chosen by what was expected, not by what came."""
    place = GROUPS[kind](orders)
    claims, expected = (np.bincount(place, each).astype(np.float64) for each in (of.claims, of.expected))
    most = np.argsort(-expected, kind="stable")[: fit_settings().shocks_most_groups]
    kept = most[expected[most] > _LEAST]
    return claims[kept], expected[kept]
