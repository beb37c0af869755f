"""The dashboard as a process: a socket of this machine, and uvicorn on it."""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn

from edge.wire.address import BrokerAt
from fleet.config import HubConfig
from fleet.web.app import application
from fleet.web.auth.token import token_of
from sensors.clock import Clock

GOODBYE_S = 1


class Dashboard:
    """Serves until `stop`, which may come from a signal handler."""

    def __init__(
        self,
        hub: HubConfig,
        clock: Clock,
        listener: socket.socket,
        broker: BrokerAt | None = None,
        token: str | None = None,
    ) -> None:
        """`broker`: where nodes can be asked for pictures; None: nowhere. Raises SecretMissing or SecretOpen.

        `token`: of its token_file, read before; None: it is read here, which raises TokenWrong or SecretOpen.
        """
        token = token_of(hub.web) if token is None else token
        hosts = ["localhost", hub.web.host, *hub.web.names]
        settings = uvicorn.Config(
            application(hub, clock, hosts, broker, token),
            log_config=None,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=GOODBYE_S,
            ws="websockets-sansio",
            ws_max_size=4096,
            server_header=False,
            # Who asks is who is connected: the gate alone decides whom it believes about others.
            proxy_headers=False,
        )
        self._server = _Unsignalled(settings)
        self._listener = listener

    def stop(self) -> None:
        self._server.should_exit = True

    def run(self, ready: Callable[[], None]) -> None:
        self._server.on_started = ready
        self._server.run([self._listener])


class _Unsignalled(uvicorn.Server):
    """Signals are the front door's."""

    on_started: Callable[[], None] | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_started is not None:
            self.on_started()
