"""The command that tells what to do about orders with a claim, and writes the evidence pack: `claimrisk playbook`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import orjson
import typer
from rich.console import Console
from rich.table import Table

from features.delimited import Reject
from features.errors import InputError
from features.tables import Chunk, TableOptions, orders_of, read_orders
from model.artefact import load
from model.consequences import Consequences, from_policy_alone
from service.claim_stage import may_concern
from service.cli_options import CostFile, DateOrderAsked, DecimalAsked, FileEncoding, Zone, err, looked_at, said_of
from service.cli_seller import Map, read_as_said
from service.cost_profile import Costs, chosen_costs
from service.evidence_pack import Attachment, attachment, folder_name, write_pack
from service.files import keep_inputs, written_aside
from service.playbook import Told, playbook
from service.playbook_page import Said, playbook_page
from service.results import write_rejects
from service.seller_notes import heading, rejects_told
from service.settings import settings, signing_key
from service.wording import Lang

ENDINGS = (".json", ".html")
WIDTH = 132
TOLD_REJECTS = 3


def playbook_command(
    orders: Annotated[Path, typer.Argument(help="orders: CSV, TSV, Parquet, xlsx or JSON lines")],
    out: Annotated[Path | None, typer.Option(help="playbooks for your own use: .json or .html")] = None,
    pack: Annotated[Path | None, typer.Option(help="folder: an evidence pack for each order")] = None,
    order: Annotated[str | None, typer.Option("--order", help="this order alone")] = None,
    attach: Annotated[
        list[str] | None, typer.Option(help="FILE, or EVIDENCE=FILE, for the pack of one order; may be repeated")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="language of the texts")] = "en",
    send_lang: Annotated[Lang, typer.Option(help="language of what the pack sends to the marketplace")] = "en",
    as_of: Annotated[str | None, typer.Option(help="the moment rows without as_of are looked at; now if unset")] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="bundle whose claims move the chances; policy alone if unset")
    ] = None,
    costs: CostFile = None,
    time_zone: Zone = None,
    date_order: DateOrderAsked = None,
    decimal: DecimalAsked = None,
    file_encoding: FileEncoding = None,
    map_file: Map = None,
) -> None:
    """Tell what to do about orders with a claim, a debit or a dispute: evidence, deadlines, roads, what not to do."""
    _check_out(out, orders)
    attached = [attachment(given) for given in attach or ()]
    if attached and pack is None:
        raise InputError("--attach: expected --pack DIR beside it; files go into a pack")
    at = looked_at(as_of)
    said = said_of(time_zone, date_order, decimal, file_encoding)
    options, table = TableOptions(as_of=at, zone=said.zone, takes_map=True), read_as_said(orders, map_file, said, lang)
    shown = None if model is None else load(model, signing_key(settings())).scorer.consequences
    maker = _Maker(shown or from_policy_alone(), chosen_costs(costs, settings()), (lang, send_lang))
    found = maker.made(read_orders(orders, options) if table is None else orders_of(table, options), order, out)
    _print(found, lang)
    if out is not None:
        _write(found, out, lang)
    if pack is not None:
        _pack(found, pack, attached, (lang, send_lang))


def _check_out(out: Path | None, orders: Path) -> None:
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out {out}: expected a name ending in {' or '.join(ENDINGS)}")
    keep_inputs(out, orders)


@dataclass(frozen=True, slots=True)
class Found:
    """The playbooks of orders to which something applies, in file order, the same in the language of what is sent, and
    how many orders there were beside."""

    playbooks: list[Told]
    sent: list[Told]
    nothing: int


@dataclass(frozen=True, slots=True)
class _Maker:
    consequences: Consequences
    costs: Costs
    langs: tuple[Lang, Lang]

    def made(self, read: Iterator[Chunk], only: str | None, out: Path | None) -> Found:
        """The playbooks of a file; rejected rows stand beside `out`."""
        told, rejects, rows = list[tuple[Told, Told]](), list[Reject](), 0
        for chunk in read:
            rejects += chunk.rejects
            columns = chunk.columns
            asked = may_concern(columns) if only is None else np.asarray(columns["order_id"] == only)
            for i in np.flatnonzero(asked).tolist():
                own, sent = (playbook(columns, i, self.consequences, self.costs, lang) for lang in self.langs)
                told += [(own, sent)] if only is not None or own["stage"] != "nothing" else []
            rows += columns.n
        _tell_rejects(rejects, out, self.langs[0])
        if only is not None and not told:
            raise InputError(f"--order {only}: expected an order of the file, got none that can be used")
        nothing = rows - len(told) if only is None else 0
        return Found([own for own, _ in told], [sent for _, sent in told], nothing)


def _tell_rejects(rejects: list[Reject], out: Path | None, lang: Lang) -> None:
    file = None if out is None else out.with_name(out.name + ".rejects.csv")
    if file is not None:
        write_rejects(rejects, file, lang)
    for line in rejects_told(rejects, TOLD_REJECTS, lang):
        err.print(line, markup=False)
    if file is not None and rejects:
        told = heading("rejected_in_file", lang, count=f"{len(rejects):,}", file=str(file))
        err.print(told, markup=False)
    elif len(rejects) > TOLD_REJECTS:
        err.print(heading("rejected_in_all", lang, count=f"{len(rejects):,}"), markup=False)


def _print(found: Found, lang: Lang) -> None:
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    said = Said(lang)
    if found.playbooks:
        heads = [said(key) for key in ("order", "stage", "claim", "next", "until", "cheaper")]
        table = Table(box=None, pad_edge=False)
        for head in heads:
            table.add_column(head, overflow="fold")  # Chinese has no spaces to break at, and would be cut
        for told in found.playbooks:
            table.add_row(*_row(told, said))
        console.print(table, markup=False)
    if len(found.playbooks) == 1:
        console.print("\n".join(_whole(found.playbooks[0], said)), markup=False, soft_wrap=True)
    if found.nothing:
        console.print(said("nothing", count=f"{found.nothing:,}"), markup=False)


def _row(told: Told, said: Said) -> list[str]:
    """One line of the table: the next deadline that runs, else the first step."""
    running = [step for step in told["steps"] if step["clock_state"] == "running" and step["deadline"]]
    step = min(running, key=lambda one: str(one["deadline"])) if running else next(iter(told["steps"]), None)
    due = said.moment(step["deadline"]) if step and step["deadline"] else "–"
    kinds = " / ".join(claim["text"] for claim in told["claims"])
    roads = [claim["comparison"]["cheaper"] for claim in told["claims"] if claim["comparison"]]
    named = dict.fromkeys(said(road, "roads") for road in roads if road is not None)
    cells = [told["order_id"], said(told["stage"], "stages"), kinds, "" if step is None else step["text"], due]
    return [*cells, " / ".join(named) or "–"]


def _whole(told: Told, said: Said) -> Iterator[str]:
    """The playbook of one order, line by line."""
    yield f"\n{told['text']}"
    for title, entries in (("steps", told["steps"]), ("donts", told["donts"])):
        if entries:
            yield f"\n{said(title)}"
        for step in entries:
            until = said("missed" if step["clock_state"] == "missed" else "until")
            due = f" [{until} {said.moment(step['deadline'])} UTC]" if step["deadline"] else ""
            yield f"  - {step['text']}{due} ({step['source']['id']}, {said(step['source']['certainty'], 'certainty')})"
    for claim in told["claims"]:
        yield f"\n{said('items')} · {claim['text']}"
        for item in claim["evidence"]:
            yield f"  [{said(item['status'], 'status')}] {item['text']} ({item['id']})"
        if claim["roads"]:
            yield f"\n{said('roads')} · {claim['text']}"
        for road in claim["roads"]:
            cost = road["cost"]
            money = said("unknown") if cost is None else said.money(cost["expected"], cost["currency"])
            chances = (
                f"{said('pays')} {said.chance(road['seller_pays'])}, {said('defect')} {said.chance(road['defect'])}"
            )
            yield f"  {said(road['code'], 'roads')}: {said('cost')} {money}; {chances}"
        if claim["comparison"]:
            yield f"  {claim['comparison']['text']}"
    for warning in told["warnings"]:
        yield f"{said('warnings')}: {warning['text']}"


def _write(found: Found, out: Path, lang: Lang) -> None:
    with written_aside(out) as aside:
        if out.suffix.lower() == ".html":
            aside.write_text(playbook_page(found.playbooks, lang), "utf-8")
        else:
            told = {"playbooks": found.playbooks, "nothing_applies": found.nothing}
            aside.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    err.print(f"written: {out}", markup=False)


def _pack(found: Found, folder: Path, attached: list[Attachment], langs: tuple[Lang, Lang]) -> None:
    if attached and len(found.playbooks) != 1:
        raise InputError(f"--attach: expected one order, got {len(found.playbooks)}; name it with --order")
    names = [folder_name(f"{told['order_id']}") for told in found.playbooks]
    for name, told, sent in zip(names, found.playbooks, found.sent, strict=True):
        # The same order looked at twice: the moment tells its packs apart.
        place = folder / (name if names.count(name) == 1 else f"{name}_{told['as_of'].replace(':', '')}")
        digest = write_pack(told, sent, attached, place, langs)
        err.print(f"written: {place} (manifest.json SHA-256 {digest})", markup=False)
    if attached:
        err.print(Said(langs[0])("look_through"), markup=False)
