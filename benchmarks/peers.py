"""Scoring one order over HTTP beside other servers of the same booster, and beside what most teams would write.

    python -m benchmarks.peers [--model BUNDLE] [--rounds 5] [--seconds 3] [--only mlserver bentoml]

One server at a time, one worker each, 16 connections of wrk (a Debian package), all on loopback; a round visits each
server once, medians over rounds. MLServer, MLflow and BentoML hold the trees of one state as LightGBM's own model and
get ready numbers, no order; claimrisk gets the order as JSON, checks it, makes its features and answers with all but
reasons and advice. `pipeline` gets the same JSON. Each peer has an environment of its own in --environments, by pip.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from benchmarks.load import Load, closed_loop, free_port, serving
from features.document import checked_columns, read_order
from features.moments import facts
from features.order import attributes
from model.artefact import Bundle, load
from service.bundles import starter_path
from service.settings import settings, signing_key
from training.simulate import load_world, simulate

SERVERS = Path(__file__).parent / "peer_servers"
PACKAGES = {
    "mlserver": ("mlserver", "mlserver-lightgbm", "lightgbm"),
    "mlflow": ("mlflow", "lightgbm"),
    "bentoml": ("bentoml", "lightgbm"),
    "pipeline": ("fastapi", "uvicorn[standard]", "pandas", "scikit-learn", "lightgbm", "joblib"),
}
GOALS = {"mlserver": 2.5, "mlflow": 3.0, "bentoml": 3.0, "pipeline": 10.0}
CONNECTIONS = 16


@dataclass(frozen=True)
class Server:
    """How to start a server and what to send it."""

    command: Sequence[str]
    path: str
    body: bytes
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True)
class Ready:
    """What all servers share. model: LightGBM text of one state's trees; row: the order's features, unknown as 0."""

    folder: Path
    environments: Path
    bundle: Path
    model: Path
    row: list[float]
    order: bytes
    history: Path

    def python(self, name: str) -> str:
        """The interpreter of a peer's own environment, which is made where there is none."""
        home = self.environments / name
        python = home / "bin" / "python"
        if not python.exists():
            print(f"# making an environment for {name}", file=sys.stderr)
            venv.create(home, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
        return str(python)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of the bundle; the starter if unset")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load in each round")
    parser.add_argument("--only", nargs="+", choices=list(GOALS), default=list(GOALS))
    parser.add_argument("--environments", type=Path, default=Path("build/peers"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ready = made_ready(Path(folder), asked.environments.absolute(), asked.model or starter_path(settings()))
        servers = {"claimrisk": ours(ready)} | {name: PEERS[name](ready) for name in asked.only}
        found: dict[str, list[Load]] = {name: [] for name in servers}
        for _ in range(asked.rounds):
            for name, server in servers.items():
                found[name].append(loaded(server, asked.seconds))
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, fastapi {version('fastapi')}"
    )
    print(f"\n{asked.rounds} rounds of {asked.seconds:g} s, {CONNECTIONS} connections, one worker, medians")
    print("| server | gets | answers a second | p50 ms | p99 ms | errors | claimrisk ÷ it | goal |")
    print("|---|---|---|---|---|---|---|---|")
    rate = statistics.median(load.rate for load in found["claimrisk"])
    for name, loads in found.items():
        middle = [statistics.median(getattr(one, key) for one in loads) for key in ("rate", "p50", "p99")]
        goal = f"{GOALS[name]:g}" if name in GOALS else "–"
        gets = "an order" if name in ("claimrisk", "pipeline") else "ready numbers"
        ratio = f"**{rate / middle[0]:.2f}**" if name in GOALS else "–"
        errors = sum(one.errors for one in loads)
        print(
            f"| {name} | {gets} | {middle[0]:,.0f} | {middle[1]:.2f} | {middle[2]:.2f} | {errors} | {ratio} | {goal} |"
        )


def loaded(server: Server, seconds: float) -> Load:
    """Start it, warm it, load it, end it."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in server.command]
    url = f"http://127.0.0.1:{port}{server.path}"
    env = {name: value.replace("{port}", str(port)) for name, value in server.env.items()}
    with serving(command, url, server.body, env=env, cwd=server.cwd):
        closed_loop(url, server.body, CONNECTIONS, 1.0)
        return closed_loop(url, server.body, CONNECTIONS, seconds)


def made_ready(folder: Path, environments: Path, bundle_folder: Path) -> Ready:
    """One simulated order on its way, its features, the trees of its state, and past orders for the pipeline."""
    bundle = load(bundle_folder, signing_key(settings()))
    made = simulate(load_world("reference"), 20_000, 7, truth=False)
    document = next(filter(None, map(_on_its_way, made.orders.to_dicts())))
    body = orjson.dumps(document)
    columns = checked_columns(read_order(json.loads(body)), 0.0)
    row = np.nan_to_num(bundle.scorer.pipeline.transform(columns)[0]).tolist()
    claimed = made.orders["order_id"].is_in(made.outcomes["order_id"].implode()).cast(pl.Int8)
    history = folder / "orders.csv"
    past = made.orders.with_columns(claimed=claimed, as_of=pl.col("placed_at") + pl.duration(days=10))
    past.write_csv(history, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return Ready(folder, environments, bundle_folder, _trees(bundle, folder), row, body, history)


def _trees(bundle: Bundle, folder: Path) -> Path:
    """LightGBM's own model of the state that has most trees."""
    parts = bundle.scorer.booster.text.split("state=")[1:]
    most = max(parts, key=lambda text: text.count("\nTree="))
    (folder / "model.txt").write_text(most.split("\n", 1)[1])
    return folder / "model.txt"


def _on_its_way(row: dict[str, Any]) -> dict[str, Any] | None:
    """The order as it was known three days after it was shipped; None where nothing was shipped."""
    if row["shipped_at"] is None:
        return None
    as_of = (row["shipped_at"] + timedelta(days=3)).replace(microsecond=0)
    later = {name for name in facts() if row.get(name) is not None and row[name] > as_of}
    follows = {a.name for a in attributes().values() if later.intersection(a.since)}
    told = {k: v for k, v in row.items() if v is not None and k in attributes() and k not in later | follows}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in (told | {"as_of": as_of}).items()}


