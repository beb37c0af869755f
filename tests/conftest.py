"""What every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real models and recordings beside the checkout; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("GILMOK_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder} (set GILMOK_SHARED)")
    return folder
