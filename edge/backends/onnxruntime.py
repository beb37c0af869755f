"""ONNX Runtime on the CPU: the yardstick of every other backend, and what a node without an accelerator runs."""

import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from edge.device.backend import (
    ArtefactRefused,
    Device,
    DeviceAbsent,
    DeviceKind,
    InferenceFailed,
    Session,
    Telemetry,
    Tensors,
)
from edge.device.feeds import checked_feeds, zeros
from edge.device.pooled import Pooled
from edge.device.sdk import UNTRIED, About
from models.manifest import Artefact, InputContract
from models.recognise.refusal import gist, refusal
from models.tensors import DType, TensorSpec
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Name, Several, Threads

NAME = "onnxruntime"
CPU = "CPUExecutionProvider"

DEVICES: Mapping[str, tuple[str, DeviceKind]] = {CPU: ("cpu", "cpu"), "CUDAExecutionProvider": ("cuda", "gpu")}
"""Execution provider -> our name of its device, and its kind. One that is not listed here is not offered."""

DTYPES: Mapping[str, DType] = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(uint16)": "uint16",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}

FATAL_ONLY = 4
"""Log severity. What it can't do, ONNX Runtime raises, and prints in colours besides; it also has a line for every
initializer that an old exporter listed as an input."""

WARM_UP_RUNS = 2
"""The first run allocates, the second one runs with what the first one learnt."""

# ONNX Runtime's errors have no common root but Exception.
ORT_ERRORS = (
    ort_state.EPFail,
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoSuchFile,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
    RuntimeError,
    ValueError,
)


