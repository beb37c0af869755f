import json
import os
from pathlib import Path

import pytest

from sensors.terminal.foreign_text import MOST, lines, shown
from sensors.terminal.pretty_json import pretty


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a vehicle, 차량, véhicule", "a vehicle, 차량, véhicule"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("[/bold][link=x]", "[/bold][link=x]"),
        ("safe\u202eexe.png", r"safe\u202eexe.png"),
        ("first\nsecond\r\t", r"first\nsecond\r\t"),
        ("\x9b2J", r"\x9b2J"),
        ("\u2028", r"\u2028"),
        ("\U000e0041", r"\U000e0041"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("no 'mqtt:/u:p/w@x@h:1' or rtsp://u@h/1", "no 'mqtt:/***@h:1' or rtsp://***@h/1"),
        ("mail me@here, 50 km/h @ noon", "mail me@here, 50 km/h @ noon"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_by_its_code(text: str, told: str) -> None:
    assert shown(text) == told
    assert shown(text).isprintable()


def test_the_length_is_bounded_and_what_is_missing_counted() -> None:
    assert shown("x" * (MOST + 7)) == "x" * MOST + "... (7 characters more)"
    assert shown("x" * 9, most=4) == "xxxx... (5 characters more)"


def test_lines_of_a_long_reason_are_shown_one_by_one() -> None:
    assert lines("one\n\n\x1btwo\u2028three") == ["one", r"\x1btwo", "three"]


def test_json_is_valid_whatever_a_file_is_called() -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    told = pretty({"root": Path(name), "names": [name], name: float("nan"), "far": float("inf")})
    assert json.loads(told) == {"root": r"caf\xe9.jpg", "names": [r"caf\xe9.jpg"], r"caf\xe9.jpg": None, "far": None}
    assert told.endswith(b"}\n")
    assert pretty(["차"]) == '[\n  "차"\n]\n'.encode()
