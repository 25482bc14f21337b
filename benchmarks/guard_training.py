"""How the guard's reader is taught: python -m benchmarks.guard_training writes service/guard/reader.npz."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.guard import Judged, Message, judged, messages
from service.guard import guard
from service.guard_normal import writings
from service.guard_reader import (
    BUCKETS,
    FORMAT,
    LEAST_WORDS,
    RULE_BUCKETS,
    SCALE,
    buckets,
    length,
    parts,
    read,
    words,
)

READER = Path(__file__).parent.parent / "service" / "guard" / "reader.npz"
# Chosen by leaving writers out; see docs/decisions/0009. USUAL: a rarity, so that STRENGTH is of weights near 1.
STRENGTH, PART, USUAL = 10.0, 600, 7.0
# What a piece of a message counts against a whole one, and the score from which a piece of a bad message is bad.
PIECE, PIECE_IS_BAD = 0.4, 0.5
# Writers who had not seen the rules.
STRANGERS = ("a", "b", "f", "x", "bb", "dd", "kk", "qq")
Counts = csr_matrix
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def pieces(text: str) -> list[str]:
    """Sentences of a text, and two together, where it has more than these."""
    told = [text[slice(*place)] for part in parts(text, 1) for place in part]
    alone = [one for one in told if len(told) > 1 and len(words(one)) >= LEAST_WORDS]
    return alone + [" ".join(told[at : at + 2]) for at in range(len(told) - 1) if len(told) > 2]


def digest(labelled: Sequence[Message]) -> str:
    """SHA-256 of what a reader is taught: texts and their rules."""
    return hashlib.sha256(orjson.dumps([[m["text"], m.get("rule")] for m in labelled])).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """Marks of n texts: row, bucket: (marks,) whose and which; value: (marks,) one over the length of its group."""

    n: int
    row: Ints
    bucket: Ints
    value: Floats

    def rows(self, rarity: Floats) -> Counts:
        """(n, buckets): the values times the rarity of their bucket ((buckets,), a power of two of them)."""
        at = self.bucket % len(rarity)
        return csr_matrix((self.value * rarity[at], (self.row, at)), shape=(self.n, len(rarity)))

    def rarity(self, n_buckets: int) -> Floats:
        """(n_buckets,) float64: how rare the marks of each bucket are, against the usual."""
        counts = np.bincount(self.bucket % n_buckets, minlength=n_buckets)
        return np.asarray((np.log((1 + self.n) / (1 + counts)) + 1.0) / USUAL)


def seen(texts: Sequence[str]) -> Seen:
    """The marks of texts in the guard's one form."""
    groups = [(row, group) for row, text in enumerate(texts) for group in buckets(text)]
    sizes = [len(group) for _, group in groups]
    value = np.repeat([1.0 / length(group) for _, group in groups], sizes)
    row = np.repeat(np.array([row for row, _ in groups], dtype=np.int64), sizes)
    return Seen(len(texts), row, np.concatenate([group for _, group in groups]), value)


def taught(labelled: Sequence[Message]) -> bytes:
    """The content of reader.npz."""
    texts = [writings(message["text"])[0].text for message in labelled]
    is_bad = np.array([not message["allowed"] for message in labelled])
    inner = [pieces(text) for text in texts]
    of_bad = np.repeat(is_bad, [len(told) for told in inner])
    whole, inside = seen(texts), seen([piece for told in inner for piece in told])
    rarity, of_rules = whole.rarity(BUCKETS), whole.rarity(RULE_BUCKETS)
    model = _fitted_twice(whole.rows(rarity), is_bad, inside.rows(rarity), of_bad)
    kinds = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
    kinds.fit(whole.rows(of_rules)[is_bad], [message["rule"] for message in labelled if not message["allowed"]])
    out = io.BytesIO()
    np.savez_compressed(
        out, format=FORMAT, weights=_whole(model.coef_[0] * rarity), bias=model.intercept_[0],
        rules=kinds.classes_.astype(str), kinds=_whole(kinds.coef_ * of_rules).T, kinds_bias=kinds.intercept_,
        part=PART, digest=digest(labelled),
    )  # fmt: skip
    return out.getvalue()


def _whole(weights: Floats) -> NDArray[np.int8]:
    return np.clip(np.rint(SCALE * weights), -127, 127).astype(np.int8)


def _fitted(rows: Counts, is_bad: Bools, weight: Floats | None = None) -> LogisticRegression:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-4, max_iter=5000, random_state=0)
    return model.fit(rows, is_bad, sample_weight=weight)


def _fitted_twice(rows: Counts, is_bad: Bools, inner: Counts, of_bad: Bools) -> LogisticRegression:
    """Taught from whole messages, then also from their pieces: all of good ones, of bad ones those that sound bad."""
    keep = ~of_bad | (_fitted(rows, is_bad).decision_function(inner) > PIECE_IS_BAD)
    weight = np.repeat([1.0, PIECE], [len(is_bad), keep.sum()])
    return _fitted(csr_matrix(vstack([rows, inner[keep]])), np.concatenate([is_bad, of_bad[keep]]), weight)


def without(
    writers: Sequence[str], labelled: Sequence[Message], agrees_at: float, finds_at: Sequence[float]
) -> list[Judged]:
    """How the guard judges some writers' messages if its reader was taught from all others', for each threshold."""
    reader = read(taught([message for message in labelled if message["writer"] not in writers]))
    theirs = [one for one in labelled if one["writer"] in writers]
    books = [replace(guard().book, reader_agrees_at=agrees_at, reader_finds_at=at) for at in finds_at]
    return [judged(theirs, replace(guard(), reader=reader, book=book)) for book in books]


def main() -> None:
    """Teach the reader from all build messages; `check` prints how it does at writers it was not taught instead."""
    labelled = messages("build")
    if sys.argv[1:] != ["check"]:
        READER.write_bytes(taught(labelled))
        return
    finds_at = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
    for at, told in zip(finds_at, without(STRANGERS, labelled, guard().book.reader_agrees_at, finds_at), strict=True):
        print(f"{at}: caught {told.found}/{told.bad}, stopped {told.hindered}/{told.good}")


if __name__ == "__main__":
    main()
