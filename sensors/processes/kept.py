"""A process beside this one that is kept alive: started when it is wanted, and again when it died."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from sensors.processes.die_with_parent import end, tied_to_parent

log = logging.getLogger(__name__)

POLL_S = 0.2
AGAIN_S = 1.0
STOP_S = 5.0


class KeptProcess:
    """Used by `with`. One that ends with status 0 had nothing left to do, and is started when it is wanted again."""

    def __init__(self, name: str, module: str, handover: bytes, wanted: Callable[[], bool] = lambda: True) -> None:
        """`python -P -m MODULE`, with `handover` on its standard input; `name` is what it is called in the log.
        `wanted` is asked in a thread of its own, about once a second, while there is none."""
        self._name, self._module, self._handover, self._wanted = name, module, handover, wanted
        self._done = threading.Event()
        # The kernel ends the process with the thread that started it.
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self.pid: int | None = None
        """Of the process; None while there is none."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(STOP_S + AGAIN_S)

    def _keep(self) -> None:
        while not self._done.is_set():
            if self._wanted():
                status = self._live()
                self.pid = None
                if status:
                    log.error("%s ended with status %d; starting it again", self._name, status)
            self._done.wait(AGAIN_S)

    def _live(self) -> int | None:
        """How it ended by itself; None where it was ended with us."""
        command = tied_to_parent([sys.executable, "-P", "-m", self._module])
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        self.pid = process.pid
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(self._handover)
            process.stdin.close()
        while not self._done.wait(POLL_S):
            if (status := process.poll()) is not None:
                return status
        end(process, STOP_S)
        return None
