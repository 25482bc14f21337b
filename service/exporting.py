"""What is kept, as files: orders as known now and what became of them, ready for `train`, `monitor` and `backtest`."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import orjson

from features.errors import InputError, SettingError
from features.outcome import OUTCOME
from service.events_known import Life, order_known
from service.files import folder_aside
from service.outcome_conflicts import Conflict, conflicts
from service.outcomes_known import actions_known, outcome_cell, outcome_rows
from service.settings import Settings, store_url
from service.store.database import database_url
from service.store.reads import Reads

ORDERS, OUTCOMES, ACTIONS, CONFLICTS = "orders.jsonl", "outcomes.csv", "actions.csv", "conflicts.csv"
ACTION = ("order_id", "action", "at", "propensity")
# Orders read at once.
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Exported:
    """How many orders, outcomes, actions and conflicts were written, and of how many orders events alone are known."""

    orders: int
    outcomes: int
    actions: int
    conflicts: int
    never_sent: int


def export(out: Path, of: Settings, shop: str | None = None, *, renames: bool = False) -> Exported:
    """Write the orders of one shop, or of all, their outcomes, what was done about them, and what is told otherwise,
    into a new folder or over an earlier export.

    renames: give an order whose number another shop has too one of its own, instead of refusing.
    """
    url = store_url(of)
    if url is None:
        raise SettingError("nothing is kept: set CLAIMRISK_DATA_DIR or CLAIMRISK_DATABASE_URL to where it is")
    if out.exists() and not (out / ORDERS).exists():
        raise InputError(f"--out {out}: expected a new folder or an earlier export, got something else; name another")
    with folder_aside(out) as aside:
        aside.mkdir()
        return asyncio.run(_written(aside, url, shop, renames=renames))


@contextmanager
def exported(of: Settings, shop: str | None = None) -> Iterator[tuple[Path, Exported]]:
    """The same in a folder that lasts as long as the block, for who asks of orders and not of their numbers."""
    with TemporaryDirectory() as folder:
        told = export(Path(folder) / "store", of, shop, renames=True)
        yield Path(folder) / "store", told


async def _written(folder: Path, url: str, shop: str | None, *, renames: bool) -> Exported:
    now, reads, of_shop = time.time(), Reads(database_url(url)), dict[str, str]()
    orders = outcomes = acted = otherwise = never_sent = 0
    try:
        with (
            (folder / ORDERS).open("wb") as sent,
            _table(folder / OUTCOMES) as of,
            _table(folder / ACTIONS) as taken,
            _table(folder / CONFLICTS) as against,
        ):
            became, done, differs = csv.writer(of), csv.writer(taken), csv.writer(against)
            became.writerow(OUTCOME)
            done.writerow(ACTION)
            differs.writerow(field.name for field in fields(Conflict))
            async for (shop_id, order_id), life in _one_by_one(reads, shop):
                order = order_known(life, now, now)
                if not life.sent or order is None:
                    never_sent += 1
                    continue
                if of_shop.setdefault(order_id, shop_id) != shop_id:
                    if not renames:
                        both = f"{of_shop[order_id]} and {shop_id}"
                        raise InputError(f"order {order_id} is known of {both}: name one shop with --shop")
                    order_id = hashlib.sha256(f"{shop_id}\n{order_id}".encode()).hexdigest()[:32]
                named = {"order_id": order_id}
                sent.write(orjson.dumps(order | named | {"shop_id": shop_id}, option=orjson.OPT_APPEND_NEWLINE))
                orders += 1
                for row in outcome_rows(order, life):
                    became.writerow([outcome_cell((row | named).get(name)) for name in OUTCOME])
                    outcomes += 1
                for action in actions_known(life):
                    done.writerow([outcome_cell((action | named).get(name)) for name in ACTION])
                    acted += 1
                for conflict in conflicts(order, life):
                    differs.writerow(astuple(conflict))
                    otherwise += 1
    finally:
        await reads.close()
    return Exported(orders, outcomes, acted, otherwise, never_sent)


def _table(path: Path) -> TextIO:
    return path.open("w", newline="", encoding="utf-8")


async def _one_by_one(reads: Reads, shop: str | None) -> AsyncIterator[tuple[tuple[str, str], Life]]:
    async for places, lives in lives_of(reads, shop, PAGE):
        for place in places:
            yield place, lives[place]


async def lives_of(
    reads: Reads, shop: str | None, most: int
) -> AsyncIterator[tuple[list[tuple[str, str]], Mapping[tuple[str, str], Life]]]:
    """All that is kept of one shop's orders, or of all, so many orders at a time: which they are, and their lives."""
    last = ("", "")
    while places := await reads.places(shop, last, most):
        yield places, await reads.lives(places)
        last = places[-1]
