"""Ultralytics' anchor heads (v5; YOLOv7 and YOLOv6 alike): (1, N, 5 + classes), boxes decoded in the graph."""

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
    """Of which class a row is a candidate: of its best, as `detect.py` has it, or of every one over the floor, as
    `val.py`."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels: (centre x, centre y, width, height), objectness, classes, the latter two sigmoid.

    The score of a class is objectness * class (ultralytics/yolov5, `non_max_suppression`). Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    width = 5 + len(labels.table(manifest))
    shapes = [output.shape for output in outputs]
    if len(outputs) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or shapes[0][2] != width:
        raise OutputsUnfit(manifest, shapes, [(1, 0, width)])
    floor = manifest.suppression.score_floor
    raw = outputs[0][0]
    # No class score exceeds 1, so a row whose objectness is under the floor has no candidate: most have none.
    raw = raw[raw[:, 4] > np.float32(floor)]
    scores = raw[:, 5:] * raw[:, 4:5]
    rows, classes = best(scores, floor) if options.classes == "best" else over(scores, floor)
    return Detections(around(raw[:, :2], raw[:, 2:4])[rows], scores[rows, classes], classes)
