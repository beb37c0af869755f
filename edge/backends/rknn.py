"""Rockchip's NPUs: on a board by rknn-toolkit-lite2, elsewhere in the simulator of rknn-toolkit2."""

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from msgspec.structs import replace

from edge.device.backend import ArtefactRefused, BackendError, Device, DeviceAbsent
from edge.device.calls import CalledSession, Calls, gist
from edge.device.feeds import input_spec, usable_file
from edge.device.sdk import UNTRIED, About, Package, Recipe, sdk
from models.manifest import Artefact
from sensors.config import Settings
from sensors.ranges import Name

NAME = "rknn"
NPU, SIMULATOR = "npu", "simulator"

BOARD = "board"
"""Part of an artefact: the .rknn file."""

CORES = {"auto": 0, "0": 1, "1": 2, "2": 4, "0_1": 3, "0_1_2": 7, "all": 0xFFFF}
"""RKNNLite's core masks."""

MULTICORE = ("rk3588", "rk3576")
"""Where a core mask means something."""

DEVICE_TREE = Path("/proc/device-tree/compatible")


STOOD_IN_FOR = (
    "libcublas.so.12",
    "libcublasLt.so.12",
    "libcudnn.so.9",
    "libcufft.so.11",
    "libcurand.so.10",
    "libcusparse.so.12",
    "libnccl.so.2",
)


def _stand_in(site: Path) -> None:
    """Let torch's build for GPUs load without two gigabytes of GPU libraries, none of which the simulator calls.

    An empty library of torch's own takes their names; a torch built for CPUs doesn't ask for them at all.
    """
    folder = site / "torch" / "lib"
    if (folder / "libtorch_cuda.so").exists():
        for name in STOOD_IN_FOR:
            (folder / name).symlink_to("libtorch_global_deps.so")


