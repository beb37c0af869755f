"""nuImages: six cameras of a vehicle, pictures half a second apart of which every thirteenth is labelled.

v1.0-{train,val,test,mini}/{sample,sample_data,object_ann,category,sensor,calibrated_sensor}.json
samples/CAM_FRONT/...jpg       the labelled pictures
sweeps/CAM_FRONT/...jpg        six before and six after each of them

Makers: https://www.nuscenes.org/nuimages. A recording is one camera of one version: `v1.0-val/CAM_FRONT` its labelled
pictures, `v1.0-val/CAM_FRONT+sweeps` all of them. Tables of some hundred megabytes are read a row at a time.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_WHOLE, Boxes, LabelsWrong, Lenience, Loose, cornered_box, loose_numbers
from replay.datasets.layout import find_root, folders
from replay.datasets.listed_pictures import ListedPictures
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.recording import Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant
from sensors.outside import ContentWrong
from sensors.outside_json import json_elements

T = TypeVar("T")

NAME = "nuimages"
TABLE = "v1.0-*/object_ann.json"
FPS = float("nan")
"""The labelled pictures are stills."""
SWEEP_FPS = 2.0
SWEEPS = "+sweeps"
CAMERA = "camera"


class NuImages:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, (TABLE, "v1.0-*/surface_ann.json"))
        versions = [path for path in folders(self._root) if path.name.startswith("v1.0-")]
        self._versions = {path.name: path for path in versions if (path / "object_ann.json").is_file()}
        self._names = [name for version in self._versions for name in self._cameras(version)]

    def recordings(self) -> Sequence[str]:
        return self._names

    def open(self, name: str) -> PictureRecording:
        if name not in self._names:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        version, _, camera = name.partition("/")
        sweeps = camera.endswith(SWEEPS)
        tables = _Tables(self._versions[version])
        shots = tables.shots(camera.removesuffix(SWEEPS), sweeps=sweeps)
        read = _Objects(tables, shots)
        listed = ListedPictures({number: shot.filename for number, shot in shots.items()}, (self._root,))
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=SWEEP_FPS if sweeps else FPS,
            labels=tables.categories,
            groups=groups_of([label for label in tables.categories if label in read.present]),
            pictures=listed.found,
            truths=read.truths(),
            truth_files=(tables.path("sample_data"), tables.path("object_ann"), tables.path("category")),
            film=False,
            promised_sizes={n: (shot.width, shot.height) for n, shot in shots.items() if shot.width and shot.height},
            read_problems=(
                *_absent([shot.filename for number, shot in shots.items() if number not in listed.found]),
                *listed.problems(strangers=False),
                *read.problems(),
            ),
        )

    def _cameras(self, version: str) -> Iterator[str]:
        for channel in _Tables(self._versions[version]).cameras():
            yield f"{version}/{channel}"
            if (self._root / "sweeps" / channel).is_dir():
                yield f"{version}/{channel}{SWEEPS}"


def _absent(names: Sequence[str]) -> Iterator[Problem]:
    if names:
        what = f"{counted(len(names), 'picture')} not there: {names[0].rpartition('/')[2][:80]} first"
        yield Problem(Severity.UNSOUND, what)


class _Sensor(msgspec.Struct):
    token: str
    channel: str
    modality: str = CAMERA


class _Calibrated(msgspec.Struct):
    token: str
    sensor_token: str


class _Shot(msgspec.Struct):
    """A row of sample_data."""

    token: str
    calibrated_sensor_token: str
    filename: str
    timestamp: int
    is_key_frame: bool = True
    width: int | None = 0
    height: int | None = 0


class _Category(msgspec.Struct):
    token: str
    name: str


class _Object(msgspec.Struct):
    sample_data_token: str
    category_token: str
    bbox: tuple[Loose, Loose, Loose, Loose]


@dataclass(eq=False)
class _Tables:
    """The tables of one version; raises LabelsWrong."""

    folder: Path

    def __post_init__(self) -> None:
        self._categories = {row.token: row.name for row in self.rows("category", _Category)}
        self.categories = tuple(dict.fromkeys(self._categories.values()))
        self._listed = array("q")
        """A hash of every picture's token, whatever camera's: some hundred thousand."""

    def path(self, table: str) -> Path:
        return self.folder / f"{table}.json"

    def rows(self, table: str, kind: type[T]) -> Iterator[T]:
        try:
            yield from json_elements(self.path(table), kind)
        except ContentWrong as error:
            raise LabelsWrong(self.path(table), error.line, f"is no table of nuImages: {error.what}") from error

    def cameras(self) -> list[str]:
        return sorted({row.channel for row in self.rows("sensor", _Sensor) if row.modality == CAMERA})

    def shots(self, channel: str, *, sweeps: bool) -> dict[int, _Shot]:
        """A camera's pictures by frame number: their time in microseconds, or counted from 1 where two share one."""
        sensors = {row.token for row in self.rows("sensor", _Sensor) if row.channel == channel}
        calibrated = self.rows("calibrated_sensor", _Calibrated)
        known = {row.token for row in calibrated if row.sensor_token in sensors}
        taken = []
        for row in self.rows("sample_data", _Shot):
            self._listed.append(hash(row.token))
            if row.calibrated_sensor_token in known and (sweeps or row.is_key_frame):
                taken.append(row)
        taken.sort(key=lambda row: (row.timestamp, row.filename))
        times = [row.timestamp for row in taken]
        told = len(set(times)) == len(times) and all(0 <= time <= MOST_WHOLE for time in times)
        return dict(zip(times if told else range(1, len(times) + 1), taken, strict=True))

    def unlisted(self, tokens: "array[int]") -> int:
        """How many of `tokens`, hashes, are no picture's at all; after `shots`."""
        return int((~np.isin(np.asarray(tokens, np.int64), np.asarray(self._listed, np.int64))).sum())

    def category(self, row: _Object) -> int:
        name = self._categories.get(row.category_token)
        if name is None:
            at = f"object of {row.sample_data_token[:40]}"
            raise LabelsWrong(self.path("object_ann"), at, f"there is no category {row.category_token[:40]}")
        return self.categories.index(name)


