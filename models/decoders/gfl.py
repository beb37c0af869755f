"""Generalised focal loss heads (NanoDet, PicoDet): a score tensor a stride, then a tensor of box sides a stride."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models import labels
from models.decoders.cells import Floats, Shape, cells_across, grid, over, require, softmax
from models.detections import Detections
from models.manifest import Manifest
from sensors import config
from sensors.config import Settings
from sensors.frame import Array
from sensors.ranges import Bins, Strides


class Options(Settings, frozen=True, kw_only=True):
    strides: Strides
    """In the order of the tensors."""
    centre: Literal["edges", "pixels"]
    """A cell's middle: between its edges, (x + 1/2) * s, or between its first and last pixel, x * s + (s - 1)/2."""
    bins: Bins = 8
    """The distance of a side, in strides, is the mean of a distribution over 0 .. bins - 1."""


def decode(outputs: Sequence[Array], manifest: Manifest) -> Detections:
    """Candidates in input pixels; scores are already sigmoid, sides (left, top, right, bottom) are logits.

    Li et al., Generalized Focal Loss (2020), equation 5 for the sides. Raises OutputsUnfit.
    """
    options = config.convert(manifest.decoder_options, Options, f"decoder options of {manifest.name!r}")
    require(outputs, _shapes(manifest, options), manifest)
    floor = manifest.suppression.score_floor
    levels = len(options.strides)
    scores = np.concatenate([level[0] for level in outputs[:levels]])
    sides = np.concatenate([level[0] for level in outputs[levels:]])
    # A candidate cell has several classes over the floor (8 on a street, measured): its sides are read once.
    likely = np.flatnonzero((scores > np.float32(floor)).any(axis=1))
    rows, classes = over(scores[likely], floor)
    cells, strides = grid(manifest.input.width, manifest.input.height, options.strides)
    step = strides[likely]
    centres = (cells[likely] + np.float32(0.5)) * step - np.float32(0.5 if options.centre == "pixels" else 0)
    distances = _distances(sides[likely], options.bins) * step
    boxes = np.concatenate((centres - distances[:, :2], centres + distances[:, 2:]), axis=1)
    return Detections(boxes[rows], scores[likely[rows], classes], classes)


def _shapes(manifest: Manifest, options: Options) -> list[Shape]:
    sizes = [columns * rows for columns, rows in (cells_across(manifest, stride) for stride in options.strides)]
    classes = len(labels.table(manifest))
    return [(1, size, width) for width in (classes, 4 * options.bins) for size in sizes]


def _distances(logits: Floats, bins: int) -> Floats:
    """(N, 4) in strides, from (N, 4 * bins) logits."""
    shares = softmax(np.ascontiguousarray(logits.reshape(-1, bins).T))
    distances: Floats = np.arange(bins, dtype=np.float32) @ shares
    return distances.reshape(-1, 4)
