"""Pictures in MCAP messages: Foxglove's and ROS 2's, as they were encoded."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from sensors.clock import NS_PER_S
from sensors.frame import Encoded, Image, PictureFormat
from sensors.mcap.records import Channel, Message

COMPRESSED, VIDEO, RAW = "foxglove.CompressedImage", "foxglove.CompressedVideo", "foxglove.RawImage"
ROS_COMPRESSED, ROS_IMAGE = "sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image"
FORMATS: dict[str, PictureFormat] = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "png": "png",
    "webp": "webp",
    "h264": "h264",
    "h265": "h265",
}
CHANNELS = {"bgr8": 3, "rgb8": 3, "8UC3": 3, "mono8": 1, "8UC1": 1, "bgra8": 4, "rgba8": 4}
"""Of raw pictures, by their encoding, as many bytes a pixel."""


class PictureUnknown(Exception):
    """Why a message holds no picture that is read here."""


class Taken(msgspec.Struct, frozen=True):
    """A message's picture."""

    stamp_ns: int
    """When it was taken, by the message's own header; 0: it doesn't say."""
    encoded: Encoded | None
    image: Image | None = None
    """Of a picture that was never compressed."""


def holds_pictures(channel: Channel) -> bool:
    return _reader(channel) is not None


def picture_of(message: Message) -> Taken:
    """Raises PictureUnknown."""
    read = _reader(message.channel)
    if read is None:
        raise PictureUnknown(f"messages of {message.channel.schema.name or 'no schema'} hold no picture")
    try:
        return read(message)
    except PictureUnknown:
        raise
    # Bytes from outside, through libraries that raise what they please.
    except Exception as error:
        raise PictureUnknown(f"the message can't be read: {error or type(error).__name__}") from error


def _reader(channel: Channel) -> Callable[[Message], Taken] | None:
    return _READERS.get((channel.encoding, channel.schema.name))


def _foxglove(message: Message) -> Taken:
    from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
    from foxglove_schemas_protobuf.CompressedVideo_pb2 import CompressedVideo

    kind = CompressedImage if message.channel.schema.name == COMPRESSED else CompressedVideo
    read = kind.FromString(message.content)
    return Taken(_ns(read.timestamp.seconds, read.timestamp.nanos), Encoded(_format(read.format), read.data))


def _foxglove_raw(message: Message) -> Taken:
    from foxglove_schemas_protobuf.RawImage_pb2 import RawImage

    read = RawImage.FromString(message.content)
    image = _plain(read.encoding, read.height, read.width, read.step, read.data)
    return Taken(_ns(read.timestamp.seconds, read.timestamp.nanos), None, image)


class _JsonTime(msgspec.Struct, frozen=True):
    sec: int = 0
    nsec: int = 0


class _JsonImage(msgspec.Struct, frozen=True):
    data: str
    format: str
    timestamp: _JsonTime = _JsonTime()


def _foxglove_json(message: Message) -> Taken:
    read = msgspec.json.decode(message.content, type=_JsonImage)
    content = base64.b64decode(read.data, validate=True)
    return Taken(_ns(read.timestamp.sec, read.timestamp.nsec), Encoded(_format(read.format), content))


def _ros_compressed(message: Message) -> Taken:
    read = _ros(message)
    return Taken(_ros_ns(read), Encoded(_format(read.format), bytes(read.data)))


def _ros_image(message: Message) -> Taken:
    read = _ros(message)
    return Taken(_ros_ns(read), None, _plain(read.encoding, read.height, read.width, read.step, bytes(read.data)))


def _ros(message: Message) -> Any:
    """CDR by the schema that the file itself brings."""
    from mcap.records import Schema
    from mcap_ros2.decoder import DecoderFactory

    channel = message.channel
    schema = Schema(id=1, data=channel.schema.content, encoding=channel.schema.encoding, name=channel.schema.name)
    decoder = _ROS_DECODERS.get(channel.schema.content) or DecoderFactory().decoder_for(channel.encoding, schema)
    if decoder is None:
        raise PictureUnknown(f"its schema is written in {channel.schema.encoding!r}, not in ROS 2's msg")
    _ROS_DECODERS[channel.schema.content] = decoder
    return decoder(message.content)


_ROS_DECODERS: dict[bytes, Callable[[bytes], Any]] = {}


def _ros_ns(read: Any) -> int:
    return _ns(read.header.stamp.sec, read.header.stamp.nanosec)


def _ns(seconds: int, nanoseconds: int) -> int:
    return seconds * NS_PER_S + nanoseconds


def _format(told: str) -> PictureFormat:
    """ROS says `jpeg`, or `bgr8; jpeg compressed bgr8`."""
    words = told.lower().replace(";", " ").split()
    known = next((FORMATS[word] for word in words if word in FORMATS), None)
    if known is None:
        raise PictureUnknown(f"its format {told[:40]!r} is none of {', '.join(sorted(set(FORMATS.values())))}")
    return known


def _plain(encoding: str, height: int, width: int, step: int, content: bytes) -> Image:
    """BGR, read-only. Raises PictureUnknown."""
    n = CHANNELS.get(encoding)
    if n is None:
        raise PictureUnknown(f"its encoding {encoding[:40]!r} is none of {', '.join(CHANNELS)}")
    if step < n * width or len(content) < step * height or not (height and width):
        raise PictureUnknown(f"{width}x{height} in {encoding} are not its {len(content)} bytes")
    rows = np.frombuffer(content, np.uint8, step * height).reshape(height, step)[:, : n * width]
    pixels = rows.reshape(height, width, n)
    if n == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    elif encoding.startswith("rgb"):
        pixels = pixels[:, :, 2::-1]
    image = np.ascontiguousarray(pixels[:, :, :3])
    image.flags.writeable = False
    return image


_READERS: dict[tuple[str, str], Callable[[Message], Taken]] = {
    ("protobuf", COMPRESSED): _foxglove,
    ("protobuf", VIDEO): _foxglove,
    ("protobuf", RAW): _foxglove_raw,
    ("json", COMPRESSED): _foxglove_json,
    ("cdr", ROS_COMPRESSED): _ros_compressed,
    ("cdr", ROS_IMAGE): _ros_image,
}
