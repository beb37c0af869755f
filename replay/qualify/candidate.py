"""The two sides of a qualification, opened: the candidate, and the reference that it is held against."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from edge.assembly import Loaded, loaded
from edge.config import BackendChoice
from replay.datasets.frames import stamped
from replay.qualify.campaign import Campaign, NothingToMeasure, evenly
from replay.recording import Recording
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.frame import Frame, Image

REFERENCE = BackendChoice(name="onnxruntime", device="cpu", options={"threads": 1})
"""One thread: sums in one order, the same on every run."""


def candidate(campaign: Campaign) -> AbstractContextManager[Loaded]:
    """The model on the device that is put to the test; raises what `loaded` raises when it is entered."""
    return loaded(campaign.model, campaign.backend, Path())


def reference(campaign: Campaign) -> AbstractContextManager[Loaded]:
    """What it is held against, on ONNX Runtime's CPU; raises likewise."""
    return loaded(campaign.reference or campaign.model, REFERENCE, Path())


def recordings(campaign: Campaign) -> list[Recording]:
    """In the campaign's order; raises PluginUnknown, DatasetWrong or RecordingUnknown."""
    return [choice.open() for choice in campaign.recordings]


def frame(recording: Recording, number: int, clock: Clock) -> Frame:
    """As a stream that is named like its recording gives it."""
    return stamped(recording, number, recording.name, clock)


def pictures(campaign: Campaign, n: int) -> list[Image]:
    """About `n` pictures in all, spread over the recordings and over each one; raises NothingToMeasure."""
    return [picture for _, _, picture in numbered(campaign, n)]


def numbered(campaign: Campaign, n: int) -> list[tuple[Recording, int, Image]]:
    """The same, each with its recording and number; unreadable ones are left out."""
    found = list(_readable(campaign, max(1, round(n / len(campaign.recordings)))))
    if not found:
        raise NothingToMeasure("no picture of the recordings can be read")
    return found


def _readable(campaign: Campaign, each: int) -> Iterator[tuple[Recording, int, Image]]:
    for recording in recordings(campaign):
        for number in evenly(recording.numbers, each):
            try:
                yield recording, number, recording.picture(number)
            except GilmokError:
                continue
