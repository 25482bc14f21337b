"""What a model is – a phone, a car, a printer – and the models that a title names without a word such as "for"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from features.listings.fits import Fit, fit_of
from features.listings.lexicon import lexicon, words
from features.listings.models import Model
from features.listings.wording import plain

_FILE = "models.toml"
_CODE = re.compile(r"(?<![a-z\d])[a-z]{1,4}(?:-?[a-z]{1,4})?-?\d{3,6}[a-z]{0,3}(?![a-z\d])")


@cache
def _sectors() -> dict[str, frozenset[str]]:
    found = words(_FILE, "sector")
    return {name: frozenset(s for s, names in found.items() if name in names) for name in sum(found.values(), ())}


def sectors_of(model: Model) -> frozenset[str]:
    """What a model may be: a phone, a car …; its family says more than its maker, which may make several.

    >>> [sorted(sectors_of(m)) for m in fit_of("Toyota Corolla, Canon EOS R5, XZ-9").models]
    [['car'], ['camera'], []]
    """
    named = lexicon(_FILE, "family").names(model.text) | {f for f in _families() if model.name.startswith(f)}
    families = [f for f in named if f in _sectors()]
    return _sectors()[max(families, key=len)] if families else _sectors().get(model.maker, frozenset())


@cache
def _makers_of_families() -> dict[str, str]:
    return {family: maker for maker, listed in words(_FILE, "families_of").items() for family in listed}


def maker_of(model: Model) -> str:
    """The maker that a model names or whose family it is of; "" where neither is known.

    >>> [maker_of(m) for m in fit_of("iPhone 13, Sony WH-1000XM4, XZ-9").models]
    ['apple', 'sony', '']
    """
    family = max((f for f in _makers_of_families() if model.name.startswith(f)), key=len, default="")
    return model.maker or _makers_of_families().get(family, "")


@cache
def _families() -> frozenset[str]:
    return frozenset(_sectors()) & frozenset(words(_FILE, "family"))


def fit_named(text: str, theirs: Fit) -> Fit:
    """The models that a title names without a word such as `for`: of those sectors only that the other side names, of a
    maker that it names, or numbers of one make with its own.

    A maker alone counts only where the other side has none of its models: it may be the brand of the goods.
    """
    known = (*theirs.models, *theirs.excluded)
    sectors = frozenset[str]().union(*map(sectors_of, known))
    makers = {m.maker for m in known}
    pieces = re.split(r"[;,|()]|\s-\s", plain(text))
    models = [m for piece in pieces for m in fit_of(piece, is_field=False).models]
    found = [m for m in models if sectors_of(m) & sectors or (m.maker in makers - {""} and re.search(r"\d", m.name))]
    found = [m for m in found if m.name != m.maker or not makers & {m.maker, ""}]
    return Fit(tuple(found or _numbered_alike(text, known)))


def _numbered_alike(text: str, known: Iterable[Model]) -> list[Model]:
    """Models in a text with the same letters before as many digits as one that is known: MB-WFS4029, MB-WFS3018."""
    makes = [_make(code) for m in known for code in _CODE.findall(plain(m.text))]
    codes = [code for code in _CODE.findall(plain(text)) if any(_are_one_make(_make(code), make) for make in makes)]
    return [m for code in codes for m in fit_of(code).models]


def _make(code: str) -> tuple[str, int]:
    letters = re.match(r"[a-z-]+", code)
    return (letters[0].replace("-", "") if letters else "", sum(c.isdigit() for c in code))


def _are_one_make(a: tuple[str, int], b: tuple[str, int]) -> bool:
    return a[0] == b[0] and abs(a[1] - b[1]) <= (1 if len(a[0]) > 1 else 0)
