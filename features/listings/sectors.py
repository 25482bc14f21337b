"""What a model is – a phone, a car, a printer – and the models that a title names without a word such as "for"."""

from __future__ import annotations

import re
from functools import cache

from features.listings.lexicon import lexicon, words
from features.listings.models import Fit, Model, fit_of
from features.listings.wording import plain

_FILE = "models.toml"


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
def _families() -> frozenset[str]:
    return frozenset(_sectors()) & frozenset(words(_FILE, "family"))


def fit_named(text: str, theirs: Fit) -> Fit:
    """The models that a title names without a word such as `for`, of those sectors only that the other side names.

    A maker alone counts only where the other side has none of its models: it may be the brand of the goods.
    """
    known = (*theirs.models, *theirs.excluded)
    sectors = frozenset[str]().union(*map(sectors_of, known))
    pieces = re.split(r"[;,|()]|\s-\s", plain(text))
    found = [m for piece in pieces for m in fit_of(piece, is_field=False).models if sectors_of(m) & sectors]
    makers = {m.maker for m in known}
    return Fit(tuple(m for m in found if m.name != m.maker or not makers & {m.maker, ""}))
