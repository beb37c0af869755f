"""What keeps the house such that one finds the way: small folders that say what lives in them, short files."""

from pathlib import Path

import pytest

import gilmok

HOUSE = Path(gilmok.__file__).parent
MOST_LINES = 300
MOST_FILES = 16
OF_ONE_KIND = {"backends", "cli", "datasets", "world"}
"""Folders of many files that are all of one kind: an accelerator, a verb, a layout, a part of the drawn world."""

KNOWN: set[str] = set()
"""What is over a limit today. Take it out when it no longer is; put nothing in."""

FOLDERS = sorted(
    {file.parent.relative_to(HOUSE) for room in (*gilmok.ROOMS, "tools") for file in (HOUSE / room).rglob("*.py")}
)


def modules(folder: Path) -> list[Path]:
    """The files of Python at the top of a folder, without its own `__init__.py`."""
    return [file for file in (HOUSE / folder).glob("*.py") if file.name != "__init__.py"]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_says_what_lives_there_and_what_it_may_import(folder: Path) -> None:
    if folder == Path("tools"):
        return
    text = (HOUSE / folder / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""'), "no docstring"
    lines = [line for line in text.strip().strip('"').splitlines() if line]
    assert 2 <= len(lines) <= 5
    assert "import" in text.lower()


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_is_seen_at_a_glance(folder: Path) -> None:
    if folder.name not in OF_ONE_KIND and str(folder) not in KNOWN:
        assert len(modules(folder)) <= MOST_FILES


def test_no_file_is_longer_than_one_reads() -> None:
    everywhere = [*gilmok.ROOMS, "tools", "bench", "scripts"]
    files = [HOUSE / "gilmok.py", *(file for place in everywhere for file in (HOUSE / place).rglob("*.py"))]
    lengths = {
        str(file.relative_to(HOUSE)): len(file.read_text(encoding="utf-8").splitlines()) for file in sorted(files)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES and name not in KNOWN} == {}
