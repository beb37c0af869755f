"""A whole campaign on the tiny model, made once: what a qualification leaves on disk."""

from pathlib import Path

import pytest

import gilmok
from tests.tiny import write_model, write_recording
from tests.tiny_campaign import Subject


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(write_model(tmp_path), write_recording(tmp_path / "mot"))


@pytest.fixture(scope="session")
def qualified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished campaign; not to be changed. Skips where the extra `qualify` is absent."""
    for library in ("mlperf_loadgen", "matplotlib", "jinja2"):
        pytest.importorskip(library)
    folder = tmp_path_factory.mktemp("qualified")
    subject = Subject(write_model(folder), write_recording(folder / "mot"))
    out = folder / "out"
    assert gilmok.main(subject.words(out)) in (0, 3)
    return out
