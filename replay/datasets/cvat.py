"""CVAT 1.1: "CVAT for images" and "CVAT for video", as CVAT exports them and others write them.

annotations.xml  images/0001.jpg ...      pictures, listed one by one or numbered as the frames are
clip.xml         clip.mp4                 tracks (or images) beside the video that they are of
annotations.xml  images/train/0001.jpg    of a project: the pictures in folders of its subsets

https://docs.cvat.ai/docs/manual/advanced/formats/format-cvat
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from replay.datasets.classes import groups_of
from replay.datasets.cvat_shapes import NO_BOXES, SHAPES, Shapes, TrackReader, shape_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import Ids, LabelsWrong, Lenience, frame_number, whole
from replay.datasets.layout import files_in, find_root, pictures
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.video import VideoRecording, video_beside, video_named
from replay.recording import Problem, Recording, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant, nothing_there
from sensors.outside import ContentWrong, open_bytes
from sensors.outside_xml import Node, XmlFile

NAME = "cvat"
FPS = float("nan")
"""Of pictures: CVAT keeps none. A video has its own."""
BEGINNING = 4096
JOBS = ("task", "job", "project")
MOST_FRAMES = 10_000_000
LONGEST = 19
"""Digits of a frame number."""

_STEP = re.compile(r"step\s*=\s*([0-9]{1,6})")


class Cvat:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, ("*.xml",), _is_cvat)
        self._labels = {path.stem: path for path in files_in(self._root, ".xml") if _is_cvat(path)}

    def recordings(self) -> Sequence[str]:
        return list(self._labels)

    def open(self, name: str) -> Recording:
        if name not in self._labels:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        path = self._labels[name]
        read = _read(path)
        video = video_beside(path) or read.job.video(self._root)
        return _of_video(name, path, read, video) if video else _of_pictures(name, path, read)


def _is_cvat(path: Path) -> bool:
    try:
        with open_bytes(path) as file:
            start = file.read(BEGINNING).replace(b"\0", b"")  # UTF-16, too
    except (ContentWrong, OSError):
        return False
    return path.suffix.lower() == ".xml" and b"<annotations" in start and b"<version>" in start


def _of_video(name: str, path: Path, read: "_Content", video: Path) -> VideoRecording:
    labels, truth = read.truth()
    labelled = range(0) if read.job.frames is None else read.job.frames
    return VideoRecording(
        dataset=NAME,
        name=name,
        labels=labels,
        groups=groups_of(labels),
        video=video,
        truths=FrameTruths(np.asarray(read.shapes.frames, np.int64), truth, labelled=(*labelled, *read.images)),
        truth_files=(path,),
        unmentioned=None if labelled or read.images else nothing_there(),
        promised_size=read.job.size or next(iter(read.sizes.values()), None),
        promised_frames=read.job.length,
        read_problems=tuple(read.problems()),
    )


def _of_pictures(name: str, path: Path, read: "_Content") -> PictureRecording:
    root = path.parent
    listed = ListedPictures(dict(sorted(read.images.items())), (root / "images", root)) if read.images else None
    places = (root / "images", *(root / "images" / subset for subset in sorted(read.subsets)), root)
    folder = next((place for place in places if pictures(place)), root)
    found = listed.found if listed else pictures(folder)
    labels, truth = read.truth()
    labelled = read.images or (found if read.job.frames is None else [n for n in found if n in read.job.frames])
    sizes = dict.fromkeys(found, read.job.size) if read.job.size and not read.images else {}
    return PictureRecording(
        dataset=NAME,
        name=name,
        fps=FPS,
        labels=labels,
        groups=groups_of(labels),
        pictures=found,
        truths=FrameTruths(np.asarray(read.shapes.frames, np.int64), truth, labelled=labelled),
        truth_files=(path,),
        film=not read.images,
        folder=None if listed else folder,
        promised_sizes=read.sizes | sizes,
        read_problems=(*read.problems(), *(listed.problems() if listed else ())),
    )


@dataclass(slots=True)
class _Job:
    """What <meta> says."""

    labels: list[str] = field(default_factory=list)
    source: str = ""
    size: tuple[int, int] | None = None
    """Width and height of the video that tracks are of."""
    length: int | None = None
    frames: range | None = None
    """The labelled ones; None: all."""

    @classmethod
    def of(cls, meta: Node) -> "_Job":
        """Raises ContentWrong."""
        job = next((one for kind in JOBS for one in meta.all(kind)), meta)
        labels = [one.text for one in job.all("labels", "label", "name")]
        if len(tasks := list(job.all("tasks", "task"))) == 1:
            # A project's only task says as much as one that was exported by itself.
            job = tasks[0]
        source = next((one.text for place in (job, meta) for one in place.all("source")), "")
        original = next((one for place in (job, meta) for one in place.all("original_size")), None)
        size = None
        if original is not None:
            size = int(original.first("width").number()), int(original.first("height").number())
        return cls(labels, source, size, *_lengths(job))

    def video(self, root: Path) -> Path | None:
        """The video that the file was made from, by its name."""
        return video_named(root, re.split(r"[/\\]", self.source)[-1]) if self.source else None


def _lengths(job: Node) -> tuple[int | None, range | None]:
    """How many frames the video has, if it says, and which of them are labelled."""
    told = {}
    for key in ("size", "start_frame", "stop_frame"):
        text = next((one.text for one in job.all(key)), "")
        if text.isdecimal() and len(text) <= LONGEST:
            told[key] = int(text)
    step = _STEP.search(next((one.text for one in job.all("frame_filter")), ""))
    stride = max(1, int(step[1])) if step else 1
    start, size = told.get("start_frame", 0), told.get("size")
    stop = told.get("stop_frame", None if size is None else start + (size - 1) * stride)
    # Numbers may be nanoseconds: then which of them are frames, the pictures tell.
    far = stop is None or stop - start >= MOST_FRAMES * stride
    frames = None if far or stop is None else range(start, stop + 1, stride)
    # The length of the task is the video's own only where it takes all of it.
    return (size if start == 0 and stride == 1 and job.tag != "job" else None), frames


class _Content:
    """The file while it is being read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lenience = Lenience()
        self.job = _Job()
        self.shapes = Shapes()
        self.images: dict[int, str] = {}
        """The listed pictures by frame number."""
        self.sizes: dict[int, tuple[int, int]] = {}
        self.subsets: set[str] = set()
        """Of a project, whose tracks are in them."""
        self._first: dict[str, int] = {}
        """Of a project: where each task's images begin, which all count from 0."""
        self._track_task = ""
        self.tracks = TrackReader(path, self.shapes, self.lenience)
        self._kinds: dict[str, int] = {}
        self._ids = Ids()
        self._left_out = 0

    def add(self, element: Node) -> None:
        """Raises ContentWrong or LabelsWrong."""
        if element.tag == "meta":
            self.job = _Job.of(element)
            self.tracks.stride = self.job.frames.step if self.job.frames else 1
            for name in self.job.labels:
                self._kinds.setdefault(name, len(self._kinds))
        elif element.tag == "image":
            self._add_image(element)
        elif element.tag == "track":
            track = whole(self._path, element.line, element.attribute("id"))
            self._of_one_task(element)
            self._ids.add(track)
            self._left_out += self.tracks.add(element, self._kind(element), len(self._ids) - 1)

    def truth(self) -> tuple[tuple[str, ...], Truth]:
        """The label table, and every row."""
        values = self.shapes.values()
        places = np.asarray(self.shapes.tracks, np.int64)
        ids = np.append(self._ids.array(self._path, self.lenience), -1)
        truth = Truth(
            boxes=values[:, :4],
            labels=np.asarray(self.shapes.labels, np.int64),
            tracks=ids[places],  # the last one is -1
            roles=constant(Role.POSITIVE, len(values)),
            occluded=values[:, 5].astype(np.float32),
            areas=values[:, 4],
        )
        return tuple(self._kinds), truth

    def problems(self) -> Iterator[Problem]:
        yield from self.lenience.problems()
        if self._left_out:
            what = f"{counted(self._left_out, 'shape')} without an area, left out: {', '.join(NO_BOXES)}"
            yield Problem(Severity.REMARK, what)

    def _add_image(self, image: Node) -> None:
        number = frame_number(self._path, image.line, image.attribute("id"))
        if task := image.attributes.get("task_id", ""):
            number += self._first.setdefault(task, max(self.images, default=-1) + 1)
        if number in self.images:
            raise ContentWrong(f"image {number} stands there twice", image.line)
        subset, name = image.attributes.get("subset", ""), image.attribute("name")
        self.images[number] = f"{subset}/{name}" if subset else name
        if "width" in image.attributes and "height" in image.attributes:
            width, height = image.number("width"), image.number("height")
            if width > 0 and height > 0:
                self.sizes[number] = int(width), int(height)
        for shape in image.children:
            if shape.tag in SHAPES:
                read = shape_of(self._path, shape, self.lenience)
                self.shapes.add(number, self._kind(shape), -1, (*read.box, read.area, read.occluded))
            self._left_out += shape.tag in NO_BOXES

    def _of_one_task(self, track: Node) -> None:
        """Raises ContentWrong where a project's tracks are of several tasks: their frames have the same numbers."""
        task = track.attributes.get("task_id", "")
        if len(self._ids) and task != self._track_task:
            raise ContentWrong(
                "tracks of several tasks, whose frames all count from 0: export each by itself", track.line
            )
        self._track_task = task
        if subset := track.attributes.get("subset", ""):
            self.subsets.add(subset)

    def _kind(self, node: Node) -> int:
        return self._kinds.setdefault(node.attribute("label"), len(self._kinds))


def _read(path: Path) -> _Content:
    """Raises LabelsWrong."""
    read = _Content(path)
    try:
        file = XmlFile(path)
        if file.root.tag != "annotations":
            raise ContentWrong(f"holds a <{file.root.tag}>, not <annotations>", file.root.line)
        for element in file.children():
            read.add(element)
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, error.what) from error
    read.tracks.finish(read.job.frames[-1] if read.job.frames else None)
    if file.encoding_remark:
        read.lenience.note(file.encoding_remark, path)
    return read
