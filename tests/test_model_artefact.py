"""The bundle: what was saved comes back; what was changed, foreign, newer or too large is refused; nothing is run."""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from features.completion import completed
from features.document import read_order
from features.errors import BundleError
from features.moments import as_known
from features.order_columns import columns_of
from model.artefact import FILES, LARGEST_FILE, MANIFEST, SIGNATURE, Bundle, dumps, load, save, signature_of
from service.settings import settings, signing_key

ROOT = Path(__file__).parent.parent
FLOORS = ("features", "model", "training", "service")


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle of this test's own."""
    return Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))


@pytest.fixture
def key(bundle_folder: Path) -> bytes:
    return signing_key(settings())


def signed_again(folder: Path, key: bytes, change: Callable[[dict[str, Any]], object]) -> Path:
    """The bundle with its manifest changed and soundly signed."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    change(manifest)
    raw = dumps(manifest)
    (folder / MANIFEST).write_bytes(raw)
    (folder / SIGNATURE).write_text(signature_of(raw, key), "ascii")
    return folder


def test_what_was_saved_comes_back(
    bundle: Bundle, bundle_folder: Path, documents: list[dict[str, Any]], tmp_path: Path, key: bytes
) -> None:
    facts = {k: v for k, v in bundle.manifest.items() if k not in ("format", "feature_contract", "files")}
    texts = {name: (bundle_folder / name).read_bytes() for name in FILES[2:]}
    save(tmp_path / "again", bundle.scorer, texts, facts, key)
    for name in (*FILES, MANIFEST, SIGNATURE):
        assert (tmp_path / "again" / name).read_bytes() == (bundle_folder / name).read_bytes(), name
    orders = as_known(completed(columns_of([read_order(document) for document in documents[:100]])))
    again = load(tmp_path / "again", key)
    assert again.version == bundle.version
    assert again.scorer.score(orders).probability.tobytes() == bundle.scorer.score(orders).probability.tobytes()


def test_a_bundle_is_never_written_over_another(bundle: Bundle, bundle_folder: Path, key: bytes) -> None:
    with pytest.raises(FileExistsError):
        save(bundle_folder, bundle.scorer, {}, {}, key)


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_one_flipped_bit_in_any_file_is_refused(copy: Path, key: bytes, name: str) -> None:
    sound = (copy / name).read_bytes()
    draw = random.Random(name)
    for place in [0, len(sound) - 1, *(draw.randrange(len(sound)) for _ in range(8))]:
        flipped = bytearray(sound)
        flipped[place] ^= 1 << draw.randrange(8)
        (copy / name).write_bytes(flipped)
        with pytest.raises(BundleError, match=f"{copy}: .*(signature|{name} is damaged)"):
            load(copy, key)
    (copy / name).write_bytes(sound)
    assert load(copy, key).version


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_a_file_cut_short_or_longer_or_gone_is_refused(copy: Path, key: bytes, name: str) -> None:
    sound = (copy / name).read_bytes()
    for damaged in (sound[: len(sound) // 2], b"", sound + b"x"):
        (copy / name).write_bytes(damaged)
        with pytest.raises(BundleError):
            load(copy, key)
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"{copy}: not a model bundle: {name} cannot be read"):
        load(copy, key)


def test_a_bundle_signed_with_another_key_is_refused_with_what_to_do(copy: Path) -> None:
    with pytest.raises(BundleError, match="train it here, or set CLAIMRISK_KEY_FILE"):
        load(copy, b"x" * 64)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, key: bytes) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(BundleError, match=f"{folder}: not a model bundle: manifest.json cannot be read"):
            load(folder, key)


@pytest.mark.parametrize(
    ("fact", "expected", "value"), [("format", 1, 2), ("format", 1, None), ("feature_contract", 2, 1)]
)
def test_another_format_or_contract_is_refused_although_soundly_signed(
    copy: Path, key: bytes, fact: str, expected: int, value: int | None
) -> None:
    with pytest.raises(BundleError, match=f"expected {fact} {expected}, got {value}; train the model again"):
        load(signed_again(copy, key, lambda manifest: manifest.update({fact: value})), key)


def test_a_manifest_that_lacks_a_file_or_names_a_strange_one_is_refused(copy: Path, key: bytes) -> None:
    with pytest.raises(BundleError, match="expected files"):
        load(signed_again(copy, key, lambda m: m["files"].update({"../key": {"sha256": "", "bytes": 0}})), key)
    with pytest.raises(BundleError, match="expected files"):
        load(signed_again(copy, key, lambda m: (m["files"].pop("../key"), m["files"].pop("state.json"))), key)


def test_canaries_that_score_otherwise_are_refused(copy: Path, key: bytes) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["canaries"]["probability"][3] *= 1.0 + 1e-6

    with pytest.raises(BundleError, match=r"its canaries score .* away from what the manifest says"):
        load(signed_again(copy, key, change), key)


def test_a_canary_without_a_number_is_refused(copy: Path, key: bytes) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["canaries"]["probability"][0] = None

    with pytest.raises(BundleError, match="canaries"):
        load(signed_again(copy, key, change), key)


@pytest.mark.parametrize("name", [MANIFEST, "state.json", "report.html"])
def test_a_file_that_is_too_large_is_refused_unread(copy: Path, key: bytes, name: str) -> None:
    os.truncate(copy / name, LARGEST_FILE + 1)  # sparse: no such file is ever written or read
    with pytest.raises(BundleError, match=f"{name}: expected at most 536,870,912 bytes, got 536,870,913"):
        load(copy, key)


def test_canaries_tell_no_order_and_no_buyer(bundle: Bundle) -> None:
    assert not {"order_id", "buyer_key"} & set(bundle.manifest["canaries"]["columns"])
    assert bundle.manifest["canaries"]["n"] == 16
    assert len(set(bundle.manifest["canaries"]["probability"])) > 8


def test_equal_values_give_equal_bytes_whatever_their_order() -> None:
    one = {"b": [1.5, 0.1 + 0.2, -0.0], "a": {"y": None, "x": "大"}, "n": (1, True)}
    other = {"n": [1, True], "a": {"x": "大", "y": None}, "b": [1.5, 0.30000000000000004, -0.0]}
    assert dumps(one) == dumps(other) == dumps(json.loads(dumps(one)))
    numbers = np.random.default_rng(0).normal(0.0, 1e3, 1_000).tolist()
    assert orjson.loads(dumps(numbers)) == numbers


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_written_as_null(number: float) -> None:
    assert orjson.loads(dumps({"a": [number, 1.0], "b": number})) == {"a": [None, 1.0], "b": None}


def _unsafe(tree: ast.AST) -> Iterator[str]:
    """Imports and calls that run what a file holds."""
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "skops", "jsonpickle"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] in forbidden)
        elif isinstance(node, ast.ImportFrom):
            found = {a.name for a in node.names} & ({"load"} if node.module == "joblib" else set())
            yield from found | ({node.module or ""} if (node.module or "").partition(".")[0] in forbidden else set())
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("joblib.load", "pl.read_ipc"):
            yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield "allow_pickle"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("eval", "exec", "compile", "__import__"):
            yield ast.unparse(node.func)


ALLOWED = {
    "features/symbols.py": {"exec"},  # writes functions, out of its own operations; no text of any file gets into them
    "service/journal.py": {"pl.read_ipc"},  # pieces that the same run wrote, or whose digests its journal holds
}


@pytest.mark.parametrize("floor", FLOORS)
def test_nothing_is_unpickled_or_run_from_a_file(floor: str) -> None:
    modules = sorted((ROOT / floor).rglob("*.py"))
    assert modules
    for path in modules:
        allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), set())
        assert not set(_unsafe(ast.parse(path.read_text("utf-8")))) - allowed, path


def test_the_check_for_unpickling_finds_it() -> None:
    written = (
        "import pickle\nfrom joblib import load\nimport joblib\njoblib.load('x')\nnp.load('x', allow_pickle=True)\n"
    )
    assert sorted(_unsafe(ast.parse(written))) == ["allow_pickle", "joblib.load", "load", "pickle"]
