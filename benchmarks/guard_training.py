"""How the guard's reader is taught: python -m benchmarks.guard_training writes service/guard/reader.json."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from benchmarks.guard import Message, messages
from service.guard_normal import writings
from service.guard_reader import FORMAT, LEAST_LENGTH, Reader, marks, read

READER = Path(__file__).parent.parent / "service" / "guard" / "reader.json"
# Chosen by cross-validation on build messages of writers who had not seen the rules; see docs/decisions/0009.
KEPT, STRENGTH, PART, SCALE = 12_000, 10.0, 600, 1000
Counts = csr_matrix
Bools = NDArray[np.bool_]


def seen(labelled: Sequence[Message]) -> list[set[str]]:
    """The marks of each message."""
    return [set(marks(writings(message["text"])[0].text)) for message in labelled]


def taught(labelled: Sequence[Message], kept: int = KEPT) -> bytes:
    """The content of reader.json: the marks that tell most, with rarity and weights as whole thousandths."""
    found = seen(labelled)
    counts = Counter(mark for one in found for mark in one)
    known = sorted(mark for mark, count in counts.items() if count > 1)
    rarity = np.log((1 + len(found)) / (1 + np.array([counts[mark] for mark in known]))) + 1
    is_bad = np.array([not message["allowed"] for message in labelled])
    first = _fitted(_rows(found, known, rarity), is_bad)
    best = np.sort(np.argsort(-np.abs(first.coef_[0]), kind="stable")[:kept])
    known, rarity = [known[place] for place in best], rarity[best]
    rows = _rows(found, known, rarity)
    rules = [message.get("rule", "") for message in labelled]
    second, kinds = _fitted(rows, is_bad), _fitted_kinds(rows[is_bad], [rule for rule in rules if rule])
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


def _fitted(rows: Counts, is_bad: Bools) -> LogisticRegression:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-4, max_iter=5000, random_state=0)
    return model.fit(rows, is_bad)


def _fitted_kinds(rows: Counts, rules: Sequence[str]) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced").fit(rows, rules)


def out_of_fold(labelled: Sequence[Message], writers: Sequence[str] = ("a", "b", "c", "d", "e")) -> dict[str, float]:
    """Scores by id for the messages of these writers, each by a reader that was taught without its fold."""
    fresh = [message for message in labelled if message["writer"] in writers]
    others = [message for message in labelled if message["writer"] not in writers]
    scores = dict[str, float]()
    for train, test in KFold(5, shuffle=True, random_state=1).split(fresh):
        reader = read(taught([*others, *(fresh[one] for one in train)]).decode())
        scores |= {fresh[one]["id"]: best_score(reader, fresh[one]["text"]) for one in test}
    return scores


def best_score(reader: Reader, text: str) -> float:
    """The highest score of any part of any writing of a text."""
    return max((one.score for writing in writings(text) for one in reader.readings(writing.text)), default=-np.inf)


def main() -> None:
    """Teach the reader from all build messages; `check` prints what cross-validation says of thresholds instead."""
    labelled = messages("build")
    if sys.argv[1:] == ["check"]:
        scores = out_of_fold(labelled)
        fresh = [message for message in labelled if message["id"] in scores]
        is_bad = np.array([not message["allowed"] for message in fresh])
        score = np.array([scores[message["id"]] for message in fresh])
        for at in np.arange(0, 2.01, 0.25):
            hit = score >= at
            print(f"{at:.2f}: caught {hit[is_bad].mean():.1%}, stopped {hit[~is_bad].mean():.1%}")
    else:
        READER.write_bytes(taught(labelled))


if __name__ == "__main__":
    main()
