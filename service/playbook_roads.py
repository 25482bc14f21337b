"""The roads that stand open after a claim, each with its chances, its expected cost and how sure the cheaper one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.columns import Floats
from service.playbook_catalogue import RoadId

# Equally likely chances at which roads are compared; money and defect turn out well or badly together.
_LUCK = np.asarray(np.arange(1, 100) / 100.0, dtype=np.float64)
_LOW, _HIGH = 4, 94  # the places of 5 % and 95 %; a cost never falls as luck worsens


@dataclass(frozen=True, slots=True)
class RoadStakes:
    """What is at stake, in one currency: the refund still to be paid, or what was already charged or debited, what
    goods are worth that come back, by what share of refunds they do, an order defect, a minute of staff."""

    refund: float
    goods_back: float
    return_share: float
    defect: float
    minute: float


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability as far as it is known: its mean, and the number of decided claims that it is worth (None: it is
    certain, by a fact of policy)."""

    mean: float
    claims: float | None = None

    def by_luck(self, luck: Floats) -> Floats:
        """The quantiles of the probability: those of a beta distribution with this mean and weight."""
        if self.claims is None or not 0.0 < self.mean < 1.0:
            return np.full(len(luck), self.mean)
        from scipy.special import betaincinv  # takes a tenth of a second, which most commands need not wait for

        return np.asarray(betaincinv(self.mean * self.claims, (1.0 - self.mean) * self.claims, luck))

    @property
    def at_each_luck(self) -> Floats:
        """(99,) float64: the equally likely values of the probability; kept, because chances come again and again."""
        return _at_each_luck(self)

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval."""
        return float(self.at_each_luck[_LOW]), float(self.at_each_luck[_HIGH])

    def times(self, factor: float) -> Chance:
        """The chance of this and of something else that has the probability `factor`."""
        return Chance(self.mean * factor, self.claims)

    @property
    def inverse(self) -> Chance:
        """The chance that it does not happen."""
        return Chance(1.0 - self.mean, self.claims)


@lru_cache(maxsize=4096)
def _at_each_luck(chance: Chance) -> Floats:
    found = chance.by_luck(_LUCK)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, slots=True)
class Ending:
    """How a road may end: the seller pays; it counts as a defect (None where no rule of the marketplace is known).

    saved_share: of refunds paid on this road, those for which goods come back. rule: what the chances come from.
    """

    road: RoadId
    seller_pays: Chance
    defect: Chance | None
    minutes: float
    rule: str
    saved_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a road: parts on average, and its 90 % range. expected is None where the defect is not known."""

    refund_and_goods: float
    defect: float | None
    effort: float
    low: float
    high: float

    @property
    def expected(self) -> float | None:
        """All parts on average."""
        return None if self.defect is None else self.refund_and_goods + self.defect + self.effort


def cost_of(ending: Ending, stakes: RoadStakes) -> Cost:
    """What a road costs."""
    spread = [_by_luck(ending, stakes, unknown) for unknown in _possible([ending])]
    return Cost(
        _paid(ending, stakes) * ending.seller_pays.mean,
        None if ending.defect is None else ending.defect.mean * stakes.defect,
        ending.minutes * stakes.minute,
        float(spread[0][_LOW]),
        float(spread[-1][_HIGH]),
    )


def _paid(ending: Ending, stakes: RoadStakes) -> float:
    return stakes.refund - ending.saved_share * max(stakes.goods_back, 0.0)


def _by_luck(ending: Ending, stakes: RoadStakes, unknown: float) -> Floats:
    """(99,) float64: the cost of a road at each luck; an unknown defect has the chance `unknown`."""
    counts = Chance(unknown) if ending.defect is None else ending.defect
    paid = _paid(ending, stakes) * ending.seller_pays.at_each_luck
    return np.asarray(paid + counts.at_each_luck * stakes.defect + ending.minutes * stakes.minute)


def _possible(endings: Sequence[Ending]) -> tuple[float, ...]:
    """What an unknown defect may turn out to be; one value where none is unknown."""
    return (0.0, 1.0) if any(ending.defect is None for ending in endings) else (0.0,)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which road is cheaper on average, by how much, and at what share of the likely chances it is."""

    cheaper: RoadId
    saves: float
    sureness: float


def compared(endings: Sequence[Ending], stakes: RoadStakes) -> Comparison | None:
    """The cheaper of two roads; None where that turns on a defect of which no rule is known."""
    found = [_compared(endings, stakes, unknown) for unknown in _possible(endings)]
    if found[0].cheaper != found[-1].cheaper:
        return None
    return min(found, key=lambda one: (one.sureness, one.saves))


def _compared(endings: Sequence[Ending], stakes: RoadStakes, unknown: float) -> Comparison:
    mean = [_mean(ending, stakes, unknown) for ending in endings]
    best, other = np.argsort(mean, kind="stable").tolist()[:2]
    spread = [_by_luck(ending, stakes, unknown) for ending in endings]
    sureness = float(np.mean(spread[best] <= spread[other]))
    return Comparison(endings[best].road, mean[other] - mean[best], sureness)


def _mean(ending: Ending, stakes: RoadStakes, unknown: float) -> float:
    defect = unknown if ending.defect is None else ending.defect.mean
    paid = _paid(ending, stakes) * ending.seller_pays.mean
    return paid + defect * stakes.defect + ending.minutes * stakes.minute


def rounded(parts: Mapping[str, float | None], exponent: int) -> dict[str, float | None]:
    """Amounts to the exponent of their currency."""
    return {name: None if value is None else round(value, exponent) + 0.0 for name, value in parts.items()}
