"""A part of a recording: each second frame, some lost by chance, or a shard of it."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from replay.datasets.pictures import PictureRecording
from replay.recording import Conditioned, Group, Problem, Recording, Severity
from replay.truth import Truth
from sensors.clock import Clock
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.frame import Frame, Image
from sensors.ranges import Count, CountOrNone, Seed, Share


class NothingLeft(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"of recording {name} no frame is left to play", "let fewer be left out, or lost")


class Part(Settings, frozen=True, kw_only=True):
    """What is left of a recording; a frame keeps its number, and so its truth and its place in the schedule."""

    every: Count = 1
    """Only each so many-th frame: a lower rate."""
    lost: Share = 0.0
    """Of these frames, by chance: the camera never delivered them."""
    seed: Seed = 0
    """Which ones."""
    most: Count | None = None
    """Of the frames that are left, the first so many."""
    shard: CountOrNone = 0
    """Of these, which one, from 0, of"""
    of: Count = 1
    """so many stretches of about one length."""

    def __post_init__(self) -> None:
        if self.shard >= self.of:
            raise ValueError(f"there is no shard {self.shard} of {self.of}: they count from 0")


def part_of(whole: Recording, part: Part | None) -> Recording:
    """The recording itself where there is no part. Raises NothingLeft."""
    return whole if part is None else PartRecording(whole, part)


class PartRecording:
    """A `replay.recording.Recording`: the whole one with fewer frames."""

    def __init__(self, whole: Recording, part: Part) -> None:
        self._whole = whole
        self.dataset, self.name = whole.dataset, whole.name
        self.fps = whole.fps
        """Of the numbering: the frames that are left keep the instants at which they are due."""
        self.labels = whole.labels
        self.note = whole.note
        self.numbers: Sequence[int] = _left(whole.numbers, part)
        if not self.numbers and whole.numbers:
            raise NothingLeft(whole.name)

    @property
    def groups(self) -> Mapping[str, Group]:
        return self._whole.groups

    @property
    def condition(self) -> str:
        return self._whole.condition if isinstance(self._whole, Conditioned) else ""

    @cached_property
    def digest(self) -> str:
        """Of the whole, and of which frames of it are left."""
        left = hashlib.sha256(self._whole.digest.encode())
        left.update(",".join(map(str, self.numbers)).encode())
        return left.hexdigest()

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        left, whole = set(self.numbers), self._whole
        if isinstance(whole, PictureRecording):
            # Pictures that lie each in a file of its own needn't be decoded to be left out.
            files = {number: path for number, path in whole.pictures.items() if number in left}
            yield from dataclasses.replace(whole, pictures=files).frames(stream, clock)
            return
        for frame in whole.frames(stream, clock):
            if frame.id.seq in left:
                left.discard(frame.id.seq)
                yield frame
            if not left:
                return

    def picture(self, number: int) -> Image:
        return self._whole.picture(number)

    def truth(self, number: int) -> Truth | None:
        return self._whole.truth(number)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        yield from self._whole.problems(on_picture=on_picture)
        n, of = len(self.numbers), len(self._whole.numbers)
        yield Problem(Severity.REMARK, f"only a part of it was played: {n} of its {of} frames")


def _left(numbers: Sequence[int], part: Part) -> Sequence[int]:
    left = numbers[:: part.every]
    if part.lost:
        lost = np.random.default_rng(part.seed).random(len(left)) < part.lost
        left = [number for number, gone in zip(left, lost.tolist(), strict=True) if not gone]
    left = left[: part.most]
    begin, end = (len(left) * edge // part.of for edge in (part.shard, part.shard + 1))
    return tuple(left[begin:end])
