from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.testing import CliRunner

from features.columns import epoch_seconds
from model.artefact import Bundle
from model.calibration import Z_90
from model.coldstart import ShopNumbers, cold_bundle
from model.consequence_rules import expectations
from service.app import create_app
from service.cli import app as commands
from service.cost_profile import read_costs
from service.explanation import difference_text, explained
from service.explanation_words import texts
from service.instants import instant_text
from service.means import Means
from service.replay import differences, language, replayed
from service.settings import Settings
from service.wording import Lang

AT = datetime(2026, 11, 20, 8, 15, 7, 123_457, tzinfo=UTC)
NUMBERS = ShopNumbers(4, 1_200)
COLD = ["--no-model", "--shop-claims", "4", "--shop-orders", "1200"]
LANGS: tuple[Lang, ...] = ("en", "zh")
ORDER = {
    "order_id": "114-0000001-0000001", "marketplace": "US", "order_total": 45.5, "currency": "USD",
    "placed_at": "2026-11-02T03:12:00Z", "shipped_at": "2026-11-03T06:40:00Z", "has_tracking": False,
    "latest_delivery_at": "2026-11-16T23:59:59Z",
}  # fmt: skip


def served(means: Means) -> TestClient:
    return TestClient(create_app(means, Settings(), clock=lambda: AT))


@pytest.fixture(scope="module", params=["starter", "degraded"])
def means(request: pytest.FixtureRequest, bundle: Bundle) -> Means:
    return Means(bundle if request.param == "starter" else cold_bundle(NUMBERS))


@pytest.fixture(scope="module")
def service(means: Means) -> TestClient:
    return served(means)


def score(client: TestClient, order: dict[str, Any], lang: str = "en", query: str = "") -> bytes:
    return client.post(f"/v1/scores{query}", json=order, headers={"Accept-Language": lang}).content


def computed_again(body: bytes, order: dict[str, Any], means: Means) -> bytes:
    answer = orjson.loads(body)
    return replayed(answer, order, means, language(answer)).body


@pytest.mark.parametrize("lang", LANGS)
def test_a_score_comes_out_again_to_the_byte(
    service: TestClient, means: Means, documents: list[dict[str, Any]], lang: Lang
) -> None:
    for k, order in enumerate(documents[:25]):
        body = score(service, order, lang, ("", "?detail=score", "?reasons=false")[k % 3])
        assert computed_again(body, order, means) == body


@pytest.mark.parametrize("lang", LANGS)
def test_each_score_of_a_batch_comes_out_again_alone(
    service: TestClient, means: Means, documents: list[dict[str, Any]], lang: Lang
) -> None:
    sent = {"orders": documents[60:90]}
    answer = service.post("/v1/scores/batch", json=sent, headers={"Accept-Language": lang}).json()
    for order, result in zip(sent["orders"], answer["results"], strict=True):
        assert computed_again(orjson.dumps(result["score"]), order, means) == orjson.dumps(result["score"])


@pytest.mark.parametrize("lang", LANGS)
def test_an_order_without_a_moment_is_looked_at_when_the_answer_was(
    service: TestClient, means: Means, lang: Lang
) -> None:
    body = score(service, ORDER, lang)
    assert orjson.loads(body)["as_of"] == "2026-11-20T08:15:07.123457Z"
    assert computed_again(body, ORDER, means) == body


def test_an_answer_in_one_language_is_explained_in_another(
    service: TestClient, bundle_folder: Path, means: Means, tmp_path: Path
) -> None:
    (tmp_path / "answer.json").write_bytes(score(service, ORDER, "en"))
    (tmp_path / "order.json").write_bytes(orjson.dumps(ORDER))
    which = COLD if means.bundle.is_degraded else ["--model", str(bundle_folder)]
    files = [str(tmp_path / "answer.json"), "--order", str(tmp_path / "order.json")]
    found = CliRunner().invoke(commands, ["explain", *files, *which, "--lang", "zh"])
    assert found.exit_code == 0
    assert "概率" in found.stdout


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_a_moment_is_told_precisely_enough_to_come_back(at: datetime) -> None:
    seconds = epoch_seconds(at.replace(tzinfo=UTC))
    assert epoch_seconds(datetime.fromisoformat(str(instant_text(seconds)))) == seconds


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (["probability"], 0.01, "/probability"),
        (["interval", "high"], 0.9, "/interval/high"),
        (["warnings", 0, "text"], "All is well.", "/warnings/0/text"),
        (["reasons", 0, "strength"], 1, "/reasons/0/strength"),
        (["disposition"], "proceed", "/disposition"),
        (["order_id"], "114-0000001-0000002", "/order_id"),
    ],
)
def test_what_was_tampered_with_is_found(
    service: TestClient, means: Means, path: list[Any], value: object, pointer: str
) -> None:
    answer = orjson.loads(score(service, ORDER))
    part = answer
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    told = difference_text(replayed(answer, ORDER, means, "en"), "en")
    assert told is not None
    assert "1 differences" in told
    assert f"{pointer}: got {orjson.dumps(value).decode()}, expected " in told


def test_members_added_left_out_or_moved_are_found() -> None:
    found = list(differences({"a": 1, "c": [1, 2]}, {"a": 1, "b": None, "c": [1]}))
    assert [(d.pointer, d.got, d.expected) for d in found] == [("/b", "nothing", "null"), ("/c/1", "2", "nothing")]
    assert [d.pointer for d in differences({"x": {"b": 1, "a": 1}}, {"x": {"a": 1, "b": 1}})] == ["/x"]
    assert [d.got for d in differences({"a": 1}, {"a": 1.0})] == ["1"]


