"""The listing check: all nine flags of one listing beside the record of its product."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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

CHECKS: Mapping[str, Callable[[Record, Record], Finding]] = {
    "mismatch_image": image,
    "mismatch_dimensions": dimensions,
    "mismatch_weight": weight,
    "mismatch_colour": colour,
    "mismatch_condition": condition,
    "mismatch_description": description,
    "mismatch_compatibility": compatibility,
    "mismatch_version": version,
    "mismatch_parts": parts,
}


def findings(listing: Record, product: Record) -> dict[str, Finding]:
    """What was found of each flag, in the order of `FLAGS`.

    >>> found = findings(Record("A", size="10 cm", colour="red"), Record("A", size="4 in", colour="蓝色"))
    >>> found["mismatch_dimensions"].is_mismatch, found["mismatch_colour"].is_mismatch
    (False, True)
    """
    return {flag: CHECKS[flag](listing, product) for flag in FLAGS}
