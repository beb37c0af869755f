"""Whether a program that says nothing is at work: by what it has of the processor and of the disk (Linux)."""

import os
from contextlib import suppress
from pathlib import Path

STEP_S = 1.0
"""Of the processor; a program that merely waits, and looks now and then, takes minutes for it."""
STEP_BYTES = 10_000_000
"""Read from a disk."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Progress:
    """Of one program at a time, with all that it has started; asked now and then."""

    def __init__(self) -> None:
        self._pid = 0
        self._steps = 0.0

    def made(self, pid: int) -> bool:
        """Whether process `pid` has worked for a step since this was last so; of a new one it always has."""
        steps = _steps(pid)
        if pid == self._pid and abs(steps - self._steps) < 1:
            return False
        self._pid, self._steps = pid, steps
        return True


def _steps(pid: int) -> float:
    """0 of what has ended, or can't be looked at."""
    own = 0.0
    with suppress(OSError, IndexError, ValueError):
        # Behind the name, which may hold anything: state, then numbers; proc(5) counts them from 3.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        own += sum(map(int, fields[11:15])) / _TICKS_PER_S / STEP_S
    with suppress(OSError, IndexError, ValueError):
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
        counts = dict(line.split(": ") for line in lines)
        own += (int(counts["rchar"]) + int(counts["read_bytes"])) / STEP_BYTES
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        own += sum(_steps(int(child)) for child in children)
    return own
