"""Whether one model that a listing names is among those that a product fits."""

from __future__ import annotations

import re

from features.listings.fits import Fit
from features.listings.lexicon import words
from features.listings.model_names import (
    are_comparable,
    are_in_two_languages,
    do_name_one,
    has_name,
    is_code,
    of_no_other,
    says_less,
    words_of_model,
)
from features.listings.models import EVER, Model
from features.listings.quantities import quantities
from features.listings.sectors import maker_of, sectors_of
from features.listings.wording import is_chinese

_SHORTEST_WORD = 3


def does_cover(theirs: Model, ours: Model) -> bool:
    """Whether goods for one model are goods for another: a series has its members, cars their years."""
    if any(ours.name.startswith(family) for family in words("models.toml", "runs").get(theirs.name, ())):
        return True
    makers = {maker_of(ours), maker_of(theirs)} - {""}
    if {ours.name, theirs.name} == {"ios", "iphone"}:
        return True  # 安卓 苹果 as Android and iPhone
    if len(makers) > 1:
        return False
    if theirs.is_series and re.fullmatch(r"[a-z]+\d{3,}", theirs.name) and theirs.name in ours.name:
        return _within(ours.years, theirs.years)  # Pro M402n is of the M402 series
    if theirs.is_series and (ours.name.startswith(theirs.name) or ours.maker == theirs.name):
        return _within(ours.years, theirs.years)
    if re.fullmatch(r"\d{1,2}v", ours.name) and ours.maker == theirs.maker:  # a platform of batteries
        return ours.name in theirs.name
    if _is_car(ours, theirs) and _is_one_generation(ours.name, theirs.name):
        return overlap(ours.years, theirs.years)
    return _are_one(ours, theirs) and _within(ours.years, theirs.years)


def _is_car(ours: Model, theirs: Model) -> bool:
    return "car" in sectors_of(ours) | sectors_of(theirs)


def _is_one_generation(a: str, b: str) -> bool:
    """Golf 7 and Golf 7, and Golf 7 and Golf: the generation says more than the years."""
    short, long = sorted((a, b), key=len)
    return bool(re.fullmatch(r"\D{3,}\d{1,2}", long)) and (short == long or re.sub(r"\d+$", "", long) == short)


def overlap(ours: tuple[int, int] | None, theirs: tuple[int, int] | None) -> bool:
    """Whether two spans of years have one in common; unknown ones may."""
    return ours is None or theirs is None or (theirs[0] <= ours[1] and ours[0] <= theirs[1])


def _are_one(ours: Model, theirs: Model) -> bool:
    """Whether two names are the same, one without its family or maker (XR is iPhone XR), or the same words."""
    short, long = sorted((ours.name, theirs.name), key=len)
    families = {*words("models.toml", "family"), *words("models.toml", "maker")}
    has_family = bool(short) and long.endswith(short) and long.removesuffix(short) in families
    if short == long or has_family or _is_described(short, long):
        return True
    prefix = long.removesuffix(short)
    if re.fullmatch(r"[a-z]\d{3,}[a-z]*", short) and re.fullmatch(rf"[a-z]{{1,3}}{short}", long):
        return True  # HL-L2350DW / L2370DW
    is_named_in_full = long.endswith(short) and re.match(r"[a-z]{2,}\d", short) and re.fullmatch(r"[a-z]{3,}", prefix)
    return bool(is_named_in_full) or do_name_one(ours, theirs)  # Creality Ender 3 is Ender 3


def _is_described(short: str, long: str) -> bool:
    """Words behind a name that are no part of it: PS5 DualSense is a PS5, 爱玛铅酸电池 is 爱玛."""
    rest = long.removeprefix(short)
    if not long.startswith(short) or re.search(r"\d", rest):
        return False
    if is_chinese(rest):
        return not re.search(r"[a-z]", rest) and (is_chinese(short) or bool(re.search(r"\d$", short)))
    suffixes = "|".join(words("models.toml", "suffix")["words"])
    return bool(re.search(r"\d", short)) and len(rest) >= _SHORTEST_WORD and not re.match(rf"(?:{suffixes})+$", rest)


def _within(ours: tuple[int, int] | None, theirs: tuple[int, int] | None) -> bool:
    return ours is None or theirs is None or (theirs[0] <= ours[0] and ours[1] <= theirs[1])


