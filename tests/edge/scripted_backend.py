"""A backend that does at command what SDKs do to their users: crash, hang, chatter, answer nonsense.

The command is the first number of the input tensor; any other number is doubled.
"""

import os
import threading
from collections.abc import Mapping, Sequence

import numpy as np

from edge.device.backend import Device, DeviceAbsent, InferenceFailed, Telemetry, Tensors
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings

CRASH, HANG, RAISE, REFUSE = -1.0, -2.0, -3.0, -4.0

SPEC_IN = TensorSpec("x", (1, 4), "float32")
SPEC_OUT = TensorSpec("y", (1, 4), "float32")


class Scripted:
    class Options(Settings, frozen=True, kw_only=True):
        greeting: str = "hello"

    def __init__(self, options: Options) -> None:
        self._options = options

    def devices(self) -> Sequence[Device]:
        return [Device("chip", "npu", "a chip", {"greeting": self._options.greeting, "pid": str(os.getpid())})]

    def load(self, artefact: Artefact, device: str) -> "ScriptedSession":
        if device != "chip":
            raise DeviceAbsent("scripted", device, ["chip"])
        return ScriptedSession(artefact)


class ScriptedSession:
    def __init__(self, artefact: Artefact) -> None:
        self._artefact = artefact

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        return [SPEC_IN]

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return [SPEC_OUT]

    @property
    def facts(self) -> Mapping[str, str]:
        return {"runtime": "scripted 1.0", "artefact": str(self._artefact.path)}

    def run(self, feeds: Tensors) -> Tensors:
        command = feeds[0][0, 0]
        if command == CRASH:
            os.write(2, b"E chip: bus error at 0xdead\n")
            os.abort()
        if command == HANG:
            threading.Event().wait()
        if command == RAISE:
            raise ValueError("shape is odd")
        if command == REFUSE:
            raise InferenceFailed("scripted", "the chip said -1")
        return [np.asarray(feeds[0] * 2)]

    def telemetry(self) -> Telemetry | None:
        return Telemetry(41.5, float("nan"), 800.0, 0.25, throttled=False)

    def close(self) -> None:
        pass
