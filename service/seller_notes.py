"""The words for what is told of a seller's file, in English and Simplified Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from features.delimited import Reject
from features.errors import SettingError
from features.seller.table import Note
from service.problem_words import reason_text
from service.wording import Lang

Texts = dict[str, dict[str, str]]


@cache
def texts() -> dict[str, Texts]:
    """All of seller_notes.toml, by section and code."""
    found: dict[str, Texts] = tomllib.loads((resources.files("service") / "seller_notes.toml").read_text("utf-8"))
    return found


def note_text(note: Note, lang: Lang) -> str:
    """One note as a line, its column in front.

    >>> note_text(Note("decimal_guessed", "Amount", {"sign": ","}), "en")
    'Amount: decimal sign guessed from the values: ,'
    """
    words = texts()
    found = words["notes"].get(note.code) or words["questions"].get(note.code)
    if found is None:
        raise SettingError(f"seller_notes.toml: {note.code}: expected a text for this note")
    told = found[lang].format(**note.details)
    return f"{note.column}{colon(lang)}{told}" if note.column else told


def colon(lang: Lang) -> str:
    """What stands between a thing and what is said of it."""
    return "：" if lang == "zh" else ": "


def heading(code: str, lang: Lang, **filled: str) -> str:
    """A heading of `claimrisk map`."""
    return texts()["headings"][code][lang].format(**filled)


def summary_word(code: str, lang: Lang) -> str:
    """A word of what `claimrisk score` says at its end."""
    return texts()["summary"][code][lang]


def place(column: str, reason: str, lang: Lang = "en") -> str:
    """What stands before a reason: the column, or nothing where there is none or the reason begins with it."""
    return "" if not column or reason.startswith(f"{column}: ") else f"{column}{colon(lang)}"


def rejects_told(rejects: Sequence[Reject], most: int, lang: Lang) -> Iterator[str]:
    """The first rows that were set aside, a line each: where, and why."""
    for reject in rejects[:most]:
        where = place(reject.column, reject.reason, lang)
        why = reason_text(reject.code, reject.reason, lang)
        yield heading("rejected", lang, line=str(reject.line), why=f"{where}{why}")
