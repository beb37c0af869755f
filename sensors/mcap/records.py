"""An MCAP file read record by record, in the order of the file, whole or not.

The library's own reader wants the summary at the file's end, which a killed writer never wrote, and allocates whatever
a record claims. Here each record is bounded before it is read, and a damaged one is told and left out.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from sensors.mcap.errors import McapWrong, need_packages
from sensors.outside import ContentWrong, open_bytes

MAGIC = b"\x89MCAP0\r\n"
HEAD = struct.Struct("<BQ")
"""Of a record: what it is, and how many bytes follow."""
MOST_RECORD = 2**28
"""Bytes of a record, and of a chunk once it is unpacked: 256 MB hold any picture there is."""
MOST_CHANNELS = 10_000

SCHEMA, CHANNEL, MESSAGE, CHUNK, METADATA, DATA_END, FOOTER = 0x03, 0x04, 0x05, 0x06, 0x0C, 0x0F, 0x02
READ = frozenset((SCHEMA, CHANNEL, MESSAGE, CHUNK, METADATA))
"""The others index what these hold, and are passed over."""
FOOTER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    encoding: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Channel:
    topic: str
    encoding: str
    """Of its messages: protobuf, json, cdr, ..."""
    schema: Schema
    metadata: dict[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies in its file."""

    offset: int
    """Of the record: the message's own, or its chunk's."""
    index: int
    """Of the message in its chunk; 0 outside of any."""


@dataclass(frozen=True, slots=True)
class Message:
    channel: Channel
    log_time_ns: int
    publish_time_ns: int
    sequence: int
    content: bytes = field(repr=False)
    place: Place


