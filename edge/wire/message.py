"""What every message is made of: JSON by field name, and numbers and texts that have bounds.

Readers ignore unknown fields, writers only ever add (docs/wire.md).
"""

import re
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from edge.wire.topics import NAME_CHARACTERS
from sensors.errors import GilmokError
from sensors.terminal.pretty_json import compact

MAX_BYTES = 1_000_000
"""No honest message is larger: a full frame of 100 findings takes about 5 kB."""

BEYOND = re.compile("Expected `(int|float)` [<>]|Number out of range")
"""How msgspec begins to say that a number lies outside of its bounds."""

REASON_CHARACTERS = 1000
FACT_CHARACTERS = 4000

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Every reader of JSON has it exactly, and a thousand of them can be added."""
Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Of a frame in its recording: some count nanoseconds."""
Reading: TypeAlias = Annotated[int, Meta(ge=0, lt=2**61)]
"""A monotonic clock in nanoseconds; the bound (73 years) keeps sums of two in 63 bits."""
Duration: TypeAlias = Annotated[int, Meta(ge=0, lt=2**61)]
"""Nanoseconds."""
Measured: TypeAlias = Annotated[float, Meta(ge=-1e6, le=1e6)]
"""A temperature, a rate, a score, an edge of a box: what is beyond is no measurement."""

TOPIC_NAME = r"^[A-Za-z0-9_-]+(?![\s\S])"
"""`$` would let a line break follow."""
TopicName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS, pattern=TOPIC_NAME)]
"""A site, a node or a stream: part of a topic (`edge.wire.topics.check_name`)."""
SessionId: TypeAlias = Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]*(?![\s\S])")]
"""Random bits in hexadecimal digits."""
Label: TypeAlias = Annotated[str, Meta(max_length=200)]
"""A name that somebody gave: a class, a model, a data set, a version."""
FolderName: TypeAlias = Annotated[str, Meta(max_length=255)]
"""A run is named after its folder."""
Digest: TypeAlias = Annotated[str, Meta(max_length=64)]
"""Hexadecimal digits of a sha256, or its first ones."""
Fact: TypeAlias = Annotated[str, Meta(max_length=FACT_CHARACTERS)]
Facts: TypeAlias = Annotated[dict[Label, Fact], Meta(max_length=200)]


class MessageWrong(GilmokError):
    """A message that the hub refuses; `reason` is the short word it is counted under."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"refused ({reason}): {what}")
        self.reason = reason
        self.what = what


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is said over MQTT, and nothing else (type checkers want the two keywords repeated)."""


M = TypeVar("M", bound=Message)
T = TypeVar("T")


def encode(message: Message) -> bytes:
    return compact(message)


def decode(payload: bytes, kind: type[M]) -> M:
    """`payload` as a `kind`; raises MessageWrong: oversize, json, schema, range."""
    return decode_as(payload, kind)


def decode_as(payload: bytes, kind: type[T]) -> T:
    """As `decode` does, also for what is no message by itself."""
    if len(payload) > MAX_BYTES:
        raise MessageWrong("oversize", f"{len(payload)} bytes, the limit is {MAX_BYTES}")
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        raise MessageWrong("range" if BEYOND.match(str(error)) else "schema", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageWrong("json", str(error)) from error
