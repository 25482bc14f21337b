"""An answer computed again: the same order, moment and language, into the bytes that the API would send."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from features.columns import epoch_seconds
from features.document import checked_columns, read_order
from features.errors import InputError
from features.kinds import instant_problem
from service.answers import Detail, answer
from service.decide import Decisions, decide
from service.means import Means
from service.wording import Lang

# The texts of an answer that are all ours; those of reasons may quote what the shop wrote.
_OWN_TEXTS = ("clocks", "eligibility", "warnings", "recommendations", "reasons")
_LONGEST_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Replay:
    """What is at hand of an answer. given: as it was read; told: as it comes out now; body: the bytes of that."""

    given: Mapping[str, Any]
    told: Mapping[str, Any]
    body: bytes
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the answer at hand differs: a JSON pointer, what the answer has, what was expected (JSON)."""

    pointer: str
    got: str
    expected: str


def replayed(given: Mapping[str, Any], order: Any, means: Means, lang: Lang) -> Replay:
    """Compute the answer again. An order without as_of is looked at when the answer was."""
    columns = checked_columns(read_order(order), _moment(given), means.extras)
    decisions = decide(columns, means)
    kept = {name: given[name] for name in ("id", "recorded") if name in given}
    told = {**kept, **answer(decisions, 0, means, lang, detail=_detail(given))}
    return Replay(given, told, orjson.dumps(told), decisions)


def _detail(given: Mapping[str, Any]) -> Detail:
    """How much was asked for, as the answer at hand shows."""
    if given.get("reasons", []) is None:
        return "score"
    return "without_reasons" if given.get("reasons") == [] else "full"


def _moment(given: Mapping[str, Any]) -> float:
    text = given["as_of"]
    problem = "expected a text" if not isinstance(text, str) else instant_problem(text)
    if problem is not None:
        raise InputError(f"answer: /as_of: {problem}")
    return epoch_seconds(datetime.fromisoformat(text.upper()))


def checked_answer(value: Any) -> Mapping[str, Any]:
    """The answer in a parsed document; `InputError` says what is wrong with it."""
    if isinstance(value, dict) and "results" in value:
        raise InputError("answer: expected one score, got those of a batch; name one with --index")
    missing = [n for n in ("id", "as_of", "versions") if not isinstance(value, dict) or n not in value]
    if missing:
        raise InputError(f"answer: expected a score as the API told it, with {', '.join(missing)}")
    return dict(value)


def of_batch(answers: Any, orders: Any, index: int) -> tuple[Any, Any]:
    """One score and its order out of the answer to a batch and the body that was sent."""
    try:
        return answers["results"][index]["score"], orders["orders"][index]
    except (KeyError, IndexError, TypeError) as error:
        raise InputError(
            f'--index {index}: expected {{"results": [...]}} and {{"orders": [...]}} with a score at that place'
        ) from error


def language(given: Mapping[str, Any]) -> Lang:
    """The language in which an answer was told.

    >>> language({"clocks": [{"text": "须在此之前回复"}]}), language({"clocks": [], "warnings": [{"text": "Late."}]})
    ('zh', 'en')
    """
    for name in _OWN_TEXTS:
        texts = [str(part.get("text", "")) for part in given.get(name) or () if isinstance(part, dict)]
        if texts:
            return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in texts[0]) else "en"
    return "en"


def other_versions(found: Replay) -> list[Difference]:
    """The versions that the answer was made with and that are not those at hand."""
    return list(differences(found.given["versions"], found.told["versions"], "/versions"))


def differences(got: Any, expected: Any, pointer: str = "") -> Iterator[Difference]:
    """Where two JSON values differ, as deep as possible, in the order of what was expected.

    >>> list(differences({"a": [1, 2]}, {"a": [1, 3]}))
    [Difference(pointer='/a/1', got='2', expected='3')]
    """
    if isinstance(got, dict) and isinstance(expected, dict):
        yield from _members(got, expected, pointer)
    elif isinstance(got, list) and isinstance(expected, list):
        for place in range(max(len(got), len(expected))):
            one, other = (part[place] if place < len(part) else _ABSENT for part in (got, expected))
            yield from differences(one, other, f"{pointer}/{place}")
    elif got is _ABSENT or expected is _ABSENT or orjson.dumps(got) != orjson.dumps(expected):
        yield Difference(pointer or "/", _shown(got), _shown(expected))


def _members(got: dict[str, Any], expected: dict[str, Any], pointer: str) -> Iterator[Difference]:
    if got.keys() == expected.keys() and list(got) != list(expected):
        yield Difference(pointer or "/", f"order {', '.join(got)}", f"order {', '.join(expected)}")
    for name in dict.fromkeys([*expected, *got]):
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        yield from differences(got.get(name, _ABSENT), expected.get(name, _ABSENT), place)


_ABSENT = object()


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
