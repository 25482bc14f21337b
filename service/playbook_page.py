"""Playbook and evidence as self-contained pages: one file each, nothing is loaded, nothing runs in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT
from service.languages import TAGS
from service.playbook_catalogue import playbook_catalogue
from service.wording import Lang, wording

Told = dict[str, Any]
_TEMPLATES = Environment(
    loader=PackageLoader("service"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_STYLE = (resources.files("service") / "templates" / "playbook.css").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Said:
    """The words of the pages in one language."""

    lang: Lang

    def __call__(self, key: str, section: str = "page", **filled: object) -> str:
        """A text of texts.toml."""
        text = playbook_catalogue().texts[section][key]
        return (text.zh if self.lang == "zh" else text.en).format(**filled)

    def moment(self, at: str) -> str:
        """An instant in UTC, to the minute.

        >>> Said("en").moment("2026-11-12T09:00:59Z")
        '2026-11-12 09:00'
        """
        return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M}"

    def chance(self, chance: Told | None) -> str:
        """A probability with its interval.

        >>> Said("en").chance({"value": 0.9, "low": 0.8, "high": 0.97}), Said("zh").chance(None)
        ('90 % (80–97)', '未知')
        """
        if chance is None:
            return self("unknown")
        value, low, high = (f"{100 * chance[name]:.0f}" for name in ("value", "low", "high"))
        percent = f"{value} %" if self.lang == "en" else f"{value}%"
        return percent if low == high else f"{percent} ({low}–{high})"

    def money(self, amount: float | None, currency: str) -> str:
        """An amount, to the exponent of its currency."""
        if amount is None:
            return self("unknown")
        return f"{amount:,.{CURRENCY_EXPONENTS.get(currency, DEFAULT_EXPONENT)}f} {currency}"

    def attribute(self, name: str) -> str:
        """What an attribute is called: an instant as in the timeline, others as in reasons, else its name.

        >>> Said("zh").attribute("first_scan_at"), Said("en").attribute("is_fragile_x")
        ('承运商首次扫描', 'is fragile x')
        """
        if name in playbook_catalogue().texts["timeline"]:
            return self(name, "timeline")
        known = wording().attributes.get(name)
        if known is None:
            return name.replace("_", " ")
        return known.name.zh if self.lang == "zh" else known.name.en

    def value(self, name: str, value: str) -> str:
        """A value as it is told; instants to the minute."""
        return f"{self.moment(value)} UTC" if name in playbook_catalogue().texts["timeline"] else value

    def span(self, cost: Told) -> str:
        """The range of a cost."""
        low, high = (self.money(cost[name], cost["currency"]) for name in ("low", "high"))
        return low if low == high else f"{low} – {high}"


def playbook_page(playbooks: Sequence[Told], lang: Lang) -> str:
    """Playbooks of one or several orders, for the seller's own use."""
    return _rendered("playbook.html", lang, playbooks=playbooks)


def evidence_page(evidence: Told, data_digest: str, lang: Lang) -> str:
    """What is meant for the marketplace. data_digest: SHA-256 of evidence.json."""
    return _rendered("evidence.html", lang, evidence=evidence, data_digest=data_digest)


def _rendered(template: str, lang: Lang, **given: object) -> str:
    style = Markup(_STYLE)  # noqa: S704 - our own file
    return _TEMPLATES.get_template(template).render(said=Said(lang), tag=TAGS[lang], style=style, **given)
