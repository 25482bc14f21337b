"""The simulated world: every number the simulator uses, read from a TOML file and checked.

A world may say `extends = "reference"` and then only what differs. A number's name tells its unit and so its
range: `_share` lies in [0, 1], `_days`, `_hours`, `_sd`, `_sigma`, `_ratio` and `_weight` are not negative, a count
is at least 1, and `_effect` and `_log_odds` are log-odds of either sign.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar, cast, get_type_hints

from features.errors import SettingError, nearest

WORLDS = Path(__file__).parent / "worlds"
_NOT_NEGATIVE = ("_days", "_hours", "_sd", "_sigma", "_ratio", "_weight", "_km")
_S = TypeVar("_S")


@dataclass(frozen=True, slots=True)
class Period:
    """`[period]`: the first day of part 0, and the days that each part lasts."""

    start: dt.date
    days: int


@dataclass(frozen=True, slots=True)
class Size:
    """`[size]`: how many entities there are, whatever the number of orders."""

    shops: int
    skus: int
    cross_border_carriers: int
    local_carriers: int
    buyers: int


@dataclass(frozen=True, slots=True)
class ShopNumbers:
    """`[shop]`: what sellers do; `care` (latent, standard normal) steers most of it."""

    cn_share: float
    local_stock_share: float
    return_address_share: float
    prepaid_label_share: float
    buyer_pays_share: float
    care_weight: float
    handling_share: float
    handling_sigma: float
    untracked_share: float
    untracked_economy_ratio: float
    signature_share: float
    protected_share: float
    duties_unpaid_share: float
    reply_hours: float
    reply_care_effect: float
    reply_shop_sd: float
    reply_sigma: float
    unanswered_share: float
    unanswered_care_effect: float
    refund_share: float
    refund_care_effect: float


@dataclass(frozen=True, slots=True)
class SkuNumbers:
    """`[sku]`: what is sold."""

    price_median: float
    price_sigma: float
    high_value: float
    quality_sd: float
    mismatch_share: float
    mismatch_care_effect: float
    mismatch_measured_share: float
    fragile_share: float
    popularity_sigma: float
    bad_lot_share: float
    bad_lot_effect: float
    bad_lot_days: float


@dataclass(frozen=True, slots=True)
class CarrierNumbers:
    """`[carrier]`: latents of carriers and lanes, and shocks that all orders of a week share."""

    lateness_sd: float
    loss_sd: float
    rough_share: float
    bad_week_share: float
    bad_week_effect: float
    season_effect: float
    season_volume_ratio: float


@dataclass(frozen=True, slots=True)
class TransitNumbers:
    """`[transit]`: from hand-over to delivery, and what is promised."""

    local_days: float
    cross_border_days: float
    economy_ratio: float
    express_ratio: float
    local_sigma: float
    cross_border_sigma: float
    promise_ratio: float
    duties_unpaid_high_value_effect: float
    scan_gap_days: float
    wrong_address_share: float


@dataclass(frozen=True, slots=True)
class LossNumbers:
    """`[loss]`: parcels that never arrive."""

    base_share: float
    before_scan_share: float
    cross_border_effect: float
    untracked_high_value_effect: float
    duties_unpaid_high_value_effect: float
    bad_week_effect: float
    late_handling_effect: float
    most_share: float


@dataclass(frozen=True, slots=True)
class ContactNumbers:
    """`[contact]`: when buyers write or ask to return, and why."""

    overdue_mean_days: float
    overdue_share: float
    overdue_temper_effect: float
    missing_share: float
    missing_porch_effect: float
    missing_porch_high_value_effect: float
    missing_signed_effect: float
    missing_wrong_address_effect: float
    missing_region_sd: float
    missing_mean_days: float
    product_log_odds: float
    product_mismatch_effect: float
    product_fragile_rough_effect: float
    product_used_effect: float
    product_late_effect: float
    product_mean_days: float
    product_slow_share: float
    product_slow_mean_days: float
    other_share: float
    other_mean_days: float
    silent_share: float


@dataclass(frozen=True, slots=True)
class ClaimNumbers:
    """`[claim]`: from contact to claim; log-odds by kind of contact, and what moves them."""

    shift_log_odds: float
    overdue_log_odds: float
    missing_log_odds: float
    product_log_odds: float
    other_log_odds: float
    temper_sd: float
    untracked_high_value_effect: float
    protected_label_effect: float
    signature_effect: float
    no_return_address_effect: float
    no_return_address_mismatch_effect: float
    buyer_pays_return_effect: float
    prepaid_label_effect: float
    late_effect: float
    reply_48_hours_effect: float
    no_reply_effect: float
    late_no_reply_effect: float
    refund_effect: float
    silent_effect: float
    after_delivery_share: float
    filing_scale_days: float


@dataclass(frozen=True, slots=True)
class RecordNumbers:
    """`[record]`: gaps in what sellers record, whatever the outcome."""

    optional_missing_share: float
    goods_missing_share: float
    cost_missing_share: float


@dataclass(frozen=True, slots=True)
class LeakNumbers:
    """`[leak]`: how often attributes are filled in because of a claim, and without one."""

    is_leaking: bool
    claimed_share: float
    other_share: float


@dataclass(frozen=True, slots=True)
class World:
    """All numbers of one simulated world."""

    name: str
    period: Period
    size: Size
    shop: ShopNumbers
    sku: SkuNumbers
    carrier: CarrierNumbers
    transit: TransitNumbers
    loss: LossNumbers
    contact: ContactNumbers
    claim: ClaimNumbers
    record: RecordNumbers
    leak: LeakNumbers


def load_world(path_or_name: str | Path) -> World:
    """The world of a TOML file, or one that ships with the program by its name.

    >>> load_world("reference").period.days
    365
    """
    path = _world_path(path_or_name)
    tables = _tables(path, seen=())
    kinds = {f.name: get_type_hints(World)[f.name] for f in fields(World) if f.name != "name"}
    _same_names(set(tables), set(kinds), path.name)
    sections = {name: _section(kind, tables[name], f"{path.name}: [{name}]") for name, kind in kinds.items()}
    return World(name=path.stem, **sections)


def _world_path(path_or_name: str | Path) -> Path:
    """Where the file lies: a name without `.toml` means one of ours."""
    path = Path(path_or_name)
    if path.suffix != ".toml":
        path = WORLDS / f"{path_or_name}.toml"
    if not path.is_file():
        ours = sorted(p.stem for p in WORLDS.glob("*.toml"))
        hint = nearest(str(path_or_name), ours)
        raise SettingError(f"expected a world file or one of {', '.join(ours)}; got {path_or_name}{hint}")
    return path


def _tables(path: Path, seen: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The file's tables laid over those of the world it extends."""
    if path.name in seen:
        raise SettingError(f"{path.name}: extends itself by way of {' -> '.join(seen)}")
    try:
        read: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingError(f"{path.name}: is no TOML: {exc}") from exc
    base = read.pop("extends", None)
    merged = _tables(_world_path(str(base)), (*seen, path.name)) if base is not None else {}
    for name, table in read.items():
        if not isinstance(table, dict):
            raise SettingError(f"{path.name}: {name}: expected a table like [shop], got {table!r}")
        merged[name] = merged.get(name, {}) | cast("dict[str, object]", table)
    return merged