class OnnxRuntime:
    about = About(
        silicon="any CPU",
        module="onnxruntime",
        install="it comes with gilmok",
        tried="x86-64 CPU; CUDA not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        threads: Threads = 1
        """That compute one inference together."""
        spin: bool = True
        """They wait for each other busily: faster where the cores are free for them (measured on two: 94 frames/s
        against 80), half as fast where others want the cores too (33 against 65)."""
        sessions: Several = 1
        """Inferences beside each other. On two cores, two of one thread do more frames a second than one of two."""
        provider: Name = CPU

    def __init__(self, options: Options) -> None:
        self._options = options

    def devices(self) -> Sequence[Device]:
        provider = self._options.provider
        if provider not in DEVICES or provider not in ort.get_available_providers():
            return []
        name, kind = DEVICES[provider]
        facts = {"runtime": f"onnxruntime {ort.__version__}", "provider": provider}
        if kind == "cpu":
            return [Device(name, kind, _processor(), facts)]
        return [Device(name, kind, provider, facts | UNTRIED)]

    def load(self, artefact: Artefact, device: str) -> Session:
        here = {found.name: found for found in self.devices()}
        if device not in here:
            raise DeviceAbsent(NAME, device, list(here))
        if artefact.backend != NAME:
            raise ArtefactRefused(NAME, artefact, f"it was made for backend {artefact.backend!r}")
        session = OnnxSession(self._open(artefact), artefact, self._facts(here[device]))
        return Pooled(NAME, session, self._options.sessions) if self._options.sessions > 1 else session

    def _open(self, artefact: Artefact) -> ort.InferenceSession:
        try:
            return ort.InferenceSession(artefact.path, self._settings(), providers=[self._options.provider])
        except ORT_ERRORS as error:
            raise ArtefactRefused(NAME, artefact, *refusal(error)) from error

    def _settings(self) -> ort.SessionOptions:
        settings = ort.SessionOptions()
        settings.log_severity_level = FATAL_ONLY
        settings.intra_op_num_threads = self._options.threads
        settings.add_session_config_entry("session.intra_op.allow_spinning", "1" if self._options.spin else "0")
        settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        if self._options.provider != CPU:
            # Without this, whatever the accelerator refuses runs on the CPU, and nobody is told.
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        return settings

    def _facts(self, device: Device) -> dict[str, str]:
        return {**device.facts, "threads": str(self._options.threads), "sessions": str(self._options.sessions)}


class OnnxSession:
    """One graph; any number of threads may run it at once, each with its own memory."""

    def __init__(self, session: ort.InferenceSession, artefact: Artefact, facts: Mapping[str, str]) -> None:
        """Warms up; raises ArtefactRefused for tensors that gilmok has no type for, or a graph that doesn't run."""
        self._session: ort.InferenceSession | None = session
        self.facts: Mapping[str, str] = {**facts, "operators": _operators(session)}
        self.inputs: Sequence[TensorSpec] = [_spec(port, artefact, artefact.input) for port in session.get_inputs()]
        self._batchless = {port.name for port in session.get_inputs() if _is_batchless(port, artefact.input)}
        self._names = [port.name for port in session.get_outputs()]
        feeds = self._named(zeros(self.inputs))
        try:
            for _ in range(WARM_UP_RUNS):
                outputs = session.run(self._names, feeds)
        except ORT_ERRORS as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        # Shapes as they come: a graph may leave some of its output's dimensions open.
        self.outputs: Sequence[TensorSpec] = [
            TensorSpec(port.name, output.shape, _dtype(port, artefact))
            for port, output in zip(session.get_outputs(), outputs, strict=True)
        ]

    def run(self, feeds: Tensors) -> Tensors:
        session = self._session
        if session is None:
            raise InferenceFailed(NAME, "the session is closed")
        fed = checked_feeds(NAME, self.inputs, feeds)
        named = self._named(fed)
        try:
            # Outputs bound to memory of ours were measured to save nothing (14.1 ms either way, YOLOX-nano).
            return list(session.run(self._names, named))
        except ORT_ERRORS as error:
            raise InferenceFailed(NAME, gist(error)) from error

    def _named(self, feeds: Tensors) -> dict[str, Array]:
        named = {spec.name: feed for spec, feed in zip(self.inputs, feeds, strict=True)}
        return {name: feed[0] if name in self._batchless else feed for name, feed in named.items()}

    def telemetry(self) -> Telemetry | None:
        """ONNX Runtime tells neither temperature nor power."""
        return None

    def close(self) -> None:
        self._session = None


def _spec(port: Any, artefact: Artefact, contract: InputContract) -> TensorSpec:
    """An input; dimensions that the graph leaves open are those of the contract."""
    shape = (1, *port.shape) if _is_batchless(port, contract) else tuple(port.shape)
    fixed = contract.fixed.get(port.name)
    asked = contract.shape if fixed is None else np.shape(fixed)
    open_axes = tuple(axis for axis, side in enumerate(shape) if axis and not isinstance(side, int) and fixed is None)
    if len(shape) == len(asked):
        shape = tuple(side if isinstance(side, int) else wanted for side, wanted in zip(shape, asked, strict=True))
    if not all(isinstance(size, int) for size in shape):
        raise ArtefactRefused(NAME, artefact, f"input {port.name!r} has the open shape {list(shape)}")
    return TensorSpec(port.name, shape, _dtype(port, artefact), open_axes=open_axes)


def _is_batchless(port: Any, contract: InputContract) -> bool:
    """Whether it takes a picture without an axis for the batch, as torchvision's detectors do; told as a batch of 1."""
    return len(port.shape) == 3 and port.name not in contract.fixed


def _dtype(port: Any, artefact: Artefact) -> DType:
    if port.type not in DTYPES:
        raise ArtefactRefused(NAME, artefact, f"{port.name!r} is a {port.type}; known are {', '.join(DTYPES)}")
    return DTYPES[port.type]


def _operators(session: ort.InferenceSession) -> str:
    """How many operators each execution provider got: `get_providers` lists even those that got none."""
    counts: dict[str, int] = {}
    for part in session.get_provider_graph_assignment_info():
        counts[part.ep_name] = counts.get(part.ep_name, 0) + len(part.get_nodes())
    return ", ".join(f"{count} on {provider}" for provider, count in sorted(counts.items()))


def _processor() -> str:
    """The CPU's name where Linux tells it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1]
    return platform.machine()
