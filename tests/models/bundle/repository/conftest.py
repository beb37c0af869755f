import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.bundle.repository.client import RepositoryClient, trust
from models.bundle.repository.keys import Keys
from models.bundle.repository.publishing import Repository
from models.bundle.verify import VerifiedBundle
from sensors.clock import SystemClock
from tests.served import Served, served


@dataclass
class Site:
    """A repository with one bundle, whoever publishes it, the server, and a unit that has joined."""

    folder: Path
    keys: Path
    server: Served
    trusted: Path
    into: Path
    bundle: VerifiedBundle

    @property
    def repository(self) -> Repository:
        return Repository(self.folder, Keys(self.keys), SystemClock())

    def client(self, **more: object) -> RepositoryClient:
        return RepositoryClient(self.trusted, self.server.address, **more)  # type: ignore[arg-type]

    def state(self) -> dict[str, bytes]:
        """Everything that the unit trusts."""
        files = [path for path in self.trusted.rglob("*") if path.is_file()]
        return {path.relative_to(self.trusted).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, made: VerifiedBundle) -> Path:
    """A repository and its keys, not to be changed. Skips where the extra `deploy` is absent."""
    pytest.importorskip("tuf")
    from models.bundle.repository.founding import init
    from models.bundle.repository.policy import Policy

    home = tmp_path_factory.mktemp("published")
    init(home / "repository", Keys(home / "keys"), Policy(), SystemClock()).add(made.folder)
    return home


@pytest.fixture
def site(published: Path, tmp_path: Path, made: VerifiedBundle) -> Iterator[Site]:
    home = Path(shutil.copytree(published, tmp_path / "home"))
    trust(tmp_path / "trusted", home / "repository/metadata/1.root.json")
    with served(home / "repository") as server:
        yield Site(home / "repository", home / "keys", server, tmp_path / "trusted", tmp_path / "into", made)
