"""What kind of goods a title names, and whether a product is of another kind."""

from __future__ import annotations

import re
from functools import lru_cache

from features.listings.lexicon import words
from features.listings.things import share_any, things
from features.listings.wording import plain

_FOR = re.compile(
    r"(?<![a-z])(?:for|with|fits?|in|on|like|by|compatible|includ\w+|from|against)(?![a-z])|适用于?|配|带|含|送|赠|用于|兼容|专用"
)


@lru_cache(maxsize=65_536)
def kinds_of_goods(title: str) -> frozenset[str]:
    """The things that a title is about: those before "for", "with" and the like; all where nothing stands before.

    >>> sorted(kinds_of_goods("Ceramic Mug with Lid for Coffee Lovers"))
    ['mug']
    """
    text = plain(title)
    head = _FOR.split(text)[0]
    text = head if re.search(r"[a-z\u4e00-\u9fff]{2}", head) else text
    heads = words("things.toml", "compound")["heads"]  # 耳机套 is no 耳机
    return frozenset(h.name for h in things(text) if text[h.end : h.end + 1] not in heads)


def _departments(names: frozenset[str]) -> frozenset[str]:
    """Where some things are sold; empty where one of them is sold anywhere."""
    found = [{d for d, sold in words("things.toml", "department").items() if name in sold} for name in names]
    return frozenset[str]().union(*found) if all(found) else frozenset()


def are_other_goods(title: str, name: str, product_text: str) -> bool:
    """Whether a title names a thing that the product is not; both must name one, and share no word."""
    ours, theirs = kinds_of_goods(title), kinds_of_goods(name)
    everything = theirs | {h.name for h in things(plain(product_text))} | {h.name for h in things(plain(name))}
    if not ours or not theirs or share_any(ours, everything):
        return False
    if not _departments(ours) or not _departments(theirs) or _departments(ours) & _departments(everything):
        return False
    return not set(re.findall(r"[a-z]{3,}", plain(title))) & set(
        re.findall(r"[a-z]{3,}", plain(name + " " + product_text))
    )
