"""Finding the makers' folders and files under a root that a user named."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from replay.recording import DatasetWrong
from sensors.sources.folder import is_meant, is_picture, sorted_by_number

MOST_NUMBER = 2**63 - 1
_LAST_DIGITS = re.compile(r"([0-9]+)$")
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)$")


class LayoutAbsent(DatasetWrong):
    def __init__(self, dataset: str, root: Path, marks: Sequence[str], nearby: Path | None) -> None:
        if root.is_dir():
            held = sorted(entry.name for entry in root.iterdir())
            shown = ", ".join(held[:6]) + (", ..." if len(held) > 6 else "")
            sentence = f"{root} is no {dataset} folder: it holds {shown or 'nothing'}"
        else:
            sentence = f"there is no folder {root}"
        wanted = f"name the folder that holds {' or '.join(marks)}"
        super().__init__(sentence, f"{wanted}; {nearby} does" if nearby else wanted)


class FrameTwice(DatasetWrong):
    def __init__(self, number: int, paths: Sequence[Path]) -> None:
        one, other = paths
        super().__init__(
            f"{one.parent} holds two pictures of frame {number}: {one.name} and {other.name}", "remove one of them"
        )


class FrameUnnumbered(DatasetWrong):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the name gives no frame number",
            f"name all by whole numbers up to {MOST_NUMBER}, or all by seconds with as many decimals",
        )


def find_root(dataset: str, root: Path, marks: Sequence[str]) -> Path:
    """`root`, or its parent where `root` is itself a part of the layout (`MOT15/train` for `MOT15`).

    `marks` are glob patterns, one of which a root must satisfy. Raises LayoutAbsent.
    """
    root = root.expanduser().resolve()
    if root.is_dir():
        if any(_matches(root, marks)):
            return root
        if any(root in (match, *match.parents) for match in _matches(root.parent, marks)):
            return root.parent
    nearby = (folder for folder in folders(root) if any(_matches(folder, marks)))
    raise LayoutAbsent(dataset, root, marks, next(nearby, None))


def folders(parent: Path) -> list[Path]:
    """The visible folders in `parent`, as people count; none where there is no `parent`."""
    if not parent.is_dir():
        return []
    return sorted_by_number(entry for entry in parent.iterdir() if entry.is_dir() and is_meant(entry))


def files_in(folder: Path, ending: str) -> list[Path]:
    """The visible files in `folder` whose names end so, whatever the case, as people count."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.suffix.lower() == ending and is_meant(path))
    return sorted_by_number(path for path in found if not path.is_dir())


def pictures(folder: Path) -> dict[int, Path]:
    """The pictures in `folder` by frame number, ascending; raises FrameTwice or FrameUnnumbered."""
    return _by_frame(path for path in (folder.iterdir() if folder.is_dir() else ()) if is_picture(path))


def numbered(folder: Path, ending: str) -> dict[int, Path]:
    """The files in `folder` whose names end so, as `pictures`."""
    return _by_frame(files_in(folder, ending))


def _by_frame(paths: Iterable[Path]) -> dict[int, Path]:
    """By the number that each name ends in, those without one left out."""
    found: dict[int, Path] = {}
    decimals: int | None = None
    for path in paths:
        decimal, digits = _DECIMAL.match(path.stem), _LAST_DIGITS.search(path.stem)
        if digits is None:
            continue
        # 1305031102.975304, seconds with their microseconds: one number of all its digits keeps the order.
        number = int(decimal[1] + decimal[2]) if decimal else int(digits[1])
        has = len(decimal[2]) if decimal else 0
        decimals = has if decimals is None else decimals
        if number > MOST_NUMBER or has != decimals:
            raise FrameUnnumbered(path)
        if number in found:
            raise FrameTwice(number, sorted((found[number], path)))
        found[number] = path
    return dict(sorted(found.items()))


def _matches(root: Path, marks: Sequence[str]) -> Iterator[Path]:
    for mark in marks:
        yield from root.glob(mark)
