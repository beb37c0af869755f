"""The shadow's process as its node has it: started, handed one picture at a time, and ended."""

import contextlib
import mmap
import signal
import socket
import subprocess
import sys

import numpy as np

from edge.shadow.channel import Begin, Channel, FromShadow, Picture
from sensors.frame import Frame
from sensors.processes.die_with_parent import tied_to_parent

LEAST_ROOM_BYTES = 1 << 20


class Child:
    """One life. `hand` by one thread at a time, `hear` by another, with which the process ends."""

    def __init__(self, begin: Begin) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            command = [sys.executable, "-P", "-m", "edge.shadow.process", str(descriptor)]
            self._process = subprocess.Popen(
                tied_to_parent(command), stdin=subprocess.DEVNULL, pass_fds=(descriptor,), start_new_session=True
            )
        self._channel = Channel(ours)
        self._memory: mmap.mmap | None = None
        self._channel.say(begin)

    @property
    def pid(self) -> int:
        return self._process.pid

    def hand(self, frame: Frame) -> bool:
        """Copies the picture; False: there is nobody. The one before it has been answered."""
        size = frame.image.nbytes
        if self._memory is None or len(self._memory) < size:
            self._memory = self._channel.make_room(max(size, LEAST_ROOM_BYTES))
        if self._memory is None:
            return False
        height, width = frame.image.shape[:2]
        np.copyto(np.ndarray(frame.image.shape, np.uint8, self._memory), frame.image)
        at = frame.stamp
        said = Picture(frame.id.stream, frame.id.seq, at.mono_ns, at.utc_ns, frame.kind, height, width)
        return self._channel.say(said)

    def hear(self) -> FromShadow | None:
        """Wait for its next word; None: it says nothing any more."""
        return self._channel.heard_from_shadow()

    def kill(self) -> None:
        """From any thread; whoever hears it hears its end."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._channel.end()

    def bury(self) -> str:
        """What it died of, once it says nothing any more; it has ended afterwards."""
        self._channel.end()
        self._process.kill()
        status = self._process.wait()
        self._channel.close()
        if status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        return f"its process ended with status {status}"
