"""The border of every session: tensors are what the specs say, or the inference has failed."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from edge.device.backend import ArtefactRefused, BackendError, InferenceFailed, Tensors
from models.manifest import Artefact
from models.tensors import DType, TensorSpec
from sensors.frame import Array
from sensors.terminal.figures import size

MOST_BYTES = 2**28
"""Of an input: four thousand by four thousand pixels of three float32 and a third more."""


class TensorStrange(BackendError):
    def __init__(self, name: str, shape: Sequence[Any], dtype: str) -> None:
        super().__init__(
            f"the model's tensor {name!r} is {dtype}{list(shape)}",
            f"export it with fixed shapes, and as one of {', '.join(get_args(DType))}",
        )


class TensorHuge(BackendError):
    def __init__(self, spec: TensorSpec, n_bytes: int) -> None:
        what = f"the model's tensor {spec.name!r}, {_shown(spec)}, takes {size(n_bytes)}"
        super().__init__(f"{what}; a picture has {size(MOST_BYTES)} at most", "export it for smaller pictures")


def usable_file(backend: str, artefact: Artefact, suffixes: Sequence[str], *, onnx: bool = False) -> Path:
    """The artefact's file; raises ArtefactRefused where it is absent, of another kind, or was made for another backend.

    `onnx`: a model's original file, which is nobody's artefact in particular, will do as well.
    """
    if not artefact.path.is_file():
        raise ArtefactRefused(backend, artefact, "there is no such file")
    if artefact.path.suffix not in suffixes:
        raise ArtefactRefused(backend, artefact, f"it is none of {', '.join(suffixes)}")
    if artefact.backend != backend and not (onnx and artefact.backend == "onnxruntime"):
        raise ArtefactRefused(backend, artefact, f"it was made for backend {artefact.backend!r}")
    return artefact.path


def spec_of(name: str, shape: Sequence[Any], dtype: str) -> TensorSpec:
    """What an SDK says of a tensor, as a spec; raises TensorStrange for open shapes and types nobody decodes."""
    if dtype not in get_args(DType) or not all(isinstance(side, int) and side > 0 for side in shape):
        raise TensorStrange(name, shape, dtype)
    return TensorSpec(name, tuple(shape), dtype)  # type: ignore[arg-type]  # it was just looked up


def input_spec(artefact: Artefact) -> TensorSpec:
    """The input tensor that the artefact's contract describes, for SDKs that don't tell it."""
    return TensorSpec("input", artefact.input.shape, artefact.input.dtype)


def checked_feeds(backend: str, specs: Sequence[TensorSpec], feeds: Tensors) -> list[Array]:
    """`feeds`, contiguous; raises InferenceFailed where number, shape or type differ from `specs`."""
    if len(feeds) != len(specs):
        raise InferenceFailed(backend, f"{len(feeds)} input tensors for a model of {len(specs)}")
    for spec, feed in zip(specs, feeds, strict=True):
        if not spec.holds(feed):
            raise InferenceFailed(backend, f"input {spec.name!r} is {_shown(spec)}, not {feed.dtype}{list(feed.shape)}")
    return [np.ascontiguousarray(feed) for feed in feeds]


def checked_outputs(backend: str, specs: Sequence[TensorSpec], outputs: Any) -> list[Array]:
    """`outputs` of a vendor's call as arrays that the caller owns.

    Raises InferenceFailed for a missing or misshapen answer: several SDKs return None or -1 instead of raising.
    """
    if not isinstance(outputs, (list, tuple)):
        raise InferenceFailed(backend, f"the SDK returned {outputs!r} instead of tensors")
    if len(outputs) != len(specs):
        raise InferenceFailed(backend, f"{len(outputs)} output tensors from a model of {len(specs)}")
    owned = []
    for spec, output in zip(specs, outputs, strict=True):
        array = np.array(output)
        if array.shape != spec.shape or array.dtype != spec.dtype:
            came = f"{array.dtype}{list(array.shape)}"
            raise InferenceFailed(backend, f"output {spec.name!r} came as {came}, not as {_shown(spec)}")
        owned.append(array)
    return owned


def zeros(specs: Sequence[TensorSpec]) -> list[Array]:
    """One tensor for each spec: what a session is warmed up with. Raises TensorHuge."""
    for spec in specs:
        n_bytes = math.prod(spec.shape) * np.dtype(spec.dtype).itemsize
        if n_bytes > MOST_BYTES:
            raise TensorHuge(spec, n_bytes)
    return [np.zeros(spec.shape, spec.dtype) for spec in specs]


def _shown(spec: TensorSpec) -> str:
    return f"{spec.dtype}{list(spec.shape)}"
