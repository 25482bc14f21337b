"""What is answered on a text that was sent to be checked by the guard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.errors import Problem, SettingError
from service.guard import guard
from service.refused import RequestRefused
from service.wording import Lang

Answer = dict[str, Any]


def checked_body(value: Any, lang: Lang) -> Answer:
    """The answer to a body such as {"text": "…"}; `RequestRefused` where it has another form."""
    problem: Problem | None = None
    if not isinstance(value, Mapping):
        problem = Problem("", "not_an_object", 'expected an object such as {"text": "..."}')
    elif set(value) != {"text"}:
        problem = Problem("", "not_a_text", 'expected "text" and nothing else')
    elif not isinstance(value["text"], str):
        problem = Problem("text", "not_a_text", "expected a text between quotes")
    else:
        _ready()
        return checked_text(value["text"], lang)
    raise RequestRefused("text_refused", problem.detail, errors=[problem])


def _ready() -> None:
    """Load the guard; `RequestRefused` where its files cannot be used. It is tried anew at each text until they can."""
    try:
        guard()
    except SettingError as error:
        raise RequestRefused("guard_unavailable", str(error)) from error


def checked_text(text: str, lang: Lang) -> Answer:
    """Allowed where nothing was found; `RequestRefused` for a text too long, or with half a character."""
    book = guard().book
    detail = None
    if len(text) > book.most_characters:
        detail = f"expected at most {book.most_characters:,} characters, got {len(text):,}; check it in parts"
    elif any("\ud800" <= character <= "\udfff" for character in text):
        detail = "expected whole characters, got half of a pair (a lone surrogate); send the text again"
    if detail is not None:
        raise RequestRefused("text_refused", detail, errors=[Problem("text", "text_unusable", detail)])
    found = guard().findings(text)
    findings = []
    for one in found:
        rule = book.rule[one.rule]
        findings.append({
            "rule": one.rule, "quote": one.quote, "start": one.start, "end": one.end,
            "source": rule.source, "text": rule.text.zh if lang == "zh" else rule.text.en,
        })  # fmt: skip
    return {"allowed": not found, "findings": findings}
