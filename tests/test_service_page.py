from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from model.artefact import Bundle
from service.advice_catalogue import catalogue
from service.app import create_app
from service.demo import EXAMPLES
from service.means import Means
from service.page import MOST_SHOWN
from service.page_words import texts
from service.settings import Settings


@pytest.fixture(scope="module")
def shown(bundle: Bundle) -> TestClient:
    """A service with the example orders."""
    return TestClient(create_app(Means(bundle), Settings(), examples=EXAMPLES))


def test_the_riskiest_orders_come_first(shown: TestClient) -> None:
    html = shown.get("/?lang=en").text
    found = [float(p) for p in re.findall(r"<b>([\d.]+) %</b>", html)]
    assert len(found) == MOST_SHOWN
    assert found == sorted(found, reverse=True)


def test_a_starter_says_that_it_is_simulated(shown: TestClient, bundle: Bundle) -> None:
    for lang in ("en", "zh"):
        html = shown.get(f"/?lang={lang}").text
        assert texts()["texts"]["simulated_title"][lang] in html
        assert bundle.version in html


@pytest.mark.parametrize(
    ("query", "header", "tag"),
    [("?lang=zh", "en", "zh-CN"), ("", "zh-TW", "zh-CN"), ("?lang=xx", "zh", "en"), ("", "", "en")],
)
def test_the_query_picks_the_language_before_the_browser(shown: TestClient, query: str, header: str, tag: str) -> None:
    answer = shown.get(f"/{query}", headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == tag
    assert f'<html lang="{tag}">' in answer.text


def test_no_english_is_left_on_the_chinese_page(shown: TestClient) -> None:
    html = shown.get("/?lang=zh").text
    for key, text in texts()["texts"].items():
        if text["en"] != text["zh"] and len(text["en"]) > 12 and "{" not in text["en"]:
            assert text["en"] not in html, key


def test_the_page_loads_nothing_and_runs_nothing(shown: TestClient) -> None:
    answer = shown.get("/")
    assert not re.search(r"<script|<iframe|<img|@import|url\(|https?://(?!www\.w3\.org)", answer.text)
    assert not re.search(r'\sstyle="|\son\w+="', answer.text)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_what_an_order_holds_is_escaped(bundle: Bundle, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    header, row = (
        "order_id,shop_id,as_of,placed_at",
        "<b>x</b>,<script>1</script>,2026-11-20T08:00:00Z,2026-11-01T00:00:00Z",
    )
    orders.write_text(f"{header}\n{row}\n")
    html = TestClient(create_app(Means(bundle), Settings(), examples=orders)).get("/").text
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<script>" not in html


def test_an_order_for_which_no_step_is_worth_it_says_so(bundle: Bundle, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    header = "order_id,marketplace,as_of,placed_at,shipped_at,delivered_at,first_message_at,message_topic"
    unanswered = "1,US,2026-11-20T08:00:00Z,2026-11-01T00:00:00Z,,,2026-11-19T00:00:00Z,not_received"
    there = "2,US,2026-11-20T08:00:00Z,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,2026-11-19T00:00:00Z,,"
    orders.write_text(f"{header}\n{unanswered}\n{there}\n")
    for lang in ("en", "zh"):
        html = TestClient(create_app(Means(bundle), Settings(), examples=orders)).get(f"/?lang={lang}").text
        assert html.count('class="step"') == 2
        assert html.count(texts()["texts"]["no_step"][lang]) == 1


def test_without_examples_the_page_tells_how_to_send_an_order(client: TestClient) -> None:
    html = client.get("/").text
    assert "curl -X POST http://testserver/v1/scores" in html
    assert texts()["texts"]["empty_title"]["en"] in html


def test_every_short_name_is_that_of_an_action() -> None:
    assert set(texts()["actions"]) <= {action.id for action in catalogue().actions}


def test_every_text_is_there_in_both_languages() -> None:
    for table in texts().values():
        for key, text in table.items():
            assert set(text) == {"en", "zh"}, key
            assert set(re.findall(r"\{\w+\}", text["en"])) == set(re.findall(r"\{\w+\}", text["zh"])), key
