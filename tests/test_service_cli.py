"""The command line: data on stdout, words on stderr, exit 0, 1 or 2, and one clear line where something is wrong."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import polars as pl
import pytest

from features.delimited import Reject
from features.order import attributes
from model.artefact import Bundle
from service import cli
from service.advice_catalogue import catalogue
from service.cli_training import why_rejected

SCRIPT = Path(sys.executable).with_name("claimrisk")


class Told(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """What it complained of, which must be one line without a traceback."""
        lines = [line for line in self.err.splitlines() if line.startswith("claimrisk: ")]
        assert self.code == 1, self.err
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Claimrisk = Callable[..., Told]


@pytest.fixture
def claimrisk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Claimrisk:
    """The entry point, run in this process."""

    def run(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["claimrisk", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.run()
        printed = capsys.readouterr()
        return Told(int(left.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty orders as CSV, as_of left to the command."""
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    pl.DataFrame(documents[:30], infer_schema_length=None).drop("as_of").write_csv(path)
    return path


def test_fields_prints_every_attribute_once(claimrisk: Claimrisk) -> None:
    told = claimrisk("fields")
    assert told.code == 0
    lines = [line.split("\t") for line in told.out.splitlines()]
    assert all(len(line) == 4 and all(line) for line in lines)
    assert {line[0] for line in lines} >= set(attributes())
    assert not told.err


def test_the_template_is_a_header_that_scoring_takes(claimrisk: Claimrisk) -> None:
    told = claimrisk("fields", "--template")
    header = next(csv.reader(io.StringIO(told.out)))
    assert told.code == 0
    assert set(attributes()) <= set(header)
    assert len(header) == len(set(header))


def test_simulate_writes_equal_files_for_equal_seeds(claimrisk: Claimrisk, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        told = claimrisk("simulate", "--orders", 200, "--out", tmp_path / folder, "--seed", 3, "--no-truth")
        assert (told.code, told.out) == (0, "")
        assert "simulated 200 orders with" in told.err
    a, b = (pl.read_parquet(tmp_path / folder / "orders.parquet") for folder in ("a", "b"))
    assert a.equals(b)
    assert a["x_simulated"].all()
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["orders.parquet", "outcomes.parquet"]


def test_simulate_tells_the_truth_unless_told_not_to(claimrisk: Claimrisk, tmp_path: Path) -> None:
    assert claimrisk("simulate", "--orders", 50, "--out", tmp_path, "--world", "common").code == 0
    truth = pl.read_parquet(tmp_path / "truth.parquet")
    assert truth["probability"].is_between(0.0, 1.0).all()


def test_a_world_that_is_not_there_is_one_clear_line(claimrisk: Claimrisk, tmp_path: Path) -> None:
    told = claimrisk("simulate", "--orders", 50, "--out", tmp_path / "out", "--world", "mars")
    assert "mars" in told.line
    assert not (tmp_path / "out").exists()


def test_score_writes_scores_and_says_what_became_of_the_file(
    claimrisk: Claimrisk, bundle_folder: Path, orders: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    told = claimrisk("score", orders, "--model", bundle_folder, "--out", out, "--as-of", "2026-11-20T08:15:00Z")
    assert (told.code, told.out) == (0, "")
    assert pl.read_csv(out).height == 30
    assert [w for w in told.err.split() if w.isdigit()][:3] == ["30", "30", "0"]
    assert "SIMULATED history" in told.err


def test_score_tells_reasons_in_chinese_on_wish(
    claimrisk: Claimrisk, bundle_folder: Path, documents: list[dict[str, Any]], tmp_path: Path
) -> None:
    given, out = tmp_path / "orders.csv", tmp_path / "scores.csv"
    pl.DataFrame(documents[:30], infer_schema_length=None).write_csv(given)
    assert claimrisk("score", given, "--model", bundle_folder, "--out", out, "--lang", "zh").code == 0
    told = pl.read_csv(out)["claimrisk_reason_1"].drop_nulls()
    assert told.len() > 20
    assert told.str.contains(r"[\u4e00-\u9fff]").all()


def test_model_show_tells_the_manifest_as_json(claimrisk: Claimrisk, bundle_folder: Path, bundle: Bundle) -> None:
    told = claimrisk("model", "show", bundle_folder)
    shown = json.loads(told.out)
    assert told.code == 0
    assert shown.pop("version") == bundle.version
    assert shown.pop("effects").keys() == {action.id for action in catalogue().actions}
    assert shown == {k: v for k, v in bundle.manifest.items() if k != "canaries"}


def test_model_verify_says_that_a_bundle_is_sound(claimrisk: Claimrisk, bundle_folder: Path, bundle: Bundle) -> None:
    assert claimrisk("model", "verify", bundle_folder).out == f"{bundle_folder}: sound, version {bundle.version}\n"


def test_model_export_gives_a_scorer_that_scores_alike(
    claimrisk: Claimrisk, bundle_folder: Path, bundle: Bundle, tmp_path: Path
) -> None:
    out = tmp_path / "scorer.joblib"
    assert claimrisk("model", "export", bundle_folder, "--out", out).code == 0
    X = np.random.default_rng(0).normal(0.0, 1.0, (50, len(bundle.scorer.pipeline.features_)))
    exported = joblib.load(out)
    state = np.arange(50) % 5
    assert exported.raw_log_odds(X, state).tobytes() == bundle.scorer.raw_log_odds(X, state).tobytes()
    line = claimrisk("model", "export", bundle_folder, "--out", out, "--format", "onnx").line
    assert line == "claimrisk: --format onnx: expected joblib"


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_damaged_bundle_is_one_clear_line(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, command: str
) -> None:
    folder = Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))
    text = (folder / "booster.txt").read_text()
    (folder / "booster.txt").write_text(text.replace("leaf_value=", "leaf_value=9", 1))
    line = claimrisk("model", command, folder).line
    assert str(folder) in line
    assert "booster.txt is damaged" in line
    assert "train or copy it again" in line


