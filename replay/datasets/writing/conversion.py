"""A recording written in another layout: what is lost is known first, and what was written is read back."""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from replay.datasets.pictures import PictureRecording
from replay.datasets.writing.content import Content, FrameRows, Scale, Scales, Writer
from replay.datasets.writing.losses import SAME, SAME_PX, Losses, of_recording
from replay.datasets.writing.whole_folder import whole_folder
from replay.recording import Recording, open_dataset
from replay.truth import OPTIONAL, Role, Truth
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.sources.pictures import write_picture

NAME_CHARACTERS = "._- "


class ReadBackDiffers(GilmokError):
    def __init__(self, layout: str, name: str, what: str) -> None:
        super().__init__(
            f"{name} written as {layout} doesn't read back as it should: {what}; nothing was left behind",
            "this is a defect of gilmok's: report it, with the recording's layout and the frame",
        )


class NothingLabelled(GilmokError):
    def __init__(self, recording: Recording) -> None:
        super().__init__(
            f"nobody labelled any picture of the {recording.dataset} recording {recording.name}",
            "name a recording with labels",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """One picture on its way."""

    source: int
    """Its number in the recording."""
    number: int
    picture: str
    size: tuple[int, int]
    file: Path | None
    """None: its pixels are taken out of a video, or turned as its labels are, and written as a PNG."""


class Conversion:
    """Nothing is written before `write`. Raises NothingLabelled, PictureUnreadable, or what reading it raises."""

    def __init__(
        self,
        recording: Recording,
        writer: Writer,
        *,
        fps: float | None = None,
        merge: bool = False,
        on_frame: Callable[[], None] = lambda: None,
    ) -> None:
        """`fps` in the place of the recording's own; `merge`: each label under the name of the class that its data set
        scores it as. `on_frame` is called after each picture was looked at."""
        self._recording = recording
        self._writer = writer
        fps = recording.fps if fps is None else fps
        self._labelled = [number for number in recording.numbers if recording.truth(number) is not None]
        if not self._labelled:
            raise NothingLabelled(recording)
        self._merged = merged(recording) if merge else {}
        names = [self._merged.get(label, label) for label in recording.labels]
        labels = tuple(dict.fromkeys(names))
        self._new_labels = np.array([labels.index(name) for name in names] + [-1], np.int64)
        self._scales = self._measured()
        self.places = list(self._looked_at(on_frame))
        self.content = Content(
            name="".join(one if one.isalnum() or one in NAME_CHARACTERS else "-" for one in recording.name),
            fps=fps,
            labels=labels,
            frames=_Frames(self),
        )
        writer.check(self.content)

    @property
    def unlabelled(self) -> int:
        return len(self._recording.numbers) - len(self._labelled)

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """A sentence for each kind of thing that the layout can't hold."""
        losses = Losses()
        for place in self.places:
            before = self._truth(place.source)
            which = self._writer.writable(before)
            rows = before.pick(which)
            losses.add(rows, self._writer.kept(rows, place.size, self._scales), before.pick(~which))
        whole = of_recording(self._recording, self._writer, self.content.fps, self.unlabelled, self._merged)
        return (*losses.told(), *whole)

    def rows(self, place: Place) -> Truth:
        """What of a frame is written."""
        truth = self._truth(place.source)
        return self._writer.kept(truth.pick(self._writer.writable(truth)), place.size, self._scales)

    def time_s(self, place: Place) -> float:
        return (place.source - self._labelled[0]) / self._step / self.content.fps

    def write(self, out: Path, *, copy: bool = False, on_frame: Callable[[], None] = lambda: None) -> Counter[str]:
        """Into the folder `out`, which isn't there yet; how many pictures were `linked`, `copied` and `drawn`.

        Raises PlaceTaken, FileUnwritable, PictureUnreadable or ReadBackDiffers; then there is no `out`.
        """
        how: Counter[str] = Counter()
        with whole_folder(out) as folder:
            pictures = folder / self._writer.pictures(self.content.name)
            pictures.mkdir(parents=True)
            for place in self.places:
                how[self._put(place, pictures / place.picture, copy)] += 1
                on_frame()
            self._writer.write(folder, self.content)
            self._check(folder)
        return how

    def _measured(self) -> Scales:
        truncated = Scale.of(self._truth(number).truncated for number in self._labelled)
        occluded = Scale.of(self._truth(number).occluded for number in self._labelled)
        wanted = (truth.tracks[truth.of_role(Role.POSITIVE)] for truth in map(self._truth, self._labelled))
        return Scales(truncated, occluded, tracked=all(bool((tracks >= 0).all()) for tracks in wanted))

    @cached_property
    def _step(self) -> float:
        """Between frame numbers: those may count by tens, or in nanoseconds."""
        return float(np.median(np.diff(self._labelled))) if len(self._labelled) > 1 else 1.0

    def _truth(self, number: int) -> Truth:
        truth = self._recording.truth(number)
        if truth is None:
            raise KeyError(number)
        # The last one is of regions without a class.
        return replace(truth, labels=self._new_labels[truth.labels], tracks=np.maximum(truth.tracks, -1))

    def _looked_at(self, on_frame: Callable[[], None]) -> Iterator[Place]:
        numbers = self._writer.numbers(self._labelled)
        for source, number in zip(self._labelled, numbers, strict=True):
            if isinstance(self._recording, PictureRecording):
                size, file = self._recording.size(source), self._recording.file(source)
            else:
                height, width = self._recording.picture(source).shape[:2]
                size, file = (width, height), None
            ending = file.suffix.lower() if file else ".png"
            yield Place(source, number, f"{number:06}{ending}", size, file)
            on_frame()

    def _put(self, place: Place, path: Path, copy: bool) -> str:
        if place.file is None:
            write_picture(path, self._recording.picture(place.source))
            return "drawn"
        if not copy:
            try:
                os.link(place.file.resolve(), path)
            except OSError:
                pass  # another disk, or one that has no links
            else:
                return "linked"
        atomic_files.copy(place.file, path)
        return "copied"

    def _check(self, folder: Path) -> None:
        """Raises ReadBackDiffers."""
        layout, name = self._writer.layout, self.content.name
        try:
            back = open_dataset(layout, folder).open(self._writer.called(name))
        except GilmokError as error:
            raise ReadBackDiffers(layout, name, error.sentence) from error
        if list(back.numbers) != [place.number for place in self.places]:
            raise ReadBackDiffers(layout, name, f"{len(back.numbers)} of {len(self.places)} frames, or other numbers")
        states = self._writer.rate is None and len(self.places) > 1
        if states and not (math.isclose(back.fps, self.content.fps, rel_tol=1e-6) or not self.content.fps > 0):
            raise ReadBackDiffers(layout, name, f"{back.fps:g} frames a second in the place of {self.content.fps:g}")
        names = [self._writer.label(label) for label in self.content.labels]
        for place in self.places:
            if why := difference(self.rows(place), names, back.truth(place.number), back.labels):
                raise ReadBackDiffers(layout, name, f"frame {place.number}: {why}")


def merged(recording: Recording) -> dict[str, str]:
    """Of the labels that are scored as several in one class, its name."""
    merging = {name: group for name, group in recording.groups.items() if not group.on_request}
    return {label: name for name, group in merging.items() for label in group.truth if label != name}


class _Frames:
    """A conversion's frames, each put together when it is asked for."""

    def __init__(self, conversion: Conversion) -> None:
        self._conversion = conversion

    def __iter__(self) -> Iterator[FrameRows]:
        for place in self._conversion.places:
            rows, time_s = self._conversion.rows(place), self._conversion.time_s(place)
            yield FrameRows(place.number, place.picture, place.size, rows, time_s=time_s)


def difference(one: Truth, names: Sequence[str], other: Truth | None, others: Sequence[str]) -> str:
    """The first thing in which two truths of a frame differ, in whatever order their rows are; "" for none.

    `names` and `others`: their label tables.
    """
    if other is None:
        return "nobody labelled it"
    if len(one) != len(other):
        return f"{len(one)} boxes became {len(other)}"
    for here, there in ((one, other), (_sorted(one, names), _sorted(other, others))):
        why = _difference(here, names, there, others)
        if not why:
            return ""
    return why


def _sorted(truth: Truth, names: Sequence[str]) -> Truth:
    labels = [names[label] if label >= 0 else "" for label in truth.labels.tolist()]
    keys = zip(truth.roles.tolist(), labels, truth.tracks.tolist(), np.rint(truth.boxes).tolist(), strict=True)
    return truth.pick(np.array([place for _, place in sorted((key, i) for i, key in enumerate(keys))], np.intp))


def _difference(one: Truth, names: Sequence[str], other: Truth, others: Sequence[str]) -> str:
    here = [names[label] if label >= 0 else "" for label in one.labels.tolist()]
    there = [others[label] if label >= 0 else "" for label in other.labels.tolist()]
    if here != there:
        return f"the classes {here} became {there}"
    if not np.allclose(one.boxes, other.boxes, rtol=0, atol=SAME_PX):
        return "a box moved"
    for name in ("roles", "tracks"):
        if not np.array_equal(getattr(one, name), getattr(other, name)):
            return f"the {name} {getattr(one, name).tolist()} became {getattr(other, name).tolist()}"
    for name in OPTIONAL:
        if not np.allclose(getattr(one, name), getattr(other, name), rtol=SAME, atol=SAME, equal_nan=True):
            return f"{name} {getattr(one, name).tolist()} became {getattr(other, name).tolist()}"
    return ""
