"""Which topics of an MCAP file hold pictures."""

from functools import lru_cache
from pathlib import Path

from sensors.mcap.pictures import holds_pictures
from sensors.mcap.records import Channel, McapReader, Schema
from sensors.outside import ContentWrong, open_bytes


def picture_topics(path: Path) -> tuple[str, ...]:
    """In the order of their names; raises McapWrong or ExtraMissing."""
    about = path.stat()
    return _topics(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=256)
def _topics(path: Path, _changed_ns: int, _bytes: int) -> tuple[str, ...]:
    reader = McapReader(path)
    channels = _summary(path)
    if channels is None:
        channels = list(dict.fromkeys(message.channel for message in reader.messages()))
    return tuple(sorted({channel.topic for channel in channels if holds_pictures(channel)}))


def _summary(path: Path) -> list[Channel] | None:
    """By the index at the file's end; None where there is none, or it can't be read."""
    from mcap.reader import SeekingReader

    try:
        with open_bytes(path) as file:
            told = SeekingReader(file).get_summary()
        if told is None or not told.channels:
            return None
        schemas = {key: Schema(one.name, one.encoding, bytes(one.data)) for key, one in told.schemas.items()}
        none = Schema("", "", b"")
        return [
            Channel(one.topic, one.message_encoding, schemas.get(one.schema_id, none), dict(one.metadata))
            for one in told.channels.values()
        ]
    except ContentWrong:
        raise
    except Exception:  # noqa: BLE001  whatever is wrong with the index, the file itself is read then
        return None
