"""What is installed when somebody installs gilmok: five rooms, their material, their types, and nothing else."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import gilmok

HOUSE = Path(gilmok.__file__).parent
MATERIAL = [
    "edge/backends/profiles.toml",
    "edge/conformance/contract.onnx",
    "models/manifests/yolox-nano.toml",
    "models/shipped/gilmok-mini.onnx",
    "replay/qualify/page/templates/qualification.html.jinja",
    "replay/report/templates/run.html.jinja",
    "replay/samples/crossing-day-rsu-1/video.mp4",
]
SCRIPT = """\
import gilmok

recording = gilmok.open_dataset("world", gilmok.SAMPLES).open("crossing-day-rsu-1")
accuracy: float = gilmok.score(recording, {}, ["car"], frames=recording.numbers[:2]).overall["AP"]
gilmok.read_run(3)
gilmok.no_such_name
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="needs hatchling: pip install 'gilmok[dev]'")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-P", "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=HOUSE, check=True, capture_output=True, timeout=120)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, and beside it the packages of this one."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    (packages,) = folder.glob("lib/python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # Of the folders on the path, the one with this checkout must not come along.
    others = [entry for entry in sys.path if Path(entry).is_dir() and Path(entry).resolve() != HOUSE]
    others.append(sysconfig.get_paths()["purelib"])
    (packages / "others.pth").write_text("\n".join(dict.fromkeys(others)) + "\n", encoding="utf-8")
    return folder / "bin/python"


def test_it_holds_the_rooms_with_their_material_and_no_tools(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    about = {top for top in tops if top.endswith(".dist-info")}
    assert tops - about == {*gilmok.ROOMS, "gilmok.py", "gilmok-stubs"}
    assert {f"{room}/py.typed" for room in gilmok.ROOMS} <= names
    assert set(MATERIAL) <= names


def test_everything_that_lies_in_a_room_is_in_it(wheel: Path) -> None:
    told = subprocess.run(["git", "ls-files", *gilmok.ROOMS], cwd=HOUSE, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        pytest.skip("no git checkout")
    there = {name for name in told.stdout.splitlines() if (HOUSE / name).exists()}
    assert there - set(zipfile.ZipFile(wheel).namelist()) == set()


@pytest.mark.long
def test_a_users_script_is_checked_strictly_against_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    check = [sys.executable, "-P", "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    told = subprocess.run(
        [*check, "--python-executable", str(installed), "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    errors = [line.partition(": error: ")[::2] for line in told.stdout.splitlines() if ": error: " in line]
    assert [where for where, _ in errors] == ["script.py:5", "script.py:6"], told.stdout
    assert "read_run" in errors[0][1]
    assert "no_such_name" in errors[1][1]


def test_it_runs_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [str(installed), "-P", "-m", "gilmok", "model", "list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "gilmok-mini" in told.stdout
