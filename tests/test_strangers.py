"""The five packages have everyday names: what happens where somebody else's `models` comes first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gilmok

HOUSE = Path(gilmok.__file__).parent


def ask(where: Path, *flags: str, house: Path = HOUSE, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`gilmok model list` as somebody starts it who is in `where`."""
    calls = "import sys, gilmok; sys.exit(gilmok.main(['model', 'list']))"
    path = os.pathsep.join(str(folder) for folder in (before, house) if folder)
    return subprocess.run(
        [sys.executable, *flags, "-c", calls],
        cwd=where,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("file", ["models/__init__.py", "replay.py"])
def test_a_stranger_is_named_with_the_way_to_be_rid_of_him(tmp_path: Path, file: str) -> None:
    theirs = tmp_path / "theirs"
    (theirs / file).parent.mkdir(parents=True)
    (theirs / file).write_text("raise SystemExit('imported all the same')\n")
    asked = ask(tmp_path, before=theirs)
    room = file.partition("/")[0].removesuffix(".py")
    assert asked.returncode == 1
    assert asked.stdout == ""
    assert asked.stderr.splitlines() == [
        f"gilmok: {theirs / file} stands in the place of gilmok's own package {room!r}",
        f"  Take {theirs} out of the environment variable PYTHONPATH.",
    ]


def test_a_stranger_where_one_stands_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/__init__.py").touch()
    asked = ask(tmp_path)
    assert asked.returncode == 1
    assert "Start in another folder than this one." in asked.stderr


def test_an_installed_stranger_asks_for_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "fleet", raising=False)
    with pytest.raises(gilmok.PackageShadowed, match="environment of its own"):
        gilmok.refuse_strangers()


def test_a_folder_of_ones_own_that_is_no_package_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    assert ask(tmp_path).returncode == 0


def test_a_package_that_is_missing_is_told(tmp_path: Path) -> None:
    shutil.copy(HOUSE / "gilmok.py", tmp_path)
    for room in gilmok.ROOMS[:-1]:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    asked = ask(tmp_path, "-S", house=tmp_path)
    assert asked.returncode == 1
    assert asked.stderr == "gilmok: package 'fleet' of gilmok is missing\n  Install gilmok again.\n"


def test_all_five_lie_beside_the_front_door() -> None:
    gilmok.refuse_strangers()
    assert all((HOUSE / room / "__init__.py").is_file() for room in gilmok.ROOMS)


def test_an_interrupt_before_any_room_is_imported_is_quiet(tmp_path: Path) -> None:
    code = """
import os, signal, sys, gilmok
gilmok.refuse_strangers = lambda: os.kill(os.getpid(), signal.SIGINT)
sys.argv = ["gilmok", "model", "list"]
sys.exit(gilmok.main())
"""
    asked = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (asked.returncode, asked.stdout, asked.stderr) == (130, "", "gilmok: interrupted\n")
