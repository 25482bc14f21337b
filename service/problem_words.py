"""The words for what cannot be used, English or Chinese: problems of the API, errors and set-aside rows of commands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise

from features.document import DocumentRefused
from features.errors import BundleError, ClaimRiskError, FileRefused, OrderRefused, SettingError, TrainingError
from service.wording import Lang

Texts = Mapping[str, Mapping[str, Mapping[Lang, str]]]
KINDS: Mapping[type[ClaimRiskError], str] = {
    DocumentRefused: "document", FileRefused: "file", BundleError: "model", TrainingError: "training",
    SettingError: "setting", ClaimRiskError: "other",
}  # fmt: skip


@cache
def texts() -> Texts:
    """What `problem_texts.toml` says."""
    return tomllib.loads((resources.files("service") / "problem_texts.toml").read_text("utf-8"))


def said(section: str, code: str, detail: str, lang: Lang) -> str:
    """A reason in the language; where no word stands for its code, the precise reason alone is told in English."""
    held = texts()[section]
    known = code if code in held else "before" if code.startswith("before_") and "before" in held else "other"
    return held[known][lang].format(detail=sendable(detail))


def error_text(error: ClaimRiskError, lang: Lang) -> str:
    """What a command says of an error: its precise reason, in Chinese behind what is wrong and what to do."""
    if lang == "en":
        return str(error)
    if isinstance(error, OrderRefused):
        return "；".join(f"{p.attribute}：{said('error', p.code, p.detail, lang)}" for p in error.problems)
    kind = next(name for of, name in KINDS.items() if isinstance(error, of))
    return said("command", error.about or kind, str(error), lang)


def reason_text(code: str, reason: str, lang: Lang) -> str:
    """Why a row was set aside; `reason` is the precise one."""
    return reason if lang == "en" else said("error", code, reason, lang)


def asked_on_line(words: Sequence[str]) -> Lang:
    """The language that the words of a command line ask for; to be told of an error, whichever command it ended.

    >>> asked_on_line(["score", "--lang", "zh"]), asked_on_line(["odr", "--lang=zh"]), asked_on_line(["map", "zh"])
    ('zh', 'zh', 'en')
    """
    return "zh" if "--lang=zh" in words or ("--lang", "zh") in pairwise(words) else "en"


def sendable(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
