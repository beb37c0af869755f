"""FuriosaAI's first generation, Warboy, by furiosa.runtime 0.10: a runner, called by several threads at once."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from edge.device.backend import ArtefactRefused, Device, DeviceAbsent, Session
from edge.device.calls import CalledSession, Calls, gist
from edge.device.feeds import spec_of, usable_file
from edge.device.pooled import Pooled
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings
from sensors.ranges import Several

NAME = "furiosa"


class Furiosa:
    """Loads .enf files, and quantised .onnx files, which the runtime then compiles."""

    about = About(
        silicon="FuriosaAI Warboy",
        module="furiosa.runtime.sync",
        install="pip install furiosa-sdk, and FuriosaAI's driver and libhal system packages",
        tried="the error of the absent library; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        cores: Literal["0", "1", "0-1"] = "0-1"
        """Processing elements; `0-1` fuses both."""
        workers: Several = 2
        """Inferences in flight."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._sync = sdk(NAME, self.about)

    def devices(self) -> Sequence[Device]:
        return [Device(name, "npu", f"Warboy {name}", facts) for name, facts in self._found().items()]

    def load(self, artefact: Artefact, device: str) -> Session:
        found = self._found()
        if device not in found:
            raise DeviceAbsent(NAME, device, list(found))
        path = usable_file(NAME, artefact, (".enf", ".onnx"))
        placed, workers = f"{device}pe{self._options.cores}", self._options.workers
        try:
            opened = self._sync.create_runner(str(path), device=placed, worker_num=workers)
            runner = opened.__enter__()
        # The native runtime's errors have no common root that its documentation names.
        except Exception as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        calls = Calls(
            NAME,
            finish=lambda fed: list(runner.run(fed)),
            release=lambda: opened.__exit__(None, None, None),
            failures=(Exception,),
            depth=workers,
            facts={**found[device], "cores": placed},
        )
        session = CalledSession(calls, _specs(runner.model.inputs()), _specs(runner.model.outputs()))
        return Pooled(NAME, session, workers)

    def _found(self) -> Mapping[str, Mapping[str, str]]:
        listed = sdk(NAME, self.about, "furiosa.device.sync").list_devices()
        runtime = sdk(NAME, self.about, "furiosa.runtime").__full_version__
        return {device.name(): {"runtime": runtime, **UNTRIED} for device in listed}


def _specs(tensors: Any) -> list[TensorSpec]:
    return [spec_of(tensor.name or "", list(tensor.shape), np.dtype(tensor.numpy_dtype).name) for tensor in tensors]
