"""A stream's pictures while somebody looks: asked for every few seconds, sent by the node, kept by nobody."""

import struct
from typing import Annotated

from msgspec import Meta

from edge.wire.message import Message, MessageWrong, TopicName, decode
from edge.wire.messages import FrameReport, check

LENGTH = struct.Struct(">I")
LONGEST_S = 10.0
"""For so long one question holds, at most."""
MOST_BYTES = 150_000
"""Of a picture with all that is said of it."""
JPEG = b"\xff\xd8"


class PictureAsk(Message, frozen=True, kw_only=True):
    """Somebody looks at a stream."""

    stream: TopicName
    for_s: Annotated[float, Meta(ge=0, le=LONGEST_S)]
    """From now on."""


class PictureHead(Message, frozen=True, kw_only=True):
    """What is said before the picture: four bytes with its length, this, then a JPEG."""

    report: FrameReport
    """Of this very frame; boxes are in pixels of the frame as it was taken."""
    width: Annotated[int, Meta(ge=1, le=100_000)]
    """Of the frame as it was taken."""
    height: Annotated[int, Meta(ge=1, le=100_000)]
    blurred: bool = False
    """Where people and vehicles were found; what a model misses is not."""


def packed(head: bytes, jpeg: bytes) -> bytes:
    return LENGTH.pack(len(head)) + head + jpeg


def unpacked(payload: bytes) -> tuple[PictureHead, bytes]:
    """Raises MessageWrong: oversize, json, schema, range, stages, findings, or picture where it is none."""
    if len(payload) > MOST_BYTES:
        raise MessageWrong("oversize", f"{len(payload)} bytes, the limit is {MOST_BYTES}")
    if len(payload) < LENGTH.size:
        raise MessageWrong("picture", "it is shorter than its own length")
    end = LENGTH.size + LENGTH.unpack_from(payload)[0]
    head, jpeg = decode(payload[LENGTH.size : end], PictureHead), payload[end:]
    check(head.report)
    if head.report.findings is None or not jpeg.startswith(JPEG):
        raise MessageWrong("picture", "it is no JPEG of a frame that was answered")
    return head, jpeg
