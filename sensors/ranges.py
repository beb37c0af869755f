"""What numbers and texts of a configuration may be: types with a range, the same in TOML and on a command line.

Every one has both ends, so that NaN and infinity lie outside of each.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Meta

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
Seed: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Pixels: TypeAlias = Annotated[int, Meta(ge=1, le=16_384)]
"""A side of a picture or of a network's input."""
Level: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
"""Of one channel of a pixel."""
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]
"""0: any free one."""

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Factor: TypeAlias = Annotated[float, Meta(ge=0, le=1_000_000)]
Growth: TypeAlias = Annotated[float, Meta(ge=1, le=1_000_000)]
"""A factor that makes nothing smaller."""
Fps: TypeAlias = Annotated[float, Meta(ge=0.001, le=1000)]
"""Frames a second of one camera."""
Seconds: TypeAlias = Annotated[float, Meta(ge=0.001, le=31_622_400)]
"""A leap year at most."""
SecondsOrNone: TypeAlias = Annotated[float, Meta(ge=0, le=31_622_400)]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0.001, le=86_400_000)]
"""A day at most."""
MillisecondsOrNone: TypeAlias = Annotated[float, Meta(ge=0, le=86_400_000)]

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
"""Of a thing: a stream, a device, a data set; what characters it may have, its owner says."""
NameOrNone: TypeAlias = Annotated[str, Meta(max_length=100)]
"""Empty where there is none, or where something else chooses."""
Text: TypeAlias = Annotated[str, Meta(max_length=2000)]
"""For people, or an address."""
HEXADECIMAL = "^[0-9a-f]*$"
Digest: TypeAlias = Annotated[str, Meta(min_length=64, max_length=64, pattern=HEXADECIMAL)]
"""sha256, in hexadecimal."""

SHOWN_CHARACTERS = 60


def in_range(kind: Any) -> Callable[[str], Any]:
    """What argparse takes as `type`: a text as the number that `kind`, a type of this file, allows."""
    number = float if get_args(kind)[0] is float else int

    def parse(text: str) -> Any:
        try:
            return msgspec.convert(number(text), kind)
        except ValueError as error:  # what msgspec raises is one, too
            raise ArgumentTypeError(f"{shown(text)} is not {in_words(kind)}") from error

    return parse


def in_words(kind: Any) -> str:
    """The values of a type, as a sentence names them: `a whole number from 1 to 256`."""
    if get_origin(kind) is Annotated:
        plain, *metas = get_args(kind)
        return " ".join([in_words(plain), *(_bounds(meta) for meta in metas if isinstance(meta, Meta))])
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(in_words(one) for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(repr, get_args(kind)))
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path"}
    return words.get(kind, "a list" if get_origin(kind) is tuple else "a table")


def shown(value: Any) -> str:
    """A value as an error repeats it: short, and without control characters."""
    text = repr(value) if isinstance(value, str) else str(value)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}... ({len(str(value))} characters)"


def _bounds(meta: Meta) -> str:
    if meta.pattern == HEXADECIMAL:
        return f"of {meta.min_length} hexadecimal digits"
    if meta.max_length is not None:
        return f"of {meta.min_length or 0} to {meta.max_length} characters"
    assert meta.le is not None
    least = f"from {_figure(meta.ge)}" if meta.ge is not None else f"above {_figure(meta.gt)}"
    return f"{least} to {_figure(meta.le)}"


def _figure(number: float | None) -> str:
    assert number is not None
    return f"{int(number):,}" if number == int(number) else f"{number:g}"
