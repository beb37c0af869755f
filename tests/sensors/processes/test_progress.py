"""A program that works is told from one that waits."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from sensors.processes.progress import Progress
from tests.waiting import wait_until

BUSY = "import time\ninput()\nwhile time.process_time() < 1.3: pass\ninput()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@pytest.fixture(params=[BUSY, PARENT], ids=["itself", "what it started"])
def program(request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", request.param], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="what a process does is read from Linux' /proc")
def test_a_program_that_works_makes_progress_and_one_that_waits_makes_none(program: "subprocess.Popen[bytes]") -> None:
    progress = Progress()
    assert progress.made(program.pid), "a new one always has"
    assert not progress.made(program.pid)
    assert program.stdin is not None
    program.stdin.write(b"\n")
    program.stdin.flush()
    wait_until(lambda: progress.made(program.pid), "its work to be seen")


def test_what_is_not_there_makes_none() -> None:
    progress = Progress()
    progress.made(2**22 + 1)
    assert not progress.made(2**22 + 1)
