"""The words of the page, in one language: its texts, the names of bands, states and actions, numbers for people."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources

from markupsafe import Markup, escape

from service.money import exponent
from service.wording import Lang, reason


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of the page in one language."""

    lang: Lang

    def __call__(self, key: str, **filled: object) -> str:
        """A text of the page."""
        return self._said("texts", key).format(**filled)

    def marked(self, key: str) -> Markup:
        """A text of the page in which `code` is marked up.

        >>> "<code>claimrisk train</code>" in Words("zh").marked("simulated")
        True
        """
        return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(self(key)))))  # noqa: S704 - escaped

    def band(self, key: str) -> str:
        """What a band is called."""
        return self._said("bands", key)

    def state(self, key: str) -> str:
        """What a state is called."""
        return self._said("states", key)

    def action(self, key: str) -> str:
        """The short name of an action; its id, readable, where it has none."""
        return self._said("actions", key) if key in texts()["actions"] else key.replace("_", " ").capitalize()

    def attribute(self, key: str) -> str:
        """What an attribute is called in reasons."""
        name = reason(key).name
        return name.en if self.lang == "en" else name.zh

    def percent(self, probability: float) -> str:
        """A probability for people: two or three digits.

        >>> Words("en").percent(0.0421), Words("en").percent(0.00312), Words("zh").percent(0.00001)
        ('4.2 %', '0.31 %', '低于 0.01%')
        """
        percent = 100.0 * probability
        if percent < 0.01:
            return self("unlikely")
        number = f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}" if percent >= 1 else f"{percent:.2f}"
        return f"{number} %" if self.lang == "en" else f"{number}%"

    def amount(self, value: float, currency: str) -> str:
        """An amount of money.

        >>> Words("en").amount(1.136, "USD"), Words("zh").amount(1200.0, "JPY")
        ('1.14 USD', '1,200 JPY')
        """
        return f"{value:,.{exponent(currency)}f} {currency}"

    def moment(self, at: datetime) -> str:
        """An instant in UTC, to the minute."""
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"

    def _said(self, table: str, key: str) -> str:
        return texts()[table][key][self.lang]


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[Lang, str]]]:
    """What `page_texts.toml` says."""
    return tomllib.loads((resources.files("service") / "page_texts.toml").read_text("utf-8"))
