"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# pytest-xdist tells its workers how wide its own terminal is; what is printed here goes to no terminal.
os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real models and recordings beside the checkout; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("GILMOK_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder} (set GILMOK_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a defect leaves its details: not among those of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
