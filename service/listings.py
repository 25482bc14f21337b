"""The listing check on files: every listing beside its product, flags with both values and what to fix."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

import polars as pl
from pydantic import TypeAdapter

from features.delimited import Reject
from features.listings.compare import findings
from features.listings.files import Records
from features.listings.record import FLAGS, Finding, Record
from service.advice_catalogue import Text
from service.wording import Lang

_LONGEST_SHOWN = 160
_LONGEST_CELL = 32_000


@dataclass(slots=True)
class Checked:
    """What the check found. frame: one row per listing; counts: of each flag how many true, false and unknown."""

    frame: pl.DataFrame
    rejects: list[Reject]
    without_product: int
    unlisted: int
    counts: dict[str, Counter[bool | None]] = field(default_factory=dict)


@cache
def _texts() -> Mapping[str, Mapping[str, Text]]:
    file = resources.files("service") / "listing_texts.toml"
    return TypeAdapter(dict[str, dict[str, Text]]).validate_python(tomllib.loads(file.read_text("utf-8")))


def _said(section: str, key: str, lang: Lang, **values: str) -> str:
    text = _texts()[section][key]
    return (text.zh if lang == "zh" else text.en).format(**values)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"


def what_to_fix(flag: str, finding: Finding, lang: Lang) -> str | None:
    """What to do about one flag, None where nothing is wrong or nothing is known."""
    if not finding.is_mismatch:
        return None
    return _said("fix", flag, lang, listing=_shown(finding.listing), product=_shown(finding.product))


def check(listings: Records, products: Records, lang: Lang) -> Checked:
    """Every listing beside the product record of its SKU; one row per listing in the order of the file."""
    by_sku = {record.sku: record for record in products.records}
    rows = [_row(listing, by_sku.get(listing.sku), lang) for listing in listings.records]
    frame = pl.DataFrame(rows, schema=_schema(), orient="row")
    listed = {listing.sku for listing in listings.records}
    return Checked(
        frame,
        [
            replace(r, reason=f"{name}: {r.reason}")
            for name, side in (("LISTINGS", listings), ("PRODUCTS", products))
            for r in side.rejects
        ],
        int((~frame["has_product"]).sum()),
        sum(sku not in listed for sku in by_sku),
        {flag: Counter(frame[flag].to_list()) for flag in FLAGS},
    )


def _schema() -> dict[str, type[pl.DataType]]:
    details = {f"{flag}_{part}": pl.String for flag in FLAGS for part in ("listing", "product", "fix")}
    return {"sku": pl.String, "has_product": pl.Boolean, "mismatches": pl.Int64, **dict.fromkeys(FLAGS, pl.Boolean),
            "what_to_fix": pl.String, **details}  # fmt: skip


def _row(listing: Record, product: Record | None, lang: Lang) -> tuple[str | bool | int | None, ...]:
    found = findings(listing, product or Record(listing.sku))
    fixes = {flag: what_to_fix(flag, finding, lang) for flag, finding in found.items()}
    flags = [found[flag].is_mismatch if product else None for flag in FLAGS]
    todo = "\n".join(fix for fix in fixes.values() if fix) if product else _said("notes", "no_product", lang)
    details = [
        text[:_LONGEST_CELL] if text else None
        for flag in FLAGS
        for text in (found[flag].listing, found[flag].product, fixes[flag])
    ]
    return (listing.sku, product is not None, sum(map(bool, flags)), *flags, todo or None, *details)
