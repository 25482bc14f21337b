"""What wins where rows, files or reports disagree: the settings of `joining.toml`, typed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from features.errors import SettingError


@dataclass(frozen=True, slots=True)
class JoiningRules:
    """See `joining.toml` for units and reasons; the names are those of the file, section first."""

    precedence: tuple[str, ...]
    orders_number: str
    items_summed: tuple[str, ...]
    items_of_goods: tuple[str, ...]
    items_latest: tuple[str, ...]
    items_cancelled: tuple[str, ...]
    items_refunded: tuple[str, ...]
    items_fully_refunded: tuple[str, ...]
    items_partly_refunded: tuple[str, ...]
    items_repeated_total_share: float
    items_tax_on_top: tuple[str, ...]
    parcels_number: str
    parcels_between: str
    parcels_day: str
    parcels_word: str
    parcels_prefix: str
    parcels_stages: tuple[str, ...]
    agreement_seconds: float
    agreement_number: float
    agreement_day_seconds: float
    shops_other_order_days: float
    shops_other_shop_share: float
    shops_other_shop_fewest: int
    coverage_largest_gap_days: float
    coverage_list_first_claim_days: float
    coverage_list_mean_distances: float


@cache
def joining_rules() -> JoiningRules:
    """What `joining.toml` says."""
    table: dict[str, Any] = tomllib.loads((resources.files("features.seller") / "joining.toml").read_text("utf-8"))
    flat: dict[str, Any] = {}
    for section, value in table.items():
        inner = {f"{section}_{name}": v for name, v in value.items()} if isinstance(value, dict) else {section: value}
        flat |= {name: tuple(v) if isinstance(v, list) else v for name, v in inner.items()}
    known = {f.name for f in fields(JoiningRules)}
    if known != set(flat):
        raise SettingError(f"joining.toml: expected {sorted(known - set(flat))}, got {sorted(set(flat) - known)}")
    return JoiningRules(**flat)


def by_precedence(reports: Iterable[str]) -> list[str]:
    """Reports, the most believed first; equals by name.

    >>> by_precedence(["erp.generic_zh", "mine.toml", "amazon.fbm_returns", "amazon.all_orders"])
    ['amazon.all_orders', 'amazon.fbm_returns', 'mine.toml', 'erp.generic_zh']
    """
    return sorted(set(reports), key=lambda report: (_place(report), report))


def _place(report: str) -> float:
    """The place of a report in the list; one that is not named stands just before the last entry."""
    listed = joining_rules().precedence
    for place, pattern in enumerate(listed):
        if report == pattern or (pattern.endswith(".*") and report.startswith(pattern[:-1])):
            return float(place)
    return len(listed) - 1.5
