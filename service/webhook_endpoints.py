"""Endpoints of webhooks out of a TOML file: one a shop, with one or two secrets, so that they can be changed over."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from features.errors import SettingError

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a shop's messages go. secrets: `whsec_…`; lead: seconds before a clock ends; is_local: may be private."""

    shop_id: str
    url: str
    secrets: tuple[str, ...]
    lead: float
    is_local: bool


def read_endpoints(path: Path) -> dict[str, Endpoint]:
    """The endpoints by shop; `SettingError` says what is wrong with the file.

    A file holds `[[endpoint]]` tables: shop_id, url, secrets; hours_before (24) and local (false) may be left out.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("endpoint", [])
        found = [_endpoint(path, **table) for table in tables]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise SettingError(f"{path}: expected [[endpoint]] tables with shop_id, url, secrets ({error})") from error
    by_shop = {endpoint.shop_id: endpoint for endpoint in found}
    if len(by_shop) < len(found):
        raise SettingError(f"{path}: expected one endpoint a shop")
    return by_shop


def _endpoint(
    path: Path, shop_id: str, url: str, secrets: list[str], *, hours_before: float = 24.0, local: bool = False
) -> Endpoint:
    if not url.startswith("https://") and not local:
        raise SettingError(f"{path}: {shop_id}: expected an https:// address, or local = true")
    if not 1 <= len(secrets) <= 2:
        raise SettingError(f"{path}: {shop_id}: expected one or two secrets, got {len(secrets)}")
    for secret in secrets:
        try:
            Webhook(secret)
        except Exception as error:
            raise SettingError(f"{path}: {shop_id}: expected a secret such as whsec_ and base64") from error
    return Endpoint(shop_id, url, tuple(secrets), hours_before * _HOUR, local)
