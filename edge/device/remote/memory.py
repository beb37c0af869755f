"""Slots of shared memory as arrays: each holds the inputs and outputs of one inference in flight."""

import mmap
from collections.abc import Sequence

import numpy as np

from edge.device.remote import protocol
from models.tensors import TensorSpec
from sensors.frame import Array


def length_of(specs: Sequence[TensorSpec], depth: int) -> int:
    """Bytes of `depth` slots, each with one tensor a spec."""
    return max(protocol.offsets([_size(spec) for spec in specs])[1] * depth, 1)


def slots(memory: mmap.mmap, specs: Sequence[TensorSpec], depth: int) -> list[list[Array]]:
    """Views into `memory`: for each of `depth` slots, one array a spec."""
    starts, length = protocol.offsets([_size(spec) for spec in specs])
    return [
        [
            np.frombuffer(memory, spec.dtype, int(np.prod(spec.shape)), slot * length + start).reshape(spec.shape)
            for spec, start in zip(specs, starts, strict=True)
        ]
        for slot in range(depth)
    ]


def _size(spec: TensorSpec) -> int:
    return int(np.prod(spec.shape)) * np.dtype(spec.dtype).itemsize
