"""The command that computes an answer again and explains it: `claimrisk explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from features.document import DocumentRefused, read_json
from features.errors import InputError
from service.bundles import named_bundle
from service.cli_options import Bundle, CostFile, NoModel, ShopClaims, ShopOrders, cold_start
from service.cost_profile import chosen_costs
from service.explanation import difference_text, explained
from service.means import Means
from service.replay import checked_answer, language, of_batch, replayed
from service.settings import settings
from service.wording import Lang

LARGEST_FILE = 64 * 1024 * 1024


def explain(
    answer: Annotated[Path, typer.Argument(help="the answer, as the API sent it (JSON)")],
    order: Annotated[Path, typer.Option(help="the order that was sent (JSON)")],
    model: Bundle = None,
    costs: CostFile = None,
    lang: Annotated[Lang | None, typer.Option(help="language to explain in; that of the answer if unset")] = None,
    index: Annotated[int | None, typer.Option(min=0, help="place in a batch, where both files are of one")] = None,
    no_model: NoModel = False,
    shop_claims: ShopClaims = None,
    shop_orders: ShopOrders = None,
) -> None:
    """Compute an answer again to the same bytes and say how it came about; exit 1 where it comes out otherwise."""
    bundle = cold_start(no_model, model, shop_claims, shop_orders) or named_bundle(model, settings())
    means = Means(bundle, costs=chosen_costs(costs, settings()), hold_out=settings().hold_out)
    raw = _bytes(answer)
    given, sent = _parsed(answer, raw), _parsed(order, _bytes(order))
    if index is not None:
        given, sent = of_batch(given, sent, index)
    given = checked_answer(given)
    found = replayed(given, sent, means, language(given))
    told_in = lang or language(given)
    different = difference_text(found, told_in)
    if different is not None:
        sys.stdout.write(different)
        raise typer.Exit(1)
    sys.stdout.write(explained(found, means, told_in, laid_out=index is None and raw.strip() != found.body))


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return read_json(content)
    except DocumentRefused as error:
        raise InputError(f"{path}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{path}: expected at most {LARGEST_FILE:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error
