"""Units of quantities: the words that sellers write for them (units.toml); the conversion is pint's."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from features.errors import SettingError

if TYPE_CHECKING:
    import pint


@cache
def kinds() -> dict[str, dict[str, list[str]]]:
    """Each kind of quantity, its units as pint names them, and the words for each, in small letters."""
    return {
        kind: {unit: words for unit, words in of_kind.items() if unit != "base"}
        for kind, of_kind in _told().items()
        if kind != "define"
    }


@cache
def known() -> dict[str, tuple[str, str]]:
    """Each word for a unit, with its kind and its unit as pint names it."""
    return {word: (kind, unit) for kind, units in kinds().items() for unit, words in units.items() for word in words}


@cache
def registry() -> pint.UnitRegistry[float]:
    """The units of pint and those of units.toml that it does not know."""
    import pint  # takes a second, which only those who convert should wait for

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    for definition in _told()["define"]:
        registry.define(definition)
    return registry


@cache
def factor(kind: str, unit: str) -> float:
    """How many base units of the kind one `unit` is.

    >>> factor("length", "inch"), factor("mass", "jin")
    (2.54, 500.0)
    """
    try:
        return float(registry().Quantity(1.0, unit).to(_told()[kind]["base"]).magnitude)
    except (AttributeError, TypeError) as error:  # pint's errors are of these kinds
        raise SettingError(f"features/units.toml: {kind}.{unit}: {error}") from error


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads((resources.files("features") / "units.toml").read_text("utf-8"))
