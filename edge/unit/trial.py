"""A deployment's self-test on the unit's own chip, in a process of its own: what crashes there crashes nothing else.

`python -P -m edge.unit.trial BUNDLE DEVICE` prints a Tried as JSON.
"""

import math
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from models.bundle.tuples import DeviceTuple
from sensors.processes.child import ChildDied, last_words
from sensors.processes.die_with_parent import tied_to_parent
from sensors.record import Record

NICENESS = 10
"""The node that drives meanwhile comes first."""
PATIENCE_S = 300.0


class Tried(Record, frozen=True, kw_only=True):
    device: DeviceTuple | None = None
    """As the chip told it; None: it never got so far."""
    why: str
    """What was not kept, or what ended it; empty: passed."""
    seen: str = ""
    """What came of it, as a sentence's end."""


class Trial:
    """Begun at once; asked until it has an answer."""

    def __init__(self, bundle: Path, device: str, niceness: int = NICENESS) -> None:
        """The kernel ends it when the calling thread ends."""
        command = [sys.executable, "-P", "-m", __spec__.name, str(bundle), device, str(niceness)]
        self._process = subprocess.Popen(
            tied_to_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def answer(self, patience_s: float = PATIENCE_S) -> Tried:
        """Waits for it; one that takes longer is killed, and has failed."""
        try:
            out, log = self._process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.communicate()
            return Tried(why=f"the self-test hung: no answer within {patience_s:g} s")
        status = self._process.returncode
        with suppress(msgspec.MsgspecError):
            if status == 0:
                return msgspec.json.decode(out, type=Tried)
        words = last_words(log.decode(errors="replace").splitlines(), killed=status < 0)
        return Tried(why=ChildDied("the self-test", status, words).sentence)

    def kill(self) -> None:
        """From any thread: nobody wants its answer."""
        self._process.kill()


def main(bundle: str, device: str, niceness: str) -> int:
    os.nice(int(niceness))
    from edge.answering.self_test import run_self_test
    from models.bundle.verify import verify
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.terminal import output

    to_stderr()
    result = run_self_test(verify(Path(bundle)), device, SystemClock())
    seen = "" if math.isnan(result.fps) else f"{result.fps:.1f} frames/s"
    if (verdict := result.verdict) is not None:
        boxes = f"{verdict.matched} of {verdict.boxes_expected} boxes matched"
        seen += f", cosine {verdict.cosine_min:.4f}, {boxes}"
    output.write(msgspec.json.encode(Tried(device=result.device, why=result.why, seen=seen)).decode())
    return 0


if __name__ == "__main__":
    from sensors.terminal.exit_status import ended

    sys.exit(ended(lambda: main(*sys.argv[1:]), words=sys.argv))
