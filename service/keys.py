"""Keys of shops: who may ask for which shop and do what; only their digests are kept, in a file of the data folder."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from features.errors import SettingError
from service.callers import SCOPES, Caller, Scope

FORMAT = 1
PREFIX = "crk_"


@dataclass(frozen=True, slots=True)
class Key:
    """A key. digest: SHA-256 of its 256 random bits, which nobody can try through; instants: epoch seconds."""

    id: str
    digest: str
    shop_id: str
    scopes: tuple[Scope, ...]
    created_at: float
    ends_at: float | None = None

    def is_live(self, now: float) -> bool:
        """Whether it opens anything at this moment."""
        return self.ends_at is None or now < self.ends_at


def keys_path(data_dir: Path) -> Path:
    """The file of keys."""
    return data_dir / "keys.json"


def read_keys(path: Path) -> list[Key]:
    """All keys, live or not; none where there is no file."""
    if not path.exists():
        return []
    try:
        content = orjson.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise SettingError(f"{path}: expected format {FORMAT}, got {content['format']}; use a newer claimrisk")
        return [Key(**key | {"scopes": tuple(key["scopes"])}) for key in content["keys"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"{path}: the keys cannot be read; restore the file or make new keys") from error


def write_keys(path: Path, keys: Sequence[Key]) -> None:
    """Replace the file as a whole; readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(orjson.dumps({"format": FORMAT, "keys": [asdict(key) for key in keys]}, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def made_key(shop_id: str, scopes: Sequence[str], now: float, days: float | None = None) -> tuple[Key, str]:
    """A new key, and the text that is told once and never again."""
    known: list[Scope] = [scope for scope in sorted(SCOPES) if scope in scopes]
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        raise SettingError(f"--scope {' '.join(unknown)}: expected some of {', '.join(sorted(SCOPES))}")
    text = PREFIX + secrets.token_urlsafe(32)
    ends = None if days is None else now + days * 86_400.0
    return Key(f"key_{secrets.token_hex(6)}", _digest(text), shop_id, tuple(known), now, ends), text


def ended(keys: Sequence[Key], key_id: str, at: float) -> list[Key]:
    """The keys, that one ending at this moment at the latest; `SettingError` if there is none."""
    if key_id not in {key.id for key in keys}:
        raise SettingError(f"{key_id}: there is no such key; `claimrisk keys list` names them")
    return [replace(k, ends_at=min(k.ends_at or at, at)) if k.id == key_id else k for k in keys]


class Keyring:
    """The keys as the file has them now: what is revoked there opens nothing at the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: int | None = None
        self._keys: dict[str, Key] = {}

    def caller(self, text: str, now: float) -> Caller | None:
        """Who asks with this key; None if it opens nothing."""
        self._refresh()
        key = self._keys.get(_digest(text))
        return Caller(key.shop_id, key.shop_id, frozenset(key.scopes)) if key is not None and key.is_live(now) else None

    def _refresh(self) -> None:
        try:
            changed_at = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            changed_at = None
        if changed_at != self._read_at:
            self._keys = {key.digest: key for key in read_keys(self._path)}
            self._read_at = changed_at


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
