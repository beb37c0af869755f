"""Truth and findings as people have them: arrays by frame, or COCO's files and their content."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.detections import Detections
from replay.datasets.coco_file import CocoFile
from replay.datasets.coco_instances import Instances, read_instances
from replay.datasets.labels import json_labels
from replay.truth import Role, Truth
from sensors.errors import GilmokError

PathLike: TypeAlias = str | os.PathLike[str]
Labelled: TypeAlias = Mapping[int, Truth | tuple[ArrayLike, ArrayLike] | None] | Mapping[str, Any] | PathLike
Findings: TypeAlias = (
    Mapping[int, Detections | tuple[ArrayLike, ArrayLike, ArrayLike] | None] | Sequence[Mapping[str, Any]] | PathLike
)
GIVEN = Path("truth")


class FindingsUnfit(GilmokError):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}", "nothing was scored; boxes are (n, 4) left, top, right, bottom in pixels")


class _Result(msgspec.Struct):
    image_id: int | float | str
    category_id: int | float | str
    bbox: tuple[float, float, float, float]
    score: float


def truth_by_frame(given: Mapping[int, Any], names: Sequence[str]) -> tuple[dict[int, Truth | None], tuple[str, ...]]:
    """Each frame's Truth, and the label table; raises FindingsUnfit."""
    table = list(names)
    frames: dict[int, Truth | None] = {}
    for number, one in given.items():
        if one is None or isinstance(one, Truth):
            frames[number] = one
            continue
        where = f"truth of frame {number}"
        boxes = _boxes(one[0], where)
        labels = _coded(one[1], len(boxes), table, where)
        roles = np.full(len(boxes), int(Role.POSITIVE))
        frames[number] = Truth(boxes, labels, np.full(len(boxes), -1), roles)
    _check_table(max((int(one.labels.max(initial=-1)) for one in frames.values() if one), default=-1), table, "truth")
    return frames, tuple(table)


def found_by_frame(
    given: Mapping[Any, Any], names: Sequence[str]
) -> tuple[dict[int, Detections | None], tuple[str, ...]]:
    """Each frame's Detections, best first, and the label table; raises FindingsUnfit."""
    table = list(names)
    frames: dict[int, Detections | None] = {}
    for number, one in given.items():
        if one is None or isinstance(one, Detections):
            frames[number] = one
            continue
        where = f"findings in frame {number}"
        boxes = _boxes(one[0], where)
        scores = np.asarray(one[1], np.float64)
        if scores.shape != (len(boxes),) or not np.isfinite(scores).all():
            raise FindingsUnfit(where, f"{len(boxes)} boxes and scores {scores.shape}, all of which must be numbers")
        found = Detections(
            boxes.astype(np.float32), scores.astype(np.float32), _coded(one[2], len(boxes), table, where)
        )
        frames[number] = found.pick(np.argsort(-scores, kind="stable"))
    _check_table(max((int(one.labels.max(initial=-1)) for one in frames.values() if one), default=-1), table, "model")
    return frames, tuple(table)


def coco_truth(given: Any) -> CocoFile:
    """An instances file, or its content; raises LabelsWrong."""
    if isinstance(given, str | os.PathLike):
        return CocoFile(Path(given), read_instances(Path(given)))
    try:
        return CocoFile(GIVEN, msgspec.convert(given, Instances, strict=False))
    except msgspec.ValidationError as error:
        raise FindingsUnfit("truth", str(error)) from error


def coco_findings(file: CocoFile, given: Any) -> dict[int, Detections | None]:
    """Results of such a file's images: an image without a row was answered with nothing, as COCO has it.

    Raises FindingsUnfit.
    """
    rows = given
    if isinstance(given, str | os.PathLike):
        rows = json_labels(Path(given), list[_Result], "COCO results")
    try:
        results = msgspec.convert(rows, list[_Result], strict=False, from_attributes=True)
    except msgspec.ValidationError as error:
        raise FindingsUnfit("results", str(error)) from error
    by_frame: dict[int, list[tuple[float, int, tuple[float, ...]]]] = {number: [] for number in file.names}
    for place, row in enumerate(results):
        frame, label = file.frame_of(row.image_id), file.label_of(row.category_id)
        if frame is None or label is None:
            what = f"image {row.image_id}" if frame is None else f"category {row.category_id}"
            raise FindingsUnfit(f"results[{place}]", f"the truth has no {what}")
        left, top, width, height = row.bbox
        by_frame[frame].append((row.score, label, (left, top, left + width, top + height)))
    found = {
        number: ([box for *_, box in rows], [score for score, *_ in rows], [label for _, label, _ in rows])
        for number, rows in by_frame.items()
    }
    return found_by_frame(found, file.labels)[0]


def _boxes(given: ArrayLike, where: str) -> NDArray[np.float64]:
    boxes = np.asarray(given, np.float64)
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise FindingsUnfit(where, f"boxes of shape {boxes.shape}, all of which must be numbers")
    if np.any(boxes[:, 2:] < boxes[:, :2]):
        raise FindingsUnfit(where, "a box's right or bottom lies before its left or top (sizes in their place?)")
    return boxes


def _coded(given: ArrayLike, n: int, table: list[str], where: str) -> NDArray[np.int64]:
    """Names as places in the table, which grows; numbers as they are."""
    labels = np.asarray(given)
    if labels.shape != (n,) and labels.size + n:
        raise FindingsUnfit(where, f"{n} boxes and labels {labels.shape}")
    if labels.size == 0:
        return np.empty(0, np.int64)
    if labels.dtype.kind in "US":
        table += [name for name in dict.fromkeys(map(str, labels.tolist())) if name not in table]
        return np.array([table.index(str(name)) for name in labels.tolist()], np.int64)
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise FindingsUnfit(where, "labels are names, or whole numbers from 0")
    return labels.astype(np.int64)


def _check_table(most: int, table: Sequence[str], whose: str) -> None:
    if most >= len(table):
        name = f"{whose}_labels"
        raise FindingsUnfit(name, f"label {most} is beyond {len(table)} names: {name}=[...] names every class in order")
