"""The defect budget against simulated windows whose law is known.

    python -m benchmarks.odr --windows 800

Each window is a shop of its own (5 to 500 expected defects a year) with shocks of carrier weeks and SKU lots whose size
it does not know but from a year of its past; the defects to come are forecast with the product's own functions.
    PIT         randomised probability integral transform: p of the Kolmogorov-Smirnov test of uniformity
    CRPS        mean over windows ÷ that of the true law, which knows how large shocks are, but not the shocks
    P(breach)   said and happened, in five bins
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
from scipy.stats import binom, kstest  # type: ignore[attr-defined]
from threadpoolctl import threadpool_limits

from benchmarks.odr_worlds import KINDS, Law, Window, simulated
from model.defect_priors import defect_priors
from model.odr import Counts, multiples
from model.shock_sizes import prior_of
from model.shocks import Spread
from service.odr_rule import OdrRule, odr_rule

BINS = 5
RULE = cast("OdrRule", odr_rule("US", 1.79e9))


@dataclass(frozen=True)
class Judged:
    """One forecast. pit: randomised; crps; breach: what was said; happened: whether it did."""

    pit: float
    crps: float
    breach: float
    happened: bool


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--law", choices=get_args(Law), default="as assumed")
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        windows(given.windows, given.seed, given.law)


def windows(number: int, seed: int, law: Law) -> None:
    """Forecast and judge windows, with what is learned of shocks, with the prior, with a plug-in, and as the truth."""
    found: dict[str, list[Judged]] = {}
    begun = time.process_time()
    for i in range(number):
        window, rng = simulated(seed * 1_000_000 + i, law), np.random.default_rng([seed, i, 1])
        beliefs = window.learned()
        fixed = {k: Spread(np.array([window.true[k]]), np.ones(1)) for k in KINDS}
        plugged = {k: mode_of(beliefs[k]) for k in KINDS}
        u = rng.random()
        for name, spreads in (("learned", beliefs), ("prior", {k: prior_of(k) for k in KINDS}),
                              ("plug-in", plugged), ("true law", fixed)):  # fmt: skip
            found.setdefault(name, []).append(judged(window, spreads, u))
        ratio = window.truth * 0.0 + 1.0  # shocks ignored
        independent = Counts(np.array([[window.chance @ ratio]]), np.array([[window.chance @ window.chance]]))
        found.setdefault("no shocks", []).append(_judged(window, independent, u))
    truth = np.mean([j.crps for j in found["true law"]])
    print(f"{number} windows, shocks {law}, {time.process_time() - begun:.0f} s of processor time")
    print("| forecast | PIT: KS p | CRPS ÷ true law | P(breach) said / happened (windows), by fifth |")
    print("|---|---|---|---|")
    for name, told in found.items():
        p = kstest([j.pit for j in told], "uniform").pvalue
        print(f"| {name} | {p:.3f} | {np.mean([j.crps for j in told]) / truth:.4f} | {'; '.join(breaches(told))} |")


def mode_of(spread: Spread) -> Spread:
    """One value in place of what is believed."""
    return Spread(spread.deviations[[np.argmax(spread.weights)]], np.ones(1))


def judged(window: Window, spreads: dict[str, Spread], u: float) -> Judged:
    """The forecast with what is believed of shocks, judged by what came."""
    drawn = multiples(window.rows(spreads), defect_priors().draws)  # type: ignore[arg-type]
    return _judged(window, drawn.counts(window.chance[:, None], np.zeros(len(window.chance))), u)


def _judged(window: Window, counted: Counts, u: float) -> Judged:
    masses, came = counted.masses(0), int(window.later.sum())
    below = np.cumsum(masses)
    at = min(came, len(masses) - 1)
    pit = below[at] - masses[at] * u if came < len(masses) else 1.0
    steps = np.concatenate([below, np.ones(max(came - len(below), 0))])
    crps = float(np.sum((steps - (np.arange(len(steps)) >= came)) ** 2))
    room = RULE.allowed(len(window.chance)) - int(window.known.sum())
    breach = float(counted.at_least(np.array([room + 1]))[0])
    return Judged(float(pit), crps, breach, came > room)


def breaches(told: list[Judged]) -> list[str]:
    """Said / happened of the windows in which a breach is neither sure nor out of the question, by fifth."""
    open_ = sorted((j for j in told if 0.001 < j.breach < 0.999), key=lambda j: j.breach)
    out = []
    for part in np.array_split(np.array([(j.breach, j.happened) for j in open_]), BINS):
        said, happened, n = float(part[:, 0].mean()), float(part[:, 1].mean()), len(part)
        low, high = binom.ppf([0.025, 0.975], n, said) / n
        mark = "" if low <= happened <= high else " !"
        out.append(f"{said:.2f} / {happened:.2f} ({n}){mark}")
    return out


if __name__ == "__main__":
    main()
