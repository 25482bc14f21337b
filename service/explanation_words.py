"""The words and numbers of an explanation, in English or Chinese, as Markdown lines."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from service.wording import Lang


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[Lang, str]]]:
    """What `explanation_texts.toml` says."""
    return tomllib.loads((resources.files("service") / "explanation_texts.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """The words in one language."""

    lang: Lang

    def __call__(self, key: str, **filled: object) -> str:
        """A text, filled in."""
        return self.of("texts", key).format(**filled)

    def of(self, table: str, key: str) -> str:
        """A text of another table."""
        return texts()[table][key][self.lang]

    def heading(self, key: str, **filled: object) -> str:
        """A text as a heading."""
        return f"\n## {self(key, **filled)}"

    def item(self, key: str, **filled: object) -> str:
        """A text as an item of a list."""
        return f"- {self(key, **filled)}"

    def below(self, key: str, **filled: object) -> str:
        """A text as an item below another."""
        return f"  - {self(key, **filled)}"


def signed(value: float) -> str:
    """Log-odds, with sign.

    >>> signed(1.23456), signed(-0.5)
    ('+1.2346', '-0.5000')
    """
    return f"{value:+.4f}"


def percent(share: float) -> str:
    """A share with four digits, so that it can be followed.

    >>> percent(0.0123456), percent(0.5)
    ('1.235 %', '50 %')
    """
    return f"{100.0 * share:.4g} %"


def money(amount: float, currency: str = "") -> str:
    """An amount with four digits, small ones too.

    >>> money(0.01234, "USD"), money(1234.5)
    ('0.01234 USD', '1234')
    """
    return f"{amount:.4g} {currency}".rstrip()
