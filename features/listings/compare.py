"""The listing check: all nine flags of one listing beside the record of its product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from features.listings.colours import colour
from features.listings.compatibility import compatibility
from features.listings.conditions import condition
from features.listings.descriptions import description
from features.listings.images import image
from features.listings.parts import parts
from features.listings.record import FLAGS, Finding, Record
from features.listings.sizes import dimensions
from features.listings.versions import version
from features.listings.weights import weight
from features.listings.wording import plain

CHECKS: Mapping[str, tuple[Callable[[Record, Record], Finding], str]] = {
    "mismatch_image": (image, "image"),
    "mismatch_dimensions": (dimensions, "size"),
    "mismatch_weight": (weight, "weight"),
    "mismatch_colour": (colour, "colour"),
    "mismatch_condition": (condition, "condition"),
    "mismatch_description": (description, "details"),
    "mismatch_compatibility": (compatibility, "compatible_models"),
    "mismatch_version": (version, "version"),
    "mismatch_parts": (parts, "parts"),
}


def findings(listing: Record, product: Record) -> dict[str, Finding]:
    """What was found of each flag, in the order of `FLAGS`.

    >>> found = findings(Record("A", size="10 cm", colour="red"), Record("A", size="4 in", colour="蓝色"))
    >>> found["mismatch_dimensions"].is_mismatch, found["mismatch_colour"].is_mismatch
    (False, True)
    """
    return {flag: _found(*CHECKS[flag], listing, product) for flag in FLAGS}


def _found(check: Callable[[Record, Record], Finding], column: str, listing: Record, product: Record) -> Finding:
    """What a check found; texts that are the same on both sides agree, even where they contradict themselves."""
    finding = check(listing, product)
    are_same = all(plain(getattr(listing, c)) == plain(getattr(product, c)) for c in ("name", "details", column))
    return replace(finding, is_mismatch=False) if finding.is_mismatch and are_same else finding
