"""Hailo-8 and its kin, by HailoRT's hailo_platform: bindings of buffers, run as jobs."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from edge.device.backend import ArtefactRefused, Device, DeviceAbsent, Session, Telemetry
from edge.device.calls import Calls, QueuedSession, gist
from edge.device.feeds import spec_of, usable_file
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import WholeMilliseconds

NAME = "hailo"


class Hailo:
    """Loads .hef files without Hailo's own NMS: decoding is ours. HailoRT turns outputs into float32."""

    about = About(
        silicon="Hailo-8, Hailo-8L",
        module="hailo_platform",
        install="HailoRT, its driver and its Python wheel, from the vendor (an account is needed)",
        tried="nothing but its absence; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        timeout_ms: WholeMilliseconds = 10_000
        """How long HailoRT waits for an inference before it reports a failure."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._hailo = sdk(NAME, self.about)

    def devices(self) -> Sequence[Device]:
        return [self._device(name) for name in self._hailo.Device.scan()]

    def load(self, artefact: Artefact, device: str) -> Session:
        found = list(self._hailo.Device.scan())
        if device not in found:
            raise DeviceAbsent(NAME, device, found)
        path = usable_file(NAME, artefact, (".hef",))
        virtual = self._hailo.VDevice(device_ids=[device])
        try:
            return self._session(virtual, virtual.create_infer_model(str(path)), artefact, device)
        except self._hailo.HailoRTException as error:
            virtual.release()
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        except BaseException:
            virtual.release()
            raise

    def _session(self, virtual: Any, model: Any, artefact: Artefact, device: str) -> Session:
        if any(output.is_nms for output in model.outputs):
            raise ArtefactRefused(NAME, artefact, "it was compiled with Hailo's NMS; compile it without")
        for output in model.outputs:
            output.set_format_type(self._hailo.FormatType.FLOAT32)
        configured = model.configure()
        inputs = [_spec(port, artefact.input.dtype) for port in model.inputs]
        outputs = [_spec(port, "float32") for port in model.outputs]
        patience_ms = self._options.timeout_ms

        def start(fed: list[Array]) -> tuple[Any, list[Array]]:
            answers = [np.empty(spec.shape[1:], np.float32) for spec in outputs]
            bindings = configured.create_bindings()
            for spec, feed in zip(inputs, fed, strict=True):
                bindings.input(spec.name).set_buffer(feed[0])
            for spec, answer in zip(outputs, answers, strict=True):
                bindings.output(spec.name).set_buffer(answer)
            configured.wait_for_async_ready(timeout_ms=patience_ms)
            return configured.run_async([bindings]), answers

        def finish(started: tuple[Any, list[Array]]) -> list[Array]:
            job, answers = started
            job.wait(patience_ms)
            return [answer[None] for answer in answers]

        def release() -> None:
            configured.shutdown()
            virtual.release()

        calls = Calls(
            NAME,
            start=start,
            finish=finish,
            release=release,
            telemetry=lambda: self._telemetry(device),
            failures=(self._hailo.HailoRTException,),
            depth=int(configured.get_async_queue_size()),
            facts=self._device(device).facts,
        )
        return QueuedSession(calls, inputs, outputs)

    def _device(self, name: str) -> Device:
        with self._hailo.Device(name) as device:
            identity = device.control.identify()
        architecture = str(identity.device_architecture)
        facts = {
            "runtime": f"HailoRT {self._hailo.__version__}",
            "architecture": architecture,
            "firmware": str(identity.firmware_version),
            **UNTRIED,
        }
        return Device(name, "npu", architecture, facts)

    def _telemetry(self, name: str) -> Telemetry:
        with self._hailo.Device(name) as device:
            temperatures = device.control.get_chip_temperature()
        hottest = max(temperatures.ts0_temperature, temperatures.ts1_temperature)
        return Telemetry(float(hottest), math.nan, math.nan, math.nan, throttled=None)


def _spec(port: Any, dtype: str) -> TensorSpec:
    """HailoRT's shapes are (height, width, channels), without the batch."""
    return spec_of(port.name, [1, *port.shape], dtype)
