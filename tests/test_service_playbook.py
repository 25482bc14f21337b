"""The playbook by cases a seller can read: steps, dates, evidence and roads, each with a source, no rule broken."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from functools import cache
from itertools import combinations
from pathlib import Path
from shutil import copytree
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from features.columns import Columns
from features.completion import completed
from features.document import read_order
from features.errors import SettingError
from features.order import attributes
from features.order_columns import columns_of
from features.policy.book import book
from model.consequences import Consequences, Tilt, from_policy_alone
from service.claim_stage import may_concern
from service.cost_profile import default_costs
from service.guard import Finding, guard
from service.playbook import playbook
from service.playbook_catalogue import RoadId, Stage, loaded, playbook_catalogue
from service.playbook_roads import Chance, Ending, RoadStakes, compared, cost_of
from service.playbook_shapes import Playbook
from service.wording import Lang

GOLDEN = tomllib.loads((Path(__file__).parent / "golden" / "playbook_cases.toml").read_text("utf-8"))
FOLDER = Path(__file__).parent.parent / "service" / "playbook"
LANGS: tuple[Lang, ...] = ("en", "zh")
Told = dict[str, Any]


def order_of(case: dict[str, Any]) -> Columns:
    base = {name: value for name, value in GOLDEN["base"].items() if name not in case.get("without", ())}
    return completed(columns_of([read_order(base | case.get("given", {}))]))


def told(case: dict[str, Any], lang: Lang = "en", consequences: Consequences | None = None) -> Told:
    return playbook(order_of(case), 0, consequences or from_policy_alone(), default_costs(), lang)


@cache
def findings(text: str) -> list[Finding]:
    """What the guard finds; most texts of the data come again in the playbooks of the cases."""
    return guard().findings(text)


def codes(entries: list[Told]) -> list[str]:
    return [entry["code"] for entry in entries]


def roads(found: Told) -> dict[str, Told]:
    return {road["code"]: road for claim in found["claims"] for road in claim["roads"]}


def texts(value: Any, key: str = "") -> list[str]:
    """Every text of a playbook that is meant for people."""
    if isinstance(value, dict):
        return [text for name, part in value.items() for text in texts(part, name)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if key in ("text", "hint") and isinstance(value, str) else []


@pytest.mark.parametrize("case", GOLDEN["case"], ids=lambda case: case["says"])
def test_a_seller_is_told_what_the_case_says(case: dict[str, Any]) -> None:
    found = told(case)
    assert found["stage"] == case["stage"]
    assert set(case.get("steps", ())) <= set(codes(found["steps"]))
    assert not set(case.get("no_steps", ())) & set(codes(found["steps"]))
    assert set(case.get("donts", ())) <= set(codes(found["donts"]))
    assert not set(case.get("no_donts", ())) & set(codes(found["donts"]))
    assert [claim["kind"] for claim in found["claims"]] == case.get("kinds", [c["kind"] for c in found["claims"]])
    assert set(case.get("warnings", ())) <= set(codes(found["warnings"]))


@pytest.mark.parametrize("case", GOLDEN["case"], ids=lambda case: case["says"])
def test_dates_evidence_and_roads_are_those_of_the_case(case: dict[str, Any]) -> None:
    found = told(case)
    for code, due in case.get("due", {}).items():
        got = next(step["deadline"] for step in found["steps"] if step["code"] == code)
        assert (None if got is None else datetime.fromisoformat(got)) == (None if due == "none" else due)
    items = {item["id"]: item["status"] for claim in found["claims"] for item in claim["evidence"]}
    assert {name: items[name] for name in case.get("evidence", {})} == case.get("evidence", {})
    assert list(roads(found)) == case.get("roads", list(roads(found)))
    for code, counts in case.get("defect", {}).items():
        got = roads(found)[code]["defect"]
        assert ("unknown" if got is None else got["value"]) == pytest.approx(counts)
    for code, money in case.get("money", {}).items():
        assert roads(found)[code]["cost"]["parts"]["refund_and_goods"] == pytest.approx(money)
    if "cheaper" in case:
        assert (found["claims"][0]["comparison"]["cheaper"] or "unclear") == case["cheaper"]


def test_the_cases_are_many_and_each_says_something_else() -> None:
    assert len(GOLDEN["case"]) >= 30
    assert len({case["says"] for case in GOLDEN["case"]}) == len(GOLDEN["case"])
    assert {case["stage"] for case in GOLDEN["case"]} == set(get_args(Stage))


def test_every_step_is_told_in_some_case() -> None:
    every = {step.id for step in (*playbook_catalogue().steps, *playbook_catalogue().donts)}
    found = [told(case) for case in GOLDEN["case"]]
    assert every == {code for one in found for code in codes(one["steps"]) + codes(one["donts"])}


def test_an_order_that_is_passed_over_has_no_playbook() -> None:
    for case in GOLDEN["case"]:
        columns = order_of(case)
        assert may_concern(columns)[0] or told(case)["stage"] == "nothing"
    assert not may_concern(order_of({}))[0]


@pytest.mark.parametrize("case", [case for case in GOLDEN["case"] if "same" in case], ids=lambda case: case["says"])
def test_what_changes_nothing_changes_nothing(case: dict[str, Any]) -> None:
    assert told(case) == told(case | {"given": case["given"] | case["same"]})


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_is_in_its_language_and_breaks_no_rule(lang: Lang) -> None:
    every = {text for case in GOLDEN["case"] for text in texts(told(case, lang))}
    assert len(every) > 100
    assert [text for text in every if "{" in text or bool(re.search("[一-鿿]", text)) != (lang == "zh")] == []
    assert [(text, findings(text)) for text in every if findings(text)] == []


def test_no_text_of_the_data_breaks_a_rule() -> None:
    raw = [tomllib.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.toml")]
    every = [text for table in raw for text in strings(table) if not text.startswith("http")]
    assert len(every) > 300
    assert [text for text in every if findings(text)] == []


def strings(value: Any) -> list[str]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [text for part in parts for text in strings(part)]


def test_languages_change_texts_alone() -> None:
    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in ("text", "hint", "values")}
        return [bare(part) for part in value] if isinstance(value, list) else value

    assert all(bare(told(case, "en")) == bare(told(case, "zh")) for case in GOLDEN["case"])


def test_every_text_names_a_source_that_exists_and_no_fact_of_another_marketplace() -> None:
    facts = {fact.id: fact for held in book().facts.values() for fact in held}
    pages = {f"playbook.{name}" for name in playbook_catalogue().pages}
    for case in GOLDEN["case"]:
        found = told(case)
        named = [entry["source"]["id"] for entry in (*found["steps"], *found["donts"])]
        named += [item["source"]["id"] for claim in found["claims"] for item in claim["evidence"]]
        own = {"common", str(found["marketplace"]).lower()}
        assert all(name in pages or (name in facts and name.partition(".")[0] in own) for name in named)


def test_a_number_in_a_step_is_that_of_its_fact() -> None:
    for step in (*playbook_catalogue().steps, *playbook_catalogue().donts):
        for text in (step.text.en, step.text.zh):
            assert not re.search(r"\d", text)
            assert "{value}" not in text or (step.fact is not None and step.source is None)


def test_every_instant_has_a_name_in_the_timeline() -> None:
    instants = {a.name for a in attributes().values() if a.is_instant} - {"as_of"}
    assert instants == set(playbook_catalogue().texts["timeline"])


def test_the_timeline_runs_forward_and_holds_no_fact_after_as_of() -> None:
    for case in GOLDEN["case"]:
        found = told(case)
        at = [datetime.fromisoformat(entry["at"]) for entry in found["timeline"]]
        assert at == sorted(at)
        facts = [entry["at"] for entry in found["timeline"] if entry["kind"] == "fact"]
        assert all(datetime.fromisoformat(one) <= datetime.fromisoformat(found["as_of"]) for one in facts)


def test_a_playbook_has_the_shape_that_is_documented() -> None:
    for case in GOLDEN["case"]:
        found = told(case)
        assert set(Playbook.model_validate(found).model_dump()) == set(found)


def test_the_shop_s_own_claims_move_the_chances() -> None:
    case = next(case for case in GOLDEN["case"] if case.get("cheaper") == "REPRESENT")
    harsh = Consequences(Tilt(3.0, 1.0, 200, 30), Tilt(3.0, 1.0, 200, 30))
    plain, moved = (roads(told(case, consequences=c))["REPRESENT"] for c in (from_policy_alone(), harsh))
    assert moved["seller_pays"]["value"] > plain["seller_pays"]["value"] + 0.3
    assert moved["cost"]["expected"] > plain["cost"]["expected"]


CHANCES = st.floats(0.02, 0.98)


@settings(max_examples=60)
@given(pays=CHANCES, counts=CHANCES, refund=st.floats(1, 500), defect=st.floats(0, 300), minute=st.floats(0, 2))
def test_a_cost_is_the_mean_of_what_luck_may_bring(
    pays: float, counts: float, refund: float, defect: float, minute: float
) -> None:
    ending = Ending("REPRESENT", Chance(pays, 30), Chance(counts, 30), 35.0, "rule")
    stakes = RoadStakes(refund, 0.0, 0.0, defect, minute)
    rng = np.random.default_rng(1)
    luck = rng.uniform(size=20_000)
    drawn = ending.seller_pays.by_luck(luck) * refund + Chance(counts, 30).by_luck(luck) * defect + 35 * minute
    cost = cost_of(ending, stakes)
    assert cost.expected == pytest.approx(drawn.mean(), rel=0.02)
    assert cost.low <= (cost.expected or 0.0) <= cost.high
    assert np.mean((drawn >= cost.low) & (drawn <= cost.high)) == pytest.approx(0.9, abs=0.03)


def test_an_unknown_defect_decides_nothing_where_it_matters() -> None:
    refund = Ending("REFUND_NOW", Chance(1.0), None, 5.0, "unknown")
    answer = Ending("REPRESENT", Chance(0.8, 30), Chance(0.7, 30), 35.0, "rule")
    assert compared([refund, answer], RoadStakes(20.0, 0.0, 0.0, 100.0, 0.4)) is None
    found = compared([refund, answer], RoadStakes(2_000.0, 0.0, 0.0, 10.0, 0.4))
    assert found is not None
    assert found.cheaper == "REPRESENT"
    assert cost_of(refund, RoadStakes(20.0, 0.0, 0.0, 100.0, 0.4)).expected is None


def test_what_a_road_saves_where_a_defect_is_unknown_is_told_as_the_least_that_it_may_be() -> None:
    case = next(case for case in GOLDEN["case"] if "told as the least" in case["says"])
    found = told(case)["claims"][0]["comparison"]
    of = roads(told(case))
    assert found["saves"] == pytest.approx(of["REFUND_NOW"]["cost"]["low"] - of["REPRESENT"]["cost"]["expected"])
    assert "at least" in found["text"]


def test_goods_that_come_back_make_a_refund_cheaper_and_never_dearer() -> None:
    refund = Ending("REFUND_NOW", Chance(1.0), Chance(1.0), 5.0, "rule", saved_share=0.75)
    lost, saved = (cost_of(refund, RoadStakes(60.0, back, 0.75, 30.0, 0.4)) for back in (-5.0, 20.0))
    assert lost.refund_and_goods == 60.0
    assert saved.refund_and_goods == 45.0


def test_the_roads_of_a_claim_are_of_one_kind_each() -> None:
    assert set(get_args(RoadId)) == set(playbook_catalogue().roads.road)
    for case in GOLDEN["case"]:
        for claim in told(case)["claims"]:
            listed = codes(claim["roads"])
            assert all(one != other for one, other in combinations(listed, 2))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("steps.toml", 'fact = "appeal.window"', 'fact = "appeal.windows"', "appeal.windows"),
        ("donts.toml", 'unless_fact = "odr.', 'unless_fact = "odd.', "odd.refund_after_filing_counts"),
        ("evidence.toml", 'source = "own"', 'source = "hearsay"', "hearsay"),
        ("steps.toml", 'source = "own"\n', "", "expected a fact or a source"),
        ("roads.toml", 'source = "outcomes"', 'source = "folklore"', "folklore"),
        ("donts.toml", 'id = "NO_CONDITIONS"', 'id = "NO_SECOND_PARCEL"', "NO_SECOND_PARCEL"),
        ("evidence.toml", 'shows = ["has_tracking"', 'shows = ["has_trackin"', "has_trackin"),
        ("texts.toml", "zh = ", "de = ", "zh"),
    ],
)
def test_data_without_a_source_or_with_a_slip_do_not_load(
    tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    copytree(FOLDER, tmp_path / "playbook")
    changed = tmp_path / "playbook" / file
    changed.write_text(changed.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(SettingError, match=re.escape(named)):
        loaded(tmp_path / "playbook", book())


def test_the_api_tells_the_same(client: TestClient) -> None:
    case = next(case for case in GOLDEN["case"] if case["stage"] == "information_requested")
    order = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in (GOLDEN["base"] | case["given"]).items()}
    answer = client.post("/v1/playbook", json=order, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200
    assert answer.headers["content-language"] == "zh-CN"
    same, found = told(case, "zh"), answer.json()
    assert [s["text"] for s in found["steps"]] == [s["text"] for s in same["steps"]]
    assert found["timeline"] == same["timeline"]


def test_the_api_refuses_what_is_no_order(client: TestClient) -> None:
    answer = client.post("/v1/playbook", json={"order_id": "1", "claim_type": "fraud"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/claim_type"
