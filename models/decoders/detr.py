"""Query heads (RT-DETR, D-FINE, DEIM, RF-DETR, DETR): logits (1, Q, classes) and boxes (1, Q, 4), or joined."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models import labels
from models.decoders.cells import Floats, OutputsUnfit, around, over, sigmoid, softmax
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array


class Options(Settings, frozen=True, kw_only=True):
    boxes: Literal[0, 1] = 1
    """Which of the two tensors holds the boxes."""
    scores: Literal["sigmoid", "softmax", "as-they-are"] = "sigmoid"
    """What makes scores of the logits; `softmax` is DETR's, over the classes and "nothing", which comes last."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels; a box is (centre x, centre y, width, height) in shares of the input's sides.

    A query may be a candidate of several classes: the best (query, class) pairs count, as in the makers' own
    post-processing; of DETR's (`softmax`) it is the best class alone. One column more than there are labels is
    "nothing", and no class. Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    n_classes = len(labels.table(manifest))
    shapes = [output.shape for output in outputs]
    if len(outputs) == 1 and len(shapes[0]) == 3 and shapes[0][2] == 4 + n_classes:
        # Ultralytics' RT-DETR joins boxes and scores, and has no column for "nothing".
        outputs = [outputs[0][..., 4:], outputs[0][..., :4]]
        shapes = [output.shape for output in outputs]
    if len(outputs) != 2 or any(len(shape) != 3 or shape[0] != 1 for shape in shapes):
        raise OutputsUnfit(manifest, shapes, [(1, 0, n_classes), (1, 0, 4)])
    places, logits = outputs[options.boxes][0], outputs[1 - options.boxes][0]
    if places.shape[1] != 4 or len(places) != len(logits) or logits.shape[1] not in (n_classes, n_classes + 1):
        raise OutputsUnfit(manifest, shapes, [(1, len(places), n_classes), (1, len(places), 4)])
    scores = _scores(logits, options)[:, :n_classes]
    if options.scores == "softmax":
        scores = np.where(scores == scores.max(axis=1, keepdims=True), scores, np.float32(0))
    rows, classes = over(np.ascontiguousarray(scores), manifest.suppression.score_floor)
    frame = np.array((manifest.input.width, manifest.input.height), np.float32)
    boxes = around(places[:, :2] * frame, places[:, 2:] * frame)
    return Detections(boxes[rows], scores[rows, classes], classes)


def _scores(logits: Floats, options: Options) -> Floats:
    match options.scores:
        case "sigmoid":
            return sigmoid(logits)
        case "softmax":
            shares: Floats = softmax(np.ascontiguousarray(logits.T)).T
            return shares
        case "as-they-are":
            return logits
