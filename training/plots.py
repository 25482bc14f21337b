"""The plots of the training report: what the test rows show, as inline SVG that is the same byte for byte."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from scipy.special import gammaincinv
from sklearn.metrics import precision_recall_curve, roc_curve

from features.columns import Bools, Floats, Ints
from features.order import STATES
from model.delay import DelayCurve
from training.evaluate import Test

EXPECTED_CLAIMS_PER_BIN = 8  # fewer and the counting error hides everything
MOST_BINS = 10
LONGEST_LIST = 50  # orders a day that somebody might look at
CHANCE = "chance"
PANELS_ABREAST = 6
HALF_PAGE, PAGE, PANEL_HEIGHT = (5.6, 4.0), 12.5, 2.8  # inches
POINTS = 300  # of a curve; more only make the page heavy

# Colours that no plot would use stand for variables of the page's style sheet, so that plots follow light and dark.
_INK, _MUTED, _GRID = "#010101", "#020202", "#030303"
_SERIES = ("#040101", "#040202", "#040303", "#040404", "#040505", "#040606")
_VARIABLES = {_INK: "--ink", _MUTED: "--muted", _GRID: "--line"} | {c: f"--s{i}" for i, c in enumerate(_SERIES)}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.size": 9.5, "text.color": _INK, "axes.edgecolor": _GRID, "axes.labelcolor": _MUTED,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": _GRID, "grid.linewidth": 0.6, "xtick.color": _MUTED, "ytick.color": _MUTED, "legend.frameon": False,
    "axes.titlesize": 9.5, "axes.titlelocation": "left", "lines.linewidth": 1.6,
}  # fmt: skip
_BY_CHANCE: dict[str, Any] = {"color": _MUTED, "linewidth": 1.0, "linestyle": (0, (4, 3))}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
Curves = Mapping[str, tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Bins:
    """Reliability in bins of equal expected claims. All (k,) float64: foretold and observed rates, 90 % limits."""

    foretold: Floats
    observed: Floats
    low: Floats
    high: Floats


def claims_in(test: Test, where: Bools) -> int:
    """How many distinct orders with a claim stand behind some rows."""
    return len(np.unique(test.order[where & test.y]))


def counting_limits(claims: Ints) -> tuple[Floats, Floats]:
    """90 % limits of the mean of a Poisson count (Garwood 1936). claims: (k,) int64."""
    low = gammaincinv(np.maximum(claims, 1), 0.05)
    return np.where(claims > 0, low, 0.0), np.asarray(gammaincinv(claims + 1, 0.95))


def reliability_bins(test: Test, model: str, where: Bools) -> Bins:
    """Bins cut by expected rather than observed claims, so that chance does not choose where a bin ends."""
    at = np.flatnonzero(where)[np.argsort(test.probability[model][where], kind="stable")]
    p, weight, y, order = test.probability[model][at], test.weight[at], test.y[at], test.order[at]
    total = claims_in(test, where)
    k = int(np.clip(total // EXPECTED_CLAIMS_PER_BIN, 1, MOST_BINS))
    so_far = np.cumsum(weight * p)
    place = np.minimum((so_far / so_far[-1] * k).astype(np.int64), k - 1)
    exposed = np.bincount(place, weight, k)
    observed = np.bincount(place, weight * y, k)
    pairs = np.unique(np.stack([place[y], order[y]]), axis=1)
    claims = np.bincount(pairs[0], minlength=k)
    one_claim = np.where(claims > 0, observed / np.maximum(claims, 1), observed.sum() / max(total, 1))
    low, high = counting_limits(claims)
    filled = exposed > 0.0
    rates = [a[filled] / exposed[filled] for a in (np.bincount(place, weight * p, k), observed)]
    limits = [(a * one_claim)[filled] / exposed[filled] for a in (low, high)]
    return Bins(rates[0], rates[1], limits[0], np.minimum(limits[1], 1.0))


@contextmanager
def _figure(width: float, height: float, rows: int = 1, abreast: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of panels with the same axes; its size in inches."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(figure.subplots(rows, abreast, sharex=True, sharey=True, squeeze=False).ravel())


def _svg(figure: Figure, told: str) -> Markup:
    """The figure without prologue, size, fonts and ids of its own. told: what it shows, for those who cannot see it."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": told}), warnings.catch_warnings():
        # Text stays text, so that the reader's fonts count, not those found here; only widths are measured with these.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(out, format="svg", transparent=True, metadata=_NO_METADATA)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' id="[A-Za-z]+[0-9]*d?_[0-9]+"', "", text)
    text = re.sub(r"font: ([0-9.]+)px [^;\"]+", r"font-size: \1px", text)
    text = re.sub(r'<svg [^>]*?(viewBox="[^"]+")[^>]*>', rf'<svg \1 role="img" aria-label="{told}">', text, count=1)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return Markup(re.sub(r"\s*\n\s*", " ", text))  # noqa: S704 - drawn here, from numbers and our own names


