"""The guard's rules, the forms that a breach takes, and the patterns of the words they speak of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from features.conditions import CLOSED
from features.errors import SettingError
from service.advice_catalogue import Text
from service.guard_files import readable, table

# Words that no form names: what denies a hit, what begins another thought, what forbids after it.
DENIED, BREAKS, AFTER = "denied", "breaks", "forbidden_after"
Words = Mapping[str, re.Pattern[str]]


@checked(frozen=True, slots=True, config=CLOSED)
class Form:
    """One way to break a rule: words within so many characters of the first (`given` is no part of the quote), and the
    words that clear it. Where it is not certain, it counts only if the reader does not think the text harmless."""

    all: Annotated[tuple[str, ...], Field(min_length=1)]
    within: Annotated[int, Field(ge=0)]
    given: str | None = None
    cleared_by: tuple[str, ...] = ()
    is_never_denied: bool = False
    is_certain: bool = False


@checked(frozen=True, slots=True, config=CLOSED)
class Rule:
    """A rule of the marketplace, where it stands, since when it is held here, and what to say of a breach."""

    source: Annotated[str, Field(pattern=r"^https?://\S+$")]
    certainty: Literal["H", "M", "L", "X"]
    valid_from: date
    text: Text
    form: tuple[Form, ...]


@checked(frozen=True, slots=True, config=CLOSED)
class Book:
    """All of rules.toml."""

    most_characters: Annotated[int, Field(ge=1)]
    denial_reaches: Annotated[int, Field(ge=1)]
    marks_count: Annotated[float, Field(ge=0)]
    reader_agrees_at: float
    reader_finds_at: float
    rule: Mapping[str, Rule]


def book(known: Words) -> Book:
    """The rules that ship with the program; `SettingError` names the key that is wrong, or words that are not known."""
    try:
        told = TypeAdapter(Book).validate_python(table("rules.toml"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingError(f"guard/rules.toml: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    forms = [form for rule in told.rule.values() for form in rule.form]
    named = {word for form in forms for word in (*form.all, *form.cleared_by, *filter(None, [form.given]))}
    missing = named.union((DENIED, BREAKS, AFTER)) - known.keys()
    if missing:
        raise SettingError(f"guard/rules.toml: expected words that words.toml has, got {sorted(missing)}")
    return told


def words() -> Words:
    """The words that ship with the program, each a pattern for text in the guard's one form."""
    raw = table("words.toml")
    with readable("words.toml"):
        return {name: _pattern(name, word, raw["fragments"]) for name, word in raw["words"].items()}


def _pattern(name: str, word: Mapping[str, list[str]], fragments: Mapping[str, str]) -> re.Pattern[str]:
    english = [rf"(?<![a-z])(?:{'|'.join(word['en'])})(?![a-z])"] if word["en"] else []
    whole = "|".join([*english, *word["zh"]])
    for key, fragment in fragments.items():
        whole = whole.replace("{" + key + "}", fragment)
    try:
        return re.compile(whole)
    except re.error as error:
        raise SettingError(f"guard/words.toml: words.{name}: expected patterns: {error}") from error
