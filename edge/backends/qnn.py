"""Qualcomm's Hexagon HTP, by the QNN plugin for ONNX Runtime; on x86-64 the wheel brings Qualcomm's emulation of it."""

import platform
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from edge.device.backend import ArtefactRefused, BackendError, Device, DeviceAbsent, DeviceKind
from edge.device.calls import CalledSession, Calls
from edge.device.feeds import spec_of, usable_file, zeros
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors.config import Settings
from sensors.ranges import Megabytes, Name, NameOrNone, Text

NAME = "qnn"
HTP = "htp"

X86 = ("x86_64", "AMD64")
"""Machines on which the HTP can only be emulated."""

STRICT = {
    # Without the first, nodes that QNN can't take (all of them, if its library doesn't load) silently go to the CPU.
    "session.disable_cpu_ep_fallback": "1",
    "session.record_ep_graph_assignment_info": "1",
}

TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(uint16)": "uint16",
    "tensor(int16)": "int16",
}


class BackendLibraryAbsent(BackendError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"backend {NAME!r} can't find Qualcomm's library {path}", "reinstall onnxruntime-qnn")


class Qnn:
    """Loads ONNX files, QDQ with 16-bit activations for choice, and EPContext files compiled ahead of time."""

    about = About(
        silicon="Qualcomm Snapdragon, Hexagon HTP",
        module="onnxruntime_qnn",
        install="pip install 'gilmok[qnn]'",
        tried="Qualcomm's HTP emulation on x86-64; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        htp_arch: NameOrNone = ""
        """Hexagon version, as 73 or 75; empty: the library's choice."""
        vtcm_mb: Megabytes = 8
        """Vector memory that graphs may use; with the library's own default, larger networks don't build."""
        performance: Literal["default", "burst", "balanced", "sustained_high_performance", "power_saver"] = "default"
        provider: dict[Name, Text] = {}
        """More options of the QNN execution provider, passed on as they are."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ort = sdk(NAME, self.about, "onnxruntime")
        self._qnn = sdk(NAME, self.about)
        self._refusals = _errors(self._ort)

    def devices(self) -> Sequence[Device]:
        return [self._device()] if self._hardware() else []

    def load(self, artefact: Artefact, device: str) -> CalledSession:
        hardware = self._hardware()
        if device != HTP or not hardware:
            raise DeviceAbsent(NAME, device, [HTP] if hardware else [])
        path = usable_file(NAME, artefact, (".onnx",), onnx=True)
        asked = self._ort.SessionOptions()
        for key, value in STRICT.items():
            asked.add_session_config_entry(key, value)
        asked.add_provider_for_devices(hardware, self._provider_options())
        try:
            made = self._ort.InferenceSession(path, asked)
        except self._refusals as error:
            raise ArtefactRefused(NAME, artefact, _gist(error)) from error
        where = Counter(group.ep_name for group in made.get_provider_graph_assignment_info() for _ in group.get_nodes())
        if set(where) != {self._qnn.get_ep_name()}:
            raise ArtefactRefused(NAME, artefact, f"parts of it would run elsewhere: {dict(where)}")
        it = self._device()
        session = CalledSession(
            Calls(
                NAME,
                lambda fed: made.run(
                    None, {port.name: feed for port, feed in zip(made.get_inputs(), fed, strict=True)}
                ),
                failures=self._refusals,
                facts={**it.facts, "operators": f"{where.total()} on QNN HTP"},
            ),
            [_spec(port) for port in made.get_inputs()],
            [_spec(port) for port in made.get_outputs()],
        )
        if it.kind == "npu":
            session.run(zeros(session.inputs))
        return session

    def _hardware(self) -> list[Any]:
        """ONNX Runtime's devices for the HTP: NPUs, and on x86-64 the CPU that emulates one."""
        name = self._qnn.get_ep_name()
        types = self._ort.OrtHardwareDeviceType
        wanted = types.CPU if _kind() == "emulator" else types.NPU
        # Plugins are registered once a process; registering under another name would rename the devices.
        if not any(device.ep_name == name for device in self._ort.get_ep_devices()):
            self._ort.register_execution_provider_library(name, self._qnn.get_library_path())
        return [
            device
            for device in self._ort.get_ep_devices()
            if device.ep_name == name
            and device.device.type == wanted
            and device.device.metadata.get("is_virtual", "0") != "1"
        ]

    def _device(self) -> Device:
        kind = _kind()
        description = "Hexagon HTP" if kind == "npu" else "Hexagon HTP, emulated by Qualcomm's library on this CPU"
        runtime = f"onnxruntime {self._ort.__version__}, onnxruntime-qnn {self._qnn.__version__}"
        return Device(HTP, kind, description, {"runtime": runtime, **UNTRIED})

    def _provider_options(self) -> dict[str, str]:
        library = Path(self._qnn.get_qnn_htp_path())
        if not library.is_file():
            raise BackendLibraryAbsent(library)
        options = {"backend_path": str(library), "vtcm_mb": str(self._options.vtcm_mb)}
        if self._options.htp_arch:
            options["htp_arch"] = self._options.htp_arch
        if self._options.performance != "default":
            options["htp_performance_mode"] = self._options.performance
        return options | self._options.provider


def _kind() -> DeviceKind:
    return "emulator" if platform.machine() in X86 else "npu"


def _errors(ort: Any) -> tuple[type[Exception], ...]:
    """ONNX Runtime's exceptions have no common root but Exception."""
    state = ort.capi.onnxruntime_pybind11_state
    return tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))


def _spec(port: Any) -> TensorSpec:
    return spec_of(port.name, port.shape, TYPES.get(port.type, port.type))


def _gist(error: Exception) -> str:
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", " ".join(str(error).split()))
