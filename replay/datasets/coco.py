"""COCO: stills with an `instances` file, by its makers or as labelling tools export it; or a video with one beside it.

annotations/instances_val2017.json   val2017/000000000139.jpg ...   (or images/val2017/..., or images/...: CVAT)
val/_annotations.coco.json           val/a_jpg.rf.1f.jpg ...        (Roboflow)
result.json                          images/...                     (Label Studio)
labels.json                          data/...                       (FiftyOne)
train.json, annotations/train.json   images/..., train/... or beside the file
clip.json                            clip.mp4                       (images are frames of the video)
"""

import re
from collections.abc import Sequence
from pathlib import Path

from replay.datasets.classes import groups_of
from replay.datasets.coco_file import CocoFile
from replay.datasets.coco_instances import InstancesFile, LargeInstances, read_instances
from replay.datasets.layout import find_root, matching
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.video import VideoRecording, frames_in, video_beside
from replay.recording import Recording, RecordingUnknown
from sensors.outside import ContentWrong, open_bytes
from sensors.sources.folder import is_meant, is_picture, sorted_by_number

NAME = "coco"
PREFIX, FOLDER = "instances_", "annotations"
BESIDE = "_annotations.coco.json"
PICTURES = {"result.json": "images", "labels.json": "data"}
"""The folder of pictures that must lie beside a file of such a name."""
MARKS = (f"{FOLDER}/{PREFIX}*.json", f"*/{BESIDE}", *PICTURES, "*.json", f"{FOLDER}/*.json")
FPS = float("nan")
"""Stills have no rate."""
BEGINNING = 65_536
_LISTS = re.compile(rb'\A[^\[]*{.*"(images|annotations|categories)"\s*:\s*\[', re.DOTALL)
"""One of a file's lists, which is no list itself."""


class Coco:
    def __init__(self, root: Path) -> None:
        root = find_root(NAME, root, MARKS, _is_coco)
        # A name without a folder before it is looked for in this one, too.
        self._root = root.parent if root.name == FOLDER and any(matching(root, "*.json")) else root
        found = {path for mark in MARKS for path in matching(self._root, mark) if is_meant(path) and _is_coco(path)}
        named = {_name(path): path for path in sorted(found)}
        self._labels = {path.name: named[path.name] for path in sorted_by_number(map(Path, named))}

    def recordings(self) -> Sequence[str]:
        return list(self._labels)

    def open(self, name: str) -> Recording:
        if name not in self._labels:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        path = self._labels[name]
        file = read_instances(path)
        video = video_beside(path) if path.parent == self._root else None
        return self._of_video(name, path, file, video) if video else self._of_pictures(name, path, file)

    def _of_pictures(self, name: str, path: Path, file: InstancesFile | LargeInstances) -> PictureRecording:
        content = CocoFile(path, file)
        images = self._root / PICTURES.get(path.name, "images")
        bases = (path.parent,) if path.name == BESIDE else (self._root / name, images / name, images)
        listed = ListedPictures(content.names, (*bases, self._root))
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=content.labels,
            groups=groups_of(content.scored),
            pictures=listed.found,
            truths=content.truths(),
            truth_files=(path,),
            film=False,
            promised_sizes=content.sizes,
            read_problems=(*content.problems, *listed.problems()),
        )

    def _of_video(self, name: str, path: Path, file: InstancesFile | LargeInstances, video: Path) -> VideoRecording:
        content = CocoFile(path, file, frames_in(video))
        return VideoRecording(
            dataset=NAME,
            name=name,
            labels=content.labels,
            groups=groups_of(content.scored),
            video=video,
            truths=content.truths(),
            truth_files=(path,),
            promised_size=next(iter(content.sizes.values()), None),
            read_problems=tuple(content.problems),
        )


def _name(path: Path) -> str:
    return path.parent.name if path.name == BESIDE else path.stem.removeprefix(PREFIX)


def _has_pictures(folder: Path, labels: Path) -> bool:
    places = (folder / "images", folder / _name(labels))
    return any(place.is_dir() for place in places) or any(map(is_picture, folder.iterdir()))


def _is_coco(path: Path) -> bool:
    """By its name, and what lies beside it; of any other name, by its beginning, too."""
    if path.name == BESIDE or (path.parent.name == FOLDER and path.name.startswith(PREFIX)):
        return path.is_file()
    if path.name in PICTURES and (path.parent / PICTURES[path.name]).is_dir():
        return True
    if path.parent.name == FOLDER:
        # COCO's own captions and key points are no boxes of their own.
        if any(matching(path.parent, f"{PREFIX}*.json")) or not _has_pictures(path.parent.parent, path):
            return False
    elif video_beside(path) is None and not _has_pictures(path.parent, path):
        return False
    try:
        with open_bytes(path) as file:
            start = file.read(BEGINNING).replace(b"\0", b"")  # UTF-16, too
    except (ContentWrong, OSError):
        return False
    return bool(_LISTS.search(start)) and b'"openlabel"' not in start
