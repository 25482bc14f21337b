"""The condition that a text names, in the words of the marketplace and of Chinese shops."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.denials import denies_what_the_other_says
from features.listings.lexicon import either, lexicon, words
from features.listings.record import Finding, Record, unknown
from features.listings.specs import do_properties_differ
from features.listings.wear import is_new_by_title, is_worse_than, wear_in
from features.listings.wording import is_negated, plain

_FILE = "conditions.toml"
_POINTS_APART = 4.0  # 86新 beside 85新 is nobody's complaint
_RENEWED = frozenset({"renewed_by", "renewed_grade"})


@cache
def _phrases() -> re.Pattern[str]:
    return re.compile(either(words(_FILE, "not_a_condition")["phrases"]))


@lru_cache(maxsize=65_536)
def condition_in(text: str, *, is_field: bool) -> str | None:
    """The condition in a text: a name of conditions.toml, None if none. Of several the most used one counts.

    >>> condition_in("九成新", is_field=True), condition_in("全新设计", is_field=False)
    ('used_very_good', None)
    """
    text = _phrases().sub("#", plain(text))
    hits = lexicon(_FILE, "field" if is_field else "text").hits(text)
    names = {hit.name for hit in hits if not is_negated(text, hit.start, hit.end)}
    if "renewed" in names:  # "Grade B refurbished" says how well
        return "renewed"
    if len(names) > 1:
        names -= {"used"} if names & set(words(_FILE, "agrees")["used"]) else set()
    order = list(words(_FILE, "field"))
    return max(names, key=order.index) if names else None


def _works(text: str) -> bool | None:
    """Whether the goods are said to work; None where nothing is said of it."""
    hits = lexicon(_FILE, "working").hits(plain(text))
    return hits[-1].name == "yes" if hits else None


def _points(text: str) -> float | None:
    """How new goods are of a hundred, as Chinese shops count it: 9成新 and 90新 are 90."""
    found = re.search(r"(?<![\d.])(\d(?:\.\d)?)\s*成|(?<![\d.])(\d\d?)\s*新", plain(text))
    if not found:
        return None
    tenths = float(found[1] or found[2])
    return tenths * 10 if tenths < 10 else tenths


def _grade(text: str) -> str | None:
    """The grade that a condition column gives: A in "Grade A", B级."""
    found = re.search(r"(?<![a-z])grade[\s-]*([a-d])(?![a-z])|(?<![a-z])([a-d])[\s-]*(?:grade|级)", plain(text))
    return found[1] or found[2] if found else None


def do_agree(a: str, b: str) -> bool:
    """Whether two conditions could be the same goods: `used` agrees with every kind of used."""
    agrees = words(_FILE, "agrees")
    return a == b or b in agrees.get(a, ()) or a in agrees.get(b, ())


def _stated(record: Record) -> tuple[str, str | None]:
    for text, is_field in ((record.condition, True), (record.name, False), (record.details, False)):
        found = condition_in(text, is_field=is_field)
        if found:
            return text, found
    if is_new_by_title(record.name) and not record.condition:
        return record.name, "new"
    return record.condition, None


def condition(listing: Record, product: Record) -> Finding:
    """Condition of the listing beside that of the product; a title that contradicts the product is a mismatch too."""
    said, of_listing = _stated(listing)
    kept, of_product = _stated(product)
    works = [_works(listing.condition + "; " + listing.name), _works(product.condition)]
    if None not in works and works[0] != works[1]:
        return Finding(True, listing.condition, product.condition)
    is_sold_as_new = of_product == "new" and of_listing == "new"
    if of_listing and not is_sold_as_new and is_worse_than(of_listing, wear_in(product.condition)):
        return Finding(True, said, product.condition)
    if denies_what_the_other_says(listing.condition, product.condition):
        return Finding(True, said, product.condition)
    if do_properties_differ(listing.condition, product.condition, _RENEWED):
        return Finding(True, said, kept)
    points = [_points(record.condition) for record in (listing, product)]
    if points[0] and points[1]:
        return Finding(points[0] - points[1] > _POINTS_APART, said, kept)
    if of_listing is None or of_product is None:
        same = bool(listing.condition) and plain(listing.condition) == plain(product.condition)
        return Finding(False, said, kept) if same else unknown(said, kept)
    grades = [_grade(record.condition) for record in (listing, product)]
    if all(grades) and grades[0] != grades[1]:
        return Finding(True, said, kept)
    in_title = condition_in(listing.name, is_field=False)
    if in_title and do_agree(of_listing, of_product) and not do_agree(in_title, of_product):
        return Finding(True, listing.name, kept)
    return Finding(not do_agree(of_listing, of_product), said, kept)
