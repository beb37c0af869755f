"""The hub serves a repository of bundles to units: without a login, with ranges, and nothing that lies beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fleet.config import Web, WebContradicts
from fleet.web.door import Door
from models.bundle.repository.client import RepositoryClient, trust
from models.bundle.repository.founding import init
from models.bundle.repository.keys import Keys
from models.bundle.repository.layout import RepositoryAbsent
from models.bundle.repository.policy import Policy
from models.bundle.verify import VerifiedBundle
from sensors.clock import SystemClock
from tests.bundles import tiny_bundle
from tests.fleet.web.conftest import Told, serving
from tests.fleet.web.test_auth import ask, guarded

pytest.importorskip("tuf")
pytest.importorskip("cyclonedx")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> VerifiedBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def folder(bundle: VerifiedBundle, tmp_path: Path) -> Path:
    init(tmp_path / "repository", Keys(tmp_path / "keys"), Policy(), SystemClock()).add(bundle.folder)
    return tmp_path / "repository"


@pytest.fixture
def at(told: Told, folder: Path, tmp_path: Path) -> Iterator[str]:
    """A dashboard that asks people for a token, and serves the repository."""
    hub = guarded(told, tmp_path)
    with serving(msgspec.structs.replace(hub, web=msgspec.structs.replace(hub.web, repository=folder))) as address:
        yield address


def test_a_unit_fetches_from_the_hub_without_a_login_and_goes_on_where_it_was(
    at: str, folder: Path, bundle: VerifiedBundle, tmp_path: Path
) -> None:
    trust(tmp_path / "trusted", folder / "metadata/1.root.json")
    part = tmp_path / f"into/.{bundle.digest}.part/model/tiny.onnx"
    part.parent.mkdir(parents=True)
    whole = bundle.artefact.path.read_bytes()
    part.write_bytes(whole[:100])
    came: list[int] = []
    client = RepositoryClient(tmp_path / "trusted", f"{at}repository")
    assert client.fetch(bundle.digest, tmp_path / "into", came.append).digest == bundle.digest
    assert sum(came) == bundle.bundle.total_bytes - 100
    assert ask(at, "/api/nodes")[0] == 401


def test_a_range_is_answered_with_that_range_by_whatever_name_the_unit_knows_the_hub(
    at: str, bundle: VerifiedBundle
) -> None:
    entry = bundle.bundle.files["model/tiny.onnx"]
    path = f"/repository/files/{entry.sha256}"
    status, headers, body = ask(at, path, Range="bytes=100-", Host="hub.of.the.city")
    assert (status, headers["content-range"]) == (206, f"bytes 100-{entry.bytes - 1}/{entry.bytes}")
    assert body == bundle.artefact.path.read_bytes()[100:]
    assert headers["x-content-type-options"] == "nosniff"
    assert ask(at, path, Range=f"bytes={entry.bytes}-")[0] == 416


@pytest.mark.parametrize(
    "path", ["policy.toml", "keys/root.pem", "../keys/policy.toml", "metadata/../../keys/policy.toml", "", "files/"]
)
def test_what_lies_beside_is_nobodys_business(at: str, folder: Path, path: str) -> None:
    shutil.copy(folder.with_name("keys") / "policy.toml", folder / "policy.toml")
    assert ask(at, f"/repository/{path}")[0] in (401, 404)


def test_nobody_writes(at: str) -> None:
    assert [ask(at, "/repository/metadata/timestamp.json", method)[0] for method in ("PUT", "POST", "DELETE")] == [
        405
    ] * 3


def test_a_folder_that_is_no_repository_is_told_when_the_hub_starts(told: Told, tmp_path: Path) -> None:
    hub = msgspec.structs.replace(told.hub, web=Web(port=0, repository=tmp_path))
    with pytest.raises(RepositoryAbsent):
        Door(hub)
    with pytest.raises(WebContradicts):
        Web(repository=tmp_path, enabled=False)
