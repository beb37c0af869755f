"""A backend that hangs where it is told to, in C code that no exception reaches: as a plugin of its own package."""

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from edge.backends.onnxruntime import OnnxRuntime
from edge.device.backend import Device, Session, Telemetry, Tensors
from models.manifest import Artefact
from sensors.config import Settings


def install(folder: Path) -> Path:
    """Make `folder` one that, on PYTHONPATH, brings the backend `hanging`; returns it."""
    package = folder / "hanging-0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 0\n")
    (package / "entry_points.txt").write_text("[gilmok.backends]\nhanging = hanging:Hanging\n")
    (folder / "hanging.py").write_bytes(Path(__file__).read_bytes())
    return folder


class Hanging:
    class Options(Settings, frozen=True, kw_only=True):
        at: Literal["devices", "load", "run"] = "load"

    def __init__(self, options: Options) -> None:
        self._at = options.at
        self._inner = OnnxRuntime(OnnxRuntime.Options())

    def devices(self) -> Sequence[Device]:
        if self._at == "devices":
            hang("devices")
        return self._inner.devices()

    def load(self, artefact: Artefact, device: str) -> Session:
        if self._at == "load":
            hang("load")
        session = self._inner.load(artefact, device)
        return _HangingSession(session) if self._at == "run" else session


class _HangingSession:
    def __init__(self, inner: Session) -> None:
        self.inputs, self.outputs, self.facts = inner.inputs, inner.outputs, inner.facts

    def run(self, _feeds: Tensors) -> Tensors:
        hang("run")
        return []

    def telemetry(self) -> Telemetry | None:
        return None

    def close(self) -> None:
        pass


def hang(where: str) -> None:
    """For ever: no signal interrupts who waits for a mutex."""
    sys.stderr.write(f"hangs in {where}\n")
    sys.stderr.flush()
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
