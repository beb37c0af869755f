"""What every test may ask for."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

# pytest-xdist tells its workers how wide its own terminal is; what is printed here goes to no terminal.
os.environ.pop("COLUMNS", None)


def _own_home() -> Path:
    """A store without the models that somebody added on this machine, but with the environments of its backends."""
    before = os.environ.get("GILMOK_HOME")
    backends = (Path(before) if before else Path.home() / ".local/share/gilmok") / "backends"
    home = Path(tempfile.mkdtemp(prefix="gilmok-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    if backends.is_dir():
        (home / "backends").symlink_to(backends)
    return home


os.environ["GILMOK_HOME"] = str(_own_home())

TESTS = Path(__file__).parent
BEGAN = pytest.StashKey[float]()
SLOW_PLACES = (
    "bench",
    "contracts/test_backend_contract.py",
    "contracts/test_datasets.py",
    "contracts/test_vendor_backends.py",
    "docs",
    "edge/backends",
    "edge/cli",
    "edge/device",
    "edge/install",
    "edge/wire/test_link.py",
    "fleet",
    "fuzz",
    "replay/campaign",
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


DEAR_PLACES = (
    "replay/test_vendors_accuracy.py",
    "fleet/scenario",
    "replay/test_references.py",
    "chaos",
    "fuzz",
    "sensors/world",
    "replay/qualify",
    "fleet",
    "test_wheel.py",
)
"""What holds the dearest tests, dearest first."""


def place_of(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).as_posix()


def turn_of(item: pytest.Item) -> int:
    place = place_of(item)
    return next((turn for turn, dear in enumerate(DEAR_PLACES) if place.startswith(dear)), len(DEAR_PLACES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not slow"` leaves what a person waits for between two edits: arithmetic, readers, decoders, messages."""
    for item in items:
        if place_of(item).startswith(SLOW_PLACES) or item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.slow)
    # Dear ones first, or the other workers would wait for the last of them in the end.
    items.sort(key=turn_of)


BUDGET_CPU_S = 250
"""Of a stage's tests, user and system, with the programs that they start: with mypy, four minutes on two cores."""
DEAREST = 24
WORTH_TELLING_CPU_S = 60.0


def spent_cpu_s() -> float:
    """By this process and its children that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown":
        now_s = spent_cpu_s()
        # A test that is skipped by its mark was never set up.
        report.user_properties.append(("cpu_s", now_s - item.stash.get(BEGAN, now_s)))
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[BEGAN] = spent_cpu_s()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests cost, and which of them the most: wall times lie where others use the cores, too."""
    ended = [one for one in terminalreporter.stats.get("", []) if one.when == "teardown"]
    spent = {one.nodeid: float(dict(one.user_properties)["cpu_s"]) for one in ended}
    if (whole := sum(spent.values())) < WORTH_TELLING_CPU_S:
        return
    terminalreporter.section(f"{whole:.0f} s of CPU, of a budget of {BUDGET_CPU_S}")
    for test, cost in sorted(spent.items(), key=lambda row: -row[1])[:DEAREST]:
        terminalreporter.line(f"{cost:6.1f}  {test}")


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
