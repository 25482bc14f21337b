from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from benchmarks.guard import digest, messages
from benchmarks.guard_marks import pieces, taught
from service.guard_marks import BUCKETS, LEAST_LENGTH, REACH, SCALE, Marks, buckets, marks, read, shipped, words

FEW = [message for message in messages("build") if message["writer"] == "first"][:120]


@pytest.fixture(scope="module")
def content() -> bytes:
    return taught(FEW)


@pytest.fixture(scope="module")
def small(content: bytes) -> Marks:
    return read(content)


def test_marks_are_those_of_a_count_of_words_and_neighbours() -> None:
    text = "you keep the lamp and we refund half of it, 您留着"
    vectorizer = CountVectorizer(ngram_range=(1, 2), token_pattern=None, tokenizer=words, lowercase=False)
    vectorizer.fit([text])
    assert {mark for mark in marks(text) if "_" not in mark} == set(vectorizer.vocabulary_)


def test_words_far_apart_are_no_pair() -> None:
    text = "first" + " x" * REACH + " last"
    assert "first_last" not in set(marks(text))
    assert "x_last" in set(marks(text))


def test_teaching_twice_gives_the_same_bytes(content: bytes) -> None:
    assert taught(FEW) == content


def test_marks_tell_the_messages_that_they_were_taught(small: Marks) -> None:
    scores = np.array([small.score(text["text"].lower()) for text in FEW])
    is_bad = np.array([not message["allowed"] for message in FEW])
    assert np.mean((scores > 0) == is_bad) > 0.95


def test_the_score_is_the_weighed_sum_of_marks_in_two_groups(small: Marks) -> None:
    text = "refund you if you close the claim"
    expected = small.bias
    for side in (False, True):
        weights = [small.weights[crc32(m.encode()) % BUCKETS] / SCALE for m in set(marks(text)) if ("_" in m) is side]
        expected += sum(weights) / max(len(weights) ** 0.5, LEAST_LENGTH)
    assert small.score(text) == pytest.approx(expected)


@given(st.lists(st.sampled_from(["refund", "claim", "you", "we", "gift", "退", "款", "."]), max_size=30))
def test_each_mark_of_a_text_has_its_bucket_in_one_of_two_groups(said: list[str]) -> None:
    found = set(marks(" ".join(said)))
    assert sum(map(len, buckets(" ".join(said)))) == len(found)
    assert all(((group >= 0) & (group < BUCKETS)).all() for group in buckets(" ".join(said)))


def test_the_shipped_marks_were_taught_by_the_build_messages_and_no_others() -> None:
    assert shipped().digest == digest(messages("build"))


def test_pieces_are_sentences_and_neighbours_of_a_longer_text() -> None:
    told = [f"This is sentence number {word} of it." for word in ("one", "two", "three")]
    assert pieces(told[0]) == []
    assert pieces(" ".join(told)) == [*told, " ".join(told[:2]), " ".join(told[1:])]