class Rknn:
    """A board loads .rknn files. The simulator can't: it builds its network anew, from the ONNX file.

    A compiled artefact therefore brings that file and its calibration list as `parts` (`onnx`, `calibration`).
    """

    about = About(
        silicon="Rockchip RK3588, RK3576, RK356x",
        module="rknn.api",
        install="`gilmok backend install rknn` (the simulator; on a board: pip install rknn-toolkit-lite2 msgspec)",
        tried="Rockchip's simulator on x86-64; not run on hardware",
        also=("rknnlite",),
    )

    recipe = Recipe(
        packages=(
            Package("torch==2.4.0", 797, alone=True),
            Package(
                "nvidia-cuda-runtime-cu12==12.1.105 nvidia-cuda-cupti-cu12==12.1.105 nvidia-nvtx-cu12==12.1.105",
                15,
                alone=True,
            ),
            Package("rknn-toolkit2==2.5.0", 38, alone=True),
            Package("numpy==1.26.4 onnx==1.18.0 onnxruntime==1.26.0 protobuf==4.25.4 opencv-python==4.11.0.86", 120),
            Package("scipy<1.16 psutil ruamel.yaml tqdm fast-histogram setuptools", 40),
            Package("typing_extensions sympy networkx jinja2 filelock fsspec", 12),
        ),
        finish=_stand_in,
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        target: Name = "rk3588"
        """The chip that the simulator plays."""
        cores: Literal["auto", "0", "1", "2", "0_1", "0_1_2", "all"] = "auto"
        """Cores of an RK3588 or RK3576 that a session runs on."""
        export: Path | None = None
        """Where the simulator writes what it has built, for a board."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @staticmethod
    def finish(artefact: Artefact, folder: Path, on_step: Callable[[str], None]) -> Artefact:
        """With the board's file, where rknn-toolkit2 has its environment: nothing else writes .rknn files."""
        # Here, since the toolkit's own environment imports this module and has less than ours.
        from edge.device.environment import python_of
        from edge.device.opening import open_backend

        if not python_of(NAME).is_file():
            return artefact
        on_step("build the board's file")
        board = folder / "model.rknn"
        open_backend(NAME, {"export": str(board)}).load(artefact, SIMULATOR).close()
        toolchain = {**artefact.toolchain, "target": Rknn.Options().target}
        return replace(artefact, parts={**artefact.parts, BOARD: board}, toolchain=toolchain)

    def devices(self) -> Sequence[Device]:
        found = []
        if _here("rknnlite") and (chip := _chip()):
            runtime = f"rknn-toolkit-lite2, {chip}"
            found.append(Device(NPU, "npu", f"NPU of this {chip}", {"runtime": runtime, "board": chip, **UNTRIED}))
        if _here("rknn"):
            chip = self._options.target
            facts = {"runtime": "rknn-toolkit2, simulator", "board": chip, **UNTRIED}
            found.append(Device(SIMULATOR, "simulator", f"{chip}, simulated on this CPU", facts))
        if not found:
            sdk(NAME, self.about)
        return found

    def load(self, artefact: Artefact, device: str) -> CalledSession:
        found = [each.name for each in self.devices()]
        if device not in found:
            raise DeviceAbsent(NAME, device, found)
        if device == NPU:
            # What was compiled here has its file for the board beside what the simulator builds from.
            artefact = replace(artefact, path=artefact.parts.get(BOARD, artefact.path))
        usable_file(NAME, artefact, (".rknn",) if device == NPU else (".rknn", ".onnx"), onnx=device == SIMULATOR)
        engine, version = self._on_board(artefact) if device == NPU else self._simulated(artefact)
        facts = {"runtime": version, "cores": self._options.cores if device == NPU else "simulated", **UNTRIED}
        layout = artefact.input.layout.lower()
        calls = Calls(
            NAME,
            lambda fed: engine.inference(inputs=fed, data_format=[layout]),
            release=engine.release,
            failures=(ValueError, RuntimeError, AttributeError),
            facts=facts,
        )
        return CalledSession(calls, [input_spec(artefact)])

    def _on_board(self, artefact: Artefact) -> tuple[Any, str]:
        if self._options.cores != "auto" and not any(chip in (_chip() or "") for chip in MULTICORE):
            raise CoresFixed(self._options.cores, _chip() or "board")
        lite = sdk(NAME, self.about, "rknnlite.api").RKNNLite()
        if _code(lambda: lite.load_rknn(str(artefact.path))) != 0:
            raise ArtefactRefused(NAME, artefact, "rknnlite can't read it")
        if _code(lambda: lite.init_runtime(core_mask=CORES[self._options.cores])) != 0:
            raise BackendError("rknnlite can't start its runtime", "check librknnrt.so and the rknpu driver")
        return lite, f"rknn-toolkit-lite2, {lite.get_sdk_version()}".strip()

    def _simulated(self, artefact: Artefact) -> tuple[Any, str]:
        source = artefact.parts.get("onnx", artefact.path)
        calibration = artefact.parts.get("calibration")
        # torch's build for GPUs loads without their libraries as long as nothing binds what it doesn't call.
        eager = sys.getdlopenflags()
        sys.setdlopenflags(os.RTLD_LAZY)
        try:
            toolkit = sdk(NAME, self.about)
        finally:
            sys.setdlopenflags(eager)
        made = toolkit.RKNN(verbose=False)
        try:
            asked = [
                made.config(target_platform=self._options.target, **_normalisation(artefact), **_quantiser(artefact)),
                made.load_onnx(model=str(source)),
                made.build(do_quantization=calibration is not None, dataset=calibration and str(calibration)),
                made.export_rknn(str(self._options.export)) if self._options.export else 0,
                made.init_runtime(),
            ]
        # Its loader raises what its log says, as ValueError, and once in a while something else.
        except Exception as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error
        if any(asked):
            raise ArtefactRefused(NAME, artefact, f"config, load, build, export and init returned {asked}")
        return made, f"rknn-toolkit2 {_version('rknn-toolkit2')}, simulator of {self._options.target}"


class CoresFixed(BackendError):
    def __init__(self, cores: str, chip: str) -> None:
        super().__init__(f"a {chip} has no choice of NPU cores ({cores!r})", "leave `cores` at 'auto'")


def _normalisation(artefact: Artefact) -> dict[str, Any]:
    """The mean and standard deviation that the compiler folded in, as RKNN's config takes them."""
    mean, std = (artefact.toolchain.get(key) for key in ("mean", "std"))
    return {
        "mean_values": [[float(value) for value in (mean or "0 0 0").split()]],
        "std_values": [[float(value) for value in (std or "1 1 1").split()]],
    }


def _quantiser(artefact: Artefact) -> dict[str, str]:
    keys = {"quantized_algorithm": "algorithm", "quantized_dtype": "dtype"}
    return {asked: artefact.toolchain[key] for asked, key in keys.items() if key in artefact.toolchain}


def _code(call: Any) -> int:
    """What RKNNLite returns; some of its error paths raise AttributeError instead of returning -1."""
    try:
        return int(call())
    except (AttributeError, ValueError, RuntimeError):
        return -1


def _chip() -> str:
    """The board's Rockchip SoC by its device tree ("rk3588"), or nothing."""
    try:
        names = DEVICE_TREE.read_bytes().decode("ascii", "replace").split("\0")
    except OSError:
        return ""
    return next((name.partition(",")[2] for name in names if name.startswith("rockchip,rk")), "")


def _here(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)
