"""The model card: what a model is for, how good it is and where it must not be used (Mitchell et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Literal

import jinja2
import numpy as np

from features.columns import Bools, Ints
from model.calibration import Z_90
from model.metrics import Quality
from training.dataset import Dataset
from training.evaluate import OURS, Test
from training.plots import claims_in, counting_limits
from training.settings import fit_settings
from training.train import Prepared, Recipe, Trained

HIDDEN = "claimrisk, suspects hidden"
FEWEST_TEST_CLAIMS = 30  # below, a 90 % interval of observed ÷ expected reaches from 0.7 to 1.4 and tells nothing
Verdict = Literal["too few", "better", "untold", "worse"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One model on some test rows. claims: distinct orders with one; the rest: 90 % limits of gain and of observed ÷
    expected, from the differences between orders and from counting claims."""

    model: str
    claims: int
    quality: Quality
    gain_low: float
    gain_high: float
    ratio_low: float
    ratio_high: float

    @property
    def verdict(self) -> Verdict:
        """Whether it beats the constant by more than chance allows."""
        if self.claims < FEWEST_TEST_CLAIMS:
            return "too few"
        if self.gain_low > 0.0:
            return "better"
        return "worse" if self.gain_high < 0.0 else "untold"

    @property
    def is_calibrated(self) -> bool:
        """Whether as many claims came as were foretold, as far as their number can tell."""
        return self.ratio_low <= 1.0 <= self.ratio_high


def judged(test: Test, model: str, where: Bools) -> Judged:
    """The quality of a model on the test rows `where`."""
    found, claims = test.quality(model, where), claims_in(test, where)
    error = Z_90 * _gain_error(test, model, where)
    low, high = (float(limit[0]) / claims if claims else np.nan for limit in counting_limits(np.array([claims])))
    ratio = found.observed_to_expected
    return Judged(model, claims, found, found.gain - error, found.gain + error, ratio * low, ratio * high)


def _gain_error(test: Test, model: str, where: Bools) -> float:
    """Standard error of the gain: the rows of one order stand or fall together."""
    y, weight, p = test.y[where], test.weight[where], test.probability[model][where]
    if not y.any() or y.all():
        return float("nan")
    rate = weight @ y / weight.sum()
    base = weight * np.where(y, -np.log(rate), -np.log1p(-rate))
    loss = weight * np.where(y, -np.log(p), -np.log1p(-p))
    _, order = np.unique(test.order[where], return_inverse=True)
    left_over = np.bincount(order, loss) - loss.sum() / base.sum() * np.bincount(order, base)
    return float(np.sqrt(np.sum(left_over**2)) / base.sum())


def models(test: Test) -> list[str]:
    """Ours first, with and without what cannot be trusted, then the baselines."""
    ours = [name for name in (OURS, HIDDEN) if name in test.probability]
    return ours + [name for name in test.probability if name not in ours]


def expected_model(test: Test) -> str:
    """The model whose quality will be seen in use: suspects that are recorded because of a claim are not there yet."""
    return HIDDEN if HIDDEN in test.probability else OURS


def order_places(dataset: Dataset) -> Ints:
    """(n,) int64: the place of each order's first row; its own, but for snapshots, of which an order has several."""
    if not dataset.is_snapshots:
        return np.arange(dataset.orders.n)
    ids = dataset.orders["order_id"].astype(str)
    _, first, which = np.unique(ids, return_index=True, return_inverse=True)
    return np.asarray(first[which])


def by_order(prepared: Prepared, test: Test) -> Test:
    """The test with all rows of an order under one place."""
    return replace(test, order=order_places(prepared.dataset)[test.order])


