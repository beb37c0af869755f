"""An RTSP server as a process of its own, and pictures for it."""

import contextlib
import importlib.resources
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from sensors.errors import GilmokError
from sensors.frame import Image
from sensors.processes.die_with_parent import end, tied_to_parent

PYTHON = Path("/usr/bin/python3")
PLUGINS = " ".join(f"gstreamer1.0-plugins-{kind}" for kind in ("base", "good", "ugly"))
PACKAGES = f"python3-gi gir1.2-gst-rtsp-server-1.0 {PLUGINS}"
NEEDED = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
END_S = 2.0


class ServerMissing(GilmokError):
    def __init__(self) -> None:
        super().__init__("GStreamer's RTSP server is not installed", f"apt-get install {PACKAGES}")


class ServerBroke(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"the RTSP server ended: {why}", "name another port with --port, or leave it away")


def rtsp_is_there() -> bool:
    """Whether this machine has what it takes."""
    if not PYTHON.is_file():
        return False
    asked = subprocess.run([PYTHON, "-c", NEEDED], capture_output=True, check=False)
    return asked.returncode == 0


class RtspServer:
    """Serving from the beginning; ends with this process, or by `close`. It shows what `show` was given last."""

    def __init__(self, name: str, width: int, height: int, fps: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """`port`: 0 takes any. Raises ServerMissing or ServerBroke."""
        if not rtsp_is_there():
            raise ServerMissing
        self._size = width, height
        with importlib.resources.as_file(importlib.resources.files("sensors.serving") / "gst_server.py") as script:
            told = [str(part) for part in (PYTHON, script, host, port, name, width, height, fps)]
            self._server = subprocess.Popen(
                tied_to_parent(told), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._pictures = self._server.stdin
        said = self._server.stdout.readline()
        if not said.strip().isdigit():
            why = self._last_words()
            self.close()
            raise ServerBroke(why)
        self.url = f"rtsp://{host}:{int(said)}/{name}"

    @property
    def pid(self) -> int:
        return self._server.pid

    def show(self, image: Image) -> None:
        """Scaled to the size that is served. Waits where the server doesn't take it; raises ServerBroke."""
        if image.shape[1::-1] != self._size:
            image = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        try:
            self._pictures.write(image.tobytes())
            self._pictures.flush()
        except OSError as error:
            raise ServerBroke(self._last_words()) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._pictures.close()
        end(self._server, END_S)
        for said in (self._server.stdout, self._server.stderr):
            if said is not None:
                said.close()

    def _last_words(self) -> str:
        self._server.wait(END_S)
        if self._server.stderr is None or self._server.stderr.closed:
            return "it was closed"
        words = self._server.stderr.read().decode(errors="replace").strip().splitlines()
        return words[-1] if words else f"status {self._server.returncode}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
