"""Quantising in ONNX's own terms: QuantizeLinear and DequantizeLinear around what shall run in integers."""

from collections.abc import Iterator
from typing import Any

from onnxruntime.quantization import CalibrationDataReader

from models.manifest import InputContract
from models.toolchains.job import Job
from sensors.frame import Array


class Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """The job's pictures, once through; every quantising step wants a new one."""

    def __init__(self, job: Job, name: str, contract: InputContract) -> None:
        self._name = name
        self._feeds: Iterator[Array] = job.feeds(contract)

    def get_next(self) -> dict[str, Array] | None:
        feed = next(self._feeds, None)
        return None if feed is None else {self._name: feed}


def methods() -> dict[str, Any]:
    """How the range of a tensor is told from the numbers seen."""
    from onnxruntime.quantization import CalibrationMethod

    return {
        "minmax": CalibrationMethod.MinMax,
        "percentile": CalibrationMethod.Percentile,
        "entropy": CalibrationMethod.Entropy,
    }
