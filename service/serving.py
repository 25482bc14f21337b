"""Serving: a bundle behind uvicorn, in one process or in several that share the port."""

from __future__ import annotations

import gc
import ipaddress
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from features.errors import BundleError, SettingError
from model.artefact import Bundle, load
from service.app import create_app
from service.bundles import chosen_folder, starter_path
from service.connections import PatientProtocol
from service.cost_profile import chosen_costs
from service.guard import damage
from service.keys import keys_path, read_keys
from service.means import Means
from service.registry import champion_folder, is_registry
from service.settings import Settings, settings, signing_key

# A worker that is starting on a busy machine, or decides a full batch, may not answer its parent for some seconds.
HEALTH_SECONDS = 60
# Objects that outlive their request before the collector looks for cycles among them; an answer makes some thousands.
COLLECT_AFTER = 50_000

Say = Callable[[str], None]


def serve(
    model: Path | None, host: str, port: int, say: Say, *, costs: Path | None = None, cold: Bundle | None = None,
    workers: int | None = None,
) -> None:  # fmt: skip
    """Serve until interrupted. model: a bundle, or a registry whose champion is served and watched; cold: no model.

    workers: processes, as the setting says if None; each loads the bundle for itself.
    """
    of = settings()
    of = of if workers is None else of.model_copy(update={"workers": workers})
    check_address(host, port, of)
    folder = chosen_folder(model, of)
    bundle = cold or _bundle(folder, of)
    if bundle.is_degraded:
        say("there is NO MODEL: assumed priors and policy; ranks and clocks may be used, percentages are a guess")
    if bundle.is_starter:
        say("the model comes from SIMULATED history: ranks may be used, percentages are not this shop's")
    harmed = damage()
    if harmed is not None:
        say(f"messages CANNOT be checked: {harmed}")
    guarded = of.model_copy(update={"require_key": of.require_key or not is_loopback(host)})
    if of.workers > 1:
        run(partial(_app, folder, costs, cold, guarded), host, port, of, say)
    else:
        run(_made(bundle, costs, guarded, _watched(folder, cold)), host, port, of, say)


def _app(folder: Path, costs: Path | None, cold: Bundle | None, of: Settings) -> FastAPI:
    """The app of one of several workers."""
    return _made(cold or _bundle(folder, of), costs, of, _watched(folder, cold))


def _made(bundle: Bundle, costs: Path | None, of: Settings, registry: Path | None) -> FastAPI:
    means = Means(bundle, costs=chosen_costs(costs, of), hold_out=of.hold_out)
    _spare_collector()
    return create_app(means, of, registry=registry)


def _spare_collector() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again, nor at each few orders."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def _watched(folder: Path, cold: Bundle | None) -> Path | None:
    return folder if cold is None and is_registry(folder) else None


def run(app: FastAPI | Callable[[], FastAPI], host: str, port: int, of: Settings, say: Say) -> None:
    """Answer until interrupted. app: what makes it where there are several workers, which are spawned, never forked."""
    check_address(host, port, of)
    by = f" by {of.workers} workers" if of.workers > 1 else ""
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    say(f"serving on {at}{by} (page /, API description /docs); end: Ctrl-C")
    is_verbose = of.log_level == "debug"
    config = uvicorn.Config(
        app, host=host, port=port, workers=of.workers, log_level=of.log_level, access_log=is_verbose,
        server_header=False, http=PatientProtocol, ws="none", timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=HEALTH_SECONDS,
        factory=not isinstance(app, FastAPI),
    )  # fmt: skip
    if isinstance(app, FastAPI):
        uvicorn.Server(config).run()
    else:
        Multiprocess(config, [config.bind_socket()]).run()


def check_address(host: str, port: int, of: Settings) -> None:
    """Refuse to listen beyond this machine without a key, or where something else listens already."""
    if of.api_key is None and not is_loopback(host) and not read_keys(keys_path(of.data_dir)):
        raise SettingError(
            f"--host {host}: expected CLAIMRISK_API_KEY (at least 16 characters), or keys of shops (`claimrisk keys "
            "create`), before listening beyond this machine; make one, or serve on 127.0.0.1"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise SettingError(f"{host}:{port}: cannot be listened on ({error.strerror}); name another --port") from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("shop.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bundle(folder: Path, of: Settings) -> Bundle:
    if folder == starter_path(of) and not folder.exists():
        raise BundleError(
            f"{starter_path(of)}: there is no starter model yet; run `make demo` (or `claimrisk demo`) to make one, or "
            "`claimrisk train` with your own orders and name its bundle with --model; --no-model answers without any"
        )
    return load(champion_folder(folder), signing_key(of))