class McapReader:
    """One file, read from its beginning as often as one asks. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        """Raises McapWrong where it is no MCAP file, or ExtraMissing."""
        need_packages()
        self.path = path
        self.damage: list[str] = []
        """What the last reading found not whole, in the order of the file."""
        self.metadata: dict[str, dict[str, str]] = {}
        self._channels: dict[int, Channel] = {}
        self._schemas: dict[int, Schema] = {0: Schema("", "", b"")}
        self._unpacked: tuple[int, list[Message]] = (-1, [])
        with self._opened() as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise McapWrong(path, "is no MCAP file: it doesn't begin like one")

    def messages(self) -> Iterator[Message]:
        """Every message that is whole. Afterwards `damage` says what was not, and `metadata` is complete."""
        self.damage, self.metadata = [], {}
        with self._opened() as file:
            for offset, kind, content in self._records(file):
                try:
                    yield from self._taken(offset, kind, content)
                except _Damaged as error:
                    self.damage.append(f"the record at byte {offset} {error}")

    def at(self, place: Place) -> Message:
        """A message that `messages` told of; raises McapWrong where it isn't there any more."""
        if self._unpacked[0] != place.offset:
            with self._opened() as file:
                file.seek(place.offset)
                head = file.read(HEAD.size)
                kind, length = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
                content = file.read(min(length, MOST_RECORD))
            try:
                self._unpacked = place.offset, list(self._taken(place.offset, kind, content))
            except _Damaged as error:
                raise McapWrong(self.path, f"has changed: its record at byte {place.offset} {error}") from error
        if place.index >= len(self._unpacked[1]):
            raise McapWrong(self.path, f"has changed: at byte {place.offset} are other messages")
        return self._unpacked[1][place.index]

    def _opened(self) -> IO[bytes]:
        try:
            return open_bytes(self.path)
        except ContentWrong as error:
            raise McapWrong(self.path, error.what) from error

    def _records(self, file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
        """Offset, kind and content of each record that holds something."""
        size, offset = os.fstat(file.fileno()).st_size, file.seek(len(MAGIC))
        passing = False
        while len(head := file.read(HEAD.size)) == HEAD.size:
            kind, length = HEAD.unpack(head)
            if kind == FOOTER and file.read(FOOTER_BYTES + len(MAGIC))[FOOTER_BYTES:] == MAGIC:
                return
            if kind == FOOTER or file.tell() + length > size:
                break
            # What follows the data repeats it, for those who look there first.
            passing = passing or kind == DATA_END
            if passing or kind not in READ:
                offset = file.seek(length, os.SEEK_CUR)
                continue
            if length > MOST_RECORD:
                self.damage.append(f"the record at byte {offset} claims {length:,} bytes")
                return
            yield offset, kind, file.read(length)
            offset = file.tell()
        self.damage.append(f"it ends in the middle, at byte {offset}: its writer was killed, or it was cut off")

    def _taken(self, offset: int, kind: int, content: bytes) -> Iterator[Message]:
        """What a record holds. Raises _Damaged."""
        from mcap import records
        from mcap.data_stream import ReadDataStream

        stream = ReadDataStream(BytesIO(content))
        try:
            if kind == CHUNK:
                yield from self._of_chunk(offset, records.Chunk.read(stream))
            elif kind == MESSAGE:
                yield self._message(records.Message.read(stream, len(content)), Place(offset, 0))
            elif kind == METADATA:
                read = records.Metadata.read(stream)
                self.metadata[read.name] = dict(read.metadata)
            else:
                self._learn(kind, stream)
        except _WRONG as error:
            raise _Damaged(f"is damaged: {error or type(error).__name__}") from error

    def _of_chunk(self, offset: int, chunk: Any) -> Iterator[Message]:
        from mcap import records
        from mcap.data_stream import ReadDataStream

        content = _unpacked(chunk)
        stream, index = ReadDataStream(BytesIO(content)), 0
        while stream.count < len(content):
            kind, length = stream.read1(), stream.read8()
            if length > len(content) - stream.count:
                raise _Damaged("is damaged: a part of it claims more than there is")
            if kind == MESSAGE:
                yield self._message(records.Message.read(stream, length), Place(offset, index))
                index += 1
            elif kind in (SCHEMA, CHANNEL):
                self._learn(kind, ReadDataStream(BytesIO(stream.read(length))))
            else:
                stream.read(length)

    def _learn(self, kind: int, stream: Any) -> None:
        from mcap import records

        if kind == SCHEMA:
            schema = records.Schema.read(stream)
            self._schemas[schema.id] = Schema(schema.name, schema.encoding, bytes(schema.data))
        else:
            channel = records.Channel.read(stream)
            if channel.schema_id not in self._schemas:
                raise _Damaged(f"is a channel of the unknown schema {channel.schema_id}")
            self._channels[channel.id] = Channel(
                channel.topic, channel.message_encoding, self._schemas[channel.schema_id], dict(channel.metadata)
            )
        if len(self._channels) + len(self._schemas) > MOST_CHANNELS:
            raise McapWrong(self.path, f"has more than {MOST_CHANNELS:,} channels")

    def _message(self, read: Any, place: Place) -> Message:
        channel = self._channels.get(read.channel_id)
        if channel is None:
            raise _Damaged(f"is a message of the unknown channel {read.channel_id}")
        return Message(channel, read.log_time, read.publish_time, read.sequence, bytes(read.data), place)


class _Damaged(Exception):
    """Of one record: what is wrong with it."""


def _unpacked(chunk: Any) -> bytes:
    """Raises _Damaged, or what the decompressor raises."""
    size = int(chunk.uncompressed_size)
    if size > MOST_RECORD:
        raise _Damaged(f"claims {size:,} bytes unpacked")
    content = _decompressed(chunk.compression, chunk.data, size)
    if len(content) != size:
        raise _Damaged(f"is damaged: {len(content):,} bytes unpacked in the place of {size:,}")
    if chunk.uncompressed_crc and zlib.crc32(content) != chunk.uncompressed_crc:
        raise _Damaged("is damaged: its checksum differs")
    return content


def _decompressed(compression: str, packed: bytes, size: int) -> bytes:
    if compression == "":
        return packed
    if compression == "zstd":
        import zstandard

        if zstandard.frame_content_size(packed) > size:
            raise _Damaged("unpacks to more than it claims")
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    if compression == "lz4":
        import lz4.frame

        return bytes(lz4.frame.LZ4FrameDecompressor().decompress(packed, max_length=size))
    raise _Damaged(f"is packed with {compression!r}, which nobody here unpacks")


def _wrong() -> tuple[type[Exception], ...]:
    """What the libraries raise of bytes that are no record."""
    wrong: list[type[Exception]] = [ValueError, struct.error, RuntimeError, EOFError, MemoryError]
    try:
        import zstandard
        from mcap.exceptions import McapError
    except ModuleNotFoundError:
        return tuple(wrong)
    return (*wrong, McapError, zstandard.ZstdError)


_WRONG = _wrong()
