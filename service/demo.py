"""The demo: a starter model from simulated history, the example orders scored, the riskiest told, then served."""

from __future__ import annotations

import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from features.errors import BundleError, InputError
from features.tables import TableOptions
from model.artefact import Bundle, load
from service.app import create_app
from service.batch import Wish, score_file
from service.bundles import starter_path
from service.cost_profile import chosen_costs
from service.decide import BANDS
from service.means import Means
from service.page_words import Words
from service.running import Running
from service.serving import Say, check_address, run
from service.settings import Settings, settings, signing_key

DEMO_WORLD = Path(str(resources.files("service") / "demo_world.toml"))
DEMO_ORDERS, DEMO_SEED = 10_000, 1
EXAMPLES = Path(__file__).parent.parent / "examples" / "orders.csv"
RESULT = Path("demo") / "demo-scores.csv"
TOLD = 8
HOST = "127.0.0.1"
_COLOURS = dict(zip(BANDS, ("green", "yellow", "dark_orange", "red"), strict=True))


def run_demo(port: int, say: Say, *, serves: bool) -> None:
    """Make the starter if there is none, score the example orders, print the riskiest, serve until Ctrl-C."""
    of = settings()
    if not EXAMPLES.is_file():
        raise InputError(f"{EXAMPLES}: the example orders are not there; run the demo in a checkout of the repository")
    if serves:
        check_address(HOST, port, of)  # before the long work
    bundle = starter(of, say)
    means = Means(bundle, costs=chosen_costs(None, of))
    app = create_app(means, of, examples=EXAMPLES)
    out = of.data_dir / RESULT
    score_file(EXAMPLES, out, TableOptions(extras=means.extras), means, Wish(workers=1))
    told(app.state.running, Console())
    say(f"all scores: {out}")
    if serves:
        run(app, HOST, port, of, say)


def starter(of: Settings, say: Say) -> Bundle:
    """The starter bundle; made where there is none, or one that an earlier version made."""
    path = starter_path(of)
    if path.exists():
        try:
            return load(path, signing_key(of))
        except BundleError as error:
            say(f"the starter model is made again: {error}")
    from joblib import cpu_count

    from service.cli_training import TrainOptions, train_bundle, write_simulated

    began = time.monotonic()
    say(f"no starter model yet: simulating {DEMO_ORDERS:,} orders and training on them (about two minutes, once)")
    of.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=of.data_dir) as folder:
        history = Path(folder)
        write_simulated(str(DEMO_WORLD), DEMO_ORDERS, DEMO_SEED, history, truth=False)
        options = TrainOptions(seed=DEMO_SEED)
        files = (history / "orders.parquet", history / "outcomes.parquet")
        train_bundle(*files, path, options, say, of, workers=cpu_count())
    say(f"starter model made in {time.monotonic() - began:.0f} s")
    return load(path, signing_key(of))


def told(held: Running, console: Console) -> None:
    """Print the riskiest example orders with reasons and advice."""
    words, examples = Words("en"), held.examples
    if examples is None:
        return
    title = f"The riskiest {TOLD} of {examples.scored} SIMULATED orders"
    table = Table(title=title, title_justify="left", show_lines=True)
    for heading, wraps in (("order", False), ("probability", False), ("why", True), ("what to do", True)):
        table.add_column(heading, no_wrap=not wraps, overflow="fold", ratio=1 if wraps else None)
    for answer in examples.answers(TOLD, held.means, "en"):
        table.add_row(*_cells(answer, words))
    console.print(table)
    if held.means.bundle.is_degraded:
        console.print(Panel(words("degraded"), title=words("degraded_title"), title_align="left", style="yellow"))
    if held.means.bundle.is_starter:
        console.print(Panel(words("simulated"), title=words("simulated_title"), title_align="left", style="yellow"))


def _cells(answer: dict[str, Any], words: Words) -> list[str]:
    interval, colour = answer["interval"], _COLOURS[answer["band"]]
    low, high = words.percent(interval["low"]), words.percent(interval["high"])
    told = answer["expected_cost"]
    cost = words("costs", amount=words.amount(told["amount"], told["currency"]))
    steps = [
        f"{words.action(r['action'])}{_until(r['deadline'], answer['as_of'])}" for r in answer["recommendations"][:2]
    ]
    return [
        f"{answer['order_id']}\n[dim]{words.state(answer['state'])}[/dim]",
        f"[bold {colour}]{words.percent(answer['probability'])}[/] {answer['band']}\n[dim]{low} – {high}[/dim]\n{cost}",
        "\n".join(f"{words.attribute(r['attribute'])}: {r['value']}" for r in answer["reasons"][:3]),
        "\n".join(steps) or words("nothing"),
    ]


def _until(deadline: str | None, as_of: str) -> str:
    """Both instants are in UTC, so they stand in the order of their texts."""
    if deadline is None:
        return ""
    said = "was due" if deadline < as_of else "by"
    return f" [dim]{said} {deadline[:16].replace('T', ' ')}[/dim]"
