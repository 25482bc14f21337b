"""How the guard's reader is taught: python -m benchmarks.guard_training writes service/guard/reader.json."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.guard import Judged, Message, judged, messages
from service.guard import guard
from service.guard_normal import writings
from service.guard_reader import FORMAT, LEAST_LENGTH, LEAST_WORDS, marks, parts, read, words

READER = Path(__file__).parent.parent / "service" / "guard" / "reader.json"
# Chosen by leaving one writer out; see docs/decisions/0009.
KEPT, STRENGTH, PART, SCALE = 25_000, 10.0, 600, 1000
# What a piece of a message counts against a whole one, and the score from which a piece of a bad message is bad.
PIECE, PIECE_IS_BAD = 0.4, 0.5
# Writers who had not seen the rules.
STRANGERS = ("a", "b", "c", "d", "f")
Counts = csr_matrix
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def seen(labelled: Sequence[Message]) -> list[set[str]]:
    """The marks of each message."""
    return [set(marks(text)) for text in _texts(labelled)]


def _texts(labelled: Sequence[Message]) -> list[str]:
    return [writings(message["text"])[0].text for message in labelled]


def pieces(text: str) -> list[str]:
    """Sentences of a text, and two together, where it has more than these."""
    told = [text[slice(*place)] for part in parts(text, 1) for place in part]
    alone = [one for one in told if len(told) > 1 and len(words(one)) >= LEAST_WORDS]
    return alone + [" ".join(told[at : at + 2]) for at in range(len(told) - 1) if len(told) > 2]


def taught(labelled: Sequence[Message], kept: int = KEPT) -> bytes:
    """The content of reader.json: the marks that tell most, with rarity and weights as whole thousandths."""
    found = seen(labelled)
    is_bad = np.array([not message["allowed"] for message in labelled])
    inner = [pieces(text) for text in _texts(labelled)]
    of_bad = np.repeat(is_bad, [len(told) for told in inner])
    inside = [set(marks(piece)) for told in inner for piece in told]
    counts = Counter(mark for one in found for mark in one)
    known = sorted(mark for mark, count in counts.items() if count > 1)
    rarity = np.log((1 + len(found)) / (1 + np.array([counts[mark] for mark in known]))) + 1
    first = _fitted_twice(_rows(found, known, rarity), is_bad, _rows(inside, known, rarity), of_bad)
    best = np.sort(np.argsort(-np.abs(first.coef_[0]), kind="stable")[:kept])
    known, rarity = [known[place] for place in best], rarity[best]
    rows = _rows(found, known, rarity)
    second = _fitted_twice(rows, is_bad, _rows(inside, known, rarity), of_bad)
    kinds = _fitted_kinds(rows[is_bad], [message["rule"] for message in labelled if not message["allowed"]])
    table = np.rint(SCALE * np.column_stack([rarity, second.coef_[0], kinds.coef_.T])).astype(int)
    told = {
        "format": FORMAT, "part": PART, "scale": SCALE, "bias": round(float(second.intercept_[0]), 4),
        "rules": list(kinds.classes_), "rules_bias": [round(float(one), 4) for one in kinds.intercept_],
        "marks": dict(zip(known, table.tolist(), strict=True)),
    }  # fmt: skip
    return orjson.dumps(told).replace(b'],"', b'],\n"') + b"\n"


def _rows(found: Sequence[set[str]], known: Sequence[str], rarity: NDArray[np.float64]) -> Counts:
    """(messages, marks): rarity where a mark stands, scaled in two groups as the reader scales them."""
    place = {mark: column for column, mark in enumerate(known)}
    pairs = [(row, place[mark]) for row, one in enumerate(found) for mark in sorted(one) if mark in place]
    row, column = np.array(pairs).T
    is_apart = np.array(["_" in mark for mark in known])[column]
    rows = csr_matrix((len(found), len(known)))
    for side in (False, True):
        at = is_apart == side
        one = csr_matrix((rarity[column[at]], (row[at], column[at])), shape=rows.shape)
        length = np.sqrt(np.asarray(one.multiply(one).sum(axis=1)).ravel())
        rows = rows + diags_array(1 / np.maximum(length, LEAST_LENGTH)) @ one
    return csr_matrix(rows)


def _fitted(rows: Counts, is_bad: Bools, weight: Floats | None = None) -> LogisticRegression:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-4, max_iter=5000, random_state=0)
    return model.fit(rows, is_bad, sample_weight=weight)


def _fitted_twice(rows: Counts, is_bad: Bools, inner: Counts, of_bad: Bools) -> LogisticRegression:
    """Taught from whole messages, then also from their pieces: all of good ones, of bad ones those that sound bad."""
    keep = ~of_bad | (_fitted(rows, is_bad).decision_function(inner) > PIECE_IS_BAD)
    weight = np.repeat([1.0, PIECE], [len(is_bad), keep.sum()])
    return _fitted(csr_matrix(vstack([rows, inner[keep]])), np.concatenate([is_bad, of_bad[keep]]), weight)


def _fitted_kinds(rows: Counts, rules: Sequence[str]) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced").fit(rows, rules)


def without(writer: str, labelled: Sequence[Message], agrees_at: float, finds_at: float) -> Judged:
    """How the guard judges a writer's messages if its reader was taught from all others'."""
    reader = read(taught([message for message in labelled if message["writer"] != writer]).decode())
    book = replace(guard().book, reader_agrees_at=agrees_at, reader_finds_at=finds_at)
    return judged([one for one in labelled if one["writer"] == writer], replace(guard(), reader=reader, book=book))


def main() -> None:
    """Teach the reader from all build messages; `check` prints how it does at writers it was not taught instead."""
    labelled = messages("build")
    if sys.argv[1:] != ["check"]:
        READER.write_bytes(taught(labelled))
        return
    for writer in STRANGERS:
        for finds_at in (0.5, 1.0, 1.5, 2.0):
            told = without(writer, labelled, guard().book.reader_agrees_at, finds_at)
            print(f"{writer} {finds_at}: caught {told.found}/{told.bad}, stopped {told.hindered}/{told.good}")


if __name__ == "__main__":
    main()
