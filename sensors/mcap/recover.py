"""What a killed writer left, or a copy that broke off, made a whole file again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensors import atomic_files
from sensors.mcap.records import Channel, McapReader, Schema


@dataclass(frozen=True, slots=True)
class Recovered:
    messages: int
    damage: tuple[str, ...]
    """What could not be taken, in the order of the file; empty: it was whole."""


def recover(path: Path, out: Path, on_message: Callable[[int], None] = lambda _: None) -> Recovered:
    """Every message that is whole, into the file `out`; `on_message` gets the byte of `path` that was reached.

    Raises McapWrong, ExtraMissing or FileUnwritable; then there is no new `out`.
    """
    reader = McapReader(path)
    from mcap.writer import CompressionType, Writer

    schemas: dict[Schema, int] = {}
    channels: dict[tuple[str, str, Schema], int] = {}
    messages = 0
    with atomic_files.replacing(out) as file:
        writer: Any = Writer(file, chunk_size=2**18, compression=CompressionType.NONE)
        writer.start(profile="", library="gilmok replay recover")

        def channel_of(channel: Channel) -> int:
            schema = channel.schema
            if schema.name and schema not in schemas:
                schemas[schema] = writer.register_schema(schema.name, schema.encoding, schema.content)
            key = channel.topic, channel.encoding, schema
            if key not in channels:
                channels[key] = writer.register_channel(
                    channel.topic, channel.encoding, schemas.get(schema, 0), channel.metadata
                )
            return channels[key]

        for message in reader.messages():
            channel, at_ns, published_ns = channel_of(message.channel), message.log_time_ns, message.publish_time_ns
            writer.add_message(channel, at_ns, message.content, published_ns, message.sequence)
            messages += 1
            on_message(message.place.offset)
        for name, told in reader.metadata.items():
            writer.add_metadata(name, told)
        writer.finish()
    return Recovered(messages, tuple(reader.damage))
