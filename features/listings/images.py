"""What the main picture shows, in words, beside what the product's picture or record shows."""

from __future__ import annotations

import re

from features.listings.claims import claims, denies_what_the_other_says
from features.listings.colours import are_same, colours
from features.listings.lexicon import either, words
from features.listings.packs import pack_in
from features.listings.record import Finding, Record, unknown
from features.listings.things import are_alike, negative, positive, share_any, things
from features.listings.wording import plain

_BEFORE = re.compile(r"(?:[a-z-]+\s+){0,1}$|[\u4e00-\u9fff]{0,3}$")
_SHOWN = (
    "material",
    "pattern",
    "shape",
    "sleeve",
    "finish",
    "gender",
    "wire",
    "connector",
    "line",
    "seats",
    "neck",
    "heel",
    "closure",
)


def image(listing: Record, product: Record) -> Finding:
    """The listing's picture beside the product's: colours, things, their number, shape, pattern and material.

    Where the record has no picture, its colour, name and description stand for it.
    """
    if not listing.image or not (product.image or product.colour or product.name):
        return unknown(listing.image, product.image)
    kept = product.image or "; ".join(t for t in (product.colour, product.name, product.details) if t)
    verdicts = [
        _differ_in_colour(listing, product),
        _differ_in_things(listing.image, kept),
        _differ_in_claims(listing.image, kept),
        _differ_in_number(listing.image, product.image),
        _differ_in_details(listing.image, kept),
        denies_what_the_other_says(listing.image, kept) or denies_what_the_other_says(kept, listing.image) or None,
    ]
    if True in verdicts:
        return Finding(True, listing.image, kept)
    if False in verdicts or plain(listing.image) == plain(product.image):
        return Finding(False, listing.image, kept)
    return unknown(listing.image, product.image)


def _colours_shown(record: Record) -> tuple[str, bool]:
    if colours(record.image, is_field=False).main or not record.colour:
        return record.image, False
    return record.colour, True


def _differ_in_colour(listing: Record, product: Record) -> bool | None:
    ours = colours(_foreground(listing.image), is_field=False)
    text, is_field = _colours_shown(product)
    theirs = colours(_foreground(text), is_field=is_field)
    return not are_same(ours, theirs) if ours.main and theirs.main else None


def _foreground(text: str) -> str:
    """Without the background, which is no part of the goods."""
    text = re.sub(
        r"(?:on|against|in front of)\s+(?:an?\s+|the\s+)?(?:[\w-]+\s+)?"
        rf"{either(words('words.toml', 'background')['words'])}",
        " ",
        plain(text),
    )
    return re.sub(
        r"[\u4e00-\u9fff]{1,3}(?:背景|底图|底色)|(?:plain |pure )?(?:white|black|grey|gray) (?:background|backdrop|bg)",
        " ",
        text,
    )


def _differ_in_things(ours: str, theirs: str) -> bool | None:
    ours, theirs = _foreground(ours), _foreground(theirs)
    mine, other = positive(ours), positive(theirs)
    for lacks, has in ((negative(ours), other), (negative(theirs), mine)):
        if lacks & has:
            return True
    if not mine or not other:
        return None
    heads = [_heads(ours), _heads(theirs)]
    motifs = [frozenset(words("things.toml", "motif")["names"]) & side for side in (mine, other)]
    if all(motifs) and not motifs[0] & motifs[1]:
        return True
    return not share_any(mine, other) or not (share_any(heads[0], other) or share_any(heads[1], mine))


def _heads(text: str) -> frozenset[str]:
    """What a picture is mainly of: the last thing before "with"."""
    before = re.split(r"(?<![a-z])(?:with|on|in|next to|and)(?![a-z])|带|配|,|和", text)[0]
    found = things(before) or things(text)
    return frozenset({found[-1].name}) if found else frozenset()


def _differ_in_claims(ours: str, theirs: str) -> bool | None:
    mine, other = claims(_foreground(ours)), claims(_foreground(theirs))
    verdicts = []
    for name in _SHOWN:
        a, b = ({v for c, v in side.has if c == name} for side in (mine, other))
        denied = [{v for c, v in side.denies if c == name} for side in (mine, other)]
        if (a and b) or a & denied[1] or b & denied[0]:
            verdicts.append(not a & b)
    for name in {n for n, _ in mine.numbers} & {n for n, _ in other.numbers}:
        verdicts.append(not {v for n, v in mine.numbers if n == name} & {v for n, v in other.numbers if n == name})
    return any(verdicts) if verdicts else None


def _differ_in_details(ours: str, theirs: str) -> bool | None:
    """Whether a thing that both show is of another material or shape: bamboo lid beside glass lid."""
    mine, other = _materials(ours), _materials(theirs)
    return True if any(not mine[thing] & other[thing] for thing in mine.keys() & other.keys()) else None


def _materials(text: str) -> dict[str, frozenset[tuple[str, str]]]:
    """What the word before each thing says of it: the bamboo of a bamboo lid."""
    text = plain(text)
    found = {h.name: claims(m[0]).has for h in things(text) if (m := _BEFORE.search(text[: h.start]))}
    shown = {name: frozenset(c for c in has if c[0] in _SHOWN) for name, has in found.items()}
    return {name: has for name, has in shown.items() if has}


def _differ_in_number(ours: str, theirs: str) -> bool | None:
    a, b = _shown(ours), _shown(theirs)
    if not a or not b:
        return None
    exact = [(n, b[thing]) for thing, n in a.items() if thing in b]
    shared = exact or [(n, m) for thing, n in a.items() for other, m in b.items() if are_alike(thing, other)]
    return any(n != m for n, m in shared) if shared else None


def _shown(text: str) -> dict[str, int]:
    """How many of each thing a picture shows, where it says so: 3 mugs, a mug, a pair of socks, set of 3 mugs."""
    text = plain(text)
    found: dict[str, int] = {}
    for hit in things(text):
        before = text[max(0, hit.start - 32) : hit.start]
        number = re.search(
            r"(?<![\d.])(\d{1,2})\s*(?:x\s*)?(?:个|只|件|支|条|把|双|盏|张|台|瓶|pcs\s|pieces\s(?:of\s)?)?(?:[a-z-]+\s+|(?![人座层格孔位])[\u4e00-\u9fff]{1,3}){0,3}$",
            before,
        )
        single = re.search(r"(?:^|[\s,])(?:a|an|one|single)\s+(?:[a-z-]+\s+){0,3}$", before)
        pack = pack_in(text)
        if pack or number or single or (not re.search(r"[^s]s$", hit.text) and hit.text.isascii() and hit.start < 24):
            found.setdefault(hit.name, pack or (int(number[1]) if number else 1))
    return found
