"""What a service says to systemd, and what a parent hears of its child: datagrams on a socket (sd_notify(3)).

Without systemd nobody is told anything, and the program runs as in a shell.
"""

import contextlib
import faulthandler
import os
import socket
from collections.abc import MutableMapping
from typing import Self

US_PER_S = 1e6
MOST_BYTES = 4096
LAST_WORDS_US = 600_000_000
"""The watchdog's patience with a service that ends: how long that may take is TimeoutStopSec's to say."""
ADDRESS, PERIOD, WHOSE = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class Systemd:
    """Every word goes out at once, from any thread; one that can't be sent is no reason to stop."""

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        """`address`: of the socket, a path or an abstract name (@...); empty: nobody listens.

        `watchdog_s`: longer than this may not pass between two heartbeats; None: nobody waits for them.
        """
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """As `environment` says, out of which the words are taken: what this process starts isn't the service."""
        address, usec, pid = (environment.pop(name, "") for name in (ADDRESS, PERIOD, WHOSE))
        mine = usec.isdecimal() and int(usec) > 0 and pid in ("", str(os.getpid()))
        return cls(address, int(usec) / US_PER_S if mine and address else None)

    @property
    def listens(self) -> bool:
        return bool(self._address)

    def ready(self, status: str) -> None:
        """It works: what waited for it may start."""
        self._say("READY=1", f"STATUS={_line(status)}")

    def alive(self, status: str) -> None:
        """A heartbeat, due at least every half of `watchdog_s`, and how it is."""
        self._say("WATCHDOG=1", f"STATUS={_line(status)}")

    def tell(self, status: str) -> None:
        """How it is, without a heartbeat."""
        self._say(f"STATUS={_line(status)}")

    def stopping(self) -> None:
        self._say("STOPPING=1", f"WATCHDOG_USEC={LAST_WORDS_US}")

    def _say(self, *words: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            # Nobody who works must ever wait for a supervisor that has stopped reading.
            out.setblocking(False)
            out.sendto("\n".join(words).encode()[:MOST_BYTES], self._address)


def service() -> Systemd:
    """Of this process, once, at its start. Where a watchdog ends it, the log says where every thread stood."""
    systemd = Systemd.of(os.environ)
    if systemd.watchdog_s is not None:
        faulthandler.enable()
    return systemd


def _line(text: str) -> str:
    return " ".join(text.split())
