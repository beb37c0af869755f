"""Finding the makers' folders and files under a root that a user named."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from replay.recording import DatasetWrong
from sensors.folder import is_meant, is_picture, sorted_by_number

_LAST_DIGITS = re.compile(r"(\d+)$")


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


def pictures(folder: Path) -> dict[int, Path]:
    """The pictures in `folder` by the number that their names end in, ascending; raises FrameTwice."""
    found: dict[int, Path] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        digits = _LAST_DIGITS.search(path.stem)
        if digits is None or not is_picture(path):
            continue
        number = int(digits[1])
        if number in found:
            raise FrameTwice(number, sorted((found[number], path)))
        found[number] = path
    return dict(sorted(found.items()))


def _matches(root: Path, marks: Sequence[str]) -> Iterator[Path]:
    for mark in marks:
        yield from root.glob(mark)
