"""Mobilint's ARIES and REGULUS, by qbruntime (mobilint-qb-runtime 1.5)."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from edge.device.backend import ArtefactRefused, BackendError, Device, DeviceAbsent, Session, Telemetry
from edge.device.calls import CalledSession, Calls, QueuedSession, gist
from edge.device.feeds import input_spec, usable_file
from edge.device.sdk import UNTRIED, About, SdkAbsent, sdk
from models.manifest import Artefact
from sensors.config import Settings
from sensors.ranges import Several

NAME = "mobilint"

BATCHED = 4
"""Axes of a tensor with its batch; qbruntime leaves the batch of one away."""


class CoreModeRefused(BackendError):
    def __init__(self, mode: str) -> None:
        super().__init__(f"backend {NAME!r}: the runtime refused the core mode {mode!r}", "leave `cores` at 'auto'")


class Mobilint:
    """Loads .mxq files. A model fed NCHW answers so too: qbruntime tells the layout by the input's shape."""

    about = About(
        silicon="Mobilint ARIES, REGULUS",
        module="qbruntime",
        install="pip install 'gilmok[mobilint]', and Mobilint's driver",
        tried="the SDK's errors without a device; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        cores: Literal["auto", "multi", "global4", "global8"] = "auto"
        """How cores share the work: each for itself, four or eight together on one inference."""
        in_flight: Several = 4
        """More than one asks for the asynchronous pipeline (networks without CPU parts only)."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._qb = sdk(NAME, self.about)

    def devices(self) -> Sequence[Device]:
        runtime = f"qbruntime {self._qb.version.__version__}"
        return [Device(name, "npu", f"Mobilint {name}", {"runtime": runtime, **UNTRIED}) for name in self._found()]

    def load(self, artefact: Artefact, device: str) -> Session:
        found = self._found()
        if device not in found:
            raise DeviceAbsent(NAME, device, list(found))
        path = usable_file(NAME, artefact, (".mxq",))
        name, number = found[device]
        try:
            model = self._qb.Model(str(path), self._settings())
            model.launch(self._qb.Accelerator(name, number))
        except self._qb.QbRuntimeError as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        queued = self._options.in_flight > 1
        calls = Calls(
            NAME,
            start=model.infer_async if queued else model.infer,
            finish=(lambda future: _batched(future.get())) if queued else _batched,
            release=model.dispose,
            telemetry=lambda: self._telemetry(name, number),
            depth=self._options.in_flight,
            facts={"runtime": f"qbruntime {self._qb.version.__version__}", "cores": self._options.cores, **UNTRIED},
        )
        return (QueuedSession if queued else CalledSession)(calls, [input_spec(artefact)])

    def _found(self) -> Mapping[str, tuple[str, int]]:
        """Our names of the devices: a second one of a kind is `aries-rb:1`."""
        numbered: dict[str, tuple[str, int]] = {}
        for name in self._qb.get_available_devices():
            number = sum(known == name for known, _ in numbered.values())
            numbered[f"{name}:{number}" if number else name] = (name, number)
        return numbered

    def _settings(self) -> Any:
        settings, mode = self._qb.ModelConfig(), self._options.cores
        # They return False instead of raising.
        if not getattr(settings, f"set_{mode}_core_mode")():
            raise CoreModeRefused(mode)
        settings.set_async_pipeline_enabled(self._options.in_flight > 1)
        return settings

    def _telemetry(self, name: str, number: int) -> Telemetry | None:
        try:
            ml = sdk(NAME, self.about, "mbltml")
        except SdkAbsent:
            return None
        kind = getattr(ml.mbltml, f"MBLTML_TARGET_DEVICE_{name.upper().replace('-', '_')}", None)
        if kind is None:
            return None
        readings = dict.fromkeys(("Temperature", "TotalPower", "NPUClock", "TotalUtilization"), math.nan)
        with contextlib.suppress(ml.mbltml.MBLTMLError):
            ml.mbltmlInit()
        for what in readings:
            # Some are for ARIES only.
            with contextlib.suppress(ml.mbltml.MBLTMLError):
                readings[what] = float(getattr(ml, f"mbltmlGet{what}")(kind, number))
        used = readings["TotalUtilization"]
        # Its documentation allows both a ratio and a percentage.
        return Telemetry(
            temperature_c=readings["Temperature"],
            power_w=readings["TotalPower"],
            clock_mhz=readings["NPUClock"],
            utilisation=used / 100 if used > 1 else used,
            throttled=None,
        )


def _batched(outputs: Any) -> list[Any]:
    arrays = [np.asarray(output) for output in outputs]
    return [array[None] if array.ndim < BATCHED else array for array in arrays]