@pytest.mark.parametrize("name", ["model", "trained_until", "features", "policy", "advice", "costs"])
@pytest.mark.parametrize("lang", LANGS)
def test_other_versions_are_told_with_what_to_do(service: TestClient, means: Means, name: str, lang: Lang) -> None:
    answer = orjson.loads(score(service, ORDER))
    answer["versions"][name] = "other"
    told = difference_text(replayed(answer, ORDER, means, lang), lang)
    assert told is not None
    assert f'{name}: the answer has "other"' in told or f'{name}：答案为 "other"' in told
    assert texts()["versions"][name][lang] in told


@pytest.mark.parametrize("more", [{}, {"first_message_at": "2026-11-18T03:00:00Z", "message_topic": "not_received"}])
def test_the_log_odds_of_the_explanation_add_up(service: TestClient, means: Means, more: dict[str, str]) -> None:
    order = {**ORDER, **more}
    text = explained(replayed(orjson.loads(score(service, order)), order, means, "en"), means, "en")
    chance = text.partition("log-odds)")[2].partition("##")[0]
    parts = re.findall(r"^(?:  - .*: |- margin.*: |- trees.*: )([+-]\d\.\d{4})", chance, re.MULTILINE)
    total = re.search(r"sum, not calibrated: ([+-]\d+\.\d+)", chance)
    assert total is not None
    assert sum(map(float, parts)) == pytest.approx(float(total[1]), abs=0.002)
    assert f"± {Z_90:.3f}" in chance


def test_the_parts_of_the_cost_are_those_of_the_answer(service: TestClient, means: Means) -> None:
    answer = orjson.loads(score(service, ORDER))
    text = explained(replayed(answer, ORDER, means, "en"), means, "en")
    found = re.search(r"times its probability: (\S+) \+ (\S+) \+ (\S+) = (\S+) USD", text)
    assert found is not None
    parts = answer["expected_cost"]["parts"]
    named = zip(found.groups(), ("refund_and_goods", "defect", "handling"), strict=False)
    off = sorted(abs(float(number) - parts[name]) for number, name in named)
    assert off[1] < 0.0051
    assert off[2] < 0.0151  # one part takes what rounding of the others and of the whole left over
    assert float(found[4]) == pytest.approx(answer["expected_cost"]["amount"], abs=0.0051)
    assert sum(parts.values()) == pytest.approx(answer["expected_cost"]["amount"])


@pytest.mark.parametrize("lang", LANGS)
def test_every_order_can_be_explained(
    service: TestClient, means: Means, documents: list[dict[str, Any]], lang: Lang
) -> None:
    for order in documents[100:130]:
        found = replayed(orjson.loads(score(service, order, lang)), order, means, lang)
        assert order["order_id"] in explained(found, means, lang)


def test_every_rule_on_who_pays_has_words_in_both_languages() -> None:
    assert set(texts()["rules"]) == {"base", *(rule.id for rule in expectations().rule)}
    assert all(set(text) == {"en", "zh"} for table in texts().values() for text in table.values())


def written(folder: Path, **files: object) -> list[str]:
    for name, value in files.items():
        (folder / f"{name}.json").write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return ["explain", str(folder / "answer.json"), "--order", str(folder / "order.json")]


@pytest.mark.parametrize(("lang", "words"), [("en", "byte for byte"), ("zh", "完全相同")])
def test_the_command_explains_an_answer_of_a_bundle(
    bundle: Bundle, bundle_folder: Path, tmp_path: Path, lang: str, words: str
) -> None:
    costs = tmp_path / "costs.toml"
    costs.write_text("[staff]\nminute = 1.25\n")
    client = served(Means(bundle, costs=read_costs(costs)))
    command = written(tmp_path, answer=score(client, ORDER, lang), order=ORDER)
    result = CliRunner().invoke(commands, [*command, "--model", str(bundle_folder), "--costs", str(costs)])
    assert result.exit_code == 0, result.output
    assert words in result.stdout
    assert "untracked" in result.stdout


def test_the_command_finds_what_was_tampered_with(tmp_path: Path) -> None:
    client = served(Means(cold_bundle(NUMBERS)))
    answer = {**orjson.loads(score(client, ORDER)), "score": 1}
    result = CliRunner().invoke(commands, [*written(tmp_path, answer=answer, order=ORDER), *COLD])
    assert result.exit_code == 1
    assert "/score: got 1, expected" in result.stdout


def test_the_command_takes_one_score_out_of_a_batch(tmp_path: Path) -> None:
    client = served(Means(cold_bundle(NUMBERS)))
    sent = {"orders": [ORDER, {**ORDER, "order_id": "B"}]}
    command = written(tmp_path, answer=client.post("/v1/scores/batch", json=sent).content, order=sent)
    assert "name one with --index" in str(CliRunner().invoke(commands, [*command, *COLD]).exception)
    result = CliRunner().invoke(commands, [*command, *COLD, "--index", "1"])
    assert result.exit_code == 0, result.output
    assert "Order B" in result.stdout


def test_an_answer_that_was_laid_out_otherwise_is_still_the_same(tmp_path: Path) -> None:
    client = served(Means(cold_bundle(NUMBERS)))
    pretty = orjson.dumps(orjson.loads(score(client, ORDER)), option=orjson.OPT_INDENT_2)
    result = CliRunner().invoke(commands, [*written(tmp_path, answer=pretty, order=ORDER), *COLD])
    assert result.exit_code == 0, result.output
    assert "only its layout" in result.stdout
