"""The draft of a map: what was recognised as TOML, what is open as a comment, to be read and corrected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.seller.dates import date_parts
from features.seller.numbers import numerals
from features.seller.table import Note
from features.seller.wordlists import is_personal, wordlists

MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """One line of the draft. settings: beside `from`; question: what is to be decided, if anything."""

    ours: str
    theirs: str
    settings: dict[str, str]
    question: Note | None = None

    @property
    def line(self) -> str:
        """The line as it stands in the map."""
        inner = "".join(f", {name} = {json.dumps(value)}" for name, value in self.settings.items())
        source = json.dumps(self.theirs, ensure_ascii=False)
        text = f"{self.ours} = {{ from = {source}{inner} }}" if inner else f"{self.ours} = {source}"
        return text if self.question is None else f"# to decide: {text}"


def drafted(
    path: Path, top: Mapping[str, object], kind: str, *, columns: Sequence[DraftColumn], frame: pl.DataFrame
) -> str:
    """The TOML of a map: settings at the top, the columns recognised, and what the others look like."""
    used = {column.theirs for column in columns}
    personal = [name for name in frame.columns if is_personal(name)]
    spare = [name for name in frame.columns if name not in used and name not in personal]
    lines = [
        f"# A map of {path.name} to be read and corrected: names on the right are the file's, on the left ours.",
        f"report = {json.dumps(path.stem, ensure_ascii=False)}",
        f'kind = "{kind}"',
        *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in top.items()),
        f"personal = {json.dumps(personal, ensure_ascii=False)}",
        "",
        "[columns]",
        *(column.line for column in columns),
        *(f"# not used: {json.dumps(name, ensure_ascii=False)} {_seems(frame[name])}".rstrip() for name in spare),
    ]
    return "\n".join(lines) + "\n"


def _seems(text: pl.Series) -> str:
    """What the values of a column look like, for whoever edits the map; nothing that could name a person."""
    given = text.drop_nulls()
    if not len(given):
        return "(empty)"
    most = wordlists().limits.share_that_decides * len(given)
    dates, found = date_parts(given).parts, numerals(given)
    if dates.filter(pl.any_horizontal(pl.col("y", "c").is_not_null())).height >= most:
        return "(dates)"
    if len(given) - int((found.typed.is_null() & found.digits.is_null()).sum()) >= most:
        return "(numbers)"
    words = given.n_unique()
    return f"({words} different values)" if words > MOST_WORDS else f"({words} words)"
