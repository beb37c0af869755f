"""Which detection head it is, told from the outputs of one try: their shapes, types, names and sizes of numbers."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from models.decoders.cells import grid
from models.recognise.conventions import (
    DETR,
    IMAGENET,
    NANODET,
    PICODET,
    RF_DETR,
    ULTRALYTICS,
    ULTRALYTICS_DETR,
    YOLOV5,
    YOLOX,
    Convention,
)
from models.recognise.findings import are_findings, columns, rows
from models.recognise.head import LADDERS, Head, Tried
from sensors.frame import Array

BINS = 8
DETR_COLUMNS = 92
"""COCO's 91 numbers and "nothing": the original DETR, whose logits are for softmax."""
QUERIES = range(50, 2001)
"""A tensor with fewer rows, or more, is no query head's."""


def heads(tried: Tried) -> list[Head]:
    """Every head that the outputs may be of; usually one."""
    found = [head for family in FAMILIES for head in family(tried)]
    return [head for head in found if not head.n_labels or max(head.n_labels) > 0]


def _dense(tried: Tried) -> Iterator[Head]:
    """One tensor with a row a cell: Ultralytics' with and without objectness, YOLOX."""
    if len(tried.shapes) != 1 or len(tried.shapes[0]) != 3 or tried.shapes[0][0] != 1 or are_findings(tried):
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
            yield Head("yolov5", YOLOV5, (columns - 5,), why=why)


def _with_objectness(tried: Tried, strides: tuple[int, ...], columns: int) -> Head:
    """YOLOX's raw numbers, or boxes that the graph has decoded: those lie about their cells, in pixels."""
    cells, sizes = grid(tried.width, tried.height, strides)
    middle = np.float32(0.5)
    told = tried.outputs[0].values[0, :, :2].astype(np.float32)
    # How many cells from its own a box would be, in pixels or relative.
    in_pixels, relative = np.median(np.abs(told / sizes - cells - middle)), np.median(np.abs(told - middle))
    if in_pixels < relative:
        # YOLOv6 has no objectness, and writes 1 in its place; YOLOX has one.
        convention, every = (YOLOV5, "of 1") if (tried.outputs[0].values[0, :, 4] == 1).all() else (YOLOX, "of its own")
        return Head("yolov5", convention, (columns - 5,), why=f"boxes in pixels, with an objectness {every}")
    options = {"strides": list(strides), "classes": "best"}
    return Head("yolox", YOLOX, (columns - 5,), options, why="boxes relative to their cells")


def _queries(tried: Tried) -> Iterator[Head]:
    """Logits and normalised boxes."""
    shapes = tried.shapes
    if len(shapes) != 2 or any(len(shape) != 3 or shape[0] != 1 for shape in shapes) or shapes[0][1] != shapes[1][1]:
        return
    places = [i for i, shape in enumerate(shapes) if shape[2] == 4 and _are_shares(tried.outputs[i].values)]
    if len(places) == 2:
        places = [i for i in places if tried.outputs[i].name == "dets" or "box" in tried.outputs[i].name.lower()]
    for boxes in places:
        logits, n = tried.outputs[1 - boxes].values, shapes[1 - boxes][2]
        rf_detr = {output.name for output in tried.outputs} == {"dets", "labels"}
        for scores, convention, n_labels in _readings_of_queries(n, rf_detr=rf_detr, finished=_are_shares(logits)):
            why = f"{shapes[0][1]} queries, classes by {scores}"
            yield Head("detr", convention, n_labels, {"boxes": boxes, "scores": scores}, in_graph=True, why=why)


def _readings_of_queries(n: int, *, rf_detr: bool, finished: bool) -> list[tuple[str, Convention, tuple[int, ...]]]:
    """Of `n` columns: what makes scores of them, how such are fed, and how many labels they are for.

    A column for "nothing" is DETR's own, and for its softmax; RF-DETR has it, too, and no use for it.
    """
    if finished:
        return [("as-they-are", RF_DETR if rf_detr else DETR, (n, n - 1))]
    if rf_detr:
        return [("sigmoid", RF_DETR, (n, n - 1))]
    softmax = ("softmax", IMAGENET, (n - 1,))
    return [softmax] if n == DETR_COLUMNS else [("sigmoid", DETR, (n,)), softmax]


def _joined_queries(tried: Tried) -> Iterator[Head]:
    """Ultralytics' RT-DETR: normalised boxes and scores, joined in one tensor."""
    if len(tried.shapes) != 1 or len(tried.shapes[0]) != 3 or tried.shapes[0][0] != 1:
        return
    _, queries, n = tried.shapes[0]
    if n > 4 and queries in QUERIES and queries not in tried.grids() and _are_shares(tried.outputs[0].values):
        why = f"{queries} queries, boxes and scores joined"
        yield Head("detr", ULTRALYTICS_DETR, (n - 4,), {"scores": "as-they-are"}, in_graph=True, why=why)


def _are_shares(values: Array) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def _focal(tried: Tried) -> Iterator[Head]:
    """NanoDet and PicoDet: scores a stride, then sides a stride."""
    shapes, levels = tried.shapes, len(tried.shapes) // 2
    for strides in LADDERS:
        cells = [tried.cells([stride]) for stride in strides]
        if len(shapes) != 2 * len(strides) or any(len(shape) != 3 for shape in shapes):
            continue
        sides = [(1, n, 4 * BINS) for n in cells]
        if shapes[levels:] == sides and [shape[1] for shape in shapes[:levels]] == cells:
            convention, centre = (PICODET, "edges") if levels == 4 else (NANODET, "pixels")
            options = {"strides": list(strides), "centre": centre, "bins": BINS}
            yield Head("gfl", convention, (shapes[0][2],), options, why=f"distributions of sides over {BINS} bins")


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
    rows,
    _queries,
    _joined_queries,
    columns,
    _focal,
    _grids,
    _shared_anchors,
)


def _said(strides: Sequence[int]) -> str:
    return "/".join(map(str, strides))