def covers(theirs: Fit, ours: Model) -> bool | None:
    """Whether goods with `theirs` fit a model; None where codes and names, or two languages, cannot be compared."""
    if any(does_cover(t, ours) or _heads(t, ours) for t in theirs.excluded) and not any(
        t.name == ours.name for t in theirs.models
    ):
        return False
    if ours.name == ours.maker and not theirs.is_universal and has_name(ours.name, theirs.models):
        return True
    if (
        ours.name == ours.maker
        and not theirs.is_universal
        and any(_may_be_of(ours.maker, t) for t in of_no_other(ours.maker, theirs.models))
    ):
        return None  # "for Canon" does not say which
    if ours.name == ours.maker and not theirs.is_universal and theirs.models and not any(map(maker_of, theirs.models)):
        return None  # nor does a list that names no maker
    if ours.is_series and _is_a_line(ours) and any(t.name == ours.name for t in theirs.models):
        return True
    if ours.is_series and not theirs.is_universal and theirs.models:
        members = {t.name for t in theirs.models if t.name.startswith(ours.name)}
        return len(members) > 1 or any(t.is_series and does_cover(t, ours) for t in theirs.models)
    if (
        _are_generations(ours, theirs)
        or theirs.is_universal
        or any(does_cover(t, ours) for t in theirs.models)
        or _do_years_add_up(theirs, ours)
    ):
        return True
    if not theirs.models or any(
        says_less(ours, t) or _are_measures(ours, t) or are_in_two_languages(ours, t) or _may_be_a_variant(ours, t)
        for t in theirs.models
    ):
        return None
    return False if any(are_comparable(ours, t) for t in theirs.models) else None


def _is_a_line(model: Model) -> bool:
    """Whether a number is that of a line of machines, where WM14 is short for the WM14 series; a phone's is not."""
    return bool(re.fullmatch(r"[a-z]{1,4}\d{2,}", model.name)) and not sectors_of(model) & {"phone", "tablet", "watch"}


_SPAN = re.compile(r"\d\s*(?:-|~|to|至|到)\s*\d")
_KINDS = (frozenset({"volume", "weight"}), frozenset({"volume", "weight", "length"}))  # of a number, of a span


def _are_measures(ours: Model, theirs: Model) -> bool:
    """Whether both are sizes of one kind rather than names: tanks of 10-60 gal, aquarium 40-230 L."""
    kinds = [{q.kind for q in quantities(m.text)} & _KINDS[bool(_SPAN.search(m.text))] for m in (ours, theirs)]
    return bool(kinds[0] & kinds[1]) and not maker_of(ours) and not maker_of(theirs)


def _heads(family: Model, model: Model) -> bool:
    """Whether one is the bare name that the other begins with: Xbox, Xbox Series X."""
    return family.name.isalpha() and model.name.startswith(family.name) and not family.years


def is_named(model: Model, said: frozenset[str]) -> bool:
    """Whether the numbers of a name all stand in a list that we cannot take apart: MS 180 in `017 018 MS-170 MS-180`.
    Pro and the like may belong to another of its names."""
    found = words_of_model(model)
    numbers = [word for word in found if re.search(r"\d", word)]
    is_sure = any(is_code(word) or len(word) >= _SHORTEST_WORD for word in numbers)
    is_sure = is_sure and model.years is None
    return is_sure and said.issuperset(numbers) and not {*found} & {*words("models.toml", "suffix")["words"]}


def _may_be_a_variant(ours: Model, theirs: Model) -> bool:
    """Whether two numbers differ by a letter behind alone: HHR-P105 and HHR-P105A; longer ones are numbers of parts."""
    short, long = sorted((ours.name, theirs.name), key=len)
    return bool(re.fullmatch(r"[a-z]+\d{3,4}", short)) and bool(re.fullmatch(rf"{short}[a-z]", long))


def _may_be_of(maker: str, model: Model) -> bool:
    is_numbered = not model.maker and bool(re.search(r"\d", model.name))
    return not model.is_series and (model.maker == maker or is_numbered or model.name.startswith(maker))


def _are_generations(ours: Model, theirs: Fit) -> bool:
    """AirPods Pro, where the product fits AirPods Pro 1 and 2."""
    members = [t for t in theirs.models if re.fullmatch(rf"{re.escape(ours.name)}\d", t.name)]
    return len(members) > 1


def _do_years_add_up(theirs: Fit, ours: Model) -> bool:
    """2019, 2020 and 2021 together cover 2019-2021."""
    if ours.years is None or ours.years[1] == EVER:
        return False
    wanted = range(ours.years[0], ours.years[1] + 1)
    spans = [t.years for t in theirs.models if t.name == ours.name and t.years]
    return all(any(a <= year <= b for a, b in spans) for year in wanted)
