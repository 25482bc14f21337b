"""The import report in words, English or Chinese, as Markdown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from features.seller.claims import BASES
from features.seller.table import Note
from service.import_report import CONFLICTS, COVERAGE, ORPHANS
from service.seller_notes import colon, note_text
from service.wording import Lang

# What the model leans on most; said where no file tells it.
WATCHED = (
    "placed_at", "latest_delivery_at", "ship_by", "shipped_at", "first_scan_at", "delivered_at", "has_tracking",
    "first_message_at", "return_requested_at", "order_total", "sku", "carrier",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of the report in one language."""

    lang: Lang

    def __call__(self, key: str, **filled: object) -> str:
        """A text of the report."""
        return texts()["texts"][key][self.lang].format(**filled)

    @property
    def colon(self) -> str:
        """What stands between a thing and what is said of it."""
        return colon(self.lang)

    def of(self, table: str, key: str, **filled: object) -> str:
        """What a code of a table is called; the code itself, readable, where it has no name."""
        found = texts()[table].get(key)
        told = "" if not filled else " (" + ", ".join(f"{k} {v}" for k, v in filled.items()) + ")"
        return key.replace("_", " ") + told if found is None else found[self.lang].format(**filled)

    def counts(self, table: str, counts: Mapping[str, int]) -> str:
        """Counts by code, in one line."""
        return ", ".join(f"{self.of(table, code)} {count:,}" for code, count in counts.items()) or "–"


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[Lang, str]]]:
    """What `import_texts.toml` says."""
    return tomllib.loads((resources.files("service") / "import_texts.toml").read_text("utf-8"))


def report_text(document: Mapping[str, Any], lang: Lang, commands: Sequence[str]) -> str:
    """The report in words, as Markdown; `commands` are what to type next."""
    words = Words(lang)
    parts = [
        (words("files"), _files_told(document, words)), (words("orders"), _orders_told(document, words)),
        (words("conflicts"), _conflicts_told(document, words)), (words("claims"), _claims_told(document, words)),
        (words("coverage"), _coverage_told(document, words)),
        (words("reconciled"), _reconciled_told(document, words)), (words("orphans"), _orphans_told(document, words)),
        (words("notes"), _notes_told(document, words)), (words("next"), [f"    {command}" for command in commands]),
    ]  # fmt: skip
    told = [f"## {title}\n\n" + "\n".join(lines or [words("none")]) for title, lines in parts]
    return "\n\n".join([f"# {words('title')}", *told]) + "\n"


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _files_told(document: Mapping[str, Any], words: Words) -> list[str]:
    head = "| " + " | ".join(words(k) for k in ("file", "report", "rows", "taken", "left_out", "rejected")) + " |"
    rows = [
        f"| {f['file']} | {f['report']} ({f['of'] or f['kind']}) | {f['rows']:,} | {f['taken']:,} | "
        f"{words.counts('codes', f['left_out'])} | {f['rejected']:,} |"
        for f in document["files"]
    ]
    left_out = document["files_left_out"]
    why = ["", f"{words('files_left_out')}{words.colon}", "", *_bullets(left_out)] if left_out else []
    return [head, "|---|---|---|---|---|---|", *rows, *why]


def _orders_told(document: Mapping[str, Any], words: Words) -> list[str]:
    orders, known = document["orders"], document["known"]
    aside = sum(orders["set_aside"].values())
    lines = [words("counted", given=f"{orders['given']:,}", out=f"{orders['out']:,}", aside=f"{aside:,}"), ""]
    if aside:
        lines += _bullets([f"{words('set_aside')}{words.colon}{words.counts('codes', orders['set_aside'])}"])
    for report, count in orders["only_in"].items():
        lines += _bullets([words("only_in", report=report, count=f"{count:,}")])
    for name, count in document["filled"].items():
        is_day = name.startswith("day_")
        what = words.of("filled", "day", name=name[4:]) if is_day else words.of("filled", name)
        lines += _bullets([f"{words('filled')}{words.colon}{words('filled_line', what=what, count=f'{count:,}')}"])
    absent = [name for name in WATCHED if not known.get(name)]
    for key, names in (
        ("unknown", [n for n in absent if n not in document["told"]]),
        ("told_of_none", [n for n in absent if n in document["told"]] if orders["out"] else []),
    ):
        lines += _bullets([words(key, names=", ".join(names))]) if names else []
    if not orders["out"]:
        return [*lines, *_bullets([words("no_order")])]
    if unplaced := orders["out"] - known.get("placed_at", 0):
        lines += _bullets([words("unplaced", count=f"{unplaced:,}")])
    if undated := orders["out"] - known.get("latest_delivery_at", 0):
        lines += _bullets([words("estimated", count=f"{undated:,}")])
    return lines


