"""Heads that end in findings: a row each, or a tensor for each of their columns."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.recognise.conventions import DETR, PICODET, SSD, STRETCHED, ULTRALYTICS, ULTRALYTICS_DETR
from models.recognise.graph import Output
from models.recognise.head import Head, Tried
from sensors.frame import Array

CORNERS, CENTRES = "x1 y1 x2 y2", "cx cy w h"
LEAST_PIXELS = 2
"""Boxes that end before that are told in shares of the picture's sides."""
NAMES = {
    "boxes": ("box",),
    "scores": ("score", "conf"),
    "labels": ("class", "label"),
    "count": ("num", "count", "valid"),
}
TFLITE = ("tflite", "statefulpartitionedcall")
"""Its own suppression numbers the classes from 0, without the background; TensorFlow's counts that as 0."""


def rows(tried: Tried) -> Iterator[Head]:
    """A finding a row."""
    shapes = tried.shapes
    if len(shapes) > 2 or not shapes or shapes[0][-1:] not in ((6,), (7,)) or len(shapes[0]) not in (2, 3):
        return
    n, width = shapes[0][-2:]
    if len(shapes[0]) == 3 and (shapes[0][0] != 1 or (n in tried.grids() and not are_findings(tried)) or width == 7):
        return
    found = tried.outputs[0].values.reshape(-1, width).astype(np.float64)
    orders: tuple[str, ...]
    if width == 7:
        orders, convention = (f"batch {CORNERS} class score",), ULTRALYTICS
    elif tried.scale_factor or len(shapes) == 2:
        orders, convention = (f"class score {CORNERS}",), PICODET
    else:
        orders, convention = (f"{CORNERS} score class", f"{CORNERS} class score"), ULTRALYTICS
    for order in orders:
        names = order.split()
        scores, classes = (found[:, names.index(name)] for name in ("score", "class"))
        if not _are_scores(scores) or not (classes == np.rint(classes)).all():
            continue
        corners = found[scores > 0][:, [names.index(name) for name in CORNERS.split()]]
        turned = bool((corners[:, :2] > corners[:, 2:]).any())
        shares = 0 < float(np.abs(corners).max(initial=0)) <= LEAST_PIXELS
        told = order.replace(CORNERS, CENTRES) if turned else order
        options = {"columns": told, **({"unit": "shares"} if shares else {})}
        # Ultralytics' RT-DETR: its queries are never letterboxed.
        convention = ULTRALYTICS_DETR if turned and shares else convention
        yield Head("end2end", convention, (), options, in_graph=True, why=f"rows of {told}")
        return


def columns(tried: Tried) -> Iterator[Head]:
    """Boxes, scores, labels, and perhaps their number, a tensor each."""
    names = [output.name.lower() for output in tried.outputs]
    parts = _parts_of_tensorflow(names) or _parts(tried.outputs)
    if parts is None:
        return
    boxes = tried.outputs[parts["boxes"]]
    labels = tried.outputs[parts["labels"]].values
    tflite = any(word in name for name in names for word in TFLITE)
    tensorflow = tflite or any("detection_" in name for name in names)
    # Where nothing fills the tensors up, a label of 0 is a finding, and no background.
    torchvision = len(parts) == 3 and len(boxes.shape) == 2 and not (labels == 0).any()
    shares = tensorflow or (boxes.values.size > 0 and 0 < float(np.abs(boxes.values).max()) <= LEAST_PIXELS)
    options = {
        **parts,
        "corners": "y1 x1 y2 x2" if tensorflow else CORNERS,
        "unit": "shares" if shares else "pixels",
        "first_label": int((tensorflow and not tflite) or torchvision),
    }
    unbatched = len(boxes.shape) == 2
    convention = SSD if tensorflow else STRETCHED if unbatched else ULTRALYTICS if "count" in parts else DETR
    yield Head("ssd", convention, (), options, in_graph=True, background=True, why=f"tensors of {', '.join(parts)}")


def _parts_of_tensorflow(names: Sequence[str]) -> dict[str, int] | None:
    """By its own names, which may stand among others (raw boxes, anchors)."""
    wanted = {"boxes": "detection_boxes", "scores": "detection_scores", "labels": "detection_classes"}
    if not set(wanted.values()) <= set(names):
        return None
    count = {"count": names.index("num_detections")} if "num_detections" in names else {}
    return {part: names.index(name) for part, name in wanted.items()} | count


def _parts(outputs: Sequence[Output]) -> dict[str, int] | None:
    """Which output is what, by names that say so, else by shapes and values; None where that can't be told."""
    if len(outputs) not in (3, 4):
        return None
    for told in (_by_name, _by_values):
        found = {part: i for i, output in enumerate(outputs) if (part := told(output, len(outputs)))}
        if len(found) == len(outputs) and {"boxes", "scores", "labels"} <= found.keys():
            return found if outputs[found["boxes"]].shape[-1:] == (4,) else None
    return None


def _by_name(output: Output, _n: int) -> str:
    name = output.name.lower()
    said = [part for part, words in NAMES.items() if any(word in name for word in words)]
    return said[0] if len(said) == 1 else ""


def _by_values(output: Output, n: int) -> str:
    values = output.values
    if output.shape and output.shape[-1] == 4 and len(output.shape) >= 2:
        return "boxes"
    if values.size == 1 and n == 4:
        return "count"
    said = _by_name(output, n)
    if np.issubdtype(values.dtype, np.integer) or said == "labels":
        return "labels"
    return "scores" if said == "scores" or not (values.size and (values == np.rint(values)).all()) else "labels"


def are_findings(tried: Tried) -> bool:
    """Of rows as many as a grid's cells: whether the file says so, or they come best first, with whole classes."""
    if tried.shapes[0][-1] != 6:
        return False
    rows = tried.outputs[0].values.reshape(-1, 6)
    scores, classes = rows[:, 4], rows[:, 5]
    best_first = bool((np.diff(scores) <= 0).all()) and bool(scores.max(initial=0) > 0)
    return tried.suppressed or (best_first and _are_scores(scores) and bool((classes == np.rint(classes)).all()))


def _are_scores(values: Array | NDArray[np.float64]) -> bool:
    # Half precision may round a score up.
    return bool(((values >= 0) & (values <= 1.001)).all())
