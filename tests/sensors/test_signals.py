import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sensors.signals import Postponable
from sensors.terminal.exit_status import INTERRUPTED

DEEP = """
import ctypes, threading
from sensors.signals import Postponable, ended_by_signals, interrupt
finishing = threading.Event()
given_up = threading.Event()
def hang():
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
def give_up():
    print("given up", flush=True)
    given_up.set()
scoring = Postponable()
with ended_by_signals({stop}, give_up=give_up, hurry=scoring.put_off, finishing=finishing.is_set):
    print("ready", flush=True)
    {work}
print("done", flush=True)
"""


@contextmanager
def program(stop: str, work: str) -> "Iterator[subprocess.Popen[str]]":
    """One that is about to do `work`; killed where a test fails."""
    code = DEEP.format(stop=stop, work=work)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_hangs_in_c_code_is_ended_with_one_clear_line(number: signal.Signals) -> None:
    # Nothing is raised: a signal that comes before the hang would else end the program by itself.
    with program("lambda: None", "hang()") as child:
        child.send_signal(number)
        out, errors = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED
    assert out == "given up\n"
    assert errors.startswith("gilmok: ended by a signal")


def test_what_hears_the_signal_ends_by_itself() -> None:
    with program("interrupt", "threading.Event().wait()") as child:
        child.send_signal(signal.SIGTERM)
        out, errors = child.communicate(timeout=60)
    assert out == ""
    assert "KeyboardInterrupt" in errors


def test_a_module_that_is_being_imported_is_there_before_anything_is_raised(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\nprint('begun', flush=True)\ntime.sleep(.3)\nprint('whole', flush=True)\n"
    )
    work = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import slow; threading.Event().wait()"
    with program("interrupt", work) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGTERM)
        out, errors = child.communicate(timeout=60)
    assert out == "whole\n"
    assert "KeyboardInterrupt" in errors


def test_what_is_given_up_goes_on_to_its_end() -> None:
    with program("lambda: None", "given_up.wait()") as child:
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    assert (out, child.returncode) == ("given up\ndone\n", 0)


def test_last_steps_may_take_their_time_until_a_second_interrupt() -> None:
    work = "finishing.set(); given_up.wait(); print('still here', flush=True); hang()"
    with program("lambda: None", work) as child:
        assert child.stdout is not None
        child.send_signal(signal.SIGINT)
        assert [child.stdout.readline() for _ in range(2)] == ["given up\n", "still here\n"]
        child.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=3)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == INTERRUPTED


def test_a_step_that_can_wait_is_broken_off() -> None:
    work = """print(scoring.done(threading.Event().wait, lambda: "later"), flush=True)"""
    with program("lambda: None", work) as child:
        child.send_signal(signal.SIGTERM)
        out, errors = child.communicate(timeout=60)
    assert (out, errors, child.returncode) == ("given up\nlater\ndone\n", "", 0)


def test_a_step_that_was_put_off_before_it_began_never_begins() -> None:
    step = Postponable()
    assert step.done(lambda: "now", lambda: "later") == "now"
    step.put_off()
    assert step.done(lambda: "now", lambda: "later") == "later"
