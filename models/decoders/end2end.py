"""Findings made in the graph, a row each: one tensor (1, N, 6) or (N, 6 or 7), as exports with suppression give them.

Ultralytics' v10, v26 and `nms=True` (x1 y1 x2 y2 score class), YOLOv7's end2end (batch x1 y1 x2 y2 class score),
PaddleDetection's (class score x1 y1 x2 y2). Nothing is left to suppress: the manifest's `iou` is 1.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from models.decoders.cells import OutputsUnfit, around
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array

Columns: TypeAlias = Literal[
    "x1 y1 x2 y2 score class",
    "x1 y1 x2 y2 class score",
    "cx cy w h score class",
    "cx cy w h class score",
    "batch x1 y1 x2 y2 class score",
    "batch cx cy w h class score",
    "class score x1 y1 x2 y2",
    "class score cx cy w h",
]


class Options(Settings, frozen=True, kw_only=True):
    columns: Columns = "x1 y1 x2 y2 score class"
    unit: Literal["pixels", "shares"] = "pixels"
    """Of the network's input, or of its sides."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels; rows that only fill the tensor have a score of 0 or a class of -1.

    A second output, the number of rows, is not needed and may be there. Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    names = options.columns.split()
    rows = outputs[0][0] if outputs and outputs[0].ndim == 3 and len(outputs[0]) == 1 else outputs[0]
    if len(outputs) > 2 or rows.ndim != 2 or rows.shape[1] != len(names):
        raise OutputsUnfit(manifest, [output.shape for output in outputs], [(1, 0, len(names))])
    score, label = rows[:, names.index("score")], rows[:, names.index("class")]
    first = names.index("cx" if "cx" in names else "x1")
    corners = rows[:, first : first + 4]
    if "cx" in names:
        corners = around(corners[:, :2], corners[:, 2:])
    if options.unit == "shares":
        corners = corners * np.array((manifest.input.width, manifest.input.height) * 2, np.float32)
    kept = (score > np.float32(manifest.suppression.score_floor)) & (label >= 0)
    return Detections(corners[kept], score[kept], np.rint(label[kept]).astype(np.int64))
