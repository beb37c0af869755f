"""What an ONNX file takes and gives: its inputs and outputs, what its exporter wrote into it, and one try of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from models.onnxfile import ModelFileForeign, check, check_size, check_weights
from models.recognise.refusal import refusal
from sensors.frame import Array

FATAL_ONLY = 4
"""Log severity: what ONNX Runtime can't do, it raises, and prints in colours besides."""
NUMPY_NAMES = {"float": "float32", "double": "float64", "bool": "bool"}
SEED = 7


@dataclass(frozen=True, slots=True)
class Port:
    name: str
    shape: tuple[int | None, ...]
    """None: open."""
    dtype: str
    """As NumPy calls it."""


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """An output as it came for a picture of noise."""

    name: str
    shape: tuple[int, ...]
    """0: a length that differs from picture to picture."""
    values: Array


class Graph:
    """Raises ModelFileBroken (cut short, no ONNX), ModelFileForeign (newer than this ONNX Runtime) or WeightsAbsent."""

    def __init__(self, path: Path) -> None:
        check_size(path)
        check(path)
        check_weights(path)
        settings = ort.SessionOptions()
        settings.log_severity_level = FATAL_ONLY
        self._path = path
        try:
            self._session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        # ONNX Runtime's errors have no common root, and any of them means that the file is no network for it.
        except Exception as error:
            raise ModelFileForeign(path, *refusal(error)) from error
        self.inputs: Sequence[Port] = [_port(port) for port in self._session.get_inputs()]
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def tried(self, feeds: Mapping[str, Sequence[int]], fixed: Mapping[str, Any]) -> list[Output]:
        """The outputs for noise, in order; `feeds`: shapes by input name, `fixed`: the values of the others.

        Raises ModelFileForeign where the graph doesn't run so.
        """
        draw = np.random.default_rng(SEED)
        kinds = {port.name: port.dtype for port in self.inputs}
        grey = {name: np.zeros(shape, kinds[name]) for name, shape in feeds.items()}
        noise = {name: (draw.random(shape) * _span(kinds[name])).astype(kinds[name]) for name, shape in feeds.items()}
        others = {name: np.array(value, kinds[name]) for name, value in fixed.items()}
        try:
            first, second = (self._session.run(None, some | others) for some in (grey, noise))
        # Likewise.
        except Exception as error:
            raise ModelFileForeign(self._path, *refusal(error)) from error
        names = [port.name for port in self._session.get_outputs()]
        return [_output(*one) for one in zip(names, map(np.asarray, first), map(np.asarray, second), strict=True)]


def _output(name: str, first: Array, second: Array) -> Output:
    if first.ndim != second.ndim:
        return Output(name, (), second)
    shape = tuple(a if a == b else 0 for a, b in zip(first.shape, second.shape, strict=True))
    return Output(name, shape, second)


def _span(kind: str) -> int:
    return 255 if kind == "uint8" else 1


def _port(port: Any) -> Port:
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in port.shape)
    kind = re.sub(r"^tensor\((.*)\)$", r"\1", port.type)
    return Port(port.name, shape, NUMPY_NAMES.get(kind, kind))
