"""Finding the makers' folders and files under a root that a user named."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from replay.datasets.soundness import counted
from replay.recording import DatasetWrong, Problem, Severity
from sensors.sources.folder import by_number, is_meant, is_picture, pictures_in, sorted_by_number

MOST_NUMBER = 2**63 - 1
_LAST_DIGITS = re.compile(r"([0-9]+)\Z")
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)\Z")


class LayoutAbsent(DatasetWrong):
    def __init__(self, dataset: str, root: Path, marks: Sequence[str], nearby: Path | None) -> None:
        self.dataset, self.marks, self.nearby = dataset, tuple(marks), nearby
        if root.is_dir():
            sentence = f"{root} is no {dataset} folder: it holds {holding(root)}"
        elif root.exists():
            sentence = f"{root} is no part of a {dataset} folder"
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


def find_root(
    dataset: str, root: Path, marks: Sequence[str], is_ours: Callable[[Path], bool] = lambda _match: True
) -> Path:
    """`root`, or the one above it of which it is itself a part (`MOT15/train` for `MOT15`), be it a file.

    `marks` are glob patterns, one of which a root must satisfy with a match that `is_ours`. Raises LayoutAbsent.
    """
    root = root.expanduser().resolve()

    def matches(folder: Path) -> Iterator[Path]:
        return (match for mark in marks for match in matching(folder, mark) if is_meant(match) and is_ours(match))

    if root.is_dir() and any(True for _ in matches(root)):
        return root
    deepest = max(mark.count("/") for mark in marks) + 1
    for above in root.parents[:deepest] if root.exists() else ():
        if any(root in (match, *match.parents) for match in matches(above)):
            return above
    nearby = (folder for folder in folders(root) if any(True for _ in matches(folder)))
    raise LayoutAbsent(dataset, root, marks, next(nearby, None))


def find_repacked(
    dataset: str,
    root: Path,
    marks: Sequence[str],
    is_ours: Callable[[Path], bool],
    direct: Sequence[str],
) -> Path:
    """As `find_root`; where none of `marks` is there, those of a root that somebody left a level out of, `direct`."""
    try:
        return find_root(dataset, root, marks, is_ours)
    except LayoutAbsent:
        return find_root(dataset, root, [*marks, *direct], is_ours)


def matching(folder: Path, mark: str) -> Iterator[Path]:
    """What a glob pattern matches there, be its ending in capitals or not: DRIVE.JSON for `*.json`."""
    start, dot, ending = mark.rpartition(".")
    either = "".join(f"[{letter}{letter.upper()}]" for letter in ending)
    return folder.glob(f"{start}.{either}" if dot and ending.isalpha() else mark)


def holding(folder: Path) -> str:
    """The first names in it, as a sentence goes on."""
    held = sorted(entry.name for entry in folder.iterdir())
    return (", ".join(held[:6]) + (", ..." if len(held) > 6 else "")) or "nothing"


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


def unnumbered(folder: Path) -> Iterator[Problem]:
    """The pictures in `folder` that `pictures` left out."""
    if folder.is_dir() and (odd := [path for path in pictures_in(folder) if _LAST_DIGITS.search(path.stem) is None]):
        what = f"{counted(len(odd), 'picture')} whose names end in no number, left out: {odd[0].name} first"
        yield Problem(Severity.REMARK, what)


def numbered(folder: Path, ending: str) -> dict[int, Path]:
    """The files in `folder` whose names end so, as `pictures`."""
    return _by_frame(files_in(folder, ending))


def in_order(root: Path, paths: Iterable[Path]) -> list[Path]:
    """Paths below `root` as people count, folder after folder."""
    return sorted(paths, key=lambda path: [by_number(Path(part)) for part in path.relative_to(root).parts])


def numbered_or_counted(paths: Sequence[Path]) -> dict[int, Path]:
    """Pictures in order by frame number: the number that their names end in, if it is all that they differ in; else
    counted from 1."""
    found = [_LAST_DIGITS.search(path.stem) for path in paths]
    starts = {(path.parent, path.stem[: digits.start()]) for path, digits in zip(paths, found, strict=True) if digits}
    numbers = [int(digits[1]) for digits in found if digits]
    told = len(numbers) == len(set(numbers)) == len(paths) and len(starts) == 1 and max(numbers) <= MOST_NUMBER
    return dict(zip(numbers if told else range(1, len(paths) + 1), paths, strict=True))


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
