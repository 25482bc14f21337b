"""The bundle: a folder that carries a trained model, signed; nothing in it is ever run or unpickled.

manifest.json   format, feature contract, versions, seed, metrics, sha256 of each file, canaries with their scores
booster.txt     LightGBM trees, as text
state.json      everything else that inference needs
profile.json    how inputs and scores were spread
card.html       the model card
report.html     the training report
signature       HMAC-SHA256 of manifest.json, hexadecimal
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from features.columns import Array, Columns, is_text
from features.errors import BundleError
from features.pipeline import CONTRACT
from model.booster import Booster
from model.scorer import Scorer

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "signature"
FILES = ("booster.txt", "state.json", "profile.json", "card.html", "report.html")
LARGEST_FILE = 512 * 1024 * 1024
CANARIES = 16
CANARY_TOLERANCE = 1e-12
_PERSONAL = frozenset({"order_id", "buyer_key"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """A loaded bundle. version: its name in answers; manifest: what it says of itself; profile: of profile.json."""

    scorer: Scorer
    version: str
    manifest: Mapping[str, Any]
    profile: bytes = b"{}"

    @property
    def is_starter(self) -> bool:
        """Whether it was trained on simulated history."""
        return bool(self.manifest["simulated"])

    @property
    def is_degraded(self) -> bool:
        """Whether there is no model behind it, only priors and rules."""
        return self.scorer.standing == "degraded"

    @property
    def trained_until(self) -> str | None:
        """The day up to which outcomes were seen; None where nothing was trained."""
        until = self.manifest["trained_until"]
        return None if until is None else str(until)


def dumps(value: Any) -> bytes:
    """Stable JSON bytes, numbers in their shortest form; what is no finite number becomes null."""
    return orjson.dumps(_finite(value), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def save(folder: Path, scorer: Scorer, texts: Mapping[str, bytes], facts: Mapping[str, Any], key: bytes) -> None:
    """Write a bundle into `folder`, which must not exist; `facts` enter the manifest, `texts` are the other files."""
    contents = {"booster.txt": scorer.booster.text.encode(), "state.json": dumps(scorer.to_state()), **texts}
    manifest = dumps(
        {
            **facts,
            "format": FORMAT,
            "feature_contract": CONTRACT,
            "files": {name: {"sha256": _digest(data), "bytes": len(data)} for name, data in contents.items()},
        }
    )
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_text(signature_of(manifest, key), "ascii")


def signature_of(manifest: bytes, key: bytes) -> str:
    """HMAC-SHA256 in hexadecimal."""
    return hmac.new(key, manifest, hashlib.sha256).hexdigest()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def load(folder: Path, key: bytes) -> Bundle:
    """Check size, signature, digests and contract, then build the scorer and hold its canaries to their scores."""
    raw = _read(folder, MANIFEST)
    signature = _read(folder, SIGNATURE).decode("ascii", "replace").strip()
    if not hmac.compare_digest(signature.encode(), signature_of(raw, key).encode()):
        raise BundleError(
            f"{folder}: expected a signature made with this installation's key, got another; the bundle was changed or "
            "comes from elsewhere: train it here, or set CLAIMRISK_KEY_FILE to the key it was signed with"
        )
    try:
        return _built(folder, raw)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BundleError(
            f"{folder}: made by another version of claimrisk ({error!r}); train the model again"
        ) from error


def _built(folder: Path, raw: bytes) -> Bundle:
    manifest = _manifest(raw, folder)
    contents = {name: _checked(folder, name, said) for name, said in manifest["files"].items()}
    scorer = Scorer.from_state(orjson.loads(contents["state.json"]), Booster(contents["booster.txt"].decode()))
    _sing(scorer, manifest["canaries"], folder)
    return Bundle(scorer, version_of(manifest, raw), manifest, contents["profile.json"])


def version_of(manifest: Mapping[str, Any], raw: bytes) -> str:
    """The day the bundle was made and four digits of its manifest, such as 2026.11.20-3f2a."""
    return f"{str(manifest['created_on']).replace('-', '.')}-{_digest(raw)[:4]}"


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BundleError(f"{path}: expected at most {LARGEST_FILE:,} bytes, got {path.stat().st_size:,}")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{folder}: not a model bundle: {name} cannot be read ({error.strerror})") from error


def _manifest(raw: bytes, folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = orjson.loads(raw)
    for name, expected in (("format", FORMAT), ("feature_contract", CONTRACT)):
        if manifest.get(name) != expected:
            raise BundleError(
                f"{folder}: expected {name} {expected}, got {manifest.get(name)!r}; train the model again"
            )
    missing = {"booster.txt", "state.json"} - set(manifest["files"])
    strange = set(manifest["files"]) - set(FILES)
    if missing or strange:
        raise BundleError(f"{folder}: manifest.json: expected files {FILES}, got {sorted(manifest['files'])}")
    return manifest


def _checked(folder: Path, name: str, said: Mapping[str, Any]) -> bytes:
    data = _read(folder, name)
    if len(data) != said["bytes"] or not hmac.compare_digest(_digest(data), str(said["sha256"])):
        raise BundleError(
            f"{folder}: {name} is damaged: its sha256 is not the one in the manifest; train or copy it again"
        )
    return data


def canaries(scorer: Scorer, columns: Columns) -> dict[str, Any]:
    """A few orders, as known at their as_of and without personal keys, with the probabilities they must get."""
    few = columns.take(np.linspace(0, columns.n - 1, min(CANARIES, columns.n)).astype(np.int64))
    values = {name: _values(few[name]) for name in few if name not in _PERSONAL}
    again = _columns(values, few.n)
    return {"n": few.n, "columns": values, "probability": scorer.score(again).probability.tolist()}


def _values(array: Array) -> list[Any]:
    if array.dtype == object:
        return list(array)
    return [None if math.isnan(v) else v for v in array.tolist()]


def _columns(values: Mapping[str, list[Any]], n: int) -> Columns:
    arrays: dict[str, Array] = {}
    for name, column in values.items():
        textual = is_text(name) or any(isinstance(v, str) for v in column)
        arrays[name] = np.array(column, dtype=object if textual else np.float64)
    return Columns(n, arrays)


def _sing(scorer: Scorer, said: Mapping[str, Any], folder: Path) -> None:
    scores = scorer.score(_columns(said["columns"], int(said["n"]))).probability
    gap = float(np.abs(scores - np.array(said["probability"], dtype=np.float64)).max())
    if not gap <= CANARY_TOLERANCE:
        raise BundleError(f"{folder}: its canaries score {gap:.3g} away from what the manifest says; train it again")
