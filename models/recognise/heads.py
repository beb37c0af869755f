"""Which detection head it is, told from the outputs of one try: their shapes, types, names and sizes of numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.decoders.cells import grid
from models.recognise.graph import Output
from models.recognise.habits import DETR, IMAGENET, NANODET, PICODET, SSD, STRETCHED, ULTRALYTICS, YOLOX, Habit

LADDERS = ((8, 16, 32), (8, 16, 32, 64))
"""Strides of the grids that detectors have."""
BINS = 8
DETR_COLUMNS = 92
"""COCO's 91 numbers and "nothing": the original DETR, whose logits are for softmax."""


@dataclass(frozen=True, slots=True)
class Head:
    decoder: str
    habit: Habit
    n_labels: tuple[int, ...] = ()
    """How many labels would fit; empty: any number."""
    options: Mapping[str, Any] = field(default_factory=dict)
    in_graph: bool = False
    """Whether nothing is left to suppress."""
    why: str = ""
    """What it was recognised by."""


@dataclass(frozen=True, slots=True)
class Tried:
    outputs: Sequence[Output]
    width: int
    height: int
    scale_factor: bool = False
    """Whether PaddleDetection's second input is there."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [output.shape for output in self.outputs]

    def cells(self, strides: Sequence[int]) -> int:
        return sum(-(-self.width // stride) * -(-self.height // stride) for stride in strides)


def heads(tried: Tried) -> list[Head]:
    """Every head that the outputs may be of; usually one."""
    found = [head for family in FAMILIES for head in family(tried)]
    return [head for head in found if not head.n_labels or max(head.n_labels) > 0]


def _dense(tried: Tried) -> Iterator[Head]:
    """One tensor with a row a cell: Ultralytics' with and without objectness, YOLOX."""
    if len(tried.shapes) != 1 or len(tried.shapes[0]) != 3 or tried.shapes[0][0] != 1:
        return
    _, rows, columns = tried.shapes[0]
    for strides in LADDERS:
        cells = tried.cells(strides)
        if columns == cells:
            yield Head("yolov8", ULTRALYTICS, (rows - 4,), why=f"{cells} cells of strides {_said(strides)}")
        if rows == cells:
            yield Head("yolov8", ULTRALYTICS, (columns - 4,), why=f"{cells} cells of strides {_said(strides)}")
            yield _with_objectness(tried, strides, columns)
        if rows == 3 * cells:
            why = f"three anchors in {cells} cells of strides {_said(strides)}"
            yield Head("yolov5", ULTRALYTICS, (columns - 5,), why=why)


def _with_objectness(tried: Tried, strides: tuple[int, ...], columns: int) -> Head:
    """YOLOX's raw numbers, or boxes that the graph has decoded: those lie about their cells, in pixels."""
    cells, sizes = grid(tried.width, tried.height, strides)
    centres = (cells + np.float32(0.5)) * sizes
    off = np.abs(tried.outputs[0].values[0, :, :2].astype(np.float32) - centres)
    if np.median(off / sizes) < 2:
        return Head("yolov5", ULTRALYTICS, (columns - 5,), why="boxes in pixels, with an objectness")
    return Head("yolox", YOLOX, (columns - 5,), {"strides": list(strides)}, why="boxes relative to their cells")


def _rows(tried: Tried) -> Iterator[Head]:
    """A finding a row."""
    shapes = tried.shapes
    if len(shapes) > 2 or not shapes or shapes[0][-1:] not in ((6,), (7,)) or len(shapes[0]) not in (2, 3):
        return
    rows, width = shapes[0][-2:]
    dense = {many * tried.cells(strides) for strides in LADDERS for many in (1, 3)}
    if len(shapes[0]) == 3 and (shapes[0][0] != 1 or rows in dense or width == 7):
        return
    if width == 7:
        columns, habit = "batch x1 y1 x2 y2 class score", ULTRALYTICS
    elif tried.scale_factor or len(shapes) == 2:
        columns, habit = "class score x1 y1 x2 y2", PICODET
    else:
        columns, habit = "x1 y1 x2 y2 score class", ULTRALYTICS
    yield Head("end2end", habit, (), {"columns": columns}, in_graph=True, why=f"rows of {columns}")


def _queries(tried: Tried) -> Iterator[Head]:
    """Logits and normalised boxes."""
    shapes = tried.shapes
    if len(shapes) != 2 or any(len(shape) != 3 or shape[0] != 1 for shape in shapes) or shapes[0][1] != shapes[1][1]:
        return
    places = [i for i, shape in enumerate(shapes) if shape[2] == 4]
    if len(places) == 2:
        places = [i for i in places if tried.outputs[i].name == "dets" or "box" in tried.outputs[i].name.lower()]
    for boxes in places:
        logits, columns = tried.outputs[1 - boxes].values, shapes[1 - boxes][2]
        probable = bool(((logits >= 0) & (logits <= 1)).all())
        scores = "as-they-are" if probable else "softmax" if columns == DETR_COLUMNS else "sigmoid"
        names = {output.name for output in tried.outputs}
        habit = IMAGENET if names == {"dets", "labels"} or scores == "softmax" else DETR
        why = f"{shapes[0][1]} queries, classes by {scores}"
        yield Head("detr", habit, (columns, columns - 1), {"boxes": boxes, "scores": scores}, in_graph=True, why=why)


