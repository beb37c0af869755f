import shutil
from pathlib import Path

import pytest

from models.bundle.verify import VerifiedBundle
from tests.bundles import tiny_bundle


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> VerifiedBundle:
    """Not to be changed. Skips where the extra `deploy` is absent."""
    pytest.importorskip("cyclonedx")
    return tiny_bundle(tmp_path_factory.mktemp("made"))


@pytest.fixture
def bundle(made: VerifiedBundle, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(made.folder, tmp_path / "bundle"))
