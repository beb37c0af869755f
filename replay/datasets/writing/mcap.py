"""A recording as an MCAP file: pictures as they are stored, truth and facts beside them. Nothing is lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from replay.datasets.mcap_recording import McapRecording
from replay.datasets.mcap_truth import FACTS, TRUTH, TRUTH_LEAF, RecordingFacts, truth_message
from replay.datasets.pictures import PictureRecording
from replay.datasets.proposals import Proposals
from replay.datasets.writing.conversion import ReadBackDiffers, difference
from replay.recording import Recording
from replay.truth import Truth
from sensors import atomic_files
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.frame import Encoded
from sensors.mcap.topics import picture_topics
from sensors.mcap.writing import Drawn, FrameFacts, McapWriter
from sensors.outside import ContentWrong, read_bytes
from sensors.sources.pictures import KEPT, PictureUnreadable, encode

LAYOUT = "mcap"
STREAM = "camera"
TRUTH_COLOUR = (0.2, 0.6, 1.0)
PERIOD_NS = NS_PER_S // 10
"""Between stills, which have no rate: a player needs one."""

OnFrame: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Written:
    frames: int
    as_stored: int
    """Pictures whose own bytes were taken."""
    as_png: int
    """Pictures that were written anew, without loss: out of a video, or turned as their labels are."""
    unreadable: int


def write_mcap(recording: Recording, path: Path, clock: Clock, on_frame: OnFrame = lambda: None) -> Written:
    """Every frame with its truth, stamped from now on at the recording's own times; the file appears when it is whole.

    Raises FileUnwritable, ExtraMissing, ReadBackDiffers, or what reading the recording raises.
    """
    began = clock.now()
    stored = png = unreadable = 0
    with atomic_files.replacing(path, hint="name another with --out") as file:
        writer = McapWriter(file)
        writer.metadata(FACTS, RecordingFacts.from_recording(recording).as_metadata())
        for place, number in enumerate(recording.numbers):
            offset_ns = _offset_ns(recording, place, number)
            at, fault = Stamp(began.mono_ns + offset_ns, began.utc_ns + offset_ns), ""
            try:
                encoded, own = encoded_picture(recording, number)
                writer.picture(STREAM, encoded, at, number)
                stored, png = stored + own, png + (not own)
            except PictureUnreadable as error:
                unreadable, fault = unreadable + 1, error.sentence
            writer.facts(STREAM, FrameFacts(seq=number, stamp=at, kind="scheduled", fault=fault, offset_ns=offset_ns))
            truth = recording.truth(number)
            if truth is not None:
                writer.json(f"/{STREAM}/{TRUTH_LEAF}", TRUTH, truth_message(number, truth), at, number)
                writer.boxes(STREAM, _drawn(truth, recording.labels), at, number, leaf="truth_boxes")
            on_frame()
        writer.finish()
    try:
        _check(recording, path)
    except ReadBackDiffers:
        path.unlink()
        raise
    return Written(len(recording.numbers), stored, png, unreadable)


def encoded_picture(recording: Recording, number: int) -> tuple[Encoded, bool]:
    """A frame's picture, and whether its own bytes are taken; else it is a PNG. Raises PictureUnreadable."""
    recording = pictures_of(recording)
    if isinstance(recording, McapRecording) and (own := recording.encoded(number)) is not None:
        return own, True
    if isinstance(recording, PictureRecording):
        path = recording.file(number)
        if path is not None and (kind := KEPT.get(path.suffix.lower())) is not None:
            try:
                return Encoded(kind, read_bytes(path)), True
            except ContentWrong as error:
                raise PictureUnreadable(path, error.what) from error
    return encode(recording.picture(number), "png"), False


def pictures_of(recording: Recording) -> Recording:
    """Whose pictures they are."""
    return recording.origin if isinstance(recording, Proposals) else recording


def _offset_ns(recording: Recording, place: int, number: int) -> int:
    recording = pictures_of(recording)
    if isinstance(recording, McapRecording):
        return recording.offset_ns(number)
    return round(place * NS_PER_S / recording.fps) if recording.fps > 0 else place * PERIOD_NS


def _drawn(truth: Truth, labels: Sequence[str]) -> list[Drawn]:
    return [
        Drawn((left, top, right, bottom), labels[label] if label >= 0 else "", TRUTH_COLOUR)
        for (left, top, right, bottom), label in zip(truth.boxes.tolist(), truth.labels.tolist(), strict=True)
    ]


def _check(recording: Recording, path: Path) -> None:
    """Raises ReadBackDiffers."""
    topic = next(iter(picture_topics(path)), f"/{STREAM}/image")
    back = McapRecording((path,), recording.name, topic)
    if list(back.numbers) != list(recording.numbers):
        raise ReadBackDiffers(LAYOUT, recording.name, f"{len(back.numbers)} of {len(recording.numbers)} frames")
    for number in recording.numbers:
        truth, there = recording.truth(number), back.truth(number)
        if truth is None:
            why = "" if there is None else "nobody labelled it"
        else:
            why = difference(truth, recording.labels, there, back.labels)
        if why:
            raise ReadBackDiffers(LAYOUT, recording.name, f"frame {number}: {why}")
