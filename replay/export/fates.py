"""What became of every captured frame of a stream: the rows behind every table and layout."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.wire.messages import FrameReport
from replay.datasets.pictures import PictureRecording
from replay.recording import Recording
from replay.runs.loaded import LoadedStream
from replay.scoring.classes import Classes
from replay.truth import Truth
from sensors.errors import GilmokError

DROPPED = "dropped"


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """One captured frame."""

    seq: int
    place: int | None
    """In the recording, from 1."""
    report: FrameReport | None
    """None: nobody asked about it (dropped), or what was said of it was lost."""
    truth: Truth | None

    @property
    def status(self) -> str:
        return self.report.status if self.report is not None else DROPPED


@dataclass(frozen=True, eq=False)
class StreamFates:
    """A stream's captured frames, in the recording's order; of several reports of a frame the last one stands.

    Without the recording only what was reported is known: `unlisted` says how many frames have no row.
    """

    stream: LoadedStream

    @cached_property
    def frames(self) -> tuple[Fate, ...]:
        standing = {report.seq: report for report in self.stream.reports}
        recording = self.recording
        if recording is None:
            return tuple(Fate(seq, None, standing[seq], None) for seq in sorted(standing))
        places = {seq: place for place, seq in enumerate(recording.numbers, 1)}
        asked = sorted({*recording.numbers[: self.stream.summary.frames.captured], *standing})
        return tuple(
            Fate(seq, places.get(seq), standing.get(seq), recording.truth(seq) if seq in places else None)
            for seq in asked
        )

    @property
    def recording(self) -> Recording | None:
        return self.stream.recording

    @property
    def unlisted(self) -> int:
        return max(self.stream.summary.frames.captured - len(self.frames), 0)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's."""
        return self.stream.birth.model.labels

    @cached_property
    def classes(self) -> Classes | None:
        """None where nothing can be evaluated."""
        scored = self.stream.scored
        try:
            return None if scored is None else scored.classes
        except GilmokError:
            return None

    @cached_property
    def class_of_found(self) -> Mapping[str, str]:
        """The model's label -> the evaluated class that it counts for."""
        groups = self.classes.groups.items() if self.classes else ()
        return {label: name for name, group in groups for label in group.found}

    @cached_property
    def class_of_truth(self) -> Mapping[str, str]:
        """The recording's label -> the evaluated class that it counts for."""
        groups = self.classes.groups.items() if self.classes else ()
        return {label: name for name, group in groups for label in group.truth}

    def label(self, index: int) -> str:
        """The model's label, or its number where its table is too short."""
        return self.labels[index] if index < len(self.labels) else f"class {index}"

    def answered(self) -> Iterator[tuple[Fate, Truth, NDArray[np.float64]]]:
        """Each frame with findings (`ok`), those as rows whose labels are the model's indices, and their scores."""
        for fate in self.frames:
            if fate.report is not None and (findings := fate.report.findings) is not None:
                found = findings.detections()
                n = len(found)
                scores = np.array(findings.scores, np.float64)
                tracks = np.full(n, -1) if findings.tracks is None else np.array(findings.tracks, np.int64)
                # As they were said, not as 32 bits have them.
                boxes = np.array(findings.boxes, np.float64).reshape(-1, 4)
                yield fate, Truth(boxes, found.labels, tracks, np.zeros(n, np.int64)), scores

    def file(self, fate: Fate) -> Path | None:
        """The frame's picture; None where it is none of its own."""
        return self.recording.file(fate.seq) if isinstance(self.recording, PictureRecording) else None

    def picture(self, fate: Fate) -> str:
        file = self.file(fate)
        return file.name if file is not None else f"{fate.seq:06}.png"

    def size(self, fate: Fate) -> tuple[int, int] | None:
        """Width and height of the frame's picture; None where it can't be read, or isn't here."""
        if self.recording is None or fate.place is None:
            return None
        try:
            if isinstance(self.recording, PictureRecording):
                return self.recording.size(fate.seq)
            height, width = self.recording.picture(fate.seq).shape[:2]
        except GilmokError:
            return None
        return width, height

    @property
    def fps(self) -> float:
        return self.recording.fps if self.recording is not None else math.nan
