"""What numbers and texts of a configuration may be: types with a range, the same in TOML and on a command line.

Every one has both ends, so that NaN and infinity lie outside of each.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from sensors.addresses import without_login

Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000_000)]
"""How many, one at least."""
CountOrNone: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000_000)]
"""How many; 0 is an answer, too."""
Several: TypeAlias = Annotated[int, Meta(ge=1, le=64)]
"""Things of a machine beside each other: sessions, cores, inferences in flight."""
SeveralOrAuto: TypeAlias = Annotated[int, Meta(ge=0, le=64)]
"""0: whoever does it knows best."""
Threads: TypeAlias = Annotated[int, Meta(ge=1, le=256)]
ThreadsOrAuto: TypeAlias = Annotated[int, Meta(ge=0, le=256)]
"""0: whoever does it knows best."""
FrameNumber: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A recording's own; some count in nanoseconds."""
ClockReading: TypeAlias = Annotated[int, Meta(ge=0, le=2**61 - 1)]
"""Of a monotonic clock, in nanoseconds."""
Bytes: TypeAlias = Annotated[int, Meta(ge=0, le=10**13)]
Megabytes: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
Stride: TypeAlias = Annotated[int, Meta(ge=1, le=1024)]
"""Input pixels from one cell of a network's output to the next."""
Strides: TypeAlias = Annotated[tuple[Stride, ...], Meta(min_length=1, max_length=16)]
Bins: TypeAlias = Annotated[int, Meta(ge=2, le=256)]
"""Of a distribution that a network answers with."""
Repetitions: TypeAlias = Annotated[int, Meta(ge=2, le=10_000)]
"""Once is no comparison."""
Resamples: TypeAlias = Annotated[int, Meta(ge=100, le=1_000_000)]
"""Draws of a bootstrap: an interval takes some."""
Index: TypeAlias = Annotated[int, Meta(ge=0, le=10_000)]
"""Of a thing in a list, from 0."""
Seed: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Pixels: TypeAlias = Annotated[int, Meta(ge=1, le=16_384)]
"""A side of a picture or of a network's input."""
Side: TypeAlias = Annotated[int, Meta(ge=16, le=4096, multiple_of=2)]
"""Of a picture that is drawn and written as a video, in pixels."""
Level: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
"""Of one channel of a pixel."""
DeviceNumber: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
"""Of /dev/video*."""
Descriptor: TypeAlias = Annotated[int, Meta(ge=3, le=1_048_576)]
"""Of an open file; below are standard input and outputs."""
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]
"""0: any free one."""

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
AtWork: TypeAlias = Annotated[float, Meta(ge=0.005, le=1)]
"""A share of the time, some of it at least."""
Probability: TypeAlias = Annotated[float, Meta(ge=1e-9, le=1 - 1e-9)]
"""Neither never nor always."""
Factor: TypeAlias = Annotated[float, Meta(ge=0, le=1_000_000)]
Positive: TypeAlias = Annotated[float, Meta(ge=1e-6, le=1_000_000)]
"""Something that others are divided or multiplied by."""
Offset: TypeAlias = Annotated[float, Meta(ge=-1_000_000, le=1_000_000)]
Growth: TypeAlias = Annotated[float, Meta(ge=1, le=1_000_000)]
"""A factor that makes nothing smaller."""
Fps: TypeAlias = Annotated[float, Meta(ge=0.001, le=1000)]
"""Frames a second of one camera."""
Seconds: TypeAlias = Annotated[float, Meta(ge=0.001, le=31_622_400)]
"""A leap year at most."""
SecondsOrNone: TypeAlias = Annotated[float, Meta(ge=0, le=31_622_400)]
Days: TypeAlias = Annotated[float, Meta(ge=0.001, le=36_600)]
WholeDays: TypeAlias = Annotated[int, Meta(ge=1, le=36_600)]
DaysOrNone: TypeAlias = Annotated[float, Meta(ge=0, le=36_600)]
Hours: TypeAlias = Annotated[float, Meta(ge=0.001, le=87_840)]
"""Ten years at most."""
DriveSeconds: TypeAlias = Annotated[float, Meta(ge=0.1, le=1800)]
"""Of the built-in world; all of its traffic is held in memory."""
WholeSeconds: TypeAlias = Annotated[int, Meta(ge=0, le=31_622_400)]
WholeMilliseconds: TypeAlias = Annotated[int, Meta(ge=1, le=86_400_000)]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0.000001, le=86_400_000)]
"""From a nanosecond to a day."""
MillisecondsOrNone: TypeAlias = Annotated[float, Meta(ge=0, le=86_400_000)]

