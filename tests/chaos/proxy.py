"""A stretch of network between nodes and their broker, that can be slow, and that can break."""

import contextlib
import socket
import threading
import time

CHUNK = 65_536
LOOK_S = 0.2


class Proxy:
    """Listens on a port of its own for as long as the process runs, and hands on what comes."""

    def __init__(self, port_behind: int) -> None:
        self._behind = port_behind
        self.delay_s = 0.0
        """What each piece waits, in both directions."""
        self._broken = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and take no new ones until `mend`."""
        self._broken = True
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._broken = False
        self.delay_s = 0.0

    def _listen(self) -> None:
        while True:
            near, _ = self._listener.accept()
            try:
                if self._broken:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._behind), 5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(CHUNK):
                if self.delay_s:
                    time.sleep(self.delay_s)
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._open -= {source, sink}
