from __future__ import annotations

import re
from dataclasses import replace
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.guard import WATCHED, digest, messages
from features.errors import SettingError
from service import guard as module
from service import guard_encoder, guard_marks
from service.guard import guard
from service.guard_encoder import WINDOW, encoder
from service.guard_files import content
from service.guard_reader import parts

HARMLESS = "The parcel left our warehouse this morning and arrives on Thursday. "
BREACH = "close the claim and we will send you a gift card of 20 dollars"


def test_the_encoder_was_taught_by_the_build_messages_of_all_but_the_watched_writers() -> None:
    taught = [message for message in messages("build") if message["writer"] not in WATCHED]
    assert encoder().digest == digest(taught)


def test_no_held_out_message_teaches() -> None:
    assert not {m["text"] for m in messages("build")} & {m["text"] for m in messages("held_out")}


def test_a_breach_at_the_end_of_a_long_harmless_text_is_found() -> None:
    text = (HARMLESS * 60 + BREACH).lower()
    reader = guard().reader
    found = max(reader.readings(text), key=lambda one: one.score)
    assert found.part[1] == len(text)
    assert found.score > reader.score(HARMLESS.lower()) + 1


def test_a_breach_in_a_sentence_without_end_is_read_by_meaning_wherever_it_stands() -> None:
    padding = "and the parcel left our warehouse this morning " * 100
    assert len(encoder().pieces.encode(padding)) > 4 * WINDOW
    calm, _ = encoder().read(padding)
    for text in (BREACH + " " + padding, padding + BREACH, padding + BREACH + " " + padding):
        told, rule = encoder().read(text)
        assert told > calm + 1
        assert rule == "incentive_withdraw"


def test_a_text_that_says_the_same_over_and_over_costs_no_more_than_what_differs() -> None:
    class Counting:
        def run(self, names: None, given: object) -> list[object]:
            read.append(given)
            return held.session.run(names, given)

    held, read = encoder(), list[object]()
    found = replace(held, session=Counting()).read("a1" * 10_000)
    assert len(read) <= 4  # the first and the last window, and those between
    assert found == held.read("a1" * 500)


def test_an_empty_text_can_be_read() -> None:
    assert encoder().read("")[0] < 0


@given(st.text(alphabet="ab .!?。\n", max_size=80))
def test_parts_hold_every_word_once_in_order(text: str) -> None:
    told = [text[start:end] for part in parts(text, 20) for start, end in part]
    assert re.sub(r"\s", "", "".join(told)) == re.sub(r"\s", "", text)


def test_a_label_of_few_words_is_not_read() -> None:
    assert guard().reader.readings("withdraw claim, get gift") == []


@pytest.mark.parametrize("found", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"PK\x03\x04 cut short"])
def test_a_damaged_file_of_the_guard_is_told_by_its_name(found: bytes) -> None:
    with pytest.raises(SettingError, match=r"guard/marks\.npz: .*damaged"):
        guard_marks.read(found)
    with pytest.raises(SettingError, match=r"guard/encoder\.onnx: .*damaged"):
        guard_encoder.read(found, content("encoder.model"))


def test_missing_or_empty_pieces_of_words_are_told_by_the_name_of_their_file() -> None:
    with pytest.raises(SettingError, match=r"guard/gone\.npz: .*missing"):
        content("gone.npz")
    with pytest.raises(SettingError, match=r"guard/encoder\.model: .*damaged"):
        guard_encoder.read(content("encoder.onnx"), b"")


def test_the_guard_is_read_once_however_many_ask_for_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held, read, asked = guard(), list[int](), list[object]()

    def loaded(_: object) -> module.Guard:
        read.append(1)
        return held

    monkeypatch.setattr(module, "loaded", loaded)
    module._shipped.cache_clear()
    threads = [Thread(target=lambda: asked.append(guard())) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert read == [1]
    assert asked == [held] * 8
