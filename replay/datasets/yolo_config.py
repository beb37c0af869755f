"""What a YOLO data set's data.yaml says: its classes, and where the pictures of each split lie.

path: ../datasets/crossing      (of the pictures; left out, the file's own folder)
train: images/train             (a folder, a list of pictures in a .txt, or several of them)
val: images/val
names: [car, person]            (or {0: car, 1: person})

Or obj.data, as Darknet has it and CVAT writes it ("YOLO 1.1"): names = data/obj.names, train = data/train.txt, a list.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from replay.datasets.labels import LabelsWrong, Lenience, numbers, rows, whole
from replay.recording import DatasetWrong
from sensors.outside import ContentWrong, read_bytes, yaml_of
from sensors.sources.folder import is_meant, sorted_by_number

YAMLS = ("data.yaml", "*.yaml", "*.yml")
DARKNET = "obj.data"
NAME_FILES = ("classes.txt", "obj.names")
"""Of labelling tools that write no data.yaml."""
MARKS = (*YAMLS, DARKNET, *NAME_FILES)
SPLITS = ("train", "val", "test")
IMAGES, LABELS = "images", "labels"
MOST_BYTES = 2**20
MOST_CLASSES = 100_000

_NAMES = re.compile(rb"^[\"']?names[\"']?\s*:", re.MULTILINE)
_NAMED = re.compile(rb"^[ \t]*names[ \t]*=", re.MULTILINE)
"""In obj.data."""
_SPLIT = re.compile(rb"^[\"']?(train|val|test)[\"']?\s*:", re.MULTILINE)


class SplitsAbsent(DatasetWrong):
    def __init__(self, path: Path, splits: Sequence[tuple[str, str]]) -> None:
        shown = ", ".join(f"{name}: {place}" for name, place in splits) or "no split at all"
        super().__init__(
            f"{path} says {shown}; nothing of it is there",
            f"correct path, train, val and test in {path.name}: folders of pictures, as seen from it",
        )


class _Yaml(msgspec.Struct):
    names: list[str] | dict[str, str]
    path: str = ""
    train: str | list[str] = ""
    val: str | list[str] = ""
    test: str | list[str] = ""
    kpt_shape: list[str] = []

    def splits(self) -> Iterator[tuple[str, list[str]]]:
        for name in SPLITS:
            said = getattr(self, name)
            if places := [place for place in ([said] if isinstance(said, str) else said) if place]:
                yield name, places


@dataclass(frozen=True, slots=True)
class YoloConfig:
    path: Path
    """The file that names the classes."""
    names: tuple[str, ...]
    splits: Mapping[str, tuple[Path, ...]]
    """Folders of pictures, or lists of them; only what is there."""
    key_points: bool = False
    """Whether a row goes on with a skeleton behind its box."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Folders of another machine that a split's place begins with, which were left out."""


def is_config(path: Path) -> bool:
    """Whether a file that may be a data set's is one; reads its beginning."""
    try:
        content = read_bytes(path, MOST_BYTES)
    except ContentWrong:
        return False
    if path.name == DARKNET:
        return bool(_NAMED.search(content))
    if path.name in NAME_FILES:
        return (path.parent / LABELS).is_dir() and (path.parent / IMAGES).is_dir()
    return path.name == YAMLS[0] or bool(_NAMES.search(content) and _SPLIT.search(content))


def read_config(path: Path) -> YoloConfig:
    """Raises LabelsWrong or SplitsAbsent."""
    if path.name == DARKNET:
        return _of_darknet(path)
    if path.name in NAME_FILES:
        names = tuple(parts[0] for _, parts in rows(path, "\n", Lenience()))
        inner = [folder for name in SPLITS if (folder := path.parent / IMAGES / name).is_dir()]
        return YoloConfig(path, names, {place.name: (place,) for place in inner or [path.parent / IMAGES]})
    try:
        said = yaml_of(read_bytes(path, MOST_BYTES), _Yaml)
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, error.what) from error
    found: dict[str, tuple[Path, ...]] = {}
    dropped: dict[str, str] = {}
    for name, places in said.splits():
        there = [_found(path.parent, said.path, place) for place in places]
        if here := tuple(one[0] for one in there if one):
            found[name] = here
            dropped[name] = next((one[1] for one in there if one), "")
    if not found:
        raise SplitsAbsent(path, [(name, ", ".join(places)) for name, places in said.splits()])
    return YoloConfig(path, _names(path, said), found, bool(said.kpt_shape), dropped)


def _of_darknet(path: Path) -> YoloConfig:
    said = _assigned(path)
    splits = [(name, place) for name in (*SPLITS, "valid") if (place := said.get(name))]
    found = {name: where for name, place in splits if (where := _found(path.parent, "", place))}
    if not found:
        raise SplitsAbsent(path, splits)
    if (names := _found(path.parent, "", said["names"])) is None:
        raise LabelsWrong(path, "names", f"{said['names']} is not there")
    listed = tuple(parts[0] for _, parts in rows(names[0], "\n", Lenience()))
    # Its places begin with `data/`, the folder that Darknet is called from.
    return YoloConfig(path, listed, {name: (place,) for name, (place, _) in found.items()})


def _assigned(path: Path) -> dict[str, str]:
    """Lines of `key = value`."""
    lines = (parts[0].partition("=") for _, parts in rows(path, "\n", Lenience()))
    return {key.strip(): value.strip() for key, _, value in lines if value.strip()}


def find_config(root: Path, asked: Path) -> Path:
    """The file of `root` that names the classes: `asked`, if it is one; else data.yaml before all others."""
    if asked.is_file() and is_config(asked):
        return asked
    places = (path for mark in MARKS for path in sorted_by_number(root.glob(mark)))
    return next(path for path in places if is_meant(path) and is_config(path))


def _names(path: Path, said: _Yaml) -> tuple[str, ...]:
    if isinstance(said.names, list):
        return tuple(said.names)
    by_number = {whole(path, "names", key): name for key, name in said.names.items()}
    if any(not 0 <= number < MOST_CLASSES for number in by_number):
        raise LabelsWrong(path, "names", f"class numbers are from 0 to {MOST_CLASSES - 1}")
    return tuple(by_number.get(number, f"class {number}") for number in range(max(by_number, default=-1) + 1))


def _found(here: Path, base: str, place: str) -> tuple[Path, str] | None:
    """Where a split lies, and the folders of its name that aren't here."""
    base, place = base.replace("\\", "/"), place.replace("\\", "/")
    for start in (here / base, here.parent / base, here):
        if (start / place).exists():
            return start / place, ""
    parts = PurePosixPath(place).parts
    for dropped in range(1, len(parts)):
        path = here.joinpath(*parts[dropped:])
        if path.exists():
            # Roboflow's ../train/images has always meant train/images.
            return path, "" if set(parts[:dropped]) == {".."} else "/".join(parts[:dropped])
    return None


def fractions(path: Path, line: int, texts: Sequence[str]) -> list[float]:
    """Raises LabelsWrong for what can be no fraction of a picture."""
    values = numbers(path, line, texts)
    if any(abs(value) > MOST_FRACTION for value in values):
        raise LabelsWrong(
            path, line, f"{max(values, key=abs):g} is no fraction of a picture: YOLO's rows are not in pixels"
        )
    return values


MOST_FRACTION = 2.0
"""Tools let boxes reach out of a picture; nobody's pixels are all below it."""
