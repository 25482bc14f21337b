"""The registry: who is champion, challenger, shadow; and what a running service makes of a change."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from fastapi import FastAPI
from starlette.testclient import TestClient
from stores import executed
from typer.testing import CliRunner

from benchmarks.reload import damage, lifted
from features.errors import BundleError, InputError
from model.artefact import load
from service.app import create_app
from service.cli import app as commands
from service.means import Means
from service.registry import Registry, added, promoted, read_registry, rolled_back, write_registry
from service.reloading import Reloader
from service.routes import EXAMPLE
from service.settings import Settings, settings, signing_key
from service.trial import tried


@pytest.fixture(scope="session")
def other_folder(bundle_folder: Path, data_dir: Path) -> Path:
    """Another sound bundle, which says more."""
    return lifted(bundle_folder, data_dir / "other", signing_key(settings()))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, bundle_folder: Path, other_folder: Path) -> tuple[Path, str, str]:
    """A registry of two bundles, the first of them champion, and their versions."""
    folder, key = tmp_path_factory.mktemp("two"), signing_key(settings())
    first, second = (added(folder, bundle, key) for bundle in (bundle_folder, other_folder))
    write_registry(folder, Registry(champion=first))
    return folder, first, second


@pytest.fixture
def models(two: tuple[Path, str, str], tmp_path: Path) -> tuple[Path, str, str]:
    """The same in a folder of the test's own."""
    folder, first, second = two
    return Path(shutil.copytree(folder, tmp_path / "models")), first, second


def served(models: Path, of: Settings) -> FastAPI:
    champion = load(models / str(read_registry(models).champion), signing_key(settings()))
    return create_app(Means(champion), of, clock=lambda: NOW)


def looked(app: FastAPI, models: Path) -> Reloader:
    reloader = Reloader(app.state.running, models, signing_key(settings()))
    asyncio.run(reloader.look())
    return reloader


def test_a_version_has_one_role_and_the_way_back_is_kept() -> None:
    said = promoted(Registry(champion="1", challenger="2"), "2")
    assert said == Registry(champion="2", before=("1",))
    assert rolled_back(said) == Registry(champion="1", challenger="2")
    with pytest.raises(InputError, match="no earlier champion"):
        rolled_back(Registry(champion="1"))


@pytest.mark.parametrize("said", [b"{", b"[]", b'{"format": 2}', b'{"format": 1, "champion": "../elsewhere"}'])
def test_a_registry_that_cannot_be_trusted_is_refused(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "registry.json").write_bytes(said)
    with pytest.raises(InputError, match=r"registry\.json"):
        read_registry(tmp_path)


def test_a_promoted_bundle_answers_from_then_on(models: tuple[Path, str, str]) -> None:
    folder, first, second = models
    app = served(folder, Settings())
    with TestClient(app) as client:
        before = client.post("/v1/scores", json=EXAMPLE).json()
        write_registry(folder, promoted(read_registry(folder), second))
        looked(app, folder)
        after = client.post("/v1/scores", json=EXAMPLE).json()
        assert (before["versions"]["model"], after["versions"]["model"]) == (first, second)
        assert after["probability"] > before["probability"]
        infos = [line for line in client.get("/metrics").text.splitlines() if line.startswith("claimrisk_model_info{")]
        assert len(infos) == 1
        assert f'version="{second}"' in infos[0]


def test_a_shadow_scores_beside_and_only_the_store_hears_it(models: tuple[Path, str, str], tmp_path: Path) -> None:
    folder, first, second = models
    url = f"sqlite:///{tmp_path}/claimrisk.db"
    app = served(folder, Settings(database_url=url, data_dir=tmp_path))
    write_registry(folder, Registry(champion=first, shadow=second))
    with TestClient(app) as client:
        alone = client.post("/v1/scores", json=EXAMPLE).json()
        looked(app, folder)
        told: dict[str, Any] = client.post("/v1/scores", json=EXAMPLE).json()
    assert told["probability"] == alone["probability"]
    assert told["versions"]["model"] == first
    rows = asyncio.run(executed(url, "SELECT id, shadow_model, shadow_probability FROM decisions"))
    kept = {row[0]: row[1:] for row in rows}
    assert kept[alone["id"]] == (None, None)
    assert kept[told["id"]][0] == second
    assert kept[told["id"]][1] > told["probability"]


def test_a_bundle_that_kills_its_parser_kills_the_child_alone(models: tuple[Path, str, str]) -> None:
    folder, first, second = models
    damage(folder / second, signing_key(settings()))
    with pytest.raises(BundleError, match="ended with -"):
        tried(folder / second, signing_key(settings()))
    app = served(folder, Settings())
    write_registry(folder, promoted(read_registry(folder), second))
    looked(app, folder)
    with TestClient(app) as client:
        assert client.post("/v1/scores", json=EXAMPLE).json()["versions"]["model"] == first
        assert 'claimrisk_reloads_total{result="refused"} 1.0' in client.get("/metrics").text


def test_the_command_line_promotes_lists_and_rolls_back(models: tuple[Path, str, str], other_folder: Path) -> None:
    folder, first, second = models
    shutil.rmtree(folder / second)
    run = CliRunner()
    at = ["--registry", str(folder)]

    def listed() -> set[str]:
        return set(run.invoke(commands, ["model", "list", *at]).stdout.splitlines())

    assert run.invoke(commands, ["model", "promote", str(other_folder), "--as", "challenger", *at]).exit_code == 0
    assert run.invoke(commands, ["model", "promote", *at]).exit_code == 0
    assert listed() == {f"{first}\tbefore", f"{second}\tchampion"}
    assert run.invoke(commands, ["model", "rollback", *at]).exit_code == 0
    assert listed() == {f"{first}\tchampion", f"{second}\tchallenger"}
