"""What a scenario needs: a model, and recordings to drive through."""

from pathlib import Path

import pytest

from tests.brokers import broker, embedded_url, mosquitto_url, site
from tests.tiny import write_model, write_recording

__all__ = ["broker", "embedded_url", "mosquitto_url", "site"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_recording(tmp_path / "mot", "WALK")
    return write_recording(tmp_path / "mot", "LONG", frames=400, fps=20)
