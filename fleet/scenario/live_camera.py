"""The demonstration's live camera: a drawn drive served over RTSP by a process beside it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensors.errors import GilmokError
from sensors.processes.die_with_parent import end, tied_to_parent
from sensors.serving.rtsp import rtsp_is_there

LEAST_CORES = 4
"""On fewer, encoding and one more detector would take from the other cameras what they need."""
END_S = 3.0


class CameraNotServed(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"the demo's live camera could not be served: {why}", "leave --live away")


def worth_having() -> bool:
    """Whether this machine has the server, and the cores, for a live camera beside the others."""
    return (os.cpu_count() or 1) >= LEAST_CORES and rtsp_is_there()


@contextmanager
def live_camera(video: Path) -> Iterator[str]:
    """Its address, for as long as the block lasts. Raises CameraNotServed."""
    command = tied_to_parent([sys.executable, "-P", "-m", "gilmok", "camera", "serve", str(video), "--rtsp"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().decode().strip()
        if not url:
            raise CameraNotServed(server.stderr.read().decode(errors="replace").strip())
        try:
            yield url
        finally:
            end(server, END_S)
