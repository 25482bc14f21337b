"""How one order's probability comes about: baseline, margin and trees by attribute, calibration, interval."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.columns import Floats
from model.calibration import Z_90
from model.reasons import CONTEXT
from model.scorer import Scorer, log_odds_of
from service.decide import Decisions
from service.explanation_words import Words, percent, signed
from service.wording import reason, rendered_value

MOST_ATTRIBUTES = 15


def chance_lines(decisions: Decisions, scorer: Scorer, words: Words) -> Iterator[str]:
    """The lines on the first order's probability."""
    scores, columns = decisions.scores, decisions.columns
    state, raw = scores.state, float(scores.raw[0])
    baseline = float(log_odds_of(scores.baseline)[0])
    yield words.heading("chance")
    yield words.item("baseline", share=percent(float(scores.baseline[0])), log_odds=signed(baseline))
    if scorer.standing != "degraded":
        yield words.item("intercept", value=signed(scorer.margin.intercept))
    yield from _attributes(decisions, scorer, words)
    yield words.item("sum", value=signed(raw))
    calibrated, deviation = (float(v[0]) for v in scorer.calibrated(columns, state, scores.phase, scores.raw))
    if scorer.standing == "degraded":
        yield words.item("beside_baseline", baseline=signed(baseline), raw=signed(raw), value=signed(calibrated))
    elif scorer.standing == "insufficient_data":
        yield words.item("baseline_alone", value=signed(calibrated))
    else:
        levels = (float(v[scores.phase[0]]) for v in (scorer.calibrator.intercepts, scorer.calibrator.slopes))
        intercept, slope = (f"{v:.4f}" for v in levels)
        yield words.item("calibration", intercept=intercept, slope=slope, raw=signed(raw), value=signed(calibrated))
    if scores.assumed[0]:
        yield words.item("assumed", value=signed(float(scores.assumed[0])), doubt=f"{scorer.assumed.doubt:.0%}")
    low, high = percent(float(scores.low[0])), percent(float(scores.high[0]))
    yield words.item("probability", share=percent(float(scores.probability[0])))
    deviation = float(np.hypot(deviation, scorer.assumed.doubt * scores.assumed[0]))
    yield words.item("interval", z=f"{Z_90:.3f}", deviation=f"{deviation:.4f}", low=low, high=high)
    seven, thirty = percent(float(scores.within_7[0])), percent(float(scores.within_30[0]))
    days = f"{float(scorer.remaining_days(columns)[0]):.1f}"
    yield words.item("within", seven=seven, thirty=thirty, days=days)


def _attributes(decisions: Decisions, scorer: Scorer, words: Words) -> Iterator[str]:
    """Parts of margin and trees by attribute, the largest first; the small ones together."""
    scores, features = decisions.scores, scorer.pipeline.features_
    trees = scorer.booster.contributions(scores.X, scores.state)[0]
    margin = scorer.margin.by_feature(scores.X, len(features))[0]
    if scorer.booster.n_trees:
        yield words.item("expectation", value=signed(float(trees[-1])))
    parts = _by_attribute([f.attribute for f in features], margin, trees[:-1])
    ranked = sorted(parts.items(), key=lambda part: -abs(part[1].sum()))
    ranked = [part for part in ranked if part[1].any()]
    for name, pair in ranked[:MOST_ATTRIBUTES]:
        told = _parts(pair, words)
        if name in CONTEXT:
            yield words.below("attribute", name=words(name), parts=told)
            continue
        said = reason(name).name
        value = rendered_value(decisions.columns, 0, name, words.lang)
        yield words.below("attribute_is", name=said.zh if words.lang == "zh" else said.en, value=value, parts=told)
    rest = [part for _, part in ranked[MOST_ATTRIBUTES:]]
    if rest:
        yield words.below("others", count=len(rest), parts=_parts(np.sum(rest, axis=0), words))


def _parts(pair: Floats, words: Words) -> str:
    """Margin and trees, both where there are both."""
    total = signed(float(pair.sum()))
    return words("both", sum=total, margin=signed(pair[0]), trees=signed(pair[1])) if pair.all() else total


def _by_attribute(names: list[str], margin: Floats, trees: Floats) -> dict[str, Floats]:
    """Per attribute (2,) float64: margin and trees."""
    parts: dict[str, Floats] = {}
    for name, *pair in zip(names, margin, trees, strict=True):
        parts[name] = parts.get(name, np.zeros(2)) + pair
    return parts
