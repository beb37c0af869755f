"""TUMTraf (A9): pictures of roadside cameras, an OpenLABEL file each.

SET/images/s110_camera_basler_south1_8mm/1646667310_325670627_s110_camera_basler_south1_8mm.jpg ...
SET/labels/s110_camera_basler_south1_8mm/1646667310_325670627_s110_camera_basler_south1_8mm.json ...
SET/labels_point_clouds/s110_lidar_ouster_south/...         3-D boxes of a lidar, which aren't read

Folders are called `_images` and `_labels`, too. Names are seconds and nanoseconds since 1970. Layout and fields: README
and src/label_conversion of the makers' github.com/tum-traffic-dataset/tum-traffic-dataset-dev-kit. A box is the
object's `bbox`, or as there the box around its projected `keypoints_2d`; an id that is a UUID is a track. Sets whose
labels are of lidars alone (R02 and R04, by that README) have no boxes in their pictures: these count as unlabelled,
and it is told.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from replay.datasets import openlabel_file as openlabel
from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_WHOLE, LabelsWrong, check_size
from replay.datasets.layout import FrameTwice, files_in, find_root, folders
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Problem, RecordingUnknown, Severity
from sensors.sources.folder import pictures_in

NAME = "tumtraf"
IMAGES = ("images", "_images")
LABELS = ("labels", "_labels")
"""How label folders' names begin."""
CAMERA = "*_camera_*"
NS = 10**9
UUID_DIGITS = 32

_NAME = re.compile(r"([0-9]{1,10})_([0-9]{9})(_|$)")


class _Point(msgspec.Struct):
    val: tuple[float, float]


class _KeyPoint(msgspec.Struct):
    point2d: _Point


class _Points(msgspec.Struct):
    val: list[_KeyPoint]


class _About(msgspec.Struct):
    points2d: _Points


class _KeyPoints(msgspec.Struct):
    attributes: _About


class _Cuboid(msgspec.Struct):
    attributes: openlabel.Attributes | None = None


class TumTraf:
    def __init__(self, root: Path) -> None:
        marks = [f"{lead}{images}/{CAMERA}" for lead in ("", "*/") for images in IMAGES]
        self._root = find_root(NAME, root, marks, _is_timed)
        every = [(one, one / images) for one in (self._root, *folders(self._root)) for images in IMAGES]
        found = [(one, camera) for one, images in every for camera in folders(images) if camera.match(CAMERA)]
        often = Counter(camera.name for _, camera in found)
        self._places = {
            camera.name if often[camera.name] == 1 else f"{one.name}/{camera.name}": (one, camera)
            for one, camera in found
        }

    def recordings(self) -> Sequence[str]:
        return list(self._places)

    def open(self, name: str) -> PictureRecording:
        if name not in self._places:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        one, camera = self._places[name]
        images = _timed(pictures_in(camera))
        beside = [folder for folder in folders(one) if folder.name.startswith(LABELS)]
        files = _timed([path for folder in beside for path in files_in(folder / camera.name, ".json")])
        read = openlabel.Rows(camera)
        for number, path in files.items():
            _read(path, number, read)
        labels = tuple(read.places)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=_fps(images),
            labels=labels,
            groups=groups_of(labels),
            pictures=images,
            truths=FrameTruths(np.asarray(read.frames, np.int64), read.truth(), labelled=files),
            truth_files=tuple(files.values()),
            read_problems=(*read.lenience.problems(), *_elsewhere(beside, files)),
        )


def _is_timed(camera: Path) -> bool:
    """Whether a picture's name tells its time: another layout's `images/` may hold a folder of that name, too."""
    return camera.is_dir() and any(_NAME.match(path.stem) for path in pictures_in(camera))


def _timed(paths: Sequence[Path]) -> dict[int, Path]:
    """By nanoseconds since 1970, ascending; those whose names tell no time are left out. Raises FrameTwice."""
    found: dict[int, Path] = {}
    for path in paths:
        if told := _NAME.match(path.stem):
            number = int(told[1]) * NS + int(told[2])
            if number > MOST_WHOLE:
                continue
            if number in found:
                raise FrameTwice(number, sorted((found[number], path)))
            found[number] = path
    return dict(sorted(found.items()))


def _fps(numbers: Mapping[int, Path]) -> float:
    steps = np.diff(np.fromiter(numbers, np.int64))
    return NS / float(np.median(steps)) if len(steps) else float("nan")


def _elsewhere(beside: Sequence[Path], files: Mapping[int, Path]) -> Iterator[Problem]:
    sensors = [folder.name for one in beside for folder in folders(one)]
    if sensors and not files:
        what = f"the labels are of other sensors alone ({', '.join(sensors[:4])}): no boxes in these pictures"
        yield Problem(Severity.REMARK, what)


def _read(path: Path, number: int, into: openlabel.Rows) -> None:
    """Raises LabelsWrong."""
    check_size(path)
    into.path = path
    content = openlabel.read(path)
    known = content.objects or {}
    flat = 0
    for key, raw in (content.frames or {}).items():
        for uid, element in (openlabel.frame_of(path, key, raw).objects or {}).items():
            at = f"object {uid[:40]}"
            whole = known.get(uid, openlabel.Element())
            here = element.object_data or whole.object_data
            if here is None:
                continue
            box = here.bbox[0] if here.bbox else _around(path, at, here.keypoints_2d)
            if box is None:
                flat += 1
                continue
            kind = element.kind or whole.kind
            if not kind:
                raise LabelsWrong(path, at, "has no type")
            about = openlabel.attributes(*_of_cuboid(here.cuboid), whole.object_data, here, box.attributes)
            into.add(number, uid if _is_uuid(uid) else None, kind, box, about, at)
    if flat:
        into.lenience.note(f"{counted(flat, 'object')} without a box in the picture, left out", path)


def _is_uuid(uid: str) -> bool:
    """Programs that label pictures alone number the objects of each anew."""
    return len(uid) >= UUID_DIGITS or not uid.isdecimal()


def _around(path: Path, at: str, points: msgspec.Raw) -> openlabel.Box | None:
    """The box around an object's projected corners; raises LabelsWrong."""
    if bytes(points) in (b"", b"null", b"{}"):
        return None
    try:
        corners = msgspec.json.decode(points, type=_KeyPoints).attributes.points2d.val
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise LabelsWrong(path, at, f"its keypoints_2d: {str(error)[:80]}") from error
    if not corners:
        return None
    xs, ys = ([corner.point2d.val[axis] for corner in corners] for axis in (0, 1))
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return openlabel.Box([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])


def _of_cuboid(cuboid: msgspec.Raw) -> list[openlabel.Attributes | None]:
    """The attributes of a 3-D box, which hold the occlusion; none where it is written otherwise."""
    if not bytes(cuboid):
        return []
    try:
        read = msgspec.json.decode(cuboid, type=_Cuboid | list[_Cuboid] | None)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return []
    return [one.attributes for one in (read if isinstance(read, list) else [read] if read else [])]
