from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from benchmarks.guard import WATCHED, digest, messages
from features.errors import SettingError
from model.artefact import Bundle
from service import guard as module
from service import guard_encoder, guard_files, guard_marks, guard_normal
from service.app import create_app
from service.guard import guard
from service.guard_encoder import WINDOW, encoder
from service.guard_files import content
from service.guard_reader import parts
from service.means import Means
from service.settings import Settings

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


@pytest.fixture
def lying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the guard's files that may be harmed."""
    for path in (Path(guard_files.__file__).parent / "guard").iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(guard_files, "folder", lambda: tmp_path)
    module._tried.cache_clear()
    yield tmp_path
    module._tried.cache_clear()


def forget() -> None:
    """Let the guard be read anew when it is next asked for."""
    for kept in (guard_normal.letters, guard_encoder.encoder, guard_marks.shipped, module._shipped, module._tried):
        kept.cache_clear()


def harmed(path: Path, found: bytes | None) -> None:
    path.unlink()
    if found is not None:
        path.write_bytes(found)


@pytest.mark.parametrize("name", [*guard_files.LEARNED, "digests.toml", "rules.toml", "words.toml", "letters.toml"])
@pytest.mark.parametrize("found", [None, b"", b"cut [short"])
def test_a_file_of_the_guard_that_cannot_be_used_is_told_before_a_text_is_checked(
    lying: Path, name: str, found: bytes | None
) -> None:
    assert module.damage() is None
    forget()
    harmed(lying / name, found)
    assert (module.damage() or "").startswith(f"guard/{name}: ")


def test_an_encoder_is_not_read_with_pieces_of_words_of_another_teaching(lying: Path) -> None:
    forget()
    harmed(lying / "encoder.model", content("encoder.model") + b"\n")
    with pytest.raises(SettingError, match=r"guard/encoder\.model: .*of another teaching"):
        guard()


@pytest.mark.parametrize(("asked", "word"), [("en", "missing or damaged"), ("zh-CN", "重新安装")])
def test_a_service_whose_guard_is_damaged_says_so_and_answers_the_rest(
    lying: Path, bundle: Bundle, asked: str, word: str
) -> None:
    forget()
    harmed(lying / "words.toml", None)
    with TestClient(create_app(Means(bundle), Settings())) as started:
        assert started.get("/readyz").json() == {"status": "ready", "lacks": ["guard"]}
        answer = started.post("/v1/compliance/check", json={"text": "We ship."}, headers={"Accept-Language": asked})
        assert (answer.status_code, answer.json()["code"]) == (503, "guard_unavailable")
        assert "guard/words.toml" in answer.json()["detail"]
        assert word in answer.text
        (lying / "words.toml").symlink_to(Path(guard_files.__file__).parent / "guard" / "words.toml")
        assert started.post("/v1/compliance/check", json={"text": "We ship."}).json()["allowed"] is True
        assert started.get("/readyz").json() == {"status": "ready"}


def test_parts_that_are_the_same_are_read_by_the_encoder_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[str]()
    told = guard_encoder.Encoder.read
    monkeypatch.setattr(guard_encoder.Encoder, "read", lambda self, text: (read.append(text), told(self, text))[1])
    guard().findings((HARMLESS + "\n") * 40 + "We sent 2 b0xes and c1aim nothing.")
    assert len(read) == len(set(read)) < 8


def test_the_guard_is_read_once_however_many_ask_for_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held, read, asked = guard(), list[int](), list[object]()

    def loaded() -> module.Guard:
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
