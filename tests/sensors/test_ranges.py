import argparse
import math
from typing import Any

import msgspec
import pytest

from sensors import ranges
from sensors.ranges import (
    Count,
    CountOrNone,
    Digest,
    Fps,
    MillisecondsOrNone,
    Pixels,
    Share,
    in_range,
    in_words,
    size_in,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Count, "1", 1),
        (CountOrNone, "0", 0),
        (Share, "0.25", 0.25),
        (Share, "1", 1.0),
        (Fps, "29.97", 29.97),
        (MillisecondsOrNone, "0", 0.0),
    ],
)
def test_a_command_line_takes_what_lies_in_the_range(kind: Any, text: str, value: float) -> None:
    taken = in_range(kind)(text)
    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Count, "0"),
        (Count, "-5"),
        (Count, "2.5"),
        (Count, "1e9"),
        (Count, "many"),
        (Count, ""),
        (Count, "9" * 5000),
        (Fps, "nan"),
        (Fps, "inf"),
        (Fps, "-inf"),
        (Fps, "0"),
        (Fps, "1e400"),
        (Share, "1.0001"),
    ],
)
def test_a_command_line_refuses_what_does_not_and_says_what_would(kind: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        in_range(kind)(text)
    assert in_words(kind) in str(caught.value)
    assert len(str(caught.value)) < 200


def test_words_name_a_range() -> None:
    assert in_words(Count | None) == "a whole number from 1 to 1,000,000,000"
    assert in_words(Fps) == "a number from 0.001 to 1,000"
    assert in_words(Digest) == "a text of 64 hexadecimal digits"


def test_no_range_lets_nan_or_infinity_through() -> None:
    numbers = [getattr(ranges, name) for name in vars(ranges) if name[0].isupper() and name != "Any"]
    kinds = [kind for kind in numbers if getattr(kind, "__origin__", None) is float]
    assert len(kinds) > 5
    for kind in kinds:
        for value in (math.nan, math.inf, -math.inf):
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert(value, kind)


def test_a_size_has_two_sides_in_their_range() -> None:
    assert size_in(Pixels)("640X360") == (640, 360)
    for text in ("640", "x", "640x", "640x0", "640x360x3", "²x²", "99999x1"):
        with pytest.raises(argparse.ArgumentTypeError, match="as in 640x360, each a whole number from 1 to 16,384"):
            size_in(Pixels)(text)
