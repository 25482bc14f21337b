"""How well probabilities told what happened: measures, paired differences, and their tables in Markdown."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.olist_baselines import Floats

HEADING = "## Real orders: Olist"
COMMAND = "python benchmarks/olist.py --write docs/results.md"
CONSTANT = "constant"
_COLUMNS = ("", "log-loss", "Brier", "ROC-AUC", "average precision", "observed ÷ expected")
_DIFFERENCES = ("log-loss: product − this (1 SE)", "Brier: product − this (1 SE)")


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean over orders with its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:+.5f} ({self.error:.5f})"


@dataclass(frozen=True, slots=True)
class Judged:
    """The orders of one moment, period after period. happened: (n,) float64, 0 or 1; probabilities: (n,) float64 of
    each competitor; sizes: how many orders each period has."""

    happened: Floats
    probabilities: dict[str, Floats]
    sizes: list[int]

    def losses(self, name: str) -> tuple[Floats, Floats]:
        """Log-loss and squared error, (n,) float64 each."""
        y, p = self.happened, self.probabilities[name]
        return -np.log(np.where(y == 1, p, 1 - p)), (p - y) ** 2

    def differences(self, name: str, other: str) -> tuple[Difference, Difference]:
        """Log-loss and squared error of `name` less those of `other`, paired over orders; below 0 `name` is better."""
        pairs = zip(self.losses(name), self.losses(other), strict=True)
        logarithmic, squared = (a - b for a, b in pairs)
        return _mean(logarithmic), _mean(squared)

    def row(self, name: str) -> list[str]:
        """The measures of one competitor, as in `_COLUMNS`."""
        y, p = self.happened, self.probabilities[name]
        losses = [f"{loss.mean():.5f}" for loss in self.losses(name)]
        is_flat = name == CONSTANT
        ranks = ["–", "–"] if is_flat else [f"{roc_auc_score(y, p):.3f}", f"{average_precision_score(y, p):.3f}"]
        return [name, *losses, *ranks, f"{y.sum() / p.sum():.2f}"]

    def observed_to_expected(self, name: str) -> list[float]:
        """Claims that happened ÷ claims that were foretold, by period."""
        edges = np.cumsum([0, *self.sizes[:-1]])
        happened, expected = (np.add.reduceat(a, edges) for a in (self.happened, self.probabilities[name]))
        return [float(ratio) for ratio in happened / expected]


def _mean(values: Floats) -> Difference:
    return Difference(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def report(judged: dict[str, Judged], product: str) -> list[str]:
    """A table per moment, what it comes to, and the machine."""
    lines: list[str] = []
    for moment, found in judged.items():
        lines += [f"### When {moment}: {len(found.happened)} orders, {found.happened.sum():.0f} claims", ""]
        lines += [*_table(found, product), "", *_drift(found, product), *_verdict(found, product)]
    return [*lines, f"`{COMMAND}`; {_machine()}"]


def _table(found: Judged, product: str) -> list[str]:
    has_product = product in found.probabilities
    columns = _COLUMNS + (_DIFFERENCES if has_product else ())
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    for name in found.probabilities:
        compared = found.differences(product, name) if has_product and name != product else ("–", "–") * has_product
        lines.append(" | ".join([*found.row(name), *map(str, compared)]))
    return [f"| {line} |" for line in lines]


def _drift(found: Judged, product: str) -> list[str]:
    """How the level held from period to period, in a market whose rate moves."""
    names = [name for name in (product, CONSTANT) if name in found.probabilities]
    ratios = [f"{name} " + ", ".join(f"{r:.2f}" for r in found.observed_to_expected(name)) for name in names]
    return [f"Observed ÷ expected by origin: {'; '.join(ratios)}.", ""]


def _verdict(found: Judged, product: str) -> list[str]:
    """Whether the product beats the constant, and stays within one standard error of the best baseline."""
    if product not in found.probabilities:
        return []
    others = [name for name in found.probabilities if name != product]
    parts: list[str] = []
    for place, measure in enumerate(("log-loss", "Brier")):
        best = min(others, key=lambda name: found.losses(name)[place].mean())
        against = found.differences(product, best)[place]
        below = found.differences(product, CONSTANT)[place].mean < 0
        within = against.mean <= against.error
        parts.append(
            f"{measure} {'below' if below else 'NOT below'} the constant, "
            f"{'within' if within else 'MORE than'} one standard error of the best baseline ({best})"
        )
    return ["; ".join(parts) + ".", ""]


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "scikit-learn", "numpy", "polars"))
    return f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, {packages}."


def replaced_section(path: Path, text: str) -> str:
    """The whole Markdown of `path` with the section under `HEADING` replaced, or added at its end."""
    old = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    before, _, rest = old.partition(HEADING)
    _, mark, after = rest.partition("\n## ")
    return f"{before.rstrip()}\n\n{HEADING}\n\n{text}\n" + (f"\n{mark.lstrip()}{after}" if mark else "")