def _columns(tried: Tried) -> Iterator[Head]:
    """Boxes, scores, labels, and perhaps their number, a tensor each."""
    if len(tried.outputs) not in (3, 4):
        return
    parts = _parts(tried.outputs)
    if parts is None:
        return
    boxes, names = tried.outputs[parts["boxes"]], [output.name.lower() for output in tried.outputs]
    tensorflow = any("detection_" in name or "statefulpartitionedcall" in name for name in names)
    torchvision = len(parts) == 3 and len(boxes.shape) == 2
    shares = tensorflow or (boxes.values.size > 0 and 0 < float(np.abs(boxes.values).max()) <= 2)
    options = {
        **parts,
        "corners": "y1 x1 y2 x2" if tensorflow else "x1 y1 x2 y2",
        "unit": "shares" if shares else "pixels",
        "first_label": int(tensorflow or torchvision),
    }
    habit = SSD if tensorflow else STRETCHED if torchvision else ULTRALYTICS if "count" in parts else DETR
    yield Head("ssd", habit, (), options, in_graph=True, why=f"tensors of {', '.join(parts)}")


def _parts(outputs: Sequence[Output]) -> dict[str, int] | None:
    """Which output is what; None where that can't be told."""
    found: dict[str, int] = {}
    for i, output in enumerate(outputs):
        name, values = output.name.lower(), output.values
        if output.shape and output.shape[-1] == 4 and len(output.shape) >= 2:
            part = "boxes"
        elif values.size == 1 and len(outputs) == 4:
            part = "count"
        elif np.issubdtype(values.dtype, np.integer) or "class" in name or "label" in name:
            part = "labels"
        elif "score" in name or not (values.size and (values == np.rint(values)).all()):
            part = "scores"
        else:
            part = "labels"
        if part in found:
            return None
        found[part] = i
    return found if {"boxes", "scores", "labels"} <= found.keys() else None


def _focal(tried: Tried) -> Iterator[Head]:
    """NanoDet and PicoDet: scores a stride, then sides a stride."""
    shapes, levels = tried.shapes, len(tried.shapes) // 2
    for strides in LADDERS:
        cells = [tried.cells([stride]) for stride in strides]
        if len(shapes) != 2 * len(strides) or any(len(shape) != 3 for shape in shapes):
            continue
        sides = [(1, n, 4 * BINS) for n in cells]
        if shapes[levels:] == sides and [shape[1] for shape in shapes[:levels]] == cells:
            habit, centre = (PICODET, "edges") if levels == 4 else (NANODET, "pixels")
            options = {"strides": list(strides), "centre": centre, "bins": BINS}
            yield Head("gfl", habit, (shapes[0][2],), options, why=f"distributions of sides over {BINS} bins")


def _grids(tried: Tried) -> Iterator[Head]:
    """FastestDet: one grid of stride 16."""
    if len(tried.shapes) == 1 and tried.shapes[0][2:] == (-(-tried.height // 16), -(-tried.width // 16)):
        yield Head("fastestdet", NANODET.unscaled(), (tried.shapes[0][1] - 5,), why="one grid of stride 16")


def _shared_anchors(tried: Tried) -> Iterator[Head]:
    """Yolo-FastestV2, with the anchors that its makers publish."""
    shapes = tried.shapes
    channels = [shape[1] for shape in shapes if len(shape) == 4]
    if len(shapes) != 6 or len(channels) != 6 or channels[:2] != [12, 3] or channels[:3] != channels[3:]:
        return
    options = {"strides": [16, 32], "anchors": YOLO_FASTEST_ANCHORS}
    yield Head("yolofastest", NANODET.unscaled(), (channels[2],), options, why="three anchors that share classes")


YOLO_FASTEST_ANCHORS = (
    ((12.64, 19.39), (37.88, 51.48), (55.71, 138.31)),
    ((126.91, 78.23), (131.57, 214.55), (279.92, 258.87)),
)
"""Width and height in pixels of a 352x352 input (dog-qiuqiu/Yolo-FastestV2, data/coco.data)."""

FAMILIES: tuple[Callable[[Tried], Iterator[Head]], ...] = (
    _dense,
    _rows,
    _queries,
    _columns,
    _focal,
    _grids,
    _shared_anchors,
)


def _said(strides: Sequence[int]) -> str:
    return "/".join(map(str, strides))
