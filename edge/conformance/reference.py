"""The yardstick: a model's ONNX file in float32 on ONNX Runtime's CPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from sensors.frame import Array


def reference_outputs(path: Path, feeds: Sequence[Array]) -> list[Array]:
    """The outputs for `feeds` (real numbers; NHWC is turned where the file wants NCHW), by position."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    named = {
        port.name: np.ascontiguousarray(feed if list(feed.shape) == port.shape else np.moveaxis(feed, -1, 1))
        for port, feed in zip(session.get_inputs(), feeds, strict=True)
    }
    return [np.asarray(output) for output in session.run(None, named)]
