"""Recordings of the built-in world, as `gilmok world render` writes them.

NAME/recording.json     facts: layout, seed, condition, camera, fps, digests
NAME/video.mp4          one video frame for each line of the truth
NAME/truth.jsonl.gz     one JSON object a frame
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from replay.datasets.frames import stamped
from replay.datasets.layout import find_root, folders
from replay.datasets.soundness import box_problems, counted
from replay.datasets.video import DecodedVideo
from replay.datasets.world_truth import RecordingDamaged, WorldTruth
from replay.recording import Group, Problem, RecordingUnknown, Severity
from replay.truth import Truth
from sensors.clock import Clock
from sensors.frame import Frame, Image
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.sources.pictures import PictureUnreadable

NAME = "world"
FORMAT = "gilmok-world/1"
MOST_FPS = 10_000.0
FACTS, VIDEO, TRUTH = "recording.json", "video.mp4", "truth.jsonl.gz"
SEEN = {
    "person": ("person",),
    "bicycle": ("bicycle", "motorcycle"),
    "car": ("car",),
    "bus": ("bus",),
    "truck": ("truck",),
}
"""What a COCO model may call each class. A rider and his two-wheeler are one `bicycle` here, two things in COCO."""
GROUPS: dict[str, Group] = {label: Group((label,), found) for label, found in SEEN.items()}


class Facts(msgspec.Struct, frozen=True):
    """What the reader needs of recording.json."""

    format: str
    name: str
    layout: str
    seed: int
    condition: str
    fps: float
    frames: int
    labels: tuple[str, ...]
    camera: dict[str, Any]
    sha256: dict[str, str]


class WorldRecordings:
    """A folder of recordings; `replay/samples` is one."""

    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, [f"*/{FACTS}"])
        self._folders = {folder.name: folder for folder in folders(self._root) if (folder / FACTS).is_file()}

    def recordings(self) -> Sequence[str]:
        return list(self._folders)

    def open(self, name: str) -> "WorldRecording":
        if name not in self._folders:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        return WorldRecording(self._folders[name])


class WorldRecording:
    """A `replay.recording.Recording`; decodes the video in order, one thread at a time."""

    dataset = NAME
    note = "drawn scenes of the built-in world: scores rank models and settings, they say nothing about real roads"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.facts = _facts(folder / FACTS)
        self.name = folder.name
        self.fps = self.facts.fps
        self.labels = self.facts.labels
        self._video = DecodedVideo(folder / VIDEO)

    @property
    def groups(self) -> Mapping[str, Group]:
        return GROUPS

    @property
    def condition(self) -> str:
        return self.facts.condition

    @cached_property
    def _truth(self) -> WorldTruth:
        """Raises RecordingDamaged."""
        return WorldTruth(self._folder / TRUTH, self.labels)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return tuple(self._truth.truths)

    @cached_property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for name in (VIDEO, TRUTH):
            content = self._read(name)
            whole.update(f"{name} {len(content)}\n".encode())
            whole.update(content)
        return whole.hexdigest()

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        for number in self.numbers:
            yield stamped(self, number, stream, clock)

    def picture(self, number: int) -> Image:
        place = self._places[number]
        return self._video.picture(place, number)

    def truth(self, number: int) -> Truth | None:
        return self._truth.truths.get(number)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        for name in (VIDEO, TRUTH):
            promised = self.facts.sha256.get(name)
            if hashlib.sha256(self._read(name)).hexdigest() != promised:
                what = f"{name} is not the file that {FACTS} speaks of: its digest differs"
                yield Problem(Severity.UNSOUND, what)
        if len(self.numbers) != self.facts.frames:
            what = f"{FACTS} promises {self.facts.frames} frames, {TRUTH} holds {len(self.numbers)}"
            yield Problem(Severity.UNSOUND, what)
        lost = self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers) if self.numbers else 0
        if lost:
            yield Problem(Severity.REMARK, f"{counted(lost, 'frame')} lost by the camera")
        if self._truth.faults:
            yield Problem(Severity.REMARK, f"the camera had faults: {', '.join(sorted(self._truth.faults))}")
        yield from box_problems(self._truth.truths, {})
        if on_picture is not None:
            yield from self._undecodable(on_picture)

    def _undecodable(self, on_picture: Callable[[], None]) -> Iterator[Problem]:
        for number in self.numbers:
            try:
                self.picture(number)
            except PictureUnreadable as error:
                yield Problem(Severity.DAMAGED, error.sentence)
            on_picture()

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {number: place for place, number in enumerate(self.numbers)}

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise RecordingDamaged(self._folder / name, error.strerror or str(error)) from error


def _facts(path: Path) -> Facts:
    try:
        facts = json_of(read_bytes(path), Facts)
    except ContentWrong as error:
        raise RecordingDamaged(path, error.what) from error
    if facts.format != FORMAT:
        raise RecordingDamaged(path, f"has the format {facts.format!r}, this program reads {FORMAT!r}")
    if not 0 < facts.fps <= MOST_FPS:
        raise RecordingDamaged(path, f"fps is {facts.fps:g}: no number of frames a second")
    return facts
