"""The report of a back-test: one page in English or Chinese, and its numbers as tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import polars as pl
from markupsafe import Markup

from features.columns import Floats
from features.moments import DAY
from training import plots
from training.backtest import ALL, Backtest
from training.card import environment
from training.occasions import OCCASIONS
from training.window import backtest_settings

Language = Literal["en", "zh"]
CHANCE = "chance"


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[Language, str]]]:
    return tomllib.loads((resources.files("training") / "backtest_texts.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Said:
    """The words of the report in one language."""

    lang: Language

    def __call__(self, key: str, **filled: object) -> str:
        """A text."""
        return _texts()["texts"][key][self.lang].format(**filled)

    def html(self, key: str, **filled: object) -> Markup:
        """A text of our own that holds line breaks."""
        return Markup(_texts()["texts"][key][self.lang]).format(**filled)  # noqa: S704 - what is filled in is escaped

    def ranking(self, name: str) -> str:
        """What a list is called."""
        return _texts()["rankings"][name][self.lang]

    def occasion(self, name: str) -> str:
        """What an occasion is called."""
        return _texts()["occasions"][name][self.lang]


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a dear claim: the day's list, occasion, probability, rank among the open orders, and advice."""

    day: date
    occasion: str
    probability: float
    rank: int
    open: int
    is_worked: bool
    advice: Sequence[str]


@dataclass(frozen=True, slots=True)
class Dear:
    """A dear claim. value: text with its currency; found_on: the day first worked, None never."""

    order_id: str
    value: str
    claimed_on: date
    found_on: date | None
    moments: Sequence[Moment]


def report(
    found: Backtest, advice: Sequence[Sequence[str]], lang: Language, *, banners: Sequence[str], made_on: date
) -> bytes:
    """The page, which needs nothing else; equal arguments give equal bytes.

    advice: lines for each moment of `found.dearest`, in the language of the page; banners: of simulated, starter.
    """
    said, settings = Said(lang), backtest_settings()
    return environment().get_template("backtest.html").render(
        t=said, html=said.html, ranking=said.ranking, occasion=said.occasion, lang=lang, b=found, settings=settings,
        nan=float("nan"), since=_day(found.window.first), until=_day(found.window.until), made_on=made_on,
        banners=banners, currency=found.currency or said("unknown"), dear=dear_claims(found, advice, said),
        figures=_figures(found, said) if found.claims else {}, hour=f"{int(settings.list_hour):02d}:00",
    ).encode()  # fmt: skip


def _day(at: float) -> date:
    return datetime.fromtimestamp(float(at), UTC).date()


def _figures(found: Backtest, said: Said) -> dict[str, Markup]:
    lengths = np.array(found.capacities, dtype=np.float64)
    shares = {said.ranking(name): (lengths, claims / found.claims) for name, claims in found.curve.items()}
    return {
        "curve": plots.found_by_capacity(
            shares, said.ranking(CHANCE), (said("curve_title"), said("curve_x"), said("curve_y"))
        ),
        "course": _course(found, said),
    }


def _course(found: Backtest, said: Said) -> Markup:
    """Claims opened, and those of them that were found, by the day they were opened."""
    claimed = found.book.claimed_in(found.window)
    day = np.clip(found.window.day_after(found.book.claimed_at[claimed]), 0, found.window.days).astype(np.int64)
    hit = ~np.isnan(found.first_worked[claimed])
    days = np.arange(found.window.days + 1, dtype=np.float64)
    opened, ours = (np.cumsum(np.bincount(d, minlength=len(days))).astype(np.float64) for d in (day, day[hit]))
    counts = {said("opened"): (days, opened), said("of_them_found"): (days, ours)}
    since = said("course_x", since=_day(found.window.first))
    return plots.course(counts, (said("course_title"), since, said("claims")))


def dear_claims(found: Backtest, advice: Sequence[Sequence[str]], said: Said) -> list[Dear]:
    """The dearest claims as they are told."""
    d, book, window = found.dearest, found.book, found.window
    out = []
    for place, entry in enumerate(d.entry.tolist()):
        moments = [
            Moment(
                _day(window.instant(int(d.day[i]))), OCCASIONS[d.occasion[i]], float(d.scored.probability[i]),
                int(d.rank[i]), int(d.open[i]), bool(d.is_worked[i]), advice[i],
            )
            for i in np.flatnonzero(d.claim == place).tolist()
        ]  # fmt: skip
        value = book.value[entry]
        told = said("unknown") if np.isnan(value) else f"{value:,.2f} {book.currency[entry] or ''}".rstrip()
        on = None if np.isnan(d.found[place]) else _day(window.instant(int(d.found[place])))
        out.append(Dear(str(book.order_id[entry]), told, _day(book.claimed_at[entry]), on, moments))
    return out


def lists_table(found: Backtest) -> pl.DataFrame:
    """What every list finds, on all occasions and on each; chance last."""
    rows: list[dict[str, object]] = []
    for name, ranking in found.rankings.items():
        for occasion, f in ranking.found.items():
            rows.append({
                "list": name, "occasion": occasion, "worked": f.worked, "claims_found": f.claims.value,
                "claims_low": f.claims.low, "claims_high": f.claims.high, "money_found": f.money.value,
                "money_low": f.money.low, "money_high": f.money.high, "lead_days": f.lead_days,
            })  # fmt: skip
    rows.append({
        "list": CHANCE, "occasion": ALL, "claims_found": found.chance, "money_found": found.chance_money,
    })  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(pl.Float64).fill_nan(None))
    window = found.window
    return frame.with_columns(
        claims=pl.lit(found.claims), money=pl.lit(found.money), currency=pl.lit(found.currency),
        since=pl.lit(_day(window.first)), until=pl.lit(_day(window.until)), capacity=pl.lit(found.capacity),
        verdict=pl.lit(found.verdict),
    )  # fmt: skip


def claims_table(found: Backtest) -> pl.DataFrame:
    """Every claim of the window, and when the list by probability first held its order."""
    book, window = found.book, found.window
    at = np.flatnonzero(book.claimed_in(window))
    at = at[np.lexsort((book.order_id[at].astype(str), book.claimed_at[at]))]
    first = found.first_worked[at]
    worked_at = np.where(np.isnan(first), np.nan, window.first + np.nan_to_num(first) * DAY)
    return pl.DataFrame({
        "order_id": pl.Series(book.order_id[at].tolist(), dtype=pl.String),
        "claim_opened_at": _instants(book.claimed_at[at]), "first_worked_at": _instants(worked_at),
        "lead_days": pl.Series((book.claimed_at[at] - worked_at) / DAY).fill_nan(None),
        "value": pl.Series(book.value[at]).fill_nan(None),
        "currency": pl.Series(book.currency[at].tolist(), dtype=pl.String),
    })  # fmt: skip


def _instants(at: Floats) -> pl.Series:
    micros = pl.Series(np.where(np.isnan(at), 0.0, at) * 1e6).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    known = pl.Series(~np.isnan(at))
    return pl.select(pl.when(known).then(micros).dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_series()
