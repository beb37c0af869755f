"""From a session's outputs to findings in the frame."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace

from models import boxes
from models.detections import Detections
from models.manifest import Manifest
from models.preprocess import Placement
from sensors import plugins
from sensors.frame import Array

Decoder: TypeAlias = Callable[[Sequence[Array], Manifest], Detections]
"""Float32 outputs to candidates over the score floor, in network-input pixels, in any order.

Raises OutputsUnfit (`models.decoders.cells`) where the outputs have other shapes than it reads.
"""


@cache
def decoder(name: str) -> Decoder:
    """The decoder plugin `name`; raises PluginUnknown or PluginBroken."""
    found: Decoder = plugins.load("decoders", name)
    return found


def rehearse(manifest: Manifest) -> None:
    """Decode zeros of the shapes that `manifest` names, so that a decoder that can't read them says so at the start.

    Raises OutputsUnfit, ConfigWrong (decoder options), LabelsUnknown, PluginUnknown or PluginBroken.
    """
    decoder(manifest.decoder)([np.zeros(shape, np.float32) for shape in manifest.outputs], manifest)


def read(
    outputs: Sequence[Array],
    manifest: Manifest,
    placement: Placement,
    reading: Callable[[Detections], Detections] | None = None,
) -> Detections:
    """Findings in frame pixels, best first, from finite float32 `outputs` (`tensors.dequantise` makes them of others).

    In this order: decode, best `candidates`, undo the resize, clip to the frame (what lies outside goes), class-wise
    suppression, best `keep` of all classes together; the clipping last where the manifest's rule says so.
    `reading` changes what was decoded, still in input pixels.
    """
    rule = manifest.suppression
    found = decoder(manifest.decoder)(outputs, _as_fed(manifest, placement))
    if reading is not None:
        found = reading(found)
    found = found.pick(boxes.ranked(found.scores, rule.candidates))
    found = Detections(placement.to_frame(found.boxes), found.scores, found.labels)
    if rule.clipped:
        found = _in_frame(found, placement)
        return found.pick(boxes.suppress(found, rule.iou, rule.keep))
    found = found.pick(boxes.areas(found.boxes) > 0)
    return _in_frame(found.pick(boxes.suppress(found, rule.iou, rule.keep)), placement)


def _as_fed(manifest: Manifest, placement: Placement) -> Manifest:
    """A decoder goes by the input's sides; they may be those of the picture's own rectangle."""
    width, height = placement.input
    if (width, height) == (manifest.input.width, manifest.input.height):
        return manifest
    return replace(manifest, input=replace(manifest.input, width=width, height=height))


def _in_frame(found: Detections, placement: Placement) -> Detections:
    """The parts of the boxes that lie in the frame; what lies outside goes."""
    clipped = boxes.clip(found.boxes, placement.width, placement.height)
    return Detections(clipped, found.scores, found.labels).pick(boxes.areas(clipped) > 0)
