"""The evidence pack and its command: digests that hold, nothing that was not given, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.cost_profile import template
from service.evidence_pack import attachment, evidence_of, folder_name
from service.playbook_catalogue import playbook_catalogue
from service.playbook_shapes import Playbook

AS_OF = ["--as-of", "2026-11-25T09:00:00Z"]
HEAD = (
    "order_id,marketplace,placed_at,ship_by,shipped_at,delivered_at,delivery_place,has_tracking,order_total,currency,"
)
ROWS = (
    "114-1,US,2026-11-02T09:00:00Z,2026-11-04T23:00:00Z,2026-11-03T09:00:00Z,2026-11-10T09:00:00Z,signed,true,60,USD,"
    "2026-11-22T09:00:00Z,not_received,2026-11-20T10:00:00Z",
    "114-2,US,2026-11-02T09:00:00Z,2026-11-04T23:00:00Z,2026-11-03T09:00:00Z,,,true,45,USD,,,",
    "../#3,US,2026-11-02T09:00:00Z,2026-11-04T23:00:00Z,2026-11-03T09:00:00Z,,,true,45,USD,,,2026-11-24T10:00:00Z",
    "114-4,US,2026-13-02T09:00:00Z,,,,,true,45,USD,,,",
)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text("\n".join((HEAD + "claim_opened_at,claim_type,first_message_at", *ROWS)) + "\n", "utf-8")
    (tmp_path / "proof of delivery.pdf").write_bytes(b"%PDF carrier's proof")
    return file


def run(orders: Path, *options: object) -> Result:
    return CliRunner().invoke(app, ["playbook", str(orders), *AS_OF, *map(str, options)], catch_exceptions=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_file_of_a_pack_stands_in_the_manifest_with_its_digest(orders: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof of delivery.pdf"
    done = run(orders, "--order", "114-1", "--pack", tmp_path / "pack", "--attach", f"proof_document={proof}")
    folder = tmp_path / "pack" / "114-1"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    listed = {entry["path"]: (entry["sha256"], entry["bytes"]) for entry in manifest["files"]}
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert set(listed) == set(there) - {"manifest.json"}
    assert listed == {name: (digest(p), p.stat().st_size) for name, p in there.items() if name != "manifest.json"}
    assert digest(folder / "manifest.json") in done.stderr


def test_what_is_sent_holds_the_file_and_its_digest_and_the_digest_of_the_data(orders: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof of delivery.pdf"
    run(orders, "--order", "114-1", "--pack", tmp_path / "pack", "--attach", f"proof_document={proof}")
    send = tmp_path / "pack" / "114-1" / "send"
    evidence, page = (
        json.loads((send / "evidence.json").read_text("utf-8")),
        (send / "evidence.html").read_text("utf-8"),
    )
    copy = send / evidence["files"][0]["path"]
    assert copy.read_bytes() == proof.read_bytes()
    assert evidence["files"][0]["sha256"] == digest(proof)
    assert {item["id"] for item in evidence["evidence"]} >= {"proof_document", "signature", "delivered_scan"}
    assert digest(send / "evidence.json") in page
    assert digest(proof) in page


def test_what_is_sent_tells_no_chance_no_cost_and_nothing_that_is_missing(orders: Path, tmp_path: Path) -> None:
    run(orders, "--order", "114-1", "--pack", tmp_path / "pack", "--lang", "zh")
    folder = tmp_path / "pack" / "114-1"
    sent = (folder / "send" / "evidence.json").read_text("utf-8") + (folder / "send" / "evidence.html").read_text(
        "utf-8"
    )
    assert not any(word in sent for word in ("expected", "REPRESENT", "unknown", "USD", "carrier_trace", "缺"))
    assert "The customer's signature" in sent
    assert "客户签名" in (folder / "playbook.html").read_text("utf-8")


def test_what_is_sent_to_the_marketplace_does_not_call_it_you() -> None:
    of = playbook_catalogue()
    sent = [*(item.text for item in of.items), *of.texts["timeline"].values()]
    assert [text for text in sent if re.search(r"\byour?\b", text.en, re.IGNORECASE) or "您" in text.zh] == []


def test_what_the_shop_did_about_an_order_is_its_own_note_and_is_not_sent() -> None:
    moments = [{"at": "2026-11-03T08:00:00Z", "kind": "fact", "code": code, "text": code} for code in
               ("shipped_at", "listing_fixed_at", "trace_opened_at")]  # fmt: skip
    book = {"order_id": "1", "marketplace": "US", "as_of": "2026-11-25T09:00:00Z", "claims": [], "timeline": moments}
    assert [entry["code"] for entry in evidence_of(book, [], [])["timeline"]] == ["shipped_at"]


def test_a_pack_is_the_same_byte_for_byte_when_made_again(orders: Path, tmp_path: Path) -> None:
    for _ in range(2):
        done = run(orders, "--order", "114-1", "--pack", tmp_path / "pack")
        assert done.exit_code == 0
    run(orders, "--order", "114-1", "--pack", tmp_path / "other")
    assert digest(tmp_path / "pack/114-1/manifest.json") == digest(tmp_path / "other/114-1/manifest.json")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_page_loads_nothing_and_runs_nothing(orders: Path, tmp_path: Path, lang: str) -> None:
    run(orders, "--out", tmp_path / "all.html", "--pack", tmp_path / "pack", "--lang", lang, "--send-lang", lang)
    pages = [tmp_path / "all.html", *tmp_path.glob("pack/*/*.html"), *tmp_path.glob("pack/*/send/*.html")]
    assert len(pages) == 5
    for page in pages:
        text = page.read_text("utf-8")
        assert not any(word in text for word in ("<script", "<img", "<link", "@import", "url(", "onclick"))
        assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in text


def test_the_table_names_orders_that_need_work_and_counts_the_others(orders: Path) -> None:
    done = run(orders)
    assert done.exit_code == 0
    assert "114-1" in done.stdout
    assert "114-2" not in done.stdout
    assert "Orders to which nothing applies: 1." in done.stdout
    assert "line 5: placed_at" in done.stderr


def test_one_order_to_which_nothing_applies_is_told_so(orders: Path) -> None:
    assert "Nothing applies" in run(orders, "--order", "114-2").stdout


def test_the_data_are_those_of_the_function_that_the_api_serves(orders: Path, tmp_path: Path) -> None:
    run(orders, "--out", tmp_path / "all.json")
    found = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert [one["order_id"] for one in found["playbooks"]] == ["114-1", "../#3"]
    assert found["nothing_applies"] == 1
    assert set(found["playbooks"][0]) == set(Playbook.model_fields)
    assert (tmp_path / "all.json.rejects.csv").exists()


def test_a_shop_s_own_costs_are_used_and_no_longer_called_assumed(orders: Path, tmp_path: Path) -> None:
    (tmp_path / "costs.toml").write_text(template().replace("shadow_price = 30.0", "shadow_price = 300.0"), "utf-8")
    run(orders, "--order", "114-1", "--costs", tmp_path / "costs.toml", "--out", tmp_path / "one.json")
    told = json.loads((tmp_path / "one.json").read_text("utf-8"))["playbooks"][0]
    cost = told["claims"][0]["roads"][0]["cost"]
    assert cost["parts"]["defect"] == 300.0
    assert "costs" not in cost["assumed"]
    assert "COSTS_ASSUMED" not in [w["code"] for w in told["warnings"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--attach", "orders.csv"], "expected --pack"),
        (["--pack", "p", "--attach", "nowhere.pdf"], "expected a file to read"),
        (["--pack", "p", "--attach", "signatur=orders.csv"], 'did you mean "signature"'),
        (["--pack", "p", "--attach", "orders.csv"], "expected one order, got 2"),
        (["--pack", "p", "--order", "114-1", "--attach", "inspection=orders.csv"], "expected evidence of this claim"),
        (["--pack", ".", "--order", "114-1"], None),
        (["--order", "999"], "expected an order of the file"),
        (["--out", "orders.csv"], "expected a name ending"),
    ],
)
def test_a_slip_is_named_and_leaves_nothing_behind(
    orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(orders, *options)
    assert (done.exception is None) == (said is None)
    assert said is None or said in str(done.exception)
    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / "p").exists() or not list((tmp_path / "p").iterdir())


def test_a_folder_that_is_no_pack_is_left_alone(orders: Path, tmp_path: Path) -> None:
    (tmp_path / "114-1").mkdir()
    (tmp_path / "114-1" / "mine.txt").write_text("mine")
    done = run(orders, "--order", "114-1", "--pack", tmp_path)
    assert "expected no folder there, or an earlier pack" in str(done.exception)
    assert (tmp_path / "114-1" / "mine.txt").read_text() == "mine"


def test_a_file_put_into_a_pack_is_not_lost(orders: Path, tmp_path: Path) -> None:
    run(orders, "--order", "114-1", "--pack", tmp_path / "pack")
    (tmp_path / "pack" / "114-1" / "notes.txt").write_text("mine")
    done = run(orders, "--order", "114-1", "--pack", tmp_path / "pack")
    assert "notes.txt would be lost" in str(done.exception)
    assert (tmp_path / "pack" / "114-1" / "notes.txt").read_text() == "mine"


def test_folders_of_orders_stay_inside_and_apart() -> None:
    names = [folder_name(order) for order in ("a/b", "a_b", "..", "../a", "CON", "美国站-1店", "a.")]
    assert len(set(names)) == len(names)
    assert all("/" not in name and name.strip(".") for name in names)
    assert "美国站-1店" in names
    assert "CON" not in names


def test_a_file_whose_name_holds_an_equals_sign_can_be_attached(tmp_path: Path) -> None:
    (tmp_path / "a=b.txt").write_text("x")
    assert attachment(str(tmp_path / "a=b.txt")).item is None
