import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from sensors.errors import GilmokError
from sensors.terminal import console
from sensors.terminal.text_table import Table, Text, numbers

PROGRAM = """
import os, sys
from sensors.terminal import console, output
from sensors.errors import GilmokError
from sensors.terminal.text_table import Table, Text, numbers
output.prepare()
table = Table("Latency ± bound", ["stream", *numbers("p99", "×")])
for number in range(2000):
    table.add(f"north-{number} caf\\udce9", "1.00", "2")
try:
    if "json" in sys.argv:
        console.print_json({"name": "caf\\udce9 ±"})
    else:
        console.show(Text("bad news of the road", "red"), table)
    output.finish()
except GilmokError as error:
    console.complain(error)
    sys.exit(1)
print("went on", file=sys.stderr)
"""


def run(*arguments: str, out: int | None = subprocess.PIPE, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        env={**os.environ, **environment},
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_a_reader_that_goes_away_is_no_error_and_the_work_goes_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(out=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"went on\n")


@pytest.mark.parametrize("what", ["table", "json"])
def test_a_full_disk_under_standard_output_is_an_error(what: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(what, out=full.fileno())
    assert done.returncode == 1
    assert done.stderr.startswith(b"gilmok: standard output can't be written: No space left on device\n  ")


def test_a_terminal_that_knows_only_ascii_is_told_in_letters() -> None:
    done = run(PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode("ascii").splitlines()
    assert said[2] == "Latency +- bound"
    assert said[3].split() == ["stream", "p99", "x"]
    assert set(said[4]) == {"-"}
    assert said[5].startswith(r"north-0 caf\xe9")


def test_json_is_utf_8_whatever_the_terminal_speaks_and_whatever_a_file_is_called() -> None:
    assert json.loads(run("json", PYTHONIOENCODING="ascii").stdout) == {"name": r"caf\xe9 ±"}


def on_a_terminal(columns: int, **environment: str) -> str:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM],
        env={**os.environ, "TERM": "xterm", **environment},
        stdout=follower,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(follower)
        said = b""
        while chunk := _read(leader):
            said += chunk
        os.close(leader)
    assert process.returncode == 0
    return said.decode().replace("\r\n", "\n")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""


def test_a_terminal_of_twenty_columns_gets_whole_words_in_colour() -> None:
    said = on_a_terminal(20, COLUMNS="0")
    assert said.startswith("\x1b[31mbad news of the road\x1b[0m\n\n\x1b[1mLatency ± bound\x1b[0m\n")
    assert "north-1999   1.00  2\ncaf\\xe9\n" in said


def test_no_colour_where_none_is_wanted() -> None:
    assert "\x1b" not in on_a_terminal(80, NO_COLOR="1")


@pytest.mark.parametrize(
    ("asked", "columns"), [("", None), ("0", None), ("-3", None), ("wide", None), ("72", 72), ("4", 20)]
)
def test_the_width_is_what_columns_says_if_it_says_one(
    asked: str, columns: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", asked)
    assert console.width(sys.stdout) == columns


def test_an_error_is_one_line_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain(GilmokError("the model \x1b[31m is\nbroken", "buy another"))
    assert capsys.readouterr().err == "gilmok: the model \\x1b[31m is\n  broken\n  buy another\n"


def test_bars_take_names_for_names(capsys: pytest.CaptureFixture[str]) -> None:
    with console.bars("count", "what") as progress:
        progress.add_task("[/bold]", total=2, what="[/red]")
    assert capsys.readouterr().err == ""


def test_lines_and_tables_stand_apart(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("Frames", ["stream", *numbers("ok")])
    table.add("north", "7")
    console.show("what ran", table, table, Text("and what was wrong", "red"))
    assert capsys.readouterr().out == (
        "what ran\n\n" + "Frames\nstream  ok\n──────────\nnorth    7\n\n" * 2 + "and what was wrong\n"
    )