def ours(ready: Ready) -> Server:
    """claimrisk without reasons and advice, nothing stored."""
    command = [
        str(Path(sys.executable).with_name("claimrisk")),
        "serve",
        "--model",
        str(ready.bundle),
        "--port",
        "{port}",
    ]
    return Server(command, "/v1/scores?detail=score", ready.order, {"CLAIMRISK_DATABASE_URL": "off"})


def mlserver(ready: Ready) -> Server:
    """MLServer with its LightGBM runtime, in one process."""
    home = ready.folder / "mlserver"
    home.mkdir()
    model = {
        "name": "peer",
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(ready.model)},
    }
    (home / "model-settings.json").write_text(json.dumps(model))
    (home / "settings.json").write_text(json.dumps({"parallel_workers": 0, "debug": False, "metrics_endpoint": None}))
    numbers = {"name": "x", "shape": [1, len(ready.row)], "datatype": "FP64", "data": ready.row}
    env = {"MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": str(free_port()), "MLSERVER_HOST": "127.0.0.1"}
    command = [ready.python("mlserver").replace("python", "mlserver"), "start", str(home)]
    return Server(command, "/v2/models/peer/infer", orjson.dumps({"inputs": [numbers]}), env)


def mlflow(ready: Ready) -> Server:
    """MLflow's scoring server with one worker."""
    python, home = ready.python("mlflow"), ready.folder / "mlflow"
    subprocess.run([python, SERVERS / "mlflow_model.py", ready.model, home], check=True, capture_output=True)
    command = [python, "-m", "mlflow", "models", "serve", "-m", str(home), "-p", "{port}", "-h", "127.0.0.1"]
    command += ["--env-manager", "local", "-w", "1"]
    env = {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    return Server(command, "/invocations", orjson.dumps({"inputs": [ready.row]}), env)


def bentoml(ready: Ready) -> Server:
    """BentoML with one worker."""
    command = [ready.python("bentoml"), "-m", "bentoml", "serve", "bentoml_service:Peer"]
    command += ["--port", "{port}", "--host", "127.0.0.1"]
    env = {"PEER_MODEL": str(ready.model), "BENTOML_DO_NOT_TRACK": "1", "BENTOML_HOME": str(ready.folder / "bento")}
    return Server(command, "/predict", orjson.dumps({"rows": [ready.row]}), env, SERVERS)


def pipeline(ready: Ready) -> Server:
    """What most teams would write."""
    python, model = ready.python("pipeline"), ready.folder / "pipeline.joblib"
    subprocess.run([python, SERVERS / "pipeline_service.py", "fit", ready.history, model], check=True)
    command = [python, "-m", "uvicorn", "pipeline_service:app", "--port", "{port}", "--log-level", "warning"]
    return Server(command, "/score", ready.order, {"PEER_MODEL": str(model)}, SERVERS)


PEERS = {"mlserver": mlserver, "mlflow": mlflow, "bentoml": bentoml, "pipeline": pipeline}


if __name__ == "__main__":
    main()
