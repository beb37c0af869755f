"""Where the dashboard listens, and what is told where it can't."""

import errno
import socket
from itertools import chain

from fleet.config import Web
from sensors.errors import GilmokError

TRIED = 20
"""So many ports, from the one that was asked for on; then any."""
ANY = 0


class WebPortTaken(GilmokError):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"there is no dashboard: something else listens at port {port} of {host}",
            "name another `port` in [web] or with --port, or 0 for any; `or_next = true` takes the next one",
        )


class WebUnreachable(GilmokError):
    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"there is no dashboard: {host}:{port} can't be listened at: {why}", "name a `host` of this machine"
        )


def listen(web: Web) -> socket.socket:
    """Raises WebPortTaken or WebUnreachable."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    ports = chain(range(web.port, min(web.port + TRIED, 65_536)), [ANY]) if web.or_next else [web.port]
    for port in ports:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((web.host, port))
            listener.listen()
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise WebUnreachable(web.host, port, error.strerror or str(error)) from error
            continue
        return listener
    raise WebPortTaken(web.host, web.port)


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
