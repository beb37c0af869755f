"""A camera for tests: pictures over HTTP as network cameras send them (MJPEG), by the standard library."""

import base64
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

SIZE_PX = (48, 64)
SHADES = 200


def jpeg(shade: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((*SIZE_PX, 3), shade, np.uint8))[1])


class MjpegCamera(ThreadingHTTPServer):
    """Picture k of a connection has the shade k % SHADES; as many as the client takes, then silence or the end."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, pictures: int | None, silent: bool, login: str) -> None:
        super().__init__(("127.0.0.1", port), _Viewer)
        self.pictures = pictures
        self.silent = silent
        self.switched_off = threading.Event()
        self.login = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/live.mjpg?token=hush"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of a camera."""


class _Viewer(BaseHTTPRequestHandler):
    server: MjpegCamera

    def do_GET(self) -> None:
        camera = self.server
        if camera.login not in (None, self.headers.get("Authorization")):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="gate"')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        for k in itertools.count() if camera.pictures is None else range(camera.pictures):
            if camera.switched_off.is_set():
                return
            picture = jpeg(k % SHADES)
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
        if camera.silent:
            camera.switched_off.wait()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002
        return


@contextmanager
def switched_on(
    port: int = 0, *, pictures: int | None = None, silent: bool = False, login: str = ""
) -> Iterator[MjpegCamera]:
    """Any port, or the one it had before. After `pictures` a connection is closed, or stays open and `silent`."""
    camera = MjpegCamera(port, pictures, silent, login)
    thread = threading.Thread(target=camera.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield camera
    finally:
        camera.switched_off.set()
        camera.shutdown()
        camera.server_close()
        thread.join()