def everywhere(test: Test) -> Bools:
    """(m,) bool: all test rows."""
    return np.ones(len(test.order), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was trained, on what. Days are UTC; kept: orders of the training rows; suspects: attributes that the leak
    check would have dropped, kept because they are trusted by name."""

    orders: int
    claims: int
    shops: int
    kept: int
    rows: int
    since: date
    until: date
    observed_until: date
    is_snapshots: bool
    rejects: int
    orphans: int
    out_of_scope: int
    target: str
    suspects: tuple[str, ...]


def facts(trained: Trained, recipe: Recipe) -> Facts:
    """The facts of a trained model."""
    prepared = trained.prepared
    dataset, orders = prepared.dataset, prepared.dataset.orders
    placed, claimed, place = orders["placed_at"], np.isfinite(dataset.claimed_at), order_places(dataset)
    suspects = {r.attribute for r in prepared.ratios if r.is_suspicious and r.attribute in recipe.trusted}
    return Facts(
        orders=len(np.unique(place)), claims=len(np.unique(place[claimed])), shops=len(set(orders["shop_id"].tolist())),
        kept=len(np.unique(place[prepared.rows.order])), rows=prepared.marks.m, since=_day(placed.min()),
        until=_day(placed.max()), observed_until=_day(dataset.observed_until), is_snapshots=dataset.is_snapshots,
        rejects=len(dataset.rejects), orphans=dataset.orphans, out_of_scope=dataset.out_of_scope,
        target=dataset.coverage.target,
        suspects=tuple(sorted(suspects)),
    )  # fmt: skip


def _day(at: float) -> date:
    return datetime.fromtimestamp(float(at), UTC).date()


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _figures(value: float, digits: int = 3) -> str:
    """A number to so many figures, without exponent; a dash where there is none.

    >>> _figures(0.0412345), _figures(12345.6), _figures(float("nan"))
    ('0.0412', '12,346', '–')
    """
    if not np.isfinite(value):
        return "–"
    size = int(np.floor(np.log10(abs(value)))) if value else 0
    return f"{value:,.{max(digits - 1 - size, 0)}f}".replace("-", "−")


def _percent(value: float, digits: int = 2) -> str:
    """A share in per cent to so many figures, whole beyond.

    >>> _percent(0.00523), _percent(0.2064), _percent(-0.034)
    ('0.52 %', '21 %', '−3.4 %')
    """
    return f"{_figures(100.0 * value, digits)} %" if np.isfinite(value) else "–"


def _fixed(value: float, decimals: int = 2) -> str:
    """A number to so many decimals; a dash where there is none.

    >>> _fixed(-0.001), _fixed(1.0702), _fixed(-0.5)
    ('0.00', '1.07', '−0.50')
    """
    return f"{value:z,.{decimals}f}".replace("-", "−") if np.isfinite(value) else "–"


@cache
def environment() -> jinja2.Environment:
    """Where the pages' templates are found, with the filters that write numbers."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training"), autoescape=True, undefined=jinja2.StrictUndefined,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "count": _count,
        "figures": _figures,
        "percent": _percent,
        "fixed": _fixed,
        "words": _words,
        "day": _day,
    }
    return environment


def _words(name: str) -> str:
    return name.replace("_", " ")


def rendered(name: str, trained: Trained, recipe: Recipe, **context: object) -> bytes:
    """A page from a template, with what all pages tell."""
    told = {"trained": trained, "recipe": recipe, "facts": facts(trained, recipe), "settings": fit_settings()}
    return environment().get_template(name).render(**told, **context).encode()


def card(trained: Trained, recipe: Recipe, *, simulated: bool, made_on: date) -> bytes:
    """The model card as one HTML page that needs nothing else; equal arguments give equal bytes."""
    test = by_order(trained.prepared, trained.test) if trained.test else None
    overall = [judged(test, model, everywhere(test)) for model in models(test)] if test else []
    expected = judged(test, expected_model(test), everywhere(test)) if test else None
    return rendered(
        "card.html", trained, recipe, overall=overall, expected=expected, simulated=simulated, made_on=made_on,
        tested_orders=len(np.unique(test.order)) if test else 0,
    )  # fmt: skip
