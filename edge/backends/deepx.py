"""DEEPX's DX-M1, by DX-RT's dx_engine: jobs that are started and waited for by number."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from edge.device.backend import ArtefactRefused, Device, DeviceAbsent, Session, Telemetry
from edge.device.calls import Calls, QueuedSession, gist
from edge.device.feeds import spec_of, usable_file
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings
from sensors.ranges import Several

NAME = "deepx"

CORES = range(3)
"""Of a DX-M1."""


class Deepx:
    """Loads .dxnn files."""

    about = About(
        silicon="DEEPX DX-M1",
        module="dx_engine",
        install="DEEPX's libdxrt, its driver and its dx-engine wheel, from the vendor",
        tried="nothing but its absence; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        cores: Literal["ALL", "0", "1", "2", "01", "12", "02"] = "ALL"
        in_flight: Several = 3
        cpu_tasks: bool = False
        """Allow files whose compiler left parts of the network to the CPU."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._dx = sdk(NAME, self.about)

    def devices(self) -> Sequence[Device]:
        facts = self._facts()
        return [Device(f"npu{n}", "npu", f"DX-M1 {n}", facts) for n in range(self._dx.DeviceStatus.get_device_count())]

    def load(self, artefact: Artefact, device: str) -> Session:
        found = [f"npu{number}" for number in range(self._dx.DeviceStatus.get_device_count())]
        if device not in found:
            raise DeviceAbsent(NAME, device, found)
        path, number = usable_file(NAME, artefact, (".dxnn",)), found.index(device)
        option = self._dx.InferenceOption()
        option.set_devices([number])
        option.set_bound_option(getattr(option.BOUND_OPTION, f"NPU_{self._options.cores}"))
        option.set_use_ort(self._options.cpu_tasks)
        try:
            engine = self._dx.InferenceEngine(str(path), option)
        except RuntimeError as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        tasks = [str(task) for task in engine.get_task_order()]
        if not self._options.cpu_tasks and any("cpu" in task.lower() for task in tasks):
            engine.dispose()
            raise ArtefactRefused(NAME, artefact, f"parts of it would run on the CPU: {', '.join(tasks)}")
        calls = Calls(
            NAME,
            start=engine.run_async,
            finish=engine.wait,
            release=engine.dispose,
            telemetry=lambda: self._telemetry(number),
            depth=self._options.in_flight,
            facts={**self._facts(), "operators": f"tasks {', '.join(tasks)}"},
        )
        return QueuedSession(calls, _specs(engine.get_input_tensors_info()), _specs(engine.get_output_tensors_info()))

    def _facts(self) -> dict[str, str]:
        configuration = self._dx.Configuration()
        runtime, driver = configuration.get_version(), configuration.get_driver_version()
        return {"runtime": f"DX-RT {runtime}", "driver": str(driver), **UNTRIED}

    def _telemetry(self, number: int) -> Telemetry:
        status = self._dx.DeviceStatus.get_current_status(number)
        hottest = max(float(status.get_temperature(core)) for core in CORES)
        slowest_mhz = min(float(status.get_npu_clock(core)) for core in CORES)
        return Telemetry(hottest, float("nan"), slowest_mhz, float("nan"), throttled=None)


def _specs(tensors: Any) -> list[TensorSpec]:
    return [spec_of(tensor["name"], list(tensor["shape"]), np.dtype(tensor["dtype"]).name) for tensor in tensors]
