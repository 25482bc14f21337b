from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.testing import CliRunner

from benchmarks.guard import judged, messages
from benchmarks.guard_marks import without
from service.advice_catalogue import catalogue
from service.cli import app as commands
from service.guard import guard
from service.wording import wording

PAGE_AND_NOTES = ("page_texts.toml", "worklist_texts.toml", "import_texts.toml", "seller_notes.toml", "worklist.toml")
SEED = (
    "客户是可以通过一开始的投诉确认邮件撤销投诉的,所以最好的方法是通过站外渠道联系客户协商解决撤销投诉,"
    "这样就不会被影响店铺绩效 。",
    "(重点是站外!!!协商不要在站内留下任何痕迹)",
)
FOUND = {
    "contact_outside": ("Wh4tsApp us", "加薇信abc_0000", "write to us (at) example (dot) com", "See www.our.shop"),
    "contact_details": ("Could you share your p.h.o.n.e number?", "请您提供一下邮箱"),
    "concealment": ("Please kеep this between us", "不 留 痕 迹"),
    "incentive_withdraw": ("撤 銷 索 賠 送 禮 品 卡 50 元", "We'll double your refund if you close your A‑to‑Z case."),
    "incentive_review": ("Ｐｌｅａｓｅ remove your re\u200bview and we will refund you.", "五星好评返现5元"),
    "refund_for_silence": ("Take 20 EUR and don't open a dispute.", "给您退50%,请不要给差评"),
    "pressure": (
        "p l e a s e  w i t h d r a w  t h e  c l a i m", "Please  withdraw   the claim",
        "Remove your review or we will take legal action.", "不撤诉我们就报警。",
    ),
}  # fmt: skip
HARMLESS = (
    "The phone case fits; order 114-0000000-0000000, tracking 1Z9990000000000000.",
    "Please reply here through Amazon's messages; we never ask for your phone number.",
    "Never ask a buyer to withdraw a claim for money.", "Do not contact the buyer outside Amazon.",
    "If you want to cancel your order, you can do so in Your Orders before we ship.",
    "请勿在消息中提供您的手机号码。", "不要用返现换取好评,这违反平台规则。",
    "如果您想取消订单,可以在订单页面自行取消。",
)  # fmt: skip


def rules(text: str) -> set[str]:
    return {one.rule for one in guard().findings(text)}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in FOUND.items() for text in texts])
def test_a_breach_is_found_whatever_it_is_dressed_in(rule: str, text: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_service_message_or_a_warning_passes(text: str) -> None:
    assert rules(text) == set()


@pytest.mark.parametrize("text", SEED)
def test_advice_of_the_article_that_breaks_rules_is_found(text: str) -> None:
    assert rules(text) >= ({"contact_outside", "concealment"} if "痕迹" in text else {"contact_outside"})


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("incentive_withdraw", "Thirty dollars for you as soon as the guarantee request is no longer there."),
        ("refund_for_silence", "钱可以赔,往后这话题就别再提了,行不行?"),
    ],
)
def test_a_breach_that_no_form_has_words_for_is_found_as_a_sentence(rule: str, text: str) -> None:
    before = "Thank you for your message. "
    found = guard().findings(before + text)
    assert [(one.rule, one.quote) for one in found] == [(rule, text)]


@pytest.mark.parametrize(
    "text",
    [
        "Call the carrier on 9400110200000000000000 and open a trace.", "打电话给承运商：9400110200000000000000",
        "Please call the carrier about 9400 1102 0000 0000 0000 00 and ask where it is.",
        "Call FedEx about 794600000000 and ask for a trace.", "联系承运商查 940011020000 的去向",
        "Phone Royal Mail about RR123456785GB today.", "DHL has it since Tuesday, number 00340434161094000000.",
    ],
)  # fmt: skip
def test_the_carrier_may_be_called_about_a_parcel_by_its_number(text: str) -> None:
    assert rules(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Call the carrier or me: 4155550100", "Call the carrier and us at 4155550100", "Call my courier at 4155550100",
        "If the carrier does not answer, ring 4155550100.", "Call me, not the carrier, on 4155550100",
        "打电话给承运商或打给我 075588880000", "打电话给承运商或我 075588880000",
        "The carrier is slow, number 0049 30 1234567.", "Call us at 9400110200000000000000.",
    ],
)  # fmt: skip
def test_a_number_of_the_seller_is_stopped_though_a_carrier_is_called_too(text: str) -> None:
    assert "contact_outside" in rules(text)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Sorry! Call us on 5550100200300, please.", "Call us on 5550100200300"),
        ("平台回复太慢了，方便的话请留个手机，我让经理打给您。", "方便的话请留个手机"),
        ("亲,加V信 abc_0000哦,谢谢", "加V信 abc_0000哦"),
        ("We refund 45.50 USD once the claim is withdrawn. Bye", "45.50 USD once the claim is withdrawn"),
        ("Your money is ready. Just tell Amazon first that the parcel turned up.", None),
    ],
)  # fmt: skip
def test_a_quote_holds_all_that_offends_with_words_and_chinese_clauses_whole(text: str, quote: str | None) -> None:
    (told,) = guard().findings(text)
    assert told.quote == (quote or "Just tell Amazon first that the parcel turned up.")


