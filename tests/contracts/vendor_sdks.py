"""Vendors' SDKs played by ONNX Runtime, each as strict about its documented call order as its vendor's documentation.

Their "compiled" files are the vendor's name, a newline and an ONNX file.
"""

import asyncio
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime as ort

from sensors.frame import Array


class Network:
    """What a compiler made of an ONNX file; fed NCHW floats or NHWC bytes, it answers NCHW floats."""

    def __init__(self, path: str, vendor: str) -> None:
        head, _, body = Path(path).read_bytes().partition(b"\n")
        if head != vendor.encode():
            raise ValueError("wrong magic")
        self._session = ort.InferenceSession(body, providers=["CPUExecutionProvider"])
        self.outputs = self._session.get_outputs()
        self.input_shape = tuple(self._session.get_inputs()[0].shape)

    def run(self, fed: Array) -> list[Array]:
        if fed.shape != self.input_shape:
            fed = np.moveaxis(fed, -1, 1)
        if fed.shape != self.input_shape:
            raise ValueError(f"an input of shape {fed.shape}")
        feeds = {self._session.get_inputs()[0].name: np.ascontiguousarray(fed, np.float32)}
        return [np.asarray(output) for output in self._session.run(None, feeds)]


def compiled(vendor: str, onnx: Path, target: Path) -> Path:
    target.write_bytes(vendor.encode() + b"\n" + onnx.read_bytes())
    return target


