"""Texts for people: in English and Chinese with the same blanks, and no number in advice without a source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from features.policy.book import book
from service.advice_catalogue import Action, catalogue

ROOT = Path(__file__).parent.parent
FLOORS = ("features", "model", "training", "service")
WORD_LISTS = ROOT / "features" / "listings"  # what sellers write, not what they are told
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.toml") if path.parent != WORD_LISTS)


def texts(table: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every table that holds a text in some language, with its place."""
    if isinstance(table, dict):
        if {"en", "zh"} & table.keys() and all(isinstance(value, str) for value in table.values()):
            yield path, table
        for key, value in table.items():
            yield from texts(value, f"{path}.{key}")
    elif isinstance(table, list):
        for k, value in enumerate(table):
            yield from texts(value, f"{path}[{k}]")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_is_there_in_both_languages_with_the_same_blanks(path: Path) -> None:
    for place, text in texts(tomllib.loads(path.read_text("utf-8"))):
        assert text.keys() >= {"en", "zh"}, f"{path.name}: {place}: expected en and zh"
        assert text["en"].strip(), place
        assert text["zh"].strip(), place
        english, chinese = (set(re.findall(r"{(\w+)", text[lang])) for lang in ("en", "zh"))
        # What an attribute means is only there in English.
        assert chinese == english - {"meaning"}, f"{path.name}: {place}: other blanks in the other language"


def numbers(value: Any) -> Iterator[float]:
    """All numbers in a nested value."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield abs(float(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from numbers(inner)


WORDS = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}


@pytest.mark.parametrize("action", catalogue().actions, ids=lambda action: action.id)
def test_a_number_in_advice_stands_in_policy_or_in_the_action(action: Action) -> None:
    facts = {float(fact.value) for facts in book().facts.values() for fact in facts if not isinstance(fact.value, bool)}
    facts |= {value / 24.0 for value in facts} | set(numbers(astuple(action)))
    for text in (words for told in action.texts for words in (told.en, told.zh)):
        said = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
        said |= {value for word, value in WORDS.items() if re.search(rf"\b{word} (?:days|hours)", text)}
        assert said <= facts, f"{action.id}: {sorted(said - facts)} stand neither in policy nor in the action"
