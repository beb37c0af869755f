"""Intel CPUs, GPUs and NPUs, by OpenVINO's own API: the plugins for ONNX Runtime fall back to the CPU, this doesn't."""

import contextlib
import queue
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from edge.device.backend import ArtefactRefused, Device, DeviceAbsent, DeviceKind, InferenceFailed, Telemetry, Tensors
from edge.device.calls import gist
from edge.device.feeds import checked_feeds, spec_of, usable_file, zeros
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import SeveralOrAuto, ThreadsOrAuto

NAME = "openvino"

KINDS: Mapping[str, DeviceKind] = {"cpu": "cpu", "gpu": "gpu", "npu": "npu"}

FACTS = {"driver": "NPU_DRIVER_VERSION", "architecture": "DEVICE_ARCHITECTURE"}
COMPILED_FACTS = {"precision": "INFERENCE_PRECISION_HINT", "streams": "NUM_STREAMS"}

# OpenVINO would guess at anything else, TensorFlow graphs and PyTorch files included.
READABLE = (".onnx", ".xml")


class OpenVino:
    """Loads ONNX files and OpenVINO IR. Devices are named as OpenVINO names them, in small letters: cpu, npu, gpu.0."""

    about = About(
        silicon="Intel CPU, GPU and NPU",
        module="openvino",
        install="pip install 'gilmok[openvino]' (for an NPU or GPU also Intel's driver)",
        tried="CPU; NPU and GPU not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        hint: Literal["latency", "throughput"] = "latency"
        """Throughput runs several streams beside each other: more frames a second, each of them slower."""
        requests: SeveralOrAuto = 0
        """Inferences in flight; 0: as many as the device finds best."""
        threads: ThreadsOrAuto = 0
        """CPU only; 0: OpenVINO's choice."""
        precision: Literal["exact", "fast"] = "exact"
        """Exact computes a CPU's float32 in float32; fast leaves it to the device (bfloat16 on some CPUs)."""
        cache: Path | None = None
        """Folder of compiled models, for a faster second start."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ov = sdk(NAME, self.about)
        self._core = self._ov.Core()

    def devices(self) -> Sequence[Device]:
        return [self._device(name) for name in self._core.available_devices]

    def load(self, artefact: Artefact, device: str) -> "OpenVinoSession":
        # The list is the only gate: without an NPU, compiling for one complains of something else ("VCL compiler").
        found = {name.lower(): name for name in self._core.available_devices}
        if device not in found:
            raise DeviceAbsent(NAME, device, list(found))
        name = found[device]
        model = self._read(artefact)
        try:
            compiled = self._core.compile_model(model, name, self._settings(name))
        except RuntimeError as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        ran_on = list(compiled.get_property("EXECUTION_DEVICES"))
        if ran_on != [name]:
            raise ArtefactRefused(NAME, artefact, f"asked for {name}, it would run on {', '.join(ran_on)}")
        session = OpenVinoSession(compiled, self._facts(name, compiled), self._ov.Tensor, self._options.requests)
        session.run(zeros(session.inputs))
        return session

    def _read(self, artefact: Artefact) -> Any:
        path = usable_file(NAME, artefact, READABLE, onnx=True)
        try:
            model = self._core.read_model(path)
            if model.is_dynamic():
                hint = "export it with fixed sides, or run it on the backend onnxruntime"
                raise ArtefactRefused(NAME, artefact, "a shape in it is not fixed", hint)
            return self._fed_as(model, artefact)
        except RuntimeError as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error

    def _fed_as(self, model: Any, artefact: Artefact) -> Any:
        """`model`, taking the type and layout that the artefact's contract feeds it."""
        contract = artefact.input
        if contract.dtype == model.input(0).get_element_type().to_dtype().name:
            return model
        if contract.dtype != "uint8" or contract.mean != (0.0, 0.0, 0.0) or contract.std != (1.0, 1.0, 1.0):
            raise ArtefactRefused(NAME, artefact, f"its input can't be fed as {contract.dtype}")
        steps = self._ov.preprocess.PrePostProcessor(model)
        source = steps.input(0)
        source.tensor().set_element_type(self._ov.Type.u8).set_layout(self._ov.Layout(contract.layout))
        source.preprocess().convert_element_type(model.input(0).get_element_type())
        source.model().set_layout(self._ov.Layout("NCHW"))
        return steps.build()

    def _settings(self, device: str) -> dict[str, Any]:
        settings: dict[str, Any] = {"PERFORMANCE_HINT": self._options.hint.upper()}
        if device == "CPU" and self._options.precision == "exact":
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        if device == "CPU" and self._options.threads:
            settings["INFERENCE_NUM_THREADS"] = self._options.threads
        if self._options.cache is not None:
            settings["CACHE_DIR"] = str(self._options.cache)
        return settings

    def _device(self, name: str) -> Device:
        known = self._core.get_property(name, "SUPPORTED_PROPERTIES")
        facts = {"runtime": f"openvino {self._ov.get_version()}"}
        facts |= {fact: _text(self._core.get_property(name, key)) for fact, key in FACTS.items() if key in known}
        description = _text(self._core.get_property(name, "FULL_DEVICE_NAME")) if "FULL_DEVICE_NAME" in known else name
        kind = KINDS.get(name.partition(".")[0].lower(), "npu")
        return Device(name.lower(), kind, description, facts if kind == "cpu" else facts | UNTRIED)

    def _facts(self, name: str, compiled: Any) -> dict[str, str]:
        known = compiled.get_property("SUPPORTED_PROPERTIES")
        facts = dict(self._device(name).facts)
        facts |= {fact: _text(compiled.get_property(key)) for fact, key in COMPILED_FACTS.items() if key in known}
        facts["compiled"] = "read from the cache" if compiled.get_property("LOADED_FROM_CACHE") else "at start"
        return facts | {"operators": _operators(name, compiled)}


@dataclass(slots=True, eq=False)
class _Ticket:
    request: Any
    feeds: list[Array]
    """Held until the device has read them."""


class OpenVinoSession:
    """A pipelined session: a fixed set of infer requests, lent and given back."""

    def __init__(self, compiled: Any, facts: Mapping[str, str], tensor: Any, requests: int) -> None:
        """`tensor` is OpenVINO's class of that name; `requests` 0 leaves the depth to the device."""
        self._tensor = tensor
        self.inputs: Sequence[TensorSpec] = [_spec(port) for port in compiled.inputs]
        self.outputs: Sequence[TensorSpec] = [_spec(port) for port in compiled.outputs]
        self.facts: Mapping[str, str] = facts
        self._depth = requests or int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self._depth):
            self._free.put(compiled.create_infer_request())
        self._closed = False

    @property
    def depth(self) -> int:
        return self._depth

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> _Ticket:
        fed = checked_feeds(NAME, self.inputs, feeds)
        request = self._free.get()
        if self._closed:
            self._free.put(None)
            raise InferenceFailed(NAME, "the session is closed")
        try:
            for position, feed in enumerate(fed):
                request.set_input_tensor(position, self._tensor(feed, shared_memory=True))
            request.start_async()
        except RuntimeError as error:
            self._free.put(request)
            raise InferenceFailed(NAME, gist(error)) from error
        return _Ticket(request, fed)

    def collect(self, ticket: _Ticket) -> Tensors:
        try:
            ticket.request.wait()
            return [np.array(tensor.data) for tensor in ticket.request.output_tensors]
        except RuntimeError as error:
            raise InferenceFailed(NAME, gist(error)) from error
        finally:
            self._free.put(ticket.request)

    def telemetry(self) -> Telemetry | None:
        """OpenVINO tells neither temperature nor power."""
        return None

    def close(self) -> None:
        self._closed = True
        # The requests hold the device; whoever waits for one finds the end instead.
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait()
        self._free.put(None)


def _spec(port: Any) -> TensorSpec:
    name = port.get_any_name() if port.get_names() else ""
    return spec_of(name, list(port.get_shape()), port.get_element_type().to_dtype().name)


def _operators(name: str, compiled: Any) -> str:
    kinds = [str(node.get_rt_info()["layerType"].value) for node in compiled.get_runtime_model().get_ops()]
    return f"{sum(kind not in ('Const', 'Input', 'Output') for kind in kinds)} on {name}"


def _text(value: Any) -> str:
    """A property as text; element types are objects that name themselves."""
    return str(value.get_type_name() if hasattr(value, "get_type_name") else value)
