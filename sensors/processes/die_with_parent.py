"""A program that ends with whoever started it, however that one ends.

`python -P -m sensors.processes.die_with_parent PARENT PROGRAM ...`

Killed outright, a process can't stop what it started; the kernel can (Linux: prctl(2), PR_SET_PDEATHSIG). What is
asked of it here outlasts exec, and so holds for programs that aren't ours. Elsewhere than on Linux nobody is asked.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

PR_SET_PDEATHSIG = 1


def tied_to_parent(command: Sequence[str]) -> list[str]:
    """`command`, changed so that the kernel ends it when this process ends; its process id is the program's own.

    The kernel watches the thread that starts it: that one has to stay for as long as the program shall.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-P", "-m", "sensors.processes.die_with_parent", str(os.getpid()), *command]


def end(process: "subprocess.Popen[bytes]", patience_s: float) -> None:
    """Ask it to end, and kill it where it doesn't within so long; it has ended afterwards."""
    # Whoever is started by way of this file needs none of it.
    import subprocess

    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def follow(parent: int) -> None:
    """This process ends when `parent`, which started it, does; at once, if it has already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    # Whoever was killed before the kernel was asked is not noticed by it.
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: str, *command: str) -> None:
    follow(int(parent))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
