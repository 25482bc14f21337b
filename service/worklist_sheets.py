"""The sheets of a worklist: orders, groups and how they came about, as tables of texts in the operator's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from service.advice_catalogue import Catalogue
from service.answers import reason_of
from service.decide import Decisions
from service.page_words import Words
from service.recommend import Recommendation
from service.wording import Lang, text
from service.worklist import SHEETS, Worklist, rules


@dataclass(frozen=True, slots=True)
class Told:
    """In which language a worklist is told, and in which zone its deadlines stand (UTC if None)."""

    lang: Lang
    zone: ZoneInfo | None

    def word(self, table: str, key: str, **filled: object) -> str:
        """A text of worklist_texts.toml."""
        return _texts()[table][key][self.lang].format(**filled)

    def moment(self, at: float | None) -> str | None:
        """An instant to the minute, None where there is none."""
        if at is None:
            return None
        return f"{datetime.fromtimestamp(at, UTC).astimezone(self.zone or UTC):%Y-%m-%d %H:%M}"

    @property
    def zone_name(self) -> str:
        """The zone in which moments stand."""
        return "UTC" if self.zone is None else self.zone.key


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[Lang, str]]]:
    return tomllib.loads((resources.files("service") / "worklist_texts.toml").read_text("utf-8"))


def order_sheet(found: Worklist, decisions: Decisions, told: Told) -> pl.DataFrame:
    """The listed orders. decisions: of the same orders in the same order of rows."""
    words, of = Words(told.lang), rules()
    rows = found.orders
    steps = [
        [r for r in advice.recommendations if r.action.helps == "this_order"][: of.actions]
        for advice in decisions.advice
    ]
    why = [_why(decisions, i, told.lang, of.reasons) for i in range(rows.height)]
    columns: dict[str, Sequence[object] | pl.Series] = {
        "rank": range(1, rows.height + 1), "order_id": rows["order_id"], "shop_id": rows["shop_id"],
        "state": [words.state(state) for state in rows["state"]], "probability": rows["probability"].round(6),
        "expected_cost": rows["expected_cost"].round(2) + 0.0, "net": rows["net"].round(2) + 0.0,
        "currency": rows["currency"],
        "until": [told.moment(at) for at in rows["due"]],
        "hours_left": rows["hours_left"].round(1), "todo": [_todo(row, told) for row in steps], "why": why,
        "note": [_note(row, told) for row in rows.iter_rows(named=True)],
    }  # fmt: skip
    return pl.DataFrame({_heading(name, told): values for name, values in columns.items()}, strict=False)


def _heading(name: str, told: Told) -> str:
    return told.word("columns", name, zone=told.zone_name)


def _todo(steps: Sequence[Recommendation], told: Told) -> str:
    """Steps with their deadlines, the most helpful first."""
    return "\n".join(
        f"{i}. {text(step.action, told.lang, step.rules)}"
        + (f" [{told.moment(step.deadline)}]" if step.deadline else "")
        for i, step in enumerate(steps, start=1)
    )


def _why(decisions: Decisions, i: int, lang: Lang, most: int) -> str:
    return "\n".join(reason_of(decisions, i, *found, lang)["text"] for found in decisions.reasons.of(i, most))


def _note(row: Mapping[str, object], told: Told) -> str | None:
    notes = [told.word("notes", "is_late")] if row["is_late"] else []
    if row["is_assumed"]:
        notes.append(told.word("notes", "value_assumed"))
    if row["expected_cost"] is None:
        notes.append(told.word("notes", "rate_unknown"))
    return "; ".join(notes) or None


def group_sheets(found: Worklist, catalogue: Catalogue, told: Told) -> dict[str, pl.DataFrame]:
    """Per sheet the actions that serve many orders."""
    out: dict[str, pl.DataFrame] = {}
    for sheet in SHEETS:
        rows = found.groups[sheet]
        columns: dict[str, Sequence[object] | pl.Series] = {
            "rank": range(1, rows.height + 1), "key": rows["key"], "orders": rows["orders"],
            "net": rows["net"].round(2) + 0.0, "currency": rows["profile_currency"],
            "until": [told.moment(at) for at in rows["due"]],
            "action": [text(catalogue.actions[a], told.lang, {}) for a in rows["action"]], "named": rows["named"],
        }  # fmt: skip
        out[sheet] = pl.DataFrame({_heading(name, told): values for name, values in columns.items()}, strict=False)
    return out


Doubt = Literal["starter", "degraded"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a worklist was made from: first and last moment at which rows were looked at (None without rows), version of
    the model, why its percentages are not the shop's, rows read and rejected, and the file of rejects."""

    looked_at: tuple[float | None, float | None]
    model: str
    doubt: Doubt | None
    read: int
    rejected: int
    rejects: str


def about_sheet(found: Worklist, source: Source, told: Told) -> pl.DataFrame:
    """How the list came about; every row read is counted once."""
    half = f"{rules().half_hours:g}"
    moments = dict.fromkeys(told.moment(at) or "?" for at in source.looked_at)
    facts: list[tuple[str, str]] = [
        (told.word("about", "as_of"), f"{' – '.join(moments)} ({told.zone_name})"),
        (told.word("about", "model"), source.model),
        (told.word("about", "ranked"), told.word("about", "ranked_by", half=half, duty=f"{rules().duty_defects:g}")),
        (told.word("about", "read"), str(source.read)),
        (told.word("about", "listed"), str(found.orders.height)),
        *((told.word("about", reason), str(count)) for reason, count in found.left_out.items()),
        (told.word("about", "rejected", file=source.rejects), str(source.rejected)),
    ]
    if source.doubt is not None:
        facts.append((told.word("about", "model"), told.word("about", source.doubt)))
    heading = [_heading("fact", told), _heading("told", told)]
    return pl.DataFrame(facts, schema=heading, orient="row")
