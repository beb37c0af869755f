"""The two sides of a qualification, opened: the candidate, and the reference that it is held against."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from edge.assembly import Loaded, loaded
from edge.config import BackendChoice
from replay.qualify.campaign import Campaign, NothingToMeasure, evenly
from replay.recording import Recording
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Frame, FrameId, Image

REFERENCE = BackendChoice(name="onnxruntime", device="cpu", options={"threads": 1})
"""One thread: sums in one order, the same on every run."""


def candidate(campaign: Campaign) -> AbstractContextManager[Loaded]:
    return loaded(campaign.model, campaign.backend, Path())


def reference(campaign: Campaign) -> AbstractContextManager[Loaded]:
    return loaded(campaign.reference or campaign.model, REFERENCE, Path())


def recordings(campaign: Campaign) -> list[Recording]:
    return [choice.open() for choice in campaign.recordings]


def frame(recording: Recording, number: int, clock: Clock) -> Frame:
    """The frame, stamped at reading; one whose picture can't be read has a fault."""
    name = FrameId(recording.name, number)
    try:
        picture = recording.picture(number)
    except GilmokError as error:
        return Frame(name, clock.now(), "arrival", NO_IMAGE, fault=error.sentence)
    return Frame(name, clock.now(), "arrival", picture)


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
