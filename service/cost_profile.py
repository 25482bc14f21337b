"""The cost profile: what claims, defects, staff and actions cost a shop, by its own file or by the default."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass as plain
from dataclasses import field, is_dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.conditions import CLOSED
from features.errors import SettingError
from features.kinds import Currency
from service.advice_catalogue import Scope, SideEffect
from service.settings import Settings

IN_CURRENCY = "in the profile's currency"
Amount = Annotated[float, Field(ge=0), IN_CURRENCY]
Minutes = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
SHOP, DEFAULT = "shop", "default"


@dataclass(frozen=True, slots=True, config=CLOSED)
class OrderCosts:
    """value: what the buyer paid where the order does not say; goods_share: cost of the goods ÷ value."""

    value: Annotated[float, Field(gt=0), IN_CURRENCY]
    goods_share: Fraction


@dataclass(frozen=True, slots=True, config=CLOSED)
class ByType:
    """A share of each type of claim."""

    not_received: Fraction
    not_as_described: Fraction
    return_or_refund: Fraction


@dataclass(frozen=True, slots=True, config=CLOSED)
class ClaimCosts:
    """What a claim costs beside the defect; shares are of claims that the seller pays, minutes of every claim."""

    refund_share: Fraction
    minutes: Minutes
    return_shipping: Amount
    salvage_share: Fraction
    return_share: ByType


@dataclass(frozen=True, slots=True, config=CLOSED)
class DefectCosts:
    """What one order defect is worth avoiding."""

    shadow_price: Amount


@dataclass(frozen=True, slots=True, config=CLOSED)
class StaffCosts:
    """The price of a minute."""

    minute: Amount


@dataclass(frozen=True, slots=True, config=CLOSED)
class ActionCosts:
    """What one unit of an action's cost is; duties_share: of the order's value."""

    label_upgrade: Amount
    signature_fee: Amount
    return_label: Amount
    duties_share: Fraction


@dataclass(frozen=True, slots=True, config=CLOSED)
class Bands:
    """Expected costs from which the second and later bands begin."""

    elevated: Amount
    high: Amount
    critical: Amount

    def __post_init__(self) -> None:
        if not self.elevated < self.high < self.critical:
            raise ValueError(f"expected elevated < high < critical, got {self.elevated}, {self.high}, {self.critical}")


@dataclass(frozen=True, slots=True, config=CLOSED)
class Rate:
    """What one unit of a currency is worth in the profile's currency, from a day on."""

    currency: Currency
    on: date
    value: Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class CostProfile:
    """What things cost one shop. Amounts are in `currency`, which is also the one that costs are told in."""

    currency: Currency
    source: str
    valid_from: date
    order: OrderCosts
    claim: ClaimCosts
    defect: DefectCosts
    staff: StaffCosts
    action: ActionCosts
    side_effect: Mapping[SideEffect, Amount]
    serves: Mapping[Scope, Annotated[float, Field(ge=1)]]
    band: Bands
    rate: tuple[Rate, ...] = ()


@plain(frozen=True, slots=True, eq=False)
class Costs:
    """The profile of every shop: its own, or what holds for all others. version: `default`, or digits of the file.

    is_default: whether no file was given, so that every number is assumed. Compared by identity: it is read once.
    """

    others: CostProfile
    shops: Mapping[str, CostProfile] = field(default_factory=dict)
    version: str = DEFAULT

    def of(self, shop_id: str | None) -> CostProfile:
        """The profile of a shop."""
        return self.shops.get(shop_id or "", self.others)

    @property
    def profiles(self) -> tuple[CostProfile, ...]:
        """That of all other shops first, then each shop's own."""
        return (self.others, *self.shops.values())

    @property
    def is_default(self) -> bool:
        """Whether every number is this project's assumption."""
        return self.version == DEFAULT


def template() -> str:
    """The default profile as it is written, to be copied and edited."""
    return (resources.files("service") / "costs" / "default.toml").read_text("utf-8")


@cache
def default_costs() -> Costs:
    """The costs of shops that have said nothing."""
    return Costs(_checked(tomllib.loads(template()), "costs/default.toml"))


def read_costs(path: Path) -> Costs:
    """The costs in a shop's file, completed from the default; `SettingError` names file and key that is wrong."""
    try:
        text = path.read_bytes()
        given = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise SettingError(f"{path}: the cost profile cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path}: expected TOML in UTF-8: {error}") from error
    own = given.pop(SHOP, {})
    if not isinstance(own, dict):
        raise SettingError(f'{path}: shop: expected tables [shop."SHOP_ID"], got {own!r}')
    merged = _completed(tomllib.loads(template()), given, str(path))
    shops = {name: _of_shop(merged, table, f"{path}: shop.{name}") for name, table in own.items()}
    return Costs(_checked(merged, str(path)), shops, hashlib.sha256(text).hexdigest()[:8])


def _of_shop(base: Mapping[str, Any], given: object, where: str) -> CostProfile:
    return _checked(_completed(base, given, where), where)


def _completed(base: Mapping[str, Any], given: object, where: str) -> dict[str, Any]:
    """A profile completed from its base. Of another currency it takes shares, minutes and counts alone: an amount would
    keep its number and change its worth, so that each has to be given; the base's rates are left out."""
    merged = _merged(base, given, where)
    if not isinstance(given, dict) or merged["currency"] == base["currency"]:
        return merged
    missing = [".".join(names) for names in _amounts(CostProfile, base) if not _is_given(given, names)]
    if missing:
        raise SettingError(
            f"{where}: currency: {merged['currency']} in place of {base['currency']} needs every amount in it; "
            f"add {', '.join(missing)}"
        )
    return merged if "rate" in given else {name: value for name, value in merged.items() if name != "rate"}


def _amounts(of: Any, table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Where a profile holds amounts of money, by the names of its tables."""
    for name, kind in get_type_hints(of, include_extras=True).items():
        if IN_CURRENCY in getattr(kind, "__metadata__", ()):
            yield (name,)
        elif is_dataclass(kind):
            yield from ((name, *inner) for inner in _amounts(kind, table[name]))
        elif any(IN_CURRENCY in getattr(inner, "__metadata__", ()) for inner in get_args(kind)):
            yield from ((name, key) for key in table[name])


def _is_given(table: object, names: tuple[str, ...]) -> bool:
    for name in names:
        if not isinstance(table, dict) or name not in table:
            return False
        table = table[name]
    return True


def _merged(base: Mapping[str, Any], given: object, where: str) -> dict[str, Any]:
    """The base with what is given in its place, table by table."""
    if not isinstance(given, dict):
        raise SettingError(f"{where}: expected a table, got {given!r}")
    out = dict(base)
    for name, value in given.items():
        both = isinstance(out.get(name), dict)
        out[name] = _merged(out[name], value, f"{where}: {name}") if both else value
    return out


def _checked(table: dict[str, Any], where: str) -> CostProfile:
    try:
        return TypeAdapter(CostProfile).validate_python(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def chosen_costs(path: Path | None, of: Settings) -> Costs:
    """The costs in a file that was named, else in that of the settings, else the default."""
    named = path or of.costs
    return default_costs() if named is None else read_costs(named)
