"""The explanation of an answer: that it comes out again, and how each number in it came about; else what differs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

from features.order import STATES
from service.explanation_chance import chance_lines
from service.explanation_stakes import action_lines, consequence_lines, cost_lines
from service.explanation_words import Words, texts
from service.instants import instant_text
from service.means import Means
from service.page_words import Words as PageWords
from service.replay import Difference, Replay, differences, other_versions
from service.wording import Lang

MOST_DIFFERENCES = 30


def explained(found: Replay, means: Means, lang: Lang, *, laid_out: bool = False) -> str:
    """How an answer that comes out again came about, as Markdown. laid_out: its file is not laid out as it was sent."""
    words = Words(lang)
    digest = hashlib.sha256(found.body).hexdigest()
    first = words("laid_out" if laid_out else "equal", count=f"{len(found.body):,}", digest=digest)
    return "\n".join([first, *_told(found, means, words)]) + "\n"


def _told(found: Replay, means: Means, words: Words) -> Iterator[str]:
    decisions, columns = found.decisions, found.decisions.columns
    yield "\n# " + words(
        "order", order=columns["order_id"][0], shop=columns["shop_id"][0],
        as_of=instant_text(float(columns["as_of"][0])), status=decisions.status[0], model=means.bundle.version,
        state=PageWords(words.lang).state(str(STATES[decisions.scores.state[0]])),
    )  # fmt: skip
    if math.isnan(decisions.scores.probability[0]):
        yield words.item("no_probability")
        return
    yield from chance_lines(decisions, means.bundle.scorer, words)
    yield from consequence_lines(decisions, words)
    yield from cost_lines(decisions, means, words)
    yield from action_lines(decisions, means, words)


def difference_text(found: Replay, lang: Lang) -> str | None:
    """Why an answer does not come out again: other versions, or where its members differ; None where it does."""
    words = Words(lang)
    versions = other_versions(found)
    if versions:
        return "\n".join([words("versions"), *(_version(one, words) for one in versions)]) + "\n"
    found_all = list(differences(found.given, found.told))
    if not found_all:
        return None
    lines = [words("differs", count=len(found_all))]
    shown = found_all[:MOST_DIFFERENCES]
    lines += [words("difference", pointer=d.pointer, got=d.got, expected=d.expected) for d in shown]
    if len(found_all) > len(shown):
        lines.append(words("more", count=len(found_all) - len(shown)))
    return "\n".join(lines) + "\n"


def _version(one: Difference, words: Words) -> str:
    name = one.pointer.rpartition("/")[2]
    todo = words.of("versions", name if name in texts()["versions"] else "otherwise")
    return words.item("version", name=name, got=one.got, expected=one.expected, todo=todo)
