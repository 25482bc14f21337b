"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.errors import SettingError


class Settings(BaseSettings):
    """Each setting is an environment variable `CLAIMRISK_<NAME>`; see docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="CLAIMRISK_", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: Path.home() / ".claimrisk",
        description="folder for the key and the starter bundle; where it is set, answers are kept in it",
    )
    database_url: str | None = Field(
        default=None, repr=False, description="database that keeps answers; SQLite in data_dir if unset, `off` for none"
    )
    workers: int = Field(default=1, ge=1, description="processes that serve and write to the same store")
    spool_bytes: int = Field(
        default=268_435_456, ge=65_536, description="bytes, most that waits for a database that is down, per worker"
    )
    key_file: Path | None = Field(default=None, description="file of the key that signs bundles; in data_dir if unset")
    api_key: str | None = Field(
        default=None, min_length=16, description="key that callers send as X-API-Key; needed off the loopback"
    )
    require_key: bool = Field(default=False, description="ask for a key on the loopback too")
    webhooks: Path | None = Field(default=None, description="file of the shops' webhook endpoints; none if unset")
    hold_out: float = Field(
        default=0.0, ge=0.0, le=0.5, description="share of some advice that is left out by lot, to learn what it does"
    )
    odr_watch_minutes: float = Field(
        default=60.0, gt=0.0, description="minutes between looks at the defect budgets of shops with a webhook endpoint"
    )
    costs: Path | None = Field(default=None, description="file of the shop's cost profile; the default if unset")
    max_body_bytes: int = Field(default=1_048_576, ge=1_024, description="bytes, largest body of one order")
    max_batch_bytes: int = Field(default=8_388_608, ge=1_024, description="bytes, largest body of a batch")
    max_batch_orders: int = Field(default=1_000, ge=1, description="orders, largest batch")
    store_wait_ms: int = Field(
        default=100,
        ge=1,
        description="milliseconds that the database has for answers, then they are spooled",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="how much is logged")


@cache
def settings() -> Settings:
    """What the environment says; a wrong value is told by the name of its variable, never echoed."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"CLAIMRISK_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise SettingError(f"{wrong}; see docs/settings.md") from None
    except RuntimeError as error:
        raise SettingError("there is no home folder; set CLAIMRISK_DATA_DIR") from error


def store_url(of: Settings) -> str | None:
    """Where answers are kept; None where nothing is: without a database URL and without a data folder of one's own.

    >>> store_url(Settings(database_url="off")), store_url(Settings(database_url="sqlite:///shop.db"))
    (None, 'sqlite:///shop.db')
    """
    if of.database_url is not None:
        return None if of.database_url == "off" else of.database_url
    return f"sqlite:///{of.data_dir / 'claimrisk.db'}" if "data_dir" in of.model_fields_set else None


def needs_key(of: Settings) -> bool:
    """Whether callers need a key."""
    return of.require_key or of.api_key is not None


def signing_key(of: Settings) -> bytes:
    """The key that signs bundles; made at first use, readable by its owner alone."""
    path = of.key_file or of.data_dir / "bundle.key"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _create(path, secrets.token_bytes(32).hex().encode())
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingError(
            f"{path}: the signing key cannot be read ({error.strerror}); set CLAIMRISK_KEY_FILE"
        ) from error
    if len(key) < 32:
        raise SettingError(f"{path}: expected a signing key of at least 32 bytes, got {len(key)}")
    return key


def _create(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as file:
        file.write(content)
