"""One order gets one answer, to the last bit, through every door and in whatever company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from features.columns import concatenated
from features.document import checked_columns, read_order
from features.tables import TableOptions
from model.artefact import Bundle
from service.batch import Wish, score_file
from service.decide import Decisions, decide
from service.means import Means
from service.settings import Settings

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def alone(client: TestClient, documents: list[Answer]) -> list[Answer]:
    """The answer to each order sent by itself."""
    return [_plain(client.post("/v1/scores", json=document).json()) for document in documents]


def _plain(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "id"}


def _batch(client: TestClient, documents: list[Answer]) -> list[Answer]:
    results = client.post("/v1/scores/batch", json={"orders": documents}).json()["results"]
    return [_plain(r["score"]) for r in results]


def test_the_bundle_has_trees_and_a_margin_to_disagree_with(bundle: Bundle, alone: list[Answer]) -> None:
    assert bundle.scorer.booster.n_trees > 0
    assert len(bundle.scorer.margin.weights) > 0
    assert len({a["probability"] for a in alone}) > 500
    assert {a["state"] for a in alone} == {"placed", "shipped", "in_transit", "delivered", "contact"}


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1_000])
def test_a_batch_of_any_size_answers_like_single_orders(
    client: TestClient, documents: list[Answer], alone: list[Answer], size: int
) -> None:
    assert _batch(client, documents[:size]) == alone[:size]


def test_the_order_of_orders_does_not_matter(client: TestClient, documents: list[Answer], alone: list[Answer]) -> None:
    places = np.random.default_rng(3).permutation(len(documents)).tolist()
    assert _batch(client, [documents[i] for i in places]) == [alone[i] for i in places]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_answers_like_single_orders(
    bundle: Bundle, documents: list[Answer], alone: list[Answer], tmp_path: Path, ending: str, threads: int
) -> None:
    given, out = tmp_path / f"orders{ending}", tmp_path / f"scores{ending}"
    frame = pl.DataFrame(documents, infer_schema_length=None)
    (frame.write_csv if ending == ".csv" else frame.write_parquet)(given)
    summary = score_file(given, out, TableOptions(), Means(bundle), Wish(workers=threads))
    assert summary.scored == len(documents)
    scored = pl.read_csv(out, infer_schema_length=None) if ending == ".csv" else pl.read_parquet(out)
    for theirs, name in (("probability", "probability"), ("score", "score"), ("band", "band"), ("state", "state")):
        assert scored[f"claimrisk_{theirs}"].to_list() == [a[name] for a in alone], name
    for end in ("low", "high"):
        assert scored[f"claimrisk_{end}"].to_list() == [a["interval"] and a["interval"][end] for a in alone]
    first = [a["reasons"][0]["text"] if a["reasons"] else None for a in alone]
    assert scored["claimrisk_reason_1"].to_list() == first


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1_000])
def test_threads_change_no_bit(bundle: Bundle, documents: list[Answer], size: int) -> None:
    orders = concatenated([checked_columns(read_order(d), 0.0) for d in documents[:size]])
    one, two = (decide(orders, Means(bundle), threads=threads) for threads in (1, 2))
    assert _numbers(one) == _numbers(two)


def test_what_is_not_explained_is_decided_alike(bundle: Bundle, documents: list[Answer]) -> None:
    orders = concatenated([checked_columns(read_order(d), 0.0) for d in documents])
    told, bare = (decide(orders, Means(bundle), explains=explains) for explains in (True, False))
    assert _numbers(bare)[:-2] == _numbers(told)[:-2]
    assert bare.status.tolist() == told.status.tolist()
    np.testing.assert_array_equal(bare.stakes.expected.amount, told.stakes.expected.amount)
    np.testing.assert_array_equal(bare.band, told.band)
    assert not bare.reasons.of(0, 5)
    assert not any(a.recommendations for a in bare.advice)


def _numbers(decisions: Decisions) -> list[bytes]:
    scores = decisions.scores
    arrays = [scores.probability, scores.low, scores.high, scores.within_7, scores.within_30, scores.raw, scores.X]
    return [np.ascontiguousarray(a).tobytes() for a in (*arrays, decisions.reasons.strength, decisions.multiple)]


def test_a_feature_does_not_depend_on_the_row_count(bundle: Bundle, documents: list[Answer]) -> None:
    parts = [checked_columns(read_order(d), 0.0, {}) for d in documents[::4]]
    together = decide(concatenated(parts), Means(bundle)).scores.X
    alone = np.concatenate([decide(part, Means(bundle)).scores.X for part in parts])
    names = [f.name for f in bundle.scorer.pipeline.features_]
    differs = ~((together == alone) | (np.isnan(together) & np.isnan(alone))).all(axis=0)
    assert [name for name, bad in zip(names, differs, strict=True) if bad] == []


def test_the_settings_allow_the_largest_batch() -> None:
    assert Settings().max_batch_orders == 1_000
