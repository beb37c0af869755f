"""A folder served over HTTP by a real server on loopback, which can be made to cheat."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Change = Callable[[str, bytes], bytes]


class Served:
    """What was asked, and how answers are spoilt: each by the path that is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.change: Change = lambda _path, content: content
        self.cut_after: int | None = None
        """Bytes of a file of a bundle, then the connection is gone."""
        self.ranges = True
        self.endless = ""
        """Paths that contain it have no end."""
        self.asked: list[tuple[str, str]] = []
        """Path and `Range`."""
        self.sent = 0
        self.address = ""


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    about = Served(folder)

    class Answering(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

        def do_GET(self) -> None:
            path = self.path.removeprefix("/")
            about.asked.append((path, self.headers.get("Range", "")))
            place = about.folder / path
            if not place.is_file():
                self.send_error(404)
                return
            content = about.change(path, place.read_bytes())
            asked = self.headers.get("Range", "") if about.ranges else ""
            start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
            if start and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            endless = bool(about.endless) and about.endless in path
            if not endless:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self._send(content[start:], endless)

        def _send(self, body: bytes, endless: bool) -> None:
            if about.cut_after is not None and "files/" in self.path and len(body) > about.cut_after:
                body = body[: about.cut_after]
                self.close_connection = True
            try:
                self.wfile.write(body)
                about.sent += len(body)
                while endless:
                    self.wfile.write(b" " * 65536)
            except OSError:
                pass  # the client has seen enough

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        about.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield about
        finally:
            server.shutdown()
            thread.join()