def test_a_loose_form_does_not_stop_what_the_reader_thinks_harmless() -> None:
    assert rules("The phone rings when you get a call; the wall sticker says 'Call me maybe'.") == set()


def test_the_article_s_own_warning_passes() -> None:
    assert rules("切记不要在任何站内渠道向客户提交撤销投诉的要求,更不要用利益诱导,比如撤销就给客户好处之类。") == set()


def test_the_messages_that_the_reader_was_taught_are_judged_rightly() -> None:
    found = judged(messages("build")[::151])
    assert found.caught >= 0.97
    assert found.stopped <= 0.02


def test_messages_of_a_writer_that_the_reader_was_not_taught_are_judged_as_well_as_they_were() -> None:
    (found,) = without(["f"], messages("build", is_whole=False), [guard().book.reader_finds_at])
    assert found.caught >= 0.92
    assert found.stopped <= 0.04


def test_messages_of_a_writer_whom_nobody_had_read_are_judged_as_well_as_they_were() -> None:
    found = judged(messages("held_out"))
    assert found.caught >= 0.95
    assert found.stopped <= 0.03


def test_every_message_has_its_own_id_and_text() -> None:
    told = messages("build")
    assert len({message["id"] for message in told}) == len(told)
    assert {message["lang"] for message in told} == {"en", "zh"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([t for texts in FOUND.values() for t in texts] + ["ﬁ", "İ", "e\u0301", "\u200b", "😀", "…\n"])
    )
)
def test_a_quote_is_what_stands_at_its_place(parts: list[str]) -> None:
    text = " ".join(parts)
    for one in guard().findings(text):
        assert one.quote == text[one.start : one.end] != ""


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_checked(text: str) -> None:
    for one in guard().findings(text):
        assert one.quote == text[one.start : one.end] != ""


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    return (
        [text for part in value for text in strings(part)]
        if isinstance(value, list)
        else [value] * isinstance(value, str)
    )


def test_every_text_that_the_product_sends_out_passes() -> None:
    told = [text for action in catalogue().actions for of in action.texts for text in (of.en, of.zh)]
    told += [t for r in wording().attributes.values() for x in (r.name, r.up, r.down) if x for t in (x.en, x.zh)]
    for name in PAGE_AND_NOTES:
        told += strings(tomllib.loads(Path("service", name).read_text("utf-8")))
    assert len(told) > 200
    assert [(text, rules(text)) for text in told if rules(text)] == []


@pytest.mark.parametrize(("asked", "word"), [("en", "Amazon|marketplace"), ("zh-CN", "平台")])
def test_the_api_tells_what_breaks_which_rule(client: TestClient, asked: str, word: str) -> None:
    text = "亲,加V信 abc_0000"
    answer = client.post("/v1/compliance/check", json={"text": text}, headers={"Accept-Language": asked})
    told = answer.json()
    assert told["allowed"] is False
    assert re.search(word, told["findings"][0]["text"])
    assert all(text[one["start"] : one["end"]] == one["quote"] for one in told["findings"])
    assert client.post("/v1/compliance/check", json={"text": "We ship tomorrow."}).json() == {
        "allowed": True,
        "findings": [],
    }


@pytest.mark.parametrize(
    "body", [[], {}, {"text": 7}, {"text": "a", "b": 1}, {"text": "a" * 20_001}, {"text": "SECRET\ud800"}]
)
def test_what_cannot_be_checked_is_refused_without_being_told_back(client: TestClient, body: Any) -> None:
    content = json.dumps(body).encode()
    answer = client.post("/v1/compliance/check", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "text_refused"
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_the_command_line_prints_the_same(client: TestClient, tmp_path: Path, options: list[str], code: int) -> None:
    (tmp_path / "draft.txt").write_text("加微信 abc_0000", "utf-8")
    done = CliRunner().invoke(commands, ["compliance", "check", str(tmp_path / "draft.txt"), *options])
    assert done.exit_code == code
    assert json.loads(done.stdout) == client.post("/v1/compliance/check", json={"text": "加微信 abc_0000"}).json()


@pytest.mark.parametrize("piece", ["a1", ".", "x@y.", "a.b-", "@", "not ", "free review claim if "])
def test_a_long_text_is_no_way_to_stop_the_service(piece: str) -> None:
    guard().findings((piece * 20_000)[:20_000])