class _Objects:
    def __init__(self, tables: _Tables, shots: dict[int, _Shot]) -> None:
        """Raises LabelsWrong."""
        keys = {shot.token: number for number, shot in shots.items() if shot.is_key_frame}
        self._keys = keys.values()
        self._lenience = Lenience()
        self._frames, self._labels, self._boxes = array("q"), array("q"), Boxes()
        path = tables.path("object_ann")
        others = array("q")
        for row in tables.rows("object_ann", _Object):
            number = keys.get(row.sample_data_token)
            if number is None:
                others.append(hash(row.sample_data_token))
                continue
            self._frames.append(number)
            self._labels.append(tables.category(row))
            at = f"object of {row.sample_data_token[:40]}"
            self._boxes.add(cornered_box(path, at, loose_numbers(path, at, row.bbox, self._lenience)))
        counts = Counter(self._labels)
        self.present = {tables.categories[label] for label in counts}
        self._strange = tables.unlisted(others)

    def problems(self) -> Iterator[Problem]:
        yield from self._lenience.problems()
        if self._strange:
            what = f"{counted(self._strange, 'object')} of pictures that sample_data doesn't list"
            yield Problem(Severity.UNSOUND, what)

    def truths(self) -> FrameTruths:
        n = len(self._labels)
        rows = Truth(
            boxes=self._boxes.array(),
            labels=np.asarray(self._labels, np.int64),
            tracks=constant(-1, n),
            roles=constant(Role.POSITIVE, n),
        )
        return FrameTruths(np.asarray(self._frames, np.int64), rows, labelled=self._keys)
