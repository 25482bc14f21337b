from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from features.order import attributes
from features.tables import TableOptions, read_orders
from service import demo
from service.settings import Settings


def test_the_demo_prints_the_riskiest_and_keeps_all_scores(
    bundle_folder: Path,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    of = Settings(data_dir=tmp_path, key_file=data_dir / "bundle.key")
    shutil.copytree(bundle_folder, tmp_path / "starter")
    monkeypatch.setattr(demo, "settings", lambda: of)
    demo.run_demo(0, lambda _: None, serves=False)
    printed = capsys.readouterr().out
    assert "SIMULATED" in printed
    assert printed.count("114-") == demo.TOLD
    scores = pl.read_csv(tmp_path / demo.RESULT)
    assert scores["claimrisk_status"].unique().to_list() == ["starter"]
    assert scores.height == pl.read_csv(demo.EXAMPLES).height


def test_the_example_orders_are_good_simulated_and_in_every_state() -> None:
    chunks = list(read_orders(demo.EXAMPLES, TableOptions()))
    assert not any(chunk.rejects for chunk in chunks)
    frame = pl.concat([chunk.frame for chunk in chunks])
    assert set(frame.columns) - set(attributes()) == {"x_simulated"}
    assert "buyer_key" not in frame.columns
    assert 35 <= frame.height <= 60
    for fact in ("shipped_at", "first_scan_at", "delivered_at", "first_message_at", "return_requested_at"):
        assert 0 < frame[fact].null_count() < frame.height
