"""What goes into and comes out of a session: shapes, types, layouts and quantisation."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sensors.frame import Array

Layout: TypeAlias = Literal["NCHW", "NHWC"]
DType: TypeAlias = Literal["float32", "float16", "uint8", "int8", "uint16", "int16", "int32", "int64"]
"""The last two only for what is no picture: sizes that go in, labels and numbers that come out."""


@dataclass(frozen=True, slots=True)
class Quantisation:
    """real = (stored - zero_point) * scale, for a whole tensor."""

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a session, addressed by position: names are export numbers."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quantisation: Quantisation | None = None
    open_axes: tuple[int, ...] = ()
    """Where one inference's tensor may be shorter than `shape` says, and the next one's not."""

    def holds(self, tensor: Array) -> bool:
        """Whether that is a tensor of this spec."""
        return (
            tensor.dtype == self.dtype
            and tensor.ndim == len(self.shape)
            and all(
                a == b or (axis in self.open_axes and 0 < a < b)
                for axis, (a, b) in enumerate(zip(tensor.shape, self.shape, strict=True))
            )
        )


def quantise(real: Array, spec: TensorSpec) -> Array:
    """`real` in the type `spec` stores, rounded half to even and saturated."""
    if spec.quantisation is None:
        as_asked: Array = real.astype(spec.dtype, copy=False)
        return as_asked
    bounds = np.iinfo(spec.dtype)
    stored = np.rint(real / spec.quantisation.scale) + spec.quantisation.zero_point
    saturated: Array = np.clip(stored, bounds.min, bounds.max).astype(spec.dtype)
    return saturated


def dequantise(stored: Array, spec: TensorSpec) -> Array:
    """`stored` as float32 real values; a float tensor is returned as it is."""
    if spec.quantisation is None:
        return stored.astype(np.float32, copy=False)
    real: Array = (stored.astype(np.float32) - spec.quantisation.zero_point) * np.float32(spec.quantisation.scale)
    return real


def cosine(a: Array, b: Array) -> float:
    """1 for two tensors of zeros; NaN where one is all zeros or not finite."""
    left, right = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    scale = math.sqrt(float(left @ left)) * math.sqrt(float(right @ right))
    if scale == 0:
        return 1.0 if not left.any() and not right.any() else math.nan
    return float(left @ right) / scale
