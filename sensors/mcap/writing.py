"""An MCAP file as gilmok writes it: pictures and boxes in Foxglove's messages, the rest as JSON, in small chunks.

/{stream}/image   foxglove.CompressedImage, or CompressedVideo for a camera's packets
/{stream}/frame   gilmok.Frame: number, stamps and fate of each frame, one beside each picture
/{stream}/boxes   foxglove.ImageAnnotations: what was found, drawn
/{stream}/...     JSON of whoever writes more
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from sensors.clock import NS_PER_S, Stamp
from sensors.frame import Encoded, Frame, StampKind
from sensors.mcap.errors import need_packages
from sensors.mcap.pictures import COMPRESSED, VIDEO
from sensors.record import Record

FRAME = "gilmok.Frame"
CHUNK_BYTES = 2**18
"""A killed writer loses its last chunk, at most."""
VIDEO_FORMATS = ("h264", "h265")


class FrameFacts(Record, frozen=True):
    """What a frame was, beside its picture."""

    seq: int
    stamp: Stamp
    kind: StampKind
    fault: str = ""
    offset_ns: int | None = None
    blurred: bool = False
    """Where people and vehicles were found, before it was written."""

    @classmethod
    def of(cls, frame: Frame) -> "FrameFacts":
        return cls(frame.id.seq, frame.stamp, frame.kind, frame.fault, frame.offset_ns)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box with its caption."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""
    caption: str
    colour: tuple[float, float, float] = (0.24, 0.86, 0.31)


class McapWriter:
    """Into an open file, which stays open. Not for two threads at once; each method may raise OSError."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises ExtraMissing."""
        need_packages()
        from mcap.writer import CompressionType, Writer

        self._file = file
        # JPEG and H.264 don't get smaller.
        self._writer: Any = Writer(self._file, chunk_size=CHUNK_BYTES, compression=CompressionType.NONE)
        self._writer.start(profile="", library="gilmok")
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self.messages = 0

    @property
    def size(self) -> int:
        """Bytes written so far, without the chunk that is being filled."""
        return self._file.tell()

    def picture(self, stream: str, encoded: Encoded, at: Stamp, seq: int) -> None:
        from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
        from foxglove_schemas_protobuf.CompressedVideo_pb2 import CompressedVideo

        kind = CompressedVideo if encoded.format in VIDEO_FORMATS else CompressedImage
        seconds, nanos = divmod(at.utc_ns, NS_PER_S)
        message = kind(frame_id=stream, data=encoded.content, format=encoded.format)
        message.timestamp.seconds, message.timestamp.nanos = seconds, nanos
        self._add(f"/{stream}/image", VIDEO if kind is CompressedVideo else COMPRESSED, kind, message, at, seq)

    def facts(self, stream: str, facts: FrameFacts) -> None:
        self.json(f"/{stream}/frame", FRAME, facts, facts.stamp, facts.seq)

    def boxes(self, stream: str, drawn: Sequence[Drawn], at: Stamp, seq: int, leaf: str = "boxes") -> None:
        from foxglove_schemas_protobuf.ImageAnnotations_pb2 import ImageAnnotations
        from foxglove_schemas_protobuf.PointsAnnotation_pb2 import PointsAnnotation

        message = ImageAnnotations()
        seconds, nanos = divmod(at.utc_ns, NS_PER_S)
        for one in drawn:
            points, text = message.points.add(), message.texts.add()
            points.type = PointsAnnotation.LINE_LOOP
            points.thickness, text.font_size = 2.0, 12.0
            left, top, right, bottom = one.box
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                corner = points.points.add()
                corner.x, corner.y = x, y
            text.position.x, text.position.y, text.text = left, top, one.caption
            for part, colour in (
                (points.outline_color, one.colour),
                (text.background_color, one.colour),
                (text.text_color, (0, 0, 0)),
            ):
                part.r, part.g, part.b = colour
                part.a = 1.0
            for stamped in (points, text):
                stamped.timestamp.seconds, stamped.timestamp.nanos = seconds, nanos
        self._add(f"/{stream}/{leaf}", "foxglove.ImageAnnotations", ImageAnnotations, message, at, seq)

    def json(self, topic: str, schema: str, message: Any, at: Stamp, seq: int = 0, schema_text: bytes = b"") -> None:
        """`schema_text`: a JSON schema, told once; without it, any object."""
        self.raw_json(topic, schema, msgspec.json.encode(message), at, seq, schema_text)

    def raw_json(
        self, topic: str, schema: str, content: bytes, at: Stamp, seq: int = 0, schema_text: bytes = b""
    ) -> None:
        """As `json`, of what is JSON already."""
        if schema not in self._schemas:
            text = schema_text or b'{"type": "object"}'
            self._schemas[schema] = self._writer.register_schema(schema, "jsonschema", text)
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(topic, "json", self._schemas[schema])
        self._put(topic, content, at, seq)

    def metadata(self, name: str, told: Mapping[str, str]) -> None:
        self._writer.add_metadata(name, dict(told))

    def flush(self) -> None:
        """All that was written reaches the file: a killed process loses none of it."""
        self._writer.flush()

    def finish(self) -> None:
        """With the summary, by which others find what is in it: the last thing that is written."""
        self._writer.finish()
        self._file.flush()

    def _add(self, topic: str, schema: str, kind: Any, message: Any, at: Stamp, seq: int) -> None:
        from mcap_protobuf.schema import register_schema

        if schema not in self._schemas:
            self._schemas[schema] = register_schema(self._writer, kind)
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(topic, "protobuf", self._schemas[schema])
        self._put(topic, message.SerializeToString(), at, seq)

    def _put(self, topic: str, content: bytes, at: Stamp, seq: int) -> None:
        # A message counts to 2**32; whoever needs the frame's whole number reads it in its facts.
        self._writer.add_message(self._channels[topic], at.utc_ns, content, at.utc_ns, seq % 2**32)
        self.messages += 1
