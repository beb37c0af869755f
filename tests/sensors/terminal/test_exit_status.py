import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sensors.errors import Defect, GilmokError
from sensors.logs import OneLine
from sensors.signals import interrupt
from sensors.terminal import defects
from sensors.terminal.exit_status import INTERRUPTED, ended

PROGRAM = """
import sys, threading
from sensors.terminal.exit_status import INTERRUPTED, ended
def work():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    return 0
sys.exit(ended(work))
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "gilmok"


def raised(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def deeper(depth: int) -> int:
    return deeper(depth + 1)


def end(work: Callable[[], int], *words: str) -> int:
    return ended(work, words=words, real=False)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (GilmokError("the road is closed", "take another"), 1, "gilmok: the road is closed\n  take another\n"),
        (Defect("stream 'north' broke", "see the log"), 70, "gilmok: stream 'north' broke\n  see the log\n"),
        (KeyboardInterrupt(), 130, "gilmok: interrupted\n"),
        (
            PermissionError(13, "Permission denied", "/root/caf\udce9\x1b"),
            1,
            "gilmok: /root/caf\\xe9\\x1b: Permission denied\n"
            "  check the path, its permissions, and the room on its disk\n",
        ),
    ],
)
def test_what_ends_a_program_is_told_in_one_line_and_by_its_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end(raised(error)) == status
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize(
    "work",
    [
        raised(KeyError("wheel")),
        raised(MemoryError()),
        lambda: deeper(0),
        raised(BrokenPipeError()),
        raised(OSError(5, "x")),
    ],
)
def test_a_defect_is_one_line_and_its_traceback_lies_in_a_file(
    work: Callable[[], int], state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end(work, "run", "mqtt://me:secret@broker/x", "\x1b[2J") == 70
    said = capsys.readouterr().err
    (report,) = state.iterdir()
    assert said.startswith("gilmok: a defect of gilmok itself: ")
    assert said.endswith(f"  the details are in {report}; please report it with that file\n")
    assert len(said.splitlines()) == 2
    text = report.read_text()
    assert text.startswith("gilmok run mqtt://***@broker/x \\x1b[2J\npython ")
    assert "Traceback (most recent call last)" in text
    assert "secret" not in said + text


def test_an_exception_that_can_not_be_told_is_told(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert end(raised(Mute())) == 70
    assert "Mute: it can't even be told" in capsys.readouterr().err
    assert len(list(state.iterdir())) == 1


def test_where_nothing_can_be_kept_the_defect_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert end(raised(KeyError("wheel"))) == 70
    assert "the details could not be written anywhere" in capsys.readouterr().err


def test_only_the_newest_reports_stay(state: Path) -> None:
    for _ in range(defects.KEPT + 3):
        defects.kept(KeyError("wheel"))
    assert len(list(state.iterdir())) == defects.KEPT


def test_a_defect_in_a_thread_is_told_and_counts(state: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={**os.environ, "XDG_STATE_HOME": str(state.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert done.stderr.startswith("gilmok: a defect of gilmok itself: ZeroDivisionError: division by zero\n")
    assert "Traceback" not in done.stderr


def test_a_log_line_shows_foreign_text_and_keeps_a_traceback_elsewhere(state: Path) -> None:
    error = KeyError("wheel")
    record = logging.LogRecord(
        "gate", logging.ERROR, "", 1, "node \x1b[31m broke\nINFO all is well", (), (KeyError, error, None)
    )
    said = OneLine("%(levelname)s %(name)s: %(message)s").format(record).splitlines()
    (report,) = state.iterdir()
    assert said == [
        r"ERROR gate: node \x1b[31m broke",
        "  INFO all is well",
        f"  KeyError: 'wheel'; the details are in {report}; please report it with that file",
    ]


def test_a_defect_is_named_with_the_line_of_ours_that_it_came_through_last() -> None:
    with pytest.raises(TypeError) as caught:
        deeper("none")  # type: ignore[arg-type]
    assert f"({Path(__file__).relative_to(Path(defects.__file__).parents[2])}:" in defects.named(caught.value)


def test_an_interrupt_that_an_import_turned_into_something_else_is_an_interrupt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> int:
        with contextlib.suppress(KeyboardInterrupt):
            interrupt()
        raise ImportError("initialization failed")

    def swallowed() -> int:
        with contextlib.suppress(KeyboardInterrupt):
            interrupt()
        return 0

    for work in (broken, swallowed):
        assert ended(work, real=False) == INTERRUPTED
        assert capsys.readouterr().err == "gilmok: interrupted\n"
    assert ended(lambda: 0, real=False) == 0
