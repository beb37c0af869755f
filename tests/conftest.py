"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# pytest-xdist tells its workers how wide its own terminal is; what is printed here goes to no terminal.
os.environ.pop("COLUMNS", None)

TESTS = Path(__file__).parent
SLOW_PLACES = (
    "bench",
    "contracts/test_backend_contract.py",
    "contracts/test_datasets.py",
    "contracts/test_vendor_backends.py",
    "docs",
    "edge/backends",
    "edge/cli",
    "edge/device",
    "edge/wire/test_link.py",
    "fleet",
    "fuzz",
    "replay/cli",
    "replay/comparison",
    "replay/doctor",
    "replay/gates",
    "replay/metrics/test_against_pycocotools.py",
    "replay/qualify",
    "replay/report",
    "replay/runs",
    "replay/test_",
    "sensors/pace",
    "sensors/test_signals.py",
    "sensors/world",
    "test_",
    "tools",
)
"""What starts programs, loads networks, plays drives or draws: each test is short, and they are many."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not slow"` leaves what a person waits for between two edits: arithmetic, readers, decoders, messages."""
    for item in items:
        if item.path.relative_to(TESTS).as_posix().startswith(SLOW_PLACES):
            item.add_marker(pytest.mark.slow)


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
