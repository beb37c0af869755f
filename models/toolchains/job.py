"""What a toolchain is asked to make, and what it made."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from models.manifest import InputContract, Manifest
from models.preprocess import Preparer
from models.tensors import TensorSpec
from sensors.errors import GilmokError
from sensors.frame import Array, Image

OnStep: TypeAlias = Callable[[str], None]

QUANTISED = ("int8", "u16")
"""Precisions that need to see pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    manifest: Manifest
    source: Path
    """The model's ONNX file."""
    precision: str
    pictures: Sequence[Image]
    """To calibrate with; empty where nothing is quantised."""
    folder: Path
    """Where the artefact's files go, and nothing else."""
    scratch: Path
    """For what is thrown away afterwards."""
    options: Mapping[str, Any] = field(default_factory=dict)
    on_step: OnStep = lambda _what: None

    def feeds(self, contract: InputContract) -> Iterator[Array]:
        """The pictures as input tensors of `contract`, each in memory of its own."""
        preparer = Preparer(contract, TensorSpec("input", contract.shape, contract.dtype))
        for picture in self.pictures:
            yield preparer.prepare(picture, preparer.buffer()).tensor


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """As the fields of `models.manifest.Artefact`."""

    path: Path
    input: InputContract
    toolchain: Mapping[str, str]
    outputs: tuple[tuple[int, ...], ...] = ()
    cuts: tuple[str, ...] = ()
    stitch: Path | None = None
    parts: Mapping[str, Path] = field(default_factory=dict)


class Toolchain(Protocol):
    """A module `models.toolchains.<backend>`."""

    PRECISIONS: tuple[str, ...]

    def make(self, job: Job) -> Product:
        """Raises CompilerRefused, ToolAbsent or ConfigWrong (options)."""
        ...


TOOLCHAINS = ("onnxruntime", "openvino", "qnn", "rknn")


class ToolchainUnknown(GilmokError):
    def __init__(self, backend: str) -> None:
        super().__init__(
            f"gilmok has no compiler for backend {backend!r}",
            f"it has one for {', '.join(TOOLCHAINS)}; others come with the vendor's own tools",
        )


class PrecisionUnknown(GilmokError):
    def __init__(self, backend: str, precision: str, known: Sequence[str]) -> None:
        super().__init__(f"backend {backend!r} is not compiled to {precision!r} here", f"choose {', '.join(known)}")


class ToolAbsent(GilmokError):
    def __init__(self, backend: str, module: str, install: str) -> None:
        super().__init__(f"compiling for {backend!r} needs {module!r}, which is not installed", f"install: {install}")


class CompilerRefused(GilmokError):
    def __init__(self, tool: str, model: str, why: str) -> None:
        super().__init__(f"{tool} can't compile model {model!r}: {why}", "try another precision or backend")


def toolchain(backend: str, precision: str) -> Toolchain:
    """Raises ToolchainUnknown, PrecisionUnknown or ToolAbsent."""
    if backend not in TOOLCHAINS:
        raise ToolchainUnknown(backend)
    try:
        module: Any = importlib.import_module(f"models.toolchains.{backend}")
    except ModuleNotFoundError as error:
        raise ToolAbsent(backend, str(error.name), "pip install 'gilmok[compile]'") from error
    if precision not in module.PRECISIONS:
        raise PrecisionUnknown(backend, precision, module.PRECISIONS)
    found: Toolchain = module
    return found


def tool(backend: str, module: str, install: str) -> Any:
    """An imported package that only this toolchain needs; raises ToolAbsent."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ToolAbsent(backend, module, install) from error


def versions(*distributions: str) -> dict[str, str]:
    return {name: version(name) for name in distributions}
