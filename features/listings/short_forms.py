"""What sellers write short in a list of parts, spelt out: 46 pcs in case, 1 cover 8 caps, S/M/L各一对."""

from __future__ import annotations

import re

from features.listings.meant_counts import NUMERALS

_SIZE = r"(?:x{0,2}s|m|x{0,3}l)"
_SIZES = re.compile(
    rf"(?P<of>[a-z] )?(?<![a-z])(?P<sizes>{_SIZE}(?:/{_SIZE})+)(?![a-z])(?P<each>\s*各\s*(?P<n>[一两]|\d)?)?"
)
_ONE_SIDE, _OTHER_SIDE = "upper|left|front|top|large", "lower|right|rear|back|bottom|small"
_PACKED = re.compile(
    r"(?<![\d.])(?P<packs>\d{1,3}) (?:cans|tubes|packs|boxes|bags|tins|sleeves|rolls|strips|cartons|trays) (?:x|of) "
    r"(?P<each>\d{1,3}) (?=[a-z])"
)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\(\s*\d+(?:\s*\+\s*\d+)+\s*\)"), " "),  # 6 pcs (2+2+2)
    (re.compile(r"(\d\s?(?:pcs|pieces)) in (?:an? )?(?=case|box|bag|tin|pouch)"), r"\1, "),
    (re.compile(r"(?<![a-z])twin (?=[a-z]+ (?:set|pack))"), "2 "),
    (re.compile(rf"(?<![a-z])(?:{_ONE_SIDE})\s*(?:\+|and|&)\s*(?:{_OTHER_SIDE}) (?=[a-z])"), "2 "),
    (re.compile(r"(?<=[a-z]) (?=\d{1,2} (?!x |in |pcs|pieces|pairs|pack|of )[a-z]{3,}(?: \d|$|,))"), ", "),
    (re.compile(r"(?<![a-z])w/\s*(?=[a-z\d])"), "with "),
    (re.compile(r"^(\d+) feet(?= with |,|$)"), r"\1 foot pieces"),
    (re.compile(r"(?<=\d盒)(?=\d+盖)"), ", "),
    (re.compile(r"^1[盒套包](?=\d)"), ""),  # 1盒3个
)


def at_length(text: str) -> str:
    """A plain text of parts with its short forms spelt out.

    >>> at_length("1 cover 8 caps"), at_length("s/m/l各一对"), at_length("4 cans x 3 balls")
    ('1 cover, 8 caps', '3对', '12 balls')
    """
    text = _PACKED.sub(lambda m: f"{int(m['packs']) * int(m['each'])} ", text)
    for form, spelt in _FORMS:
        text = form.sub(spelt, text)
    return _SIZES.sub(_each_size, text).strip()


def _each_size(match: re.Match[str]) -> str:
    sizes = match["sizes"].split("/")
    of = match["of"] or ""
    if match["each"] is None:
        return of or "-".join(sizes)  # ear tips S/M/L: how many of each is not said
    number = match["n"] or "一"
    return of + str(len(sizes) * (NUMERALS[number] if number in NUMERALS else int(number)))
