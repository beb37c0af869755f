"""Findings made in the graph, a tensor a column: boxes, scores, labels, and often their number.

TensorFlow's and TFLite's SSD (boxes y1 x1 y2 x2 in shares, count), torchvision's SSD and Faster R-CNN (open length),
EfficientNMS (count first), RT-DETR and D-FINE exported with their post-processing (labels, boxes, scores).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models.decoders.cells import OutputsUnfit
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Index


class Options(Settings, frozen=True, kw_only=True):
    """Which output is what, by position."""

    boxes: Index
    scores: Index
    labels: Index
    count: Index | None = None
    """None: every row counts."""
    corners: Literal["x1 y1 x2 y2", "y1 x1 y2 x2"] = "x1 y1 x2 y2"
    unit: Literal["pixels", "shares"] = "pixels"
    """Of the network's input, or of its sides."""
    first_label: Index = 0
    """What the network calls the first label of the table: 1 where its 0 is the background."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels; a label before the first one is background, and no finding. Raises OutputsUnfit."""
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    shapes = [output.shape for output in outputs]
    last = max(options.boxes, options.scores, options.labels, options.count or 0)
    if last >= len(outputs):
        raise OutputsUnfit(manifest, shapes, [()] * (last + 1))
    boxes, scores, labels = (_rows(outputs[i]) for i in (options.boxes, options.scores, options.labels))
    boxes = boxes.reshape(-1, 4) if boxes.size % 4 == 0 else boxes
    scores, labels = scores.reshape(-1), labels.reshape(-1)
    if boxes.ndim != 2 or not len(boxes) == len(scores) == len(labels):
        raise OutputsUnfit(manifest, shapes, [(1, 0, 4), (1, 0), (1, 0)])
    n = len(scores) if options.count is None else min(_number(outputs[options.count]), len(scores))
    numbers = np.rint(labels[:n]).astype(np.int64) - options.first_label
    corners = boxes[:n] if options.corners == "x1 y1 x2 y2" else boxes[:n, [1, 0, 3, 2]]
    if options.unit == "shares":
        corners = corners * np.array((manifest.input.width, manifest.input.height) * 2, np.float32)
    kept = (scores[:n] > np.float32(manifest.suppression.score_floor)) & (numbers >= 0)
    return Detections(corners[kept], scores[:n][kept], numbers[kept])


def _rows(output: Array) -> Array:
    """Without the batch of one."""
    inner: Array = output[0] if output.ndim > 1 and len(output) == 1 else output
    return inner


def _number(count: Array) -> int:
    """Of a tensor of one element; rehearsed with an open shape it has none."""
    return max(int(count.reshape(-1)[0]), 0) if count.size else 0
