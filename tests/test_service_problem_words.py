"""Errors of the command line in the language that is asked for, in the words that the API has for the same faults."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from features.errors import BundleError, ClaimRiskError, FileRefused, InputError, OrderRefused, Problem
from service import cli
from service.problem_words import KINDS, error_text, texts

ROOT = Path(__file__).parent.parent


def told_codes() -> set[str]:
    """Every code that an error raised in the program carries."""
    files = (path for room in ("features", "model", "training", "service") for path in (ROOT / room).rglob("*.py"))
    words = (k for path in files for k in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(k, ast.keyword))
    return {k.value.value for k in words if k.arg == "about" and isinstance(k.value, ast.Constant)}  # type: ignore[misc]


def test_every_error_of_a_command_has_words_and_no_words_are_left_over() -> None:
    assert set(texts()["command"]) == told_codes() | set(KINDS.values())


def test_every_text_stands_in_both_languages_and_keeps_the_precise_reason() -> None:
    for section, of in texts().items():
        for code, text in of.items():
            assert set(text) == {"en", "zh"}, code
            assert re.findall(r"\{\w+\}", text["en"]) in ([], re.findall(r"\{\w+\}", text["zh"])), code
            assert section != "command" or text["en"] == "{detail}", code


@pytest.mark.parametrize(
    ("error", "zh"),
    [
        (
            FileRefused("a.csv: no such file", about="no_such_file"),
            "找不到该文件，请检查路径和文件名：a.csv: no such file",
        ),
        (BundleError("m: damaged"), "模型无法使用：m: damaged"),
        (InputError("--x: expected y"), "无法执行：--x: expected y"),
        (OrderRefused([Problem("quantity", "not_a_count", "expected 1")]), "quantity：应为整数：expected 1"),
    ],
)
def test_an_error_is_told_in_chinese_with_its_precise_reason(error: ClaimRiskError, zh: str) -> None:
    assert (error_text(error, "zh"), error_text(error, "en")) == (zh, str(error))


@pytest.mark.parametrize("words", [("--lang", "zh"), ("--lang=zh",)])
def test_a_command_that_fails_says_why_in_the_language_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "argv", ["claimrisk", "playbook", "none.csv", *words])
    with pytest.raises(SystemExit):
        cli.run()
    assert "claimrisk: 找不到该文件" in capsys.readouterr().err
