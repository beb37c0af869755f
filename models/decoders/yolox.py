"""YOLOX: one tensor (1, cells, 4 + 1 + classes) of three strides; objectness and classes are already sigmoid."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models import labels
from models.decoders.cells import around, best, grid, over, require
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Strides

MAX_LOG_CELLS = np.float32(16)
"""A side of e^16 cells exceeds every picture; beyond e^88 float32 overflows."""


class Options(Settings, frozen=True, kw_only=True):
    strides: Strides = (8, 16, 32)
    """In the order of the cells."""
    classes: Literal["best", "every"] = "every"
    """Of which class a cell is a candidate: of its best, as the makers' programs have it, or of every one over the
    floor."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels: centre = (o[0:2] + cell) * stride, sides = exp(o[2:4]) * stride.

    The score of a class is o[4] * o[5 + class] (Megvii YOLOX, `demo_postprocess`). Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    cells, strides = grid(manifest.input.width, manifest.input.height, options.strides)
    require(outputs, [(1, len(cells), 5 + len(labels.table(manifest)))], manifest)
    floor = manifest.suppression.score_floor
    raw = outputs[0][0]
    # No class score exceeds 1, so a cell whose objectness is under the floor has no candidate: most have none.
    likely = np.flatnonzero(raw[:, 4] > np.float32(floor))
    raw, cells, strides = raw[likely], cells[likely], strides[likely]
    scores = raw[:, 5:] * raw[:, 4:5]
    rows, classes = best(scores, floor) if options.classes == "best" else over(scores, floor)
    centres = (raw[:, :2] + cells) * strides
    sides = np.exp(np.minimum(raw[:, 2:4], MAX_LOG_CELLS)) * strides
    return Detections(around(centres, sides)[rows], scores[rows, classes], classes)
