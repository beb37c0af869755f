"""The dashboard's door at the hub: it listens, and starts the process behind it when somebody comes."""

import logging
import os
import select
import socket
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from edge.wire.address import BrokerAt
from fleet.config import HubConfig
from fleet.web.auth.token import token_of
from fleet.web.handover import Handover
from fleet.web.listening import address, listen
from models.bundle.repository.layout import check_repository
from sensors.config import plain
from sensors.processes.die_with_parent import end, tied_to_parent
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)

AGAIN_S = 1.0
STOP_S = 3.0


class Door:
    """Used by `with`. Nobody who came is turned away: who comes before the process is there waits in the socket."""

    def __init__(self, config: HubConfig, listener: socket.socket | None = None) -> None:
        """Listens from here on; raises TokenWrong, SecretOpen, RepositoryAbsent, WebPortTaken or WebUnreachable.

        `listener`: one that listens already, and is closed with this one; None: as [web] says.
        """
        self._config = config
        self._token = token_of(config.web)
        if config.web.repository is not None:
            check_repository(config.web.repository)
        self._listener = listen(config.web) if listener is None else listener
        self.address = address(self._listener)
        self._closing, self._close = os.pipe()
        self._keeper: threading.Thread | None = None
        self.pid: int | None = None
        """Of the process; None while there is none."""

    def __enter__(self) -> Self:
        return self

    def open(self, broker: BrokerAt | None) -> None:
        """Let in who comes, from now on; `broker`: where nodes can be asked for pictures."""
        begin = compact(plain(Handover(hub=self._config, broker=broker, token=self._token)))
        # The kernel ends the process with the thread that started it.
        self._keeper = threading.Thread(target=self._keep, args=(begin,), name="dashboard", daemon=True)
        self._keeper.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Once."""
        os.close(self._close)
        if self._keeper is not None:
            self._keeper.join(STOP_S + AGAIN_S)
        self._listener.close()
        os.close(self._closing)

    def _keep(self, begin: bytes) -> None:
        while not self._closed_or(self._listener, None):
            status = self._live(begin)
            self.pid = None
            if status is None:
                return
            log.error("the dashboard ended with status %d; who comes next starts it again", status)
            if self._closed_or(None, AGAIN_S):
                return

    def _live(self, begin: bytes) -> int | None:
        """How it ended by itself; None where it was ended with the hub."""
        descriptor = self._listener.fileno()
        process = subprocess.Popen(
            tied_to_parent([sys.executable, "-P", "-m", "fleet.web.process", str(descriptor)]),
            stdin=subprocess.PIPE,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
        self.pid = process.pid
        try:
            assert process.stdin is not None
            process.stdin.write(begin)
            process.stdin.close()
        except BrokenPipeError:
            log.debug("the dashboard's process died before it was told anything")
        while not self._closed_or(None, AGAIN_S / 5):
            if (status := process.poll()) is not None:
                return status
        end(process, STOP_S)
        return None

    def _closed_or(self, listener: socket.socket | None, patience_s: float | None) -> bool:
        """Whether it is to close; waits for that, for somebody who comes, or so long."""
        watched: list[int | socket.socket] = [self._closing] if listener is None else [self._closing, listener]
        ready, _, _ = select.select(watched, [], [], patience_s)
        return self._closing in ready
