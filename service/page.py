"""The page at `/`: the riskiest example orders, rendered here; nothing is loaded, nothing runs in the browser."""

from __future__ import annotations

import base64
import hashlib
import math
from datetime import datetime
from importlib import resources
from typing import Any

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from service.decide import BANDS, rules
from service.languages import TAGS, accepted
from service.page_words import Words
from service.running import Running, running
from service.wording import Lang, age

MOST_SHOWN = 15
MOST_REASONS = 4
NOT_WORTH = "NEGATIVE_NET_BENEFIT"
_TEMPLATES = Environment(
    loader=PackageLoader("service"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
STYLE = (resources.files("service") / "templates" / "page.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
page = APIRouter()


@page.get("/", include_in_schema=False)
async def overview(request: Request) -> Response:
    """The riskiest example orders, or how to send one."""
    asked = request.query_params.get("lang", "")[:16]
    lang = accepted(asked or request.headers.get("accept-language", ""))
    headers = {"Content-Language": TAGS[lang], "Vary": "Accept-Language"}
    host = request.headers.get("host", "127.0.0.1:8000")
    return Response(rendered(running(request), lang, host), headers=headers, media_type="text/html; charset=utf-8")


def rendered(held: Running, lang: Lang, host: str) -> str:
    """The page as HTML."""
    words, examples = Words(lang), held.examples
    answers = examples.answers(MOST_SHOWN, held.means, lang) if examples else []
    later = {a.id for a in held.means.catalogue.actions if a.helps == "next_orders"}
    rows = [_row(answer, words, later) for answer in answers]
    return _TEMPLATES.get_template("page.html").render(
        words=words, lang=lang, tag=TAGS[lang], style=Markup(STYLE), bundle=held.means.bundle,  # noqa: S704 - our own file
        examples=examples, host=host, rows=rows, bands=BANDS[::-1], moments=sorted({row["as_of"] for row in rows}),
    )  # fmt: skip


def _row(answer: dict[str, Any], words: Words, later: set[str]) -> dict[str, Any]:
    """One answer of the API with what the page adds: places on the bar, ages of deadlines, short names."""
    as_of = datetime.fromisoformat(answer["as_of"])
    return {
        **answer,
        "as_of": as_of,
        "reasons": [{**r, "name": words.attribute(r["attribute"])} for r in answer["reasons"][:MOST_REASONS]],
        "bar": [place(answer["interval"]["low"]), place(answer["interval"]["high"])],
        "dot": place(answer["probability"]),
        "tick": place(answer["baseline"]),
        "not_worth": [
            words.action(r["action"]) for r in answer["actions_rejected"] if r["reason"] == "NEGATIVE_NET_BENEFIT"
        ],
        "todo": [_step(step, as_of, words, step["action"] in later) for step in answer["recommendations"]],
    }


def _step(step: dict[str, Any], as_of: datetime, words: Words, is_for_next: bool) -> dict[str, Any]:
    """One recommendation; left: until its deadline, from as_of."""
    due = None if step["deadline"] is None else datetime.fromisoformat(step["deadline"])
    seconds = math.inf if due is None else (due - as_of).total_seconds()
    left = None
    if due is not None:
        left = words("until" if seconds >= 0 else "passed", age=age(abs(seconds), words.lang))
    return {
        **step, "name": words.action(step["action"]), "due": due, "left": left, "is_late": seconds < 0,
        "is_soon": 0 <= seconds < 86_400.0, "is_for_next": is_for_next,
    }  # fmt: skip


def place(probability: float) -> float:
    """Where a probability lies on the bar, in percent: the fixed logarithmic scale of the score.

    >>> place(0.0001), place(0.01), place(1.0), place(0.0)
    (0.0, 50.0, 100.0, 0.0)
    """
    if probability <= 0.0:
        return 0.0
    return round(min(max(rules().per_decade * (math.log10(probability) + rules().decades), 0.0), 100.0), 2)