def _percent(value: float, _: object = None) -> str:
    return f"{100.0 * value:.3g}%"


def reliability(test: Test, models: Sequence[str], panels: Mapping[str, Bools], told: str) -> Markup:
    """Foretold against observed rate on log-log axes, a panel for each set of rows."""
    limits = _limits([test.probability[m][where] for m in models for where in panels.values() if where.any()])
    rows = -(-len(panels) // PANELS_ABREAST)
    abreast = -(-len(panels) // rows)
    size = (PAGE, PANEL_HEIGHT * rows) if len(panels) > 1 else HALF_PAGE
    with _figure(*size, rows, abreast) as (figure, axes):
        for empty in axes[len(panels) :]:
            empty.set_axis_off()
        for place, (axis, (title, where)) in enumerate(zip(axes, panels.items(), strict=False)):
            axis.plot(limits, limits, **_BY_CHANCE)
            if claims_in(test, where):
                for j, model in enumerate(models):
                    _draw_bins(axis, reliability_bins(test, model, where), limits, j, model)
            axis.set_title(f"{title} · {claims_in(test, where)} claims")
            axis.set(xlabel="foretold", ylabel="" if place % abreast else "observed")
        axes[0].set(xscale="log", yscale="log", xlim=limits, ylim=limits)
        for scale in (axes[0].xaxis, axes[0].yaxis):
            scale.set_major_locator(LogLocator(subs=(1.0,)))
            scale.set_major_formatter(FuncFormatter(_percent))
            scale.set_minor_locator(NullLocator())
        if len(models) > 1:
            figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(models))
        return _svg(figure, told)


def _limits(probabilities: list[Floats]) -> tuple[float, float]:
    """A common range in which nearly all lies."""
    everything = np.concatenate(probabilities)
    low, high = float(np.quantile(everything, 0.01)), float(everything.max())
    return max(low / 4.0, 1e-6), min(max(high * 2.0, low * 20.0), 1.0)


def _draw_bins(axis: Axes, bins: Bins, limits: tuple[float, float], series: int, label: str) -> None:
    shown = np.maximum(bins.observed, limits[0] * 1.15)
    low, high = np.maximum(bins.low, limits[0]), np.maximum(bins.high, shown)
    spread = np.abs(np.stack([shown - np.minimum(low, shown), high - shown]))
    axis.errorbar(
        bins.foretold, shown, spread, fmt="s" if series else "o", color=_SERIES[series], markersize=4.5, elinewidth=1.0,
        capsize=2.0, label=label,
    )  # fmt: skip


def _curves(told: str, curves: Curves, x: str, y: str, *, longest: float = 1.0, is_log: bool = False) -> Markup:
    """Shares against shares, or against a number up to `longest`; x does not fall."""
    with _figure(*HALF_PAGE) as (figure, (axis,)):
        for j, (name, (across, up)) in enumerate(curves.items()):
            keep = np.unique(np.searchsorted(across, np.linspace(across[0], across[-1], POINTS)))
            style = _BY_CHANCE if name == CHANCE else {"color": _SERIES[j % len(_SERIES)]}
            axis.plot(across[keep], up[keep], label=name, **style)
        axis.set(xlabel=x, ylabel=y, xlim=(0, longest))
        axis.set(**{"yscale": "log"} if is_log else {"ylim": (0, 1.02)})
        axis.yaxis.set_major_formatter(FuncFormatter(_percent))
        if longest == 1.0:
            axis.xaxis.set_major_formatter(FuncFormatter(_percent))
        axis.legend(loc="best")
        return _svg(figure, told)


def precision_recall(test: Test, models: Sequence[str]) -> Markup:
    """Which share of the flagged rows ends in a claim, against the share of claims that is flagged."""
    curves = {}
    for model in models:
        precision, recall, _ = precision_recall_curve(test.y, test.probability[model], sample_weight=test.weight)
        rising = np.flatnonzero(recall > 0.0)[::-1]
        curves[model] = (recall[rising], precision[rising])
    curves[CHANCE] = (np.array([0.0, 1.0]), np.full(2, _rate(test)))
    axes = ("recall: share of claims flagged", "precision: share of flagged that claim")
    return _curves("Precision against recall", curves, *axes, is_log=True)


def gain(test: Test, models: Sequence[str]) -> Markup:
    """The share of claims found against the share of rows looked at, the riskiest first."""
    rate, curves = _rate(test), {}
    for model in models:
        fallout, recall, _ = roc_curve(test.y, test.probability[model], sample_weight=test.weight)
        curves[model] = (rate * recall + (1.0 - rate) * fallout, recall)
    curves[CHANCE] = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    return _curves("Cumulative gain", curves, "share of rows looked at, riskiest first", "share of claims found")


def _rate(test: Test) -> float:
    return float(test.weight @ test.y / test.weight.sum())


def workload_curves(found: Mapping[str, Floats]) -> Markup:
    """The share of claims found against the length of the daily list, by model and by chance."""
    curves = {name: (np.arange(1.0, LONGEST_LIST + 1.0), share) for name, share in found.items()}
    told = "Claims found by the length of the daily list"
    return _curves(told, curves, "orders looked at each day", "share of claims found", longest=LONGEST_LIST)


def delay(curve: DelayCurve, window_days: float) -> Markup:
    """The share of claims that has opened by some days after an order is looked at, per state."""
    days = np.arange(0.0, window_days + 1.0)
    whole = np.full(len(days), window_days)
    shares = [curve.share(np.full(len(days), place), days, whole) for place in range(len(STATES))]
    curves = {str(s).replace("_", " "): (days, share) for s, share in zip(STATES, shares, strict=True)}
    axes = ("days after the order is looked at", "share of claims opened by then")
    return _curves("Delay of claims by state", curves, *axes, longest=window_days)


def importance(names: Sequence[str], margin: Floats, trees: Floats) -> Markup:
    """Mean effect in log-odds by attribute, largest on top; the part of the trees beside that of the margin."""
    with _figure(9.6, 0.6 + 0.235 * len(names)) as (figure, (axis,)):
        axis.barh(names, margin, color=_SERIES[0], height=0.68, label="margin")
        axis.barh(names, trees, left=margin, color=_SERIES[1], height=0.68, label="trees")
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.tick_params(axis="y", length=0, labelcolor=_INK)
        axis.set_xlabel("mean absolute effect, log-odds")
        axis.legend(loc="lower right")
        return _svg(figure, "Importance of the attributes")


def found_by_capacity(shares: Curves, by_chance: str, told: tuple[str, str, str]) -> Markup:
    """Shares of claims found against the length of the list. told: title and axes, in the reader's language."""
    with _figure(*HALF_PAGE) as (figure, (axis,)):
        for j, (name, (across, up)) in enumerate(shares.items()):
            style = _BY_CHANCE if name == by_chance else {"color": _SERIES[j], "marker": "o", "markersize": 4}
            axis.plot(across, up, label=name, **style)
        axis.set(xlabel=told[1], ylabel=told[2], ylim=(0, 1.02), xlim=(0, None))
        axis.yaxis.set_major_formatter(FuncFormatter(_percent))
        axis.legend(loc="best")
        return _svg(figure, told[0])


def course(counts: Curves, told: tuple[str, str, str]) -> Markup:
    """Counts that rise over days, as steps. told: title and axes, in the reader's language."""
    with _figure(*HALF_PAGE) as (figure, (axis,)):
        for j, (name, (across, up)) in enumerate(counts.items()):
            axis.step(across, up, where="post", label=name, color=_SERIES[j])
        axis.set(xlabel=told[1], ylabel=told[2], ylim=(0, None), xlim=(0, None))
        axis.legend(loc="upper left")
        return _svg(figure, told[0])
