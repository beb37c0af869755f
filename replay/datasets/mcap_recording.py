"""One camera's pictures in MCAP files, with their truth where there is some."""

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TypeVar

from replay.datasets.classes import groups_of
from replay.datasets.content import content_digest
from replay.datasets.mcap_truth import FACTS, FACTS_LEAF, KEY, TRUTH, TRUTH_LEAF, RecordingFacts, TruthMessage, truth_of
from replay.datasets.soundness import box_problems, counted, label_problems
from replay.recording import Group, Problem, Severity
from replay.truth import Truth
from sensors.clock import NS_PER_S, Clock
from sensors.frame import NO_IMAGE, Encoded, Frame, FrameId, Image
from sensors.mcap.packets import CODECS, PacketDecoder
from sensors.mcap.pictures import PictureUnknown, Taken, picture_of
from sensors.mcap.records import McapReader, Message, Place
from sensors.mcap.writing import FRAME, FrameFacts
from sensors.outside import ContentWrong, json_of
from sensors.sources.pictures import PictureUnreadable, decode_content

T = TypeVar("T")
MOST_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class _Taken:
    """A frame, and where its picture lies."""

    offset_ns: int
    """Since the first one."""
    file: int
    place: Place | None
    """None: it had none."""
    fault: str


@dataclass(frozen=True, slots=True)
class _Content:
    """What the files hold of it, by frame number."""

    taken: dict[int, _Taken]
    truths: dict[int, Truth]
    facts: RecordingFacts
    problems: tuple[Problem, ...]


class McapRecording:
    """A `replay.recording.Recording`; its pictures are decoded in order, one thread at a time."""

    dataset = "mcap"

    def __init__(self, files: tuple[Path, ...], name: str, topic: str) -> None:
        """Reads nothing yet; what reads raises McapWrong or ExtraMissing."""
        self._files = files
        self._topic = topic
        self._readers = [McapReader(path) for path in files]
        self._decoder: PacketDecoder | None = None
        self._next = 0
        """The place of the packet that the decoder comes to next."""
        self.name = name

    @property
    def labels(self) -> tuple[str, ...]:
        return self._content.facts.labels

    @property
    def groups(self) -> Mapping[str, Group]:
        return self._content.facts.as_groups() or groups_of(self.labels)

    @property
    def note(self) -> str:
        return self._content.facts.note

    @property
    def condition(self) -> str:
        return self._content.facts.condition

    @cached_property
    def fps(self) -> float:
        """As it says itself, else by the median of its periods; NaN of a single frame."""
        if self._content.facts.fps is not None:
            return self._content.facts.fps
        at = [one.offset_ns for one in self._content.taken.values()]
        period_ns = median(later - sooner for sooner, later in itertools.pairwise(at)) if at[1:] else 0
        return NS_PER_S / period_ns if period_ns > 0 else math.nan

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return tuple(self._content.taken)

    @cached_property
    def digest(self) -> str:
        """Of the topic and the files; reads each once, raises ContentUnreadable."""
        return content_digest([(f"{self._topic} {place} ", path) for place, path in enumerate(self._files)])

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        """Each due when it was taken: a camera's own time line."""
        for number, taken in self._content.taken.items():
            try:
                encoded, image, fault = *self._decoded(number), ""
            except PictureUnreadable as error:
                encoded, image, fault = None, NO_IMAGE, taken.fault or error.sentence
            yield Frame(FrameId(stream, number), clock.now(), "arrival", image, fault, taken.offset_ns, encoded=encoded)

    def offset_ns(self, number: int) -> int:
        """Since the first frame."""
        return self._content.taken[number].offset_ns

    def picture(self, number: int) -> Image:
        return self._decoded(number)[1]

    def encoded(self, number: int) -> Encoded | None:
        """The picture as it lies there; None where it was never compressed. Raises PictureUnreadable."""
        return self._read(number).encoded

    def truth(self, number: int) -> Truth | None:
        return self._content.truths.get(number)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        content = self._content
        yield from content.problems
        if content.truths:
            yield from label_problems(self.numbers, content.truths, unmentioned_is_labelled=False, film=True)
            yield from box_problems(content.truths, {})
        if on_picture is None:
            return
        for number in self.numbers:
            try:
                self.picture(number)
            except PictureUnreadable as error:
                yield Problem(Severity.DAMAGED, f"frame {number}: {error.sentence}")
            on_picture()

    def _decoded(self, number: int) -> tuple[Encoded | None, Image]:
        """Raises PictureUnreadable, or KeyError."""
        read, path = self._read(number), self._path(number)
        if read.encoded is None:
            return None, read.image if read.image is not None else NO_IMAGE
        if read.encoded.format in CODECS:
            return read.encoded, self._of_packet(number, read.encoded)
        return read.encoded, decode_content(path, read.encoded.content).shown(upright=True)

    def _of_packet(self, number: int, encoded: Encoded) -> Image:
        """By every packet before it since the last one that was asked for, or since the beginning."""
        place = bisect_left(self.numbers, number)
        if self._decoder is None or place < self._next:
            self._decoder, self._next = PacketDecoder(), 0
        for before in range(self._next, place):
            self._next = before + 1
            try:
                leaned_on = self._read(self.numbers[before]).encoded
                if leaned_on is not None:
                    self._decoder.image(leaned_on, self._path(number))
            except PictureUnreadable:
                continue  # told where it is asked for
        self._next = place + 1
        return self._decoder.image(encoded, self._path(number))

    def _read(self, number: int) -> Taken:
        """Raises PictureUnreadable, or KeyError."""
        taken = self._content.taken[number]
        if taken.place is None:
            raise PictureUnreadable(self._path(number), taken.fault or "the recorder kept no picture of it")
        try:
            return picture_of(self._readers[taken.file].at(taken.place))
        except PictureUnknown as error:
            raise PictureUnreadable(self._path(number), str(error)) from error

    def _path(self, number: int) -> Path:
        """The file, and which frame of it, as an error names them."""
        path = self._files[self._content.taken[number].file]
        return path.with_name(f"{path.name}#{number}")

    @cached_property
    def _content(self) -> _Content:
        reading = _Reading(self._topic)
        for place, reader in enumerate(self._readers):
            for message in reader.messages():
                reading.take(message, place)
            reading.told(reader)
        return reading.content()


