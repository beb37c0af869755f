"""Ultralytics' anchor-free heads (v8, v9, v11, v12): one tensor of decoded boxes and class scores, (1, 4 + classes, N).

Some exporters turn it round, (1, N, 4 + classes): the axis of 4 + classes tells which.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models import labels
from models.decoders.cells import OutputsUnfit, around, best, over
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array


class Options(Settings, frozen=True, kw_only=True):
    classes: Literal["best", "every"] = "best"
    """Of which class a cell is a candidate: of its best, as Ultralytics' `predict` has it, or of every one over the
    floor, as their `val`."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels; a box is (centre x, centre y, width, height), class scores are already sigmoid.

    Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    raw = _columns(outputs, manifest)
    floor, scores = manifest.suppression.score_floor, raw[:, 4:]
    rows, classes = best(scores, floor) if options.classes == "best" else over(np.ascontiguousarray(scores), floor)
    boxes = raw[rows, :4]
    return Detections(around(boxes[:, :2], boxes[:, 2:]), scores[rows, classes], classes)


def _columns(outputs: Sequence[Array], manifest: Manifest) -> Array:
    """(N, 4 + classes)."""
    width = 4 + len(labels.table(manifest))
    shapes = [output.shape for output in outputs]
    if len(outputs) == 1 and len(shapes[0]) == 3 and shapes[0][0] == 1:
        if shapes[0][1] == width:
            turned: Array = outputs[0][0].T
            return turned
        if shapes[0][2] == width:
            straight: Array = outputs[0][0]
            return straight
    raise OutputsUnfit(manifest, shapes, [(1, width, 0)])
