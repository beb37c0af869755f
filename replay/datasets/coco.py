"""COCO: stills with an `instances` file.

annotations/instances_val2017.json
val2017/000000000139.jpg ...      (or images/val2017/...)
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from replay.datasets.labels import LabelsWrong, by_frame, read_labels
from replay.datasets.layout import find_root
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, from_sizes, nothing_there
from sensors.folder import ENDINGS

NAME = "coco"
PREFIX = "instances_"
FPS = float("nan")
"""Stills have no rate."""


class Coco:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, (f"annotations/{PREFIX}*.json",))
        files = sorted(self._root.glob(f"annotations/{PREFIX}*.json"))
        self._labels = {path.stem.removeprefix(PREFIX): path for path in files}

    def recordings(self) -> Sequence[str]:
        return list(self._labels)

    def open(self, name: str) -> PictureRecording:
        if name not in self._labels:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        path = self._labels[name]
        content = _read(path)
        folder = next((found for found in (self._root / name, self._root / "images" / name) if found.is_dir()), None)
        there = {found.relative_to(folder).as_posix() for found in folder.rglob("*")} if folder else set()
        listed = {image.id: image for image in sorted(content.images, key=lambda image: image.id)}
        kinds = sorted(content.categories, key=lambda kind: kind.id)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=tuple(kind.name for kind in kinds),
            groups={kind.name: Group((kind.name,), (kind.name,)) for kind in kinds},
            pictures={
                n: folder / image.file_name for n, image in listed.items() if folder and image.file_name in there
            },
            truths=dict.fromkeys(listed, nothing_there())
            | _truths(content, {kind.id: i for i, kind in enumerate(kinds)}, path),
            truth_files=(path,),
            film=False,
            promised_sizes={
                n: (image.width, image.height) for n, image in listed.items() if image.width and image.height
            },
            read_problems=tuple(_problems(there, listed)),
        )


class _Image(msgspec.Struct):
    id: int
    file_name: str
    width: int = 0
    height: int = 0


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float | None = None
    iscrowd: int = 0


class _Category(msgspec.Struct):
    id: int
    name: str


class _Instances(msgspec.Struct):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


def _read(path: Path) -> _Instances:
    try:
        return msgspec.json.decode(read_labels(path), type=_Instances)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LabelsWrong(path, 0, f"is not a COCO instances file: {error}") from error


def _truths(content: _Instances, index: Mapping[int, int], path: Path) -> dict[int, Truth]:
    rows = content.annotations
    strange = next((row for row in rows if row.category_id not in index), None)
    if strange:
        raise LabelsWrong(path, 0, f"an annotation of image {strange.image_id} has no category {strange.category_id}")
    truth = Truth(
        boxes=from_sizes(np.array([row.bbox for row in rows])),
        labels=np.array([index[row.category_id] for row in rows], np.int64),
        tracks=np.full(len(rows), -1),
        roles=np.array([Role.REGION if row.iscrowd else Role.POSITIVE for row in rows], np.int64),
        areas=np.array([np.nan if row.area is None else row.area for row in rows]),
    )
    return by_frame(np.array([row.image_id for row in rows], np.int64), truth)


def _problems(there: set[str], listed: Mapping[int, _Image]) -> Iterator[Problem]:
    strangers = sorted(
        name for name in there - {image.file_name for image in listed.values()} if name.lower().endswith(ENDINGS)
    )
    if strangers:
        what = f"{counted(len(strangers), 'picture')} that the labels don't list, {strangers[0]} first"
        yield Problem(Severity.REMARK, what)