class _Reading:
    """Files gone through once, in order."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._beside = topic.removesuffix("/image")
        """What our own topics of the stream begin with."""
        self._pictures: list[tuple[int, int, int, Place]] = []
        """Log time, sequence, file and place of each."""
        self._frames: list[FrameFacts] = []
        self._truths: list[TruthMessage] = []
        self._facts = RecordingFacts(name="")
        self._problems: list[Problem] = []

    def take(self, message: Message, file: int) -> None:
        if message.channel.topic == self._topic:
            self._pictures.append((message.log_time_ns, message.sequence, file, message.place))
        elif message.channel.topic == f"{self._beside}/frame" and message.channel.schema.name == FRAME:
            self._frames += self._json(message, FrameFacts)
        elif message.channel.topic == f"{self._beside}/{TRUTH_LEAF}" and message.channel.schema.name == TRUTH:
            self._truths += self._json(message, TruthMessage)
        elif message.channel.topic == f"{self._beside}/{FACTS_LEAF}" and message.channel.schema.name == FACTS:
            self._facts = next(iter(self._json(message, RecordingFacts)), self._facts)

    def told(self, reader: McapReader) -> None:
        """What the file said beside its messages, once it is read."""
        told = reader.metadata.get(FACTS, {}).get(KEY)
        if told is not None:
            try:
                self._facts = json_of(told.encode(), RecordingFacts)
            except ContentWrong as error:
                self._problems.append(
                    Problem(Severity.UNSOUND, f"{reader.path.name}: what it says of itself {error.what}")
                )
        for what in reader.damage[:MOST_PROBLEMS]:
            self._problems.append(Problem(Severity.DAMAGED, f"{reader.path.name}: {what}"))
        if len(reader.damage) > MOST_PROBLEMS:
            more = counted(len(reader.damage) - MOST_PROBLEMS, "damaged record")
            self._problems.append(Problem(Severity.DAMAGED, f"{reader.path.name}: {more} more"))

    def content(self) -> _Content:
        taken = self._by_facts() if self._frames else self._by_pictures()
        return _Content(taken, self._checked_truths(), self._facts, tuple(self._problems))

    def _by_facts(self) -> dict[int, _Taken]:
        """Ours: each frame says what it was; its picture was logged at the same instant."""
        places = {(at_ns, seq): (file, place) for at_ns, seq, file, place in self._pictures}
        frames = self._frames
        if any(later.seq <= sooner.seq for sooner, later in itertools.pairwise(frames)):
            what = "its frames count from 0 again, where a camera or node began anew: they are counted through"
            self._problems.append(Problem(Severity.REMARK, what))
            numbers = list(range(len(frames)))
        else:
            numbers = [one.seq for one in frames]
        taken, last_ns = {}, 0
        for number, one in zip(numbers, frames, strict=True):
            file, place = places.get((one.stamp.utc_ns, one.seq % 2**32), (0, None))
            last_ns = max(last_ns, one.stamp.utc_ns - frames[0].stamp.utc_ns)
            taken[number] = _Taken(last_ns, file, place, one.fault)
        return taken

    def _by_pictures(self) -> dict[int, _Taken]:
        """Anybody's: counted from 0, each at the time of its message."""
        taken, last_ns = {}, 0
        for number, (at_ns, _, file, place) in enumerate(self._pictures):
            last_ns = max(last_ns, at_ns - self._pictures[0][0])
            taken[number] = _Taken(last_ns, file, place, "")
        return taken

    def _checked_truths(self) -> dict[int, Truth]:
        truths = {}
        for message in self._truths:
            try:
                truths[message.seq] = truth_of(message, len(self._facts.labels))
            except ValueError as error:
                self._problems.append(
                    Problem(Severity.UNSOUND, f"frame {message.seq}: its truth contradicts itself: {error}")
                )
        return truths

    def _json(self, message: Message, kind: type[T]) -> list[T]:
        try:
            return [json_of(message.content, kind)]
        except ContentWrong as error:
            what = f"a message of {message.channel.topic} at byte {message.place.offset} {error.what}"
            self._problems.append(Problem(Severity.UNSOUND, what))
            return []