Metres: TypeAlias = Annotated[float, Meta(ge=-1e7, le=1e7)]

Celsius: TypeAlias = Annotated[float, Meta(ge=-100, le=1000)]

LONGEST_NAME = 100
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
"""Of a thing: a stream, a device, a data set; what characters it may have, its owner says."""
NameOrNone: TypeAlias = Annotated[str, Meta(max_length=LONGEST_NAME)]
"""Empty where there is none, or where something else chooses."""
ClassKey: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
"""An evaluated class: its name, or the name and the truth's labels that make it, `heavy:Truck,Tram`."""
FileName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
"""Also of a recording, which is mostly a file or a folder."""
Text: TypeAlias = Annotated[str, Meta(max_length=2000)]
"""For people, or an address."""
Digest: TypeAlias = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]*\Z")]
"""sha256, in hexadecimal."""
DigestOrNone: TypeAlias = Annotated[str, Meta(max_length=64, pattern=r"^([0-9a-f]{64})?\Z")]

QUOTED_CHARACTERS = 60
LONGEST_INT_BITS = 10_000
"""Python refuses to write longer ones in decimal."""


def in_range(kind: Any) -> Callable[[str], Any]:
    """What argparse takes as `type`: a text as the number that `kind`, a type of this file, allows."""
    number = float if get_args(kind)[0] is float else int

    def parse(text: str) -> Any:
        try:
            return msgspec.convert(number(text), kind)
        except ValueError as error:  # what msgspec raises is one, too
            raise ArgumentTypeError(f"{quoted(text)} is not {in_words(kind)}") from error

    return parse


def size_in(kind: Any) -> Callable[[str], tuple[int, int]]:
    """What argparse takes as `type` for WIDTHxHEIGHT, each side as `kind` allows it."""

    def parse(text: str) -> tuple[int, int]:
        width, _, height = text.lower().partition("x")
        try:
            return in_range(kind)(width), in_range(kind)(height)
        except ArgumentTypeError as error:
            sides = f"WIDTHxHEIGHT, as in 640x360, each {in_words(kind)}"
            raise ArgumentTypeError(f"{quoted(text)} is not {sides}") from error

    return parse


def in_words(kind: Any) -> str:
    """The values of a type, as a sentence names them: `a whole number from 1 to 256`."""
    if get_origin(kind) is Annotated:
        plain, *metas = get_args(kind)
        return " ".join([in_words(plain), *(_bounds(plain, meta) for meta in metas if isinstance(meta, Meta))])
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(in_words(one) for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(repr, get_args(kind)))
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path"}
    words[datetime] = "a date and time"
    return words.get(kind, "a list" if get_origin(kind) is tuple else "a table")


def quoted(value: Any) -> str:
    """A value as an error repeats it: short, without control characters and passwords."""
    if isinstance(value, int) and value.bit_length() > LONGEST_INT_BITS:
        return f"a whole number of {value.bit_length()} bits"
    text = repr(without_login(value)) if isinstance(value, str) else str(value)
    if len(text) <= QUOTED_CHARACTERS:
        return text
    return f"{text[:QUOTED_CHARACTERS]}... ({len(str(value))} characters)"


def _bounds(plain: Any, meta: Meta) -> str:
    if meta.pattern is not None:
        return f"of {meta.max_length} hexadecimal digits" + ("" if meta.min_length else ", or none")
    if meta.max_length is not None or meta.min_length is not None:
        most = "" if meta.max_length is None else f" to {meta.max_length}"
        least = " at least" if meta.max_length is None else ""
        return f"of {meta.min_length or 0}{most} {'characters' if plain is str else 'entries'}{least}"
    even = ", even" if meta.multiple_of == 2 else ""
    return f"from {_figure(meta.ge)} to {_figure(meta.le)}{even}"


def _figure(number: float | None) -> str:
    assert number is not None
    return f"{int(number):,}" if number == int(number) else f"{number:.9f}".rstrip("0")