def _module(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def qbruntime(devices: tuple[str, ...] = ("aries-rb",)) -> dict[str, ModuleType]:
    class QbRuntimeError(RuntimeError):
        pass

    class ModelConfig:
        queued = False

        def set_auto_core_mode(self) -> bool:
            return True

        def set_global8_core_mode(self) -> bool:
            return False

        def set_async_pipeline_enabled(self, enabled: bool) -> None:
            self.queued = enabled

    class Accelerator:
        def __init__(self, name: str = "auto", number: int = 0) -> None:
            if number >= sum(known == name for known in devices):
                raise QbRuntimeError("Acc_DeviceNotFound occurred.\nPlease visit the documentation.")

    class Future:
        def __init__(self, outputs: list[Array]) -> None:
            self._outputs: list[Array] | None = outputs

        def get(self) -> list[Array]:
            if self._outputs is None:
                raise QbRuntimeError("Future_NotValid occurred.")
            outputs, self._outputs = self._outputs, None
            return outputs

    class Model:
        def __init__(self, path: str, config: ModelConfig) -> None:
            try:
                self._network = Network(path, "mobilint")
            except (OSError, ValueError):
                raise QbRuntimeError("Model_FailedToLoadMXQ occurred.") from None
            self._config = config
            self._launched = False

        def launch(self, accelerator: Accelerator) -> None:
            assert isinstance(accelerator, Accelerator)
            self._launched = True

        def infer(self, inputs: list[Array]) -> list[Array]:
            if not self._launched:
                raise QbRuntimeError("Model_NotAlive occurred.")
            return [output[0] for output in self._network.run(inputs[0])]

        def infer_async(self, inputs: list[Array]) -> Future:
            if not self._config.queued:
                raise QbRuntimeError("Model_AsyncPipelineNotEnabled occurred.")
            return Future(self.infer(inputs))

        def dispose(self) -> None:
            self._launched = False

    return {
        "qbruntime": _module(
            "qbruntime",
            version=_module("version", __version__="v1.5.0"),
            get_available_devices=lambda: list(devices),
            QbRuntimeError=QbRuntimeError,
            ModelConfig=ModelConfig,
            Accelerator=Accelerator,
            Model=Model,
        )
    }


def furiosa() -> dict[str, ModuleType]:
    class Device:
        def name(self) -> str:
            return "npu0"

    class Tensor:
        numpy_dtype = np.float32

        def __init__(self, name: str, shape: list[int]) -> None:
            self.name, self.shape = name, shape

    class Runner:
        def __init__(self, path: str, device: str, worker_num: int) -> None:
            self._network = Network(path, "furiosa")
            assert device.startswith("npu0pe")
            self._places = threading.BoundedSemaphore(worker_num)
            self.model = self
            self._entered = False

        def inputs(self) -> list[Tensor]:
            return [Tensor("pixels", list(self._network.input_shape))]

        def outputs(self) -> list[Tensor]:
            return [Tensor(port.name, port.shape) for port in self._network.outputs]

        def __enter__(self) -> "Runner":
            self._entered = True
            return self

        def __exit__(self, *error: object) -> None:
            self._entered = False

        def run(self, fed: list[Array]) -> list[Array]:
            if not self._entered:
                raise RuntimeError("the runner is not open")
            if not self._places.acquire(blocking=False):
                raise RuntimeError("more runs than workers")
            try:
                return self._network.run(fed[0])
            finally:
                self._places.release()

    def create_runner(path: str, *, device: str, worker_num: int) -> Runner:
        return Runner(path, device, worker_num)

    sync = _module("furiosa.runtime.sync", create_runner=create_runner)
    return {
        "furiosa": _module("furiosa"),
        "furiosa.runtime": _module("furiosa.runtime", __full_version__="Furiosa SDK Runtime 0.10.2"),
        "furiosa.runtime.sync": sync,
        "furiosa.device": _module("furiosa.device"),
        "furiosa.device.sync": _module("furiosa.device.sync", list_devices=lambda: [Device()]),
    }


def rebel() -> dict[str, ModuleType]:
    class RBLNRuntimeError(Exception):
        pass

    class Runtime:
        def __init__(self, path: str, device: int = 0, tensor_type: str = "np") -> None:
            try:
                self._network = Network(path, "rebellions")
            except ValueError as error:
                raise RBLNRuntimeError(str(error)) from error
            assert (device, tensor_type) == (0, "np")

        def run(self, *fed: Array) -> list[Array]:
            return self._network.run(fed[0])

    class AsyncRuntime(Runtime):
        def __init__(self, path: str, device: int = 0, tensor_type: str = "np", parallel: int = 1) -> None:
            super().__init__(path, device, tensor_type)
            assert parallel in (1, 2)
            self._loop = asyncio.get_running_loop()

        async def async_run(self, *fed: Array) -> list[Array]:
            if asyncio.get_running_loop() is not self._loop:
                raise RBLNRuntimeError("awaited in another loop than it was made in")
            await asyncio.sleep(0)
            return self.run(*fed)

    return {
        "rebel": _module(
            "rebel",
            __version__="0.12.0",
            npu_is_available=lambda number: number == 0,
            get_npu_name=lambda _number: "RBLN-CA22",
            Runtime=Runtime,
            AsyncRuntime=AsyncRuntime,
        )
    }


def dx_engine(tasks: tuple[str, ...] = ("npu_0",)) -> dict[str, ModuleType]:
    class DeviceStatus:
        @classmethod
        def get_device_count(cls) -> int:
            return 1

        @classmethod
        def get_current_status(cls, device: int) -> "DeviceStatus":
            assert device == 0
            return cls()

        def get_temperature(self, core: int) -> int:
            return 40 + core

        def get_npu_clock(self, core: int) -> int:
            return 1000 - core

    class Configuration:
        def get_version(self) -> str:
            return "3.0.0"

        def get_driver_version(self) -> str:
            return "1.7.1"

    class InferenceOption:
        BOUND_OPTION = type("BOUND_OPTION", (), {"NPU_ALL": 0})

        def set_devices(self, devices: list[int]) -> None:
            assert devices == [0]

        def set_bound_option(self, option: int) -> None:
            assert option == 0

        def set_use_ort(self, use_ort: bool) -> None:
            self.use_ort = use_ort

    class InferenceEngine:
        def __init__(self, path: str, option: InferenceOption) -> None:
            try:
                self._network: Network | None = Network(path, "deepx")
            except ValueError as error:
                raise RuntimeError(f"[dxrt-exception] {error}") from error
            assert isinstance(option, InferenceOption)
            self._shape = self._network.input_shape
            self._ports = self._network.outputs
            self._jobs: dict[int, list[Array]] = {}
            self._last = 0
            self._counting = threading.Lock()

        def get_task_order(self) -> Array:
            return np.array(tasks)

        def get_input_tensors_info(self) -> list[dict[str, Any]]:
            batch, channels, height, width = self._shape
            return [{"name": "pixels", "shape": [batch, height, width, channels], "dtype": np.uint8, "elem_size": 1}]

        def get_output_tensors_info(self) -> list[dict[str, Any]]:
            return [
                {"name": port.name, "shape": port.shape, "dtype": np.float32, "elem_size": 4} for port in self._ports
            ]

        def run_async(self, fed: list[Array], user_arg: object = None) -> int:
            assert user_arg is None
            if self._network is None:
                raise RuntimeError("the engine is disposed of")
            outputs = self._network.run(fed[0])
            with self._counting:
                self._last += 1
                self._jobs[self._last] = outputs
                return self._last

        def wait(self, job: int) -> list[Array]:
            return self._jobs.pop(job)

        def dispose(self) -> None:
            assert not self._jobs, "jobs are under way"
            self._network = None

    return {
        "dx_engine": _module(
            "dx_engine",
            DeviceStatus=DeviceStatus,
            Configuration=Configuration,
            InferenceOption=InferenceOption,
            InferenceEngine=InferenceEngine,
        )
    }
