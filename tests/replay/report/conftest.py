"""One small run, and copies of it to spoil."""

import shutil
from pathlib import Path

import pytest

import gilmok
from tests.tiny import write_model, write_recording

pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
pytest.importorskip("jinja2", reason="the extra `report` is not installed")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 12 perfect frames, with its recording beside it in `mot`."""
    folder = tmp_path_factory.mktemp("report")
    where = ["--dataset", "mot", "--root", str(write_recording(folder / "mot")), "--name", "WALK"]
    assert (
        gilmok.main(["replay", "run", *where, "--model", str(write_model(folder)), "--out", str(folder / "run")]) == 0
    )
    return folder / "run"


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy that a test may change; the recording stays where it was."""
    copy = tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    return copy