def _conflicts_told(document: Mapping[str, Any], words: Words) -> list[str]:
    lines = []
    for c in document["conflicts"]:
        first = c["examples"][0]
        told = words("conflict_line", attribute=c["attribute"], kept_from=c["kept_from"], other_from=c["other_from"],
                     count=f"{c['rows']:,}", order=first["order_id"], kept=first["kept"],
                     other=first["other"])  # fmt: skip
        lines.append(told + (words("steady", hours=f"{c['hours_apart']:g}") if c["hours_apart"] else ""))
    return _bullets([*lines, words("all_conflicts", file=CONFLICTS)]) if lines else []


def _claims_told(document: Mapping[str, Any], words: Words) -> list[str]:
    lines = [
        words("outcome_line", kind=words.of("kinds", o["kind"]), source=o["source"], count=f"{o['rows']:,}")
        for o in document["outcomes"]
    ]
    if any(document["claims"].values()):
        lines.append(words("standing_line", **document["claims"]))
    guessed = {basis: count for basis, count in document["opened_by"].items() if basis != BASES[0]}
    lines += [words("basis_line", count=f"{n:,}", basis=words.of("bases", basis)) for basis, n in guessed.items()]
    return _bullets(lines)


def _coverage_told(document: Mapping[str, Any], words: Words) -> list[str]:
    lines = []
    for c in document["coverage"]:
        what = ", ".join(words.of("what", w) for w in c["complete_for"]) or words("nothing")
        lines.append(words("cover_line", source=c["source"], since=c["from"], until=c["until"], what=what))
        lines += [words("assumed_line", source=c["source"])] if c["is_assumed"] else []
        lines += [words("gap_line", source=c["source"], since=a, until=b) for a, b in c["gaps"]]
    target = {"claim_filed": "target_filed", "claim_debited": "target_debited"}.get(document["target"], "target_none")
    return _bullets([*lines, words(target), words("coverage_why", file=COVERAGE)])


def _reconciled_told(document: Mapping[str, Any], words: Words) -> list[str]:
    return _bullets(
        words("reconciled_line", kind=words.of("kinds", r["kind"]), since=r["from"], until=r["until"], told=r["told"],
              found=r["found"], gap=r["gap"], orders_found=r["orders_found"],
              orders_told=words("unknown_count") if r["orders_told"] is None else r["orders_told"])
        for r in document["reconciliation"]
    )  # fmt: skip


def _orphans_told(document: Mapping[str, Any], words: Words) -> list[str]:
    found = document["orphans"].items()
    lines = [words("orphan_line", kind=words.of("kinds", kind), count=f"{count:,}") for kind, count in found]
    strays = document["parcels_of_no_order"]
    return _bullets(lines + ([words("strays", count=f"{strays:,}", file=ORPHANS)] if strays else []))


def _notes_told(document: Mapping[str, Any], words: Words) -> list[str]:
    """Every note but those of columns that a map knows and a file does not have, which are many."""
    told = [(file["file"] + words.colon, note) for file in document["files"] for note in file["notes"]]
    told += [("", note) for note in document["notes"]]
    lines = [file + note_text(Note(**note), words.lang) for file, note in told if note["code"] != "column_absent"]
    return _bullets(dict.fromkeys(lines))
