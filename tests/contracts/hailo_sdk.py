"""HailoRT played by ONNX Runtime: a device belongs to one VDevice, and a job needs every buffer of its bindings."""

import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from sensors.frame import Array
from tests.contracts.vendor_sdks import Network

DEVICE_ID = "0000:01:00.0"


class HailoRTException(Exception):
    pass


class FormatType:
    FLOAT32 = "float32"


class Device:
    def __init__(self, device_id: str) -> None:
        if device_id != DEVICE_ID:
            raise HailoRTException("HailoRT device not found in the system")
        self.control = self

    @classmethod
    def scan(cls) -> list[str]:
        return [DEVICE_ID]

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def identify(self) -> SimpleNamespace:
        return SimpleNamespace(device_architecture="HAILO8", firmware_version="4.21.0")

    def get_chip_temperature(self) -> SimpleNamespace:
        return SimpleNamespace(ts0_temperature=45.2, ts1_temperature=47.9)


class VDevice:
    taken = threading.Lock()

    def __init__(self, *, device_ids: list[str]) -> None:
        assert device_ids == [DEVICE_ID]
        if not VDevice.taken.acquire(blocking=False):
            raise HailoRTException("HAILO_OUT_OF_PHYSICAL_DEVICES")
        self._held = True

    def create_infer_model(self, path: str) -> "InferModel":
        try:
            return InferModel(Network(path, "hailo"))
        except ValueError as error:
            raise HailoRTException(f"HAILO_INVALID_HEF: {error}") from error

    def release(self) -> None:
        if self._held:
            self._held = False
            VDevice.taken.release()


class Port:
    is_nms = False

    def __init__(self, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self.name, self.shape, self.dtype = name, list(shape), dtype

    def set_format_type(self, kind: str) -> None:
        self.dtype = kind


class InferModel:
    def __init__(self, network: Network) -> None:
        self.network = network
        _, channels, height, width = network.input_shape
        self.inputs = [Port("net/pixels", (height, width, channels), "uint8")]
        # Before it is told otherwise, HailoRT hands out what the chip computes in.
        self.outputs = [Port(f"net/{p.name}", (p.shape[2], p.shape[3], p.shape[1]), "uint8") for p in network.outputs]

    def configure(self) -> "Configured":
        return Configured(self)


class Buffers:
    def __init__(self, port: Port) -> None:
        self._port = port
        self.buffer: Array | None = None

    def set_buffer(self, buffer: Array) -> None:
        if list(buffer.shape) != self._port.shape or buffer.dtype != self._port.dtype:
            raise HailoRTException(f"HAILO_INVALID_OPERATION: a buffer {buffer.dtype}{buffer.shape}")
        if not buffer.flags.c_contiguous:
            raise HailoRTException("HAILO_INVALID_ARGUMENT: the buffer is not contiguous")
        self.buffer = buffer


class Bindings:
    def __init__(self, model: InferModel) -> None:
        self._streams = {port.name: Buffers(port) for port in (*model.inputs, *model.outputs)}

    def input(self, name: str) -> Buffers:
        return self._streams[name]

    def output(self, name: str) -> Buffers:
        return self._streams[name]


class Configured:
    def __init__(self, model: InferModel) -> None:
        self._model = model
        self._ready = 0
        self._open = True
        self._changing = threading.Lock()

    def get_async_queue_size(self) -> int:
        return 2

    def create_bindings(self) -> Bindings:
        return Bindings(self._model)

    def wait_for_async_ready(self, timeout_ms: int) -> None:
        assert timeout_ms > 0
        with self._changing:
            self._ready += 1

    def run_async(self, bindings: list[Bindings]) -> "Job":
        with self._changing:
            if not self._open or self._ready == 0:
                raise HailoRTException("HAILO_QUEUE_IS_FULL: nobody waited for it to be ready")
            self._ready -= 1
        (one,) = bindings
        fed = one.input(self._model.inputs[0].name).buffer
        targets = [one.output(port.name).buffer for port in self._model.outputs]
        if fed is None or any(target is None for target in targets):
            raise HailoRTException("HAILO_INVALID_OPERATION: a buffer is not set")
        for target, output in zip(targets, self._model.network.run(fed[None]), strict=True):
            assert target is not None
            target[...] = np.moveaxis(output[0], 0, -1)
        return Job()

    def shutdown(self) -> None:
        self._open = False


class Job:
    def wait(self, timeout_ms: int) -> None:
        assert timeout_ms > 0


def hailo_platform() -> dict[str, ModuleType]:
    module = ModuleType("hailo_platform")
    contents: dict[str, Any] = {
        "__version__": "4.21.0",
        "Device": Device,
        "VDevice": VDevice,
        "FormatType": FormatType,
        "HailoRTException": HailoRTException,
    }
    vars(module).update(contents)
    return {"hailo_platform": module}
