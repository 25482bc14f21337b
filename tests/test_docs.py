"""The documents keep up with the code: every module, setting and command stands where a reader looks for it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import click
import pytest
import typer

from service import cli
from service.settings import Settings

ROOT = Path(__file__).parent.parent
FLOORS = ("features", "model", "training", "service")


def modules() -> list[Path]:
    found = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
    return [path for path in found if path.name != "__init__.py"]


def first_line(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def rows(document: str) -> dict[str, list[str]]:
    """Rows of the tables of a document by what stands in backquotes in their first cell."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in cells if row[0].startswith("`")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_stands_in_the_architecture(path: Path) -> None:
    name, said = str(path.relative_to(ROOT)), first_line(path)
    assert said, f"{name}: expected a docstring"
    table = rows("architecture.md")
    assert name in table, f"docs/architecture.md: expected a row | `{name}` | {said} |"
    assert said in [cell.replace("\\|", "|") for cell in table[name]]


def test_the_architecture_names_no_module_that_is_gone() -> None:
    named = {name for name in rows("architecture.md") if name.endswith(".py") and name.partition("/")[0] in FLOORS}
    assert named <= {str(path.relative_to(ROOT)) for path in (*modules(), *ROOT.glob("*/__init__.py"))}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_stands_in_the_documents_with_its_default(name: str) -> None:
    table = rows("settings.md")
    variable, field = f"CLAIMRISK_{name.upper()}", Settings.model_fields[name]
    assert variable in table, f"docs/settings.md: expected a row | `{variable}` | … |"
    default = table[variable][1].strip("`")
    if field.default_factory is not None:
        assert default == "~/.claimrisk"
    elif field.default is not None:
        assert default.replace("_", "").replace(",", "") == str(field.default)
    assert default, f"docs/settings.md: {variable}: expected its default"


def test_the_documents_name_no_setting_that_is_gone() -> None:
    assert set(rows("settings.md")) == {f"CLAIMRISK_{name.upper()}" for name in Settings.model_fields}


def commands(group: click.Command, prefix: str = "claimrisk") -> list[str]:
    """Every command as it is typed."""
    if isinstance(group, click.Group):
        return [c for name, found in group.commands.items() for c in commands(found, f"{prefix} {name}")]
    return [prefix]


@pytest.mark.parametrize("command", commands(typer.main.get_command(cli.app)))
def test_a_command_appears_in_the_readme(command: str) -> None:
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text("utf-8"))
    assert re.search(rf"\b{re.escape(command)}\b", text), f"README.md: expected {command}"


def test_a_clone_holds_no_package_built_for_one_platform() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert not [name for name in listed.stdout.splitlines() if name.endswith((".whl", ".so", ".egg"))]