def test_a_bundle_signed_elsewhere_is_one_clear_line(
    claimrisk: Claimrisk, bundle_folder: Path, orders: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))
    (folder / "signature").write_text("0" * 64)
    line = claimrisk("score", orders, "--model", folder, "--out", tmp_path / "out.csv").line
    assert "expected a signature made with this installation's key, got another" in line
    assert "set CLAIMRISK_KEY_FILE" in line


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("orders.docx", "x", ["orders.docx", "expected a file ending in .csv, .tsv, .parquet, .xlsx or .jsonl",
                              "got '.docx'"]),
        ("orders.csv", "sku,Order ID\nA,1\n", ["orders.csv", "expected a column order_id", "got sku, Order ID",
                                              "rename 'Order ID' to order_id"]),
        ("orders.csv", "", ["orders.csv", "the file is empty", "expected a header line with at least order_id"]),
        ("orders.csv", "order_id,sku\n", ["orders.csv", "no rows below the header", "expected one order a row"]),
        ("orders.parquet", "no", ["orders.parquet", "not a readable Parquet file"]),
        ("none.csv", None, ["none.csv", "no such file"]),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_scored_is_one_clear_line(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, name: str, content: str | None, parts: list[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    line = claimrisk("score", tmp_path / name, "--model", bundle_folder, "--out", tmp_path / "out.csv").line
    assert all(part in line for part in parts), line
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "out.xls"), "--out out.xls: expected a name ending in .csv, .parquet, .xlsx, got '.xls'"),
        (("--out", "o.csv", "--as-of", "yesterday"), "--as-of yesterday: expected an instant with an offset such as"),
        (("--out", "o.csv", "--time-zone", "Mars/North"), "--time-zone Mars/North: expected a zone such as"),
        (("--out", "o.csv", "--time-zone", "../etc"), "--time-zone ../etc: expected a zone such as"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_clear_line(
    claimrisk: Claimrisk, bundle_folder: Path, orders: Path, words: tuple[str, ...], message: str
) -> None:
    assert message in claimrisk("score", orders, "--model", bundle_folder, *words).line


def test_training_refuses_what_it_cannot_learn_from_before_it_writes(claimrisk: Claimrisk, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,placed_at\n1,2026-01-01T00:00:00Z\n")
    (tmp_path / "claims.csv").write_text("order_id\n1\n")
    words = ("train", tmp_path / "orders.csv", tmp_path / "claims.csv", "--out")
    assert "claims.csv: expected a column claim_opened_at, got order_id" in claimrisk(*words, tmp_path / "b").line
    assert "--extra weight: expected x_NAME:KIND:STATE" in claimrisk(*words, tmp_path / "b", "--extra", "weight").line
    (tmp_path / "precious").mkdir()
    line = claimrisk(*words, tmp_path / "precious").line
    assert "expected a new folder or an earlier bundle, got something else; name another" in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["claims.csv", "orders.csv", "precious"]


@pytest.mark.parametrize(
    "words",
    [
        ("fly",), ("score",), ("score", "a.csv", "--model", "m"), ("simulate", "--orders", "0", "--out", "x"),
        ("score", "a.csv", "--model", "m", "--out", "o.csv", "--lang", "de"), ("model", "melt", "m"),
        ("fields", "--colour"), ("train", "a.csv", "b.csv", "--out", "m", "--claim-window-days", "0"),
    ],
)  # fmt: skip
def test_misuse_exits_with_two_and_says_how_to_use_it(claimrisk: Claimrisk, words: tuple[str, ...]) -> None:
    told = claimrisk(*words)
    assert told.code == 2
    assert re.search(r"Usage: .*claimrisk", told.err)
    assert "Traceback" not in told.err
    assert not told.out


@pytest.mark.parametrize("words", [("--help",), ("score", "--help"), ("train", "--help"), ("model", "--help")])
def test_help_exits_with_none_and_goes_to_stdout(claimrisk: Claimrisk, words: tuple[str, ...]) -> None:
    told = claimrisk(*words)
    assert told.code == 0
    assert re.search(r"Usage: .*claimrisk", told.out)


def test_the_installed_script_fails_in_one_line(tmp_path: Path) -> None:
    command = [SCRIPT, "model", "verify", tmp_path / "nowhere"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 1
    assert found.stdout == ""
    expected = (
        f"claimrisk: {tmp_path}/nowhere: not a model bundle: manifest.json cannot be read (No such file or directory)"
    )
    assert found.stderr.splitlines() == [expected]


def test_training_says_why_it_set_rows_aside() -> None:
    wrong = [Reject(line, "x_slow", "wrong", "expected true or false", "") for line in (4, 9)]
    told = why_rejected([*wrong, Reject(7, "", "torn", "expected 5 cells, got 4", "")])
    assert told == [
        "set aside, 2 rows, line 4 the first: x_slow: expected true or false",
        "set aside, 1 rows, line 7 the first: the row: expected 5 cells, got 4",
    ]


def test_the_module_runs_the_commands_as_the_script_does() -> None:
    done = subprocess.run([sys.executable, "-m", "service.cli", "fields"], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("order_id\t")