def _same_names(got: set[str], wanted: set[str], where: str) -> None:
    """Refuse names that are missing or unknown."""
    for name in sorted(got - wanted):
        raise SettingError(f"{where}: unknown name {name!r}{nearest(name, wanted)}")
    for name in sorted(wanted - got):
        raise SettingError(f"{where}: {name!r} is missing")


def _section(kind: type[_S], table: Mapping[str, object], where: str) -> _S:
    """One table as its dataclass, each value checked."""
    types = get_type_hints(kind)
    _same_names(set(table), set(types), where)
    return kind(**{name: _value(table[name], types[name], name, where) for name in types})


def _value(value: object, kind: type, name: str, where: str) -> object:
    """One value of the declared type and in the range that its name tells."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number:
        number = float(cast("float", value))
        is_share_wrong = name.endswith("_share") and not 0.0 <= number <= 1.0
        if not math.isfinite(number) or is_share_wrong or (name.endswith(_NOT_NEGATIVE) and number < 0):
            raise SettingError(f"{where} {name}: {value} is out of range")
        return number
    if type(value) is not kind:
        raise SettingError(f"{where} {name}: expected {kind.__name__}, got {value!r}")
    if kind is int and cast("int", value) < 1:
        raise SettingError(f"{where} {name}: expected at least 1, got {value}")
    return value
