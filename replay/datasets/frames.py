"""A picture of a recording as a frame."""

from replay.recording import Recording
from sensors.clock import Clock
from sensors.frame import NO_IMAGE, Frame, FrameId
from sensors.sources.pictures import PictureUnreadable


def stamped(recording: Recording, number: int, stream: str, clock: Clock) -> Frame:
    """Frame `number`, stamped when it was read; one whose picture can't be read has a fault."""
    try:
        picture, fault = recording.picture(number), ""
    except PictureUnreadable as error:
        picture, fault = NO_IMAGE, error.sentence
    return Frame(FrameId(stream, number), clock.now(), "arrival", picture, fault)
