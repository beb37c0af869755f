"""FastestDet: one tensor (1, 1 + 4 + classes, rows, columns) of a single grid, everything relative to the frame."""

from collections.abc import Sequence

import numpy as np

from models import labels
from models.decoders.cells import around, cells_across, grid, over, require, sigmoid
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Stride

OBJECTNESS_POWER = np.float32(0.6)
CLASS_POWER = np.float32(0.4)


class Options(Settings, frozen=True, kw_only=True):
    stride: Stride = 16


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels: centre = (tanh(t) + cell) * stride, sides = sigmoid(t) * input size.

    The score is objectness^0.6 * class^0.4; objectness is already sigmoid, the classes are already softmax
    (dog-qiuqiu/FastestDet). Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    columns, rows_down = cells_across(manifest, options.stride)
    require(outputs, [(1, 5 + len(labels.table(manifest)), rows_down, columns)], manifest)
    floor = manifest.suppression.score_floor
    raw = outputs[0][0].reshape(-1, columns * rows_down)
    objectness = np.maximum(raw[0], 0) ** OBJECTNESS_POWER
    # No class score exceeds 1, so the objectness alone rules most cells out.
    likely = np.flatnonzero(objectness > np.float32(floor))
    chosen = raw[:, likely].T
    scores = objectness[likely, None] * np.maximum(chosen[:, 5:], 0) ** CLASS_POWER
    rows, classes = over(scores, floor)
    cells, strides = grid(manifest.input.width, manifest.input.height, (options.stride,))
    centres = (np.tanh(chosen[:, 1:3]) + cells[likely]) * strides[likely]
    frame = np.array((manifest.input.width, manifest.input.height), np.float32)
    boxes = around(centres, sigmoid(chosen[:, 3:5]) * frame)
    return Detections(boxes[rows], scores[rows, classes], classes)
