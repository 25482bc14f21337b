"""How the guard's marks are taught: python -m benchmarks.guard_marks writes service/guard/marks.npz."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.guard import SHIPPED, WATCHED, Judged, Message, digest, judged, messages, ship
from service.guard import guard
from service.guard_marks import BUCKETS, FORMAT, SCALE, buckets, length, read, words
from service.guard_normal import writings
from service.guard_reader import LEAST_WORDS, parts

# Chosen by leaving writers out; see docs/decisions/0009. USUAL: a rarity, so that STRENGTH is of weights near 1.
STRENGTH, USUAL = 10.0, 7.0
# What a piece of a message counts against a whole one, and the score from which a piece of a bad message is bad.
PIECE, PIECE_IS_BAD = 0.4, 0.5
Counts = csr_matrix
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def pieces(text: str) -> list[str]:
    """Sentences of a text, and two together, where it has more than these."""
    told = [text[slice(*place)] for part in parts(text, 1) for place in part]
    alone = [one for one in told if len(told) > 1 and len(words(one)) >= LEAST_WORDS]
    return alone + [" ".join(told[at : at + 2]) for at in range(len(told) - 1) if len(told) > 2]


@dataclass(frozen=True, slots=True)
class Seen:
    """Marks of n texts: row, bucket: (marks,) whose and which; value: (marks,) one over the length of its group."""

    n: int
    row: Ints
    bucket: Ints
    value: Floats

    def rows(self, rarity: Floats) -> Counts:
        """(n, BUCKETS): the values times the rarity of their bucket."""
        return csr_matrix((self.value * rarity[self.bucket], (self.row, self.bucket)), shape=(self.n, BUCKETS))

    def rarity(self) -> Floats:
        """(BUCKETS,) float64: how rare the marks of each bucket are, against the usual."""
        counts = np.bincount(self.bucket, minlength=BUCKETS)
        return np.asarray((np.log((1 + self.n) / (1 + counts)) + 1.0) / USUAL)


def seen(texts: Sequence[str]) -> Seen:
    """The marks of texts in the guard's one form."""
    groups = [(row, group) for row, text in enumerate(texts) for group in buckets(text)]
    sizes = [len(group) for _, group in groups]
    value = np.repeat([1.0 / length(group) for _, group in groups], sizes)
    row = np.repeat(np.array([row for row, _ in groups], dtype=np.int64), sizes)
    return Seen(len(texts), row, np.concatenate([group for _, group in groups]), value)


def taught(labelled: Sequence[Message]) -> bytes:
    """The content of marks.npz."""
    texts = [writings(message["text"])[0].text for message in labelled]
    is_bad = np.array([not message["allowed"] for message in labelled])
    inner = [pieces(text) for text in texts]
    of_bad = np.repeat(is_bad, [len(told) for told in inner])
    whole, inside = seen(texts), seen([piece for told in inner for piece in told])
    rarity = whole.rarity()
    model = _fitted_twice(whole.rows(rarity), is_bad, inside.rows(rarity), of_bad)
    out = io.BytesIO()
    weights = np.clip(np.rint(SCALE * model.coef_[0] * rarity), -127, 127).astype(np.int8)
    np.savez_compressed(out, format=FORMAT, weights=weights, bias=model.intercept_[0], digest=digest(labelled))
    return out.getvalue()


def _fitted(rows: Counts, is_bad: Bools, weight: Floats | None = None) -> LogisticRegression:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-4, max_iter=5000, random_state=0)
    return model.fit(rows, is_bad, sample_weight=weight)


def _fitted_twice(rows: Counts, is_bad: Bools, inner: Counts, of_bad: Bools) -> LogisticRegression:
    """Taught from whole messages, then also from their pieces: all of good ones, of bad ones those that sound bad."""
    keep = ~of_bad | (_fitted(rows, is_bad).decision_function(inner) > PIECE_IS_BAD)
    weight = np.repeat([1.0, PIECE], [len(is_bad), keep.sum()])
    return _fitted(csr_matrix(vstack([rows, inner[keep]])), np.concatenate([is_bad, of_bad[keep]]), weight)


def without(writers: Sequence[str], labelled: Sequence[Message], finds_at: Sequence[float]) -> list[Judged]:
    """How the guard judges some writers' messages if its marks were taught from all others', for each threshold. The
    encoder that ships was never taught those of `WATCHED`."""
    marks = read(taught([message for message in labelled if message["writer"] not in writers]))
    theirs = [one for one in labelled if one["writer"] in writers]
    reader = replace(guard().reader, marks=marks)
    books = [replace(guard().book, reader_finds_at=at) for at in finds_at]
    return [judged(theirs, replace(guard(), reader=reader, book=book)) for book in books]


def main() -> None:
    """Teach the marks from all build messages; `check` prints how the guard does at writers left out instead."""
    labelled = messages("build")
    if sys.argv[1:] != ["check"]:
        ship(SHIPPED, "marks.npz", taught(labelled))
        return
    at = guard().book.reader_finds_at
    finds_at = [at + step for step in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)]
    for at, told in zip(finds_at, without(WATCHED, labelled, finds_at), strict=True):
        print(f"{at}: caught {told.found}/{told.bad}, stopped {told.hindered}/{told.good}")


if __name__ == "__main__":
    main()
