"""Yolo-FastestV2: three tensors a stride (boxes, objectness, classes), three anchors a cell that share its classes."""

from collections.abc import Sequence

import numpy as np

from models import labels
from models.decoders.cells import Shape, around, cells_across, grid, over, require, sigmoid, softmax
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Positive, Strides


class Options(Settings, frozen=True, kw_only=True):
    strides: Strides
    """In the order of the tensors."""
    anchors: tuple[tuple[tuple[Positive, Positive], ...], ...]
    """Width and height in input pixels of each anchor, for each stride."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels: centre = (2 sigmoid(t) - 1/2 + cell) * stride, sides = (2 sigmoid(t))^2 * anchor.

    The score is sigmoid(objectness) * softmax(classes) (dog-qiuqiu/Yolo-FastestV2). Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    require(outputs, _shapes(manifest, options), manifest)
    levels = [
        _level(outputs[3 * i : 3 * i + 3], stride, np.array(anchors, np.float32), manifest)
        for i, (stride, anchors) in enumerate(zip(options.strides, options.anchors, strict=True))
    ]
    return Detections(
        np.concatenate([level.boxes for level in levels]),
        np.concatenate([level.scores for level in levels]),
        np.concatenate([level.labels for level in levels]),
    )


def _level(outputs: Sequence[Array], stride: int, anchors: Array, manifest: Manifest) -> Detections:
    floor = manifest.suppression.score_floor
    cells, _ = grid(manifest.input.width, manifest.input.height, (stride,))
    raw, objectness, classes = (output[0].reshape(output.shape[1], -1) for output in outputs)
    likelihood = sigmoid(objectness)
    # A class share is 1 at most: most (anchor, cell) pairs are ruled out before their classes are looked at.
    anchor, cell = np.nonzero(likelihood > np.float32(floor))
    scores = likelihood[anchor, cell][:, None] * softmax(classes[:, cell]).T
    rows, found = over(scores, floor)
    anchor, cell = anchor[rows], cell[rows]
    parts = 2 * sigmoid(raw.reshape(len(anchors), 4, -1)[anchor, :, cell])
    centres = (parts[:, :2] - np.float32(0.5) + cells[cell]) * np.float32(stride)
    return Detections(around(centres, parts[:, 2:] ** 2 * anchors[anchor]), scores[rows, found], found)


def _shapes(manifest: Manifest, options: Options) -> list[Shape]:
    shapes: list[Shape] = []
    classes = len(labels.table(manifest))
    for stride, anchors in zip(options.strides, options.anchors, strict=True):
        columns, rows = cells_across(manifest, stride)
        channels = (4 * len(anchors), len(anchors), classes)
        shapes += [(1, count, rows, columns) for count in channels]
    return shapes
