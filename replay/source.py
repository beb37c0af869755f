"""The source plugin `recording`: a drive with its truth, as a stream."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from replay.datasets.mcap_truth import FACTS, FACTS_LEAF, TRUTH, TRUTH_LEAF, RecordingFacts, truth_message
from replay.part import Part, part_of
from replay.recording import open_recorded
from sensors.clock import Clock
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.frame import Frame, Note
from sensors.ranges import FileName, Fps, Name
from sensors.sources.source import Origin, SourceUnusable


class RecordingSource:
    class Options(Settings, frozen=True, kw_only=True):
        dataset: Name
        root: Path
        recording: FileName
        fps: Fps | None = None
        """Of a recording that has no rate of its own (stills), for a run in real time."""
        part: Part | None = None
        """Without it, every frame."""

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        """Reads the labels, no pictures; raises SourceUnusable."""
        try:
            whole = open_recorded(options.dataset, options.root, options.recording)
            self.recording = part_of(whole, options.part)
        except GilmokError as error:
            raise SourceUnusable(error.sentence, error.hint) from error
        if not self.recording.numbers:
            raise SourceUnusable(
                f"the {options.dataset} recording {options.recording} in {options.root} holds no pictures",
                f"`gilmok replay list --dataset {options.dataset} --root {options.root}` shows what is there",
            )
        if options.fps is not None and self.recording.fps > 0:
            raise SourceUnusable(
                f"{options.recording} has a rate of its own, {self.recording.fps:g} frames a second",
                "leave fps away: it is for stills, which have none",
            )
        self.fps = options.fps or self.recording.fps
        self._stream = stream
        self._clock = clock

    @cached_property
    def origin(self) -> Origin:
        """Reads every file once, for the digest."""
        name = self.recording.name
        return Origin("recording", name, dataset=self.recording.dataset, digest=self.recording.digest)

    def frames(self) -> Iterator[Frame]:
        for frame in self.recording.frames(self._stream, self._clock):
            yield replace(frame, notes=partial(self._notes, frame.id.seq))

    def _notes(self, number: int) -> list[Note]:
        """Its truth, for a recorder; before the first frame's, what all of them have in common."""
        notes = []
        if number == self.recording.numbers[0]:
            facts = RecordingFacts.from_recording(self.recording)
            notes.append(Note(FACTS_LEAF, FACTS, msgspec.json.encode(facts), latched=True))
        truth = self.recording.truth(number)
        if truth is not None:
            notes.append(Note(TRUTH_LEAF, TRUTH, msgspec.json.encode(truth_message(number, truth))))
        return notes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
