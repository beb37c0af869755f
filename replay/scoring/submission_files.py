"""A submission's two files: truth and findings of any program, read and refused row by row.

The two files, field by field: docs/metrics/submission.md, "The door". Nothing is scored that is not sound.
"""

import json
import math
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from sensors.errors import GilmokError
from sensors.outside import ContentWrong, read_bytes, unmarked

Id: TypeAlias = int | str
Box: TypeAlias = tuple[float, float, float, float]

MOST_LENIENT_BYTES = 2**24
MAX_INT = 2**62
"""Instants and numbers beyond this are no nanoseconds since anything."""


class FileRefused(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}", 'docs/metrics/submission.md, "The door", describes the two files')


class RowRefused(GilmokError):
    def __init__(self, file: str, row: str, why: str) -> None:
        super().__init__(
            f"{file}: {row}: {why}", "nothing was scored; correct the program that wrote that row, or leave it out"
        )


class Row(msgspec.Struct, frozen=True, gc=False):
    """Fields that aren't named here are skipped: COCO files hold more than a score needs."""


class FrameRow(Row, frozen=True, gc=False):
    image_id: Id
    sequence: Id
    frame: int
    t_ns: int
    width: float
    height: float
    labelled: bool = True
    """False: nobody labelled it, so it is not scored; outputs may come from it."""


class CategoryRow(Row, frozen=True, gc=False):
    id: Id
    name: str


class AnnotationRow(Row, frozen=True, gc=False):
    image_id: Id
    category_id: Id
    bbox: Box
    id: Id | None = None
    area: float | None = None
    iscrowd: int = 0
    track_id: int | None = None
    truncated: float | None = None
    """KITTI's own, like `occluded`: its readme's names; its devkit's are `truncation` and `occlusion`."""
    occluded: float | None = None
    truncation: float | None = None
    occlusion: float | None = None

    @property
    def cut(self) -> float | None:
        return self.truncation if self.truncated is None else self.truncated

    @property
    def hidden(self) -> float | None:
        return self.occlusion if self.occluded is None else self.occluded


class DetectionRow(Row, frozen=True, gc=False):
    category_id: Id
    bbox: Box
    score: float
    track_id: int | None = None


class OutputRow(Row, frozen=True):
    sequence: Id
    input_frame: int
    detections: list[DetectionRow]
    emit_ns: int | None = None


class TruthFile(Row, frozen=True):
    frames: list[FrameRow]
    annotations: list[AnnotationRow]
    categories: list[CategoryRow]


class OutputsFile(Row, frozen=True):
    outputs: list[OutputRow]
    categories: list[CategoryRow] | None = None
    """The program's own; None: the truth's."""


T = TypeVar("T", TruthFile, OutputsFile)


def read_truth(path: Path) -> TruthFile:
    """Raises FileRefused or RowRefused."""
    truth = _read(path, TruthFile)
    _check_truth(truth, path.name)
    return truth


def read_outputs(path: Path, truth: TruthFile) -> OutputsFile:
    """Raises FileRefused or RowRefused, also for what contradicts the truth's frames and categories."""
    outputs = _read(path, OutputsFile)
    _check_outputs(outputs, truth, path.name)
    return outputs


def _read(path: Path, kind: type[T]) -> T:
    try:
        text = unmarked(read_bytes(path))
    except ContentWrong as error:
        raise FileRefused(path, error.what) from error
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise _row_refused(path, error) from error
    except RecursionError:
        raise FileRefused(path, "is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # NaN and Infinity are no JSON, yet many programs write them: read on, to name the row that holds them.
        return _read_leniently(path, text, kind)


def _read_leniently(path: Path, text: bytes, kind: type[T]) -> T:
    """By Python's own module, which takes ten times the room."""
    if len(text) > MOST_LENIENT_BYTES:
        raise FileRefused(path, "is not JSON (it may hold NaN or Infinity, which JSON hasn't)")
    try:
        return msgspec.convert(json.loads(text), kind)
    except msgspec.ValidationError as error:
        raise _row_refused(path, error) from error
    except (ValueError, RecursionError) as error:
        raise FileRefused(path, f"is not JSON: {error}") from error


def _row_refused(path: Path, error: msgspec.ValidationError) -> GilmokError:
    what, _, where = str(error).replace("`", "'").partition(" - at '$")
    row = where.rstrip("'").lstrip(".")
    return RowRefused(path.name, row, what) if row else FileRefused(path, f"is not such a file: {what}")


def _check_truth(truth: TruthFile, file: str) -> None:
    tracks = [(row.image_id, row.track_id) if is_tracked(row.track_id) else None for row in truth.annotations]
    for rows, what, keys in (
        ("frames", "image_id", [row.image_id for row in truth.frames]),
        ("frames", "sequence and frame", [(row.sequence, row.frame) for row in truth.frames]),
        ("annotations", "id", [row.id for row in truth.annotations]),
        ("annotations", "image_id and track_id", tracks),
        ("categories", "id", [row.id for row in truth.categories]),
        ("categories", "name", [row.name for row in truth.categories]),
    ):
        repeat = _first_repeat(keys)
        if repeat is not None:
            raise RowRefused(file, f"{rows}[{repeat}]", f"{what} {keys[repeat]!r} stands there a second time")
    for what, ids in (
        ("image_id", [row.image_id for row in truth.frames]),
        ("category id", [row.id for row in truth.categories]),
    ):
        if len(set(map(type, ids))) > 1:
            raise RowRefused(file, f"every {what}", "some are numbers and some are strings")
    for i, frame in enumerate(truth.frames):
        if why := _wrong_frame(frame):
            raise RowRefused(file, f"frames[{i}] (image_id {frame.image_id!r})", why)
    labelled = {row.image_id: row.labelled for row in truth.frames}
    categories = {row.id for row in truth.categories}
    for i, row in enumerate(truth.annotations):
        if why := _wrong_annotation(row, labelled, categories):
            raise RowRefused(file, f"annotations[{i}]" + (f" (id {row.id!r})" if row.id is not None else ""), why)


def _wrong_frame(row: FrameRow) -> str:
    if not (row.width > 0 and row.height > 0) or math.isinf(row.width + row.height):
        return f"a picture can't be {row.width} × {row.height}"
    return "t_ns or frame is out of range" if max(abs(row.t_ns), abs(row.frame)) > MAX_INT else ""


def _wrong_annotation(row: AnnotationRow, labelled: dict[Id, bool], categories: set[Id]) -> str:
    if row.image_id not in labelled:
        return f"there is no frame with image_id {row.image_id!r}"
    if not labelled[row.image_id]:
        return f"image {row.image_id!r} is said to be not labelled"
    if row.category_id not in categories:
        return f"there is no category with id {row.category_id!r}"
    if row.iscrowd not in (0, 1):
        return f"iscrowd is {row.iscrowd}, which is neither 0 nor 1"
    if row.area is not None and not 0 <= row.area < math.inf:
        return f"area is {row.area}"
    for name, value in (("truncated", row.cut), ("occluded", row.hidden)):
        if value is not None and not math.isfinite(value):
            return f"{name} is {value}"
    return _wrong_box(row.bbox) or _wrong_track(row.track_id)


def _check_outputs(outputs: OutputsFile, truth: TruthFile, file: str) -> None:
    taken = {(row.sequence, row.frame): row.t_ns for row in truth.frames}
    sequences = {row.sequence for row in truth.frames}
    categories = {row.id for row in (truth.categories if outputs.categories is None else outputs.categories)}
    own = outputs.categories or []
    for what, keys in (("id", [row.id for row in own]), ("name", [row.name for row in own])):
        if (repeat := _first_repeat(keys)) is not None:
            raise RowRefused(file, f"categories[{repeat}]", f"{what} {keys[repeat]!r} stands there a second time")
    for i, output in enumerate(outputs.outputs):
        if why := _wrong_output(output, sequences, taken):
            raise RowRefused(file, f"outputs[{i}]", why)
        for j, row in enumerate(output.detections):
            if why := _wrong_detection(row, categories):
                raise RowRefused(file, f"outputs[{i}].detections[{j}]", why)
        repeat = _first_repeat([row.track_id if is_tracked(row.track_id) else None for row in output.detections])
        if repeat is not None:
            what = f"track_id {output.detections[repeat].track_id} stands a second time in this output"
            raise RowRefused(file, f"outputs[{i}].detections[{repeat}]", what)


def _wrong_output(row: OutputRow, sequences: set[Id], taken: dict[tuple[Id, int], int]) -> str:
    if row.sequence not in sequences:
        return f"there is no sequence {row.sequence!r}"
    if (row.sequence, row.input_frame) not in taken:
        return f"sequence {row.sequence!r} has no frame {row.input_frame}"
    if row.emit_ns is None:
        return ""
    if abs(row.emit_ns) > MAX_INT:
        return "emit_ns is out of range"
    early_ns = taken[row.sequence, row.input_frame] - row.emit_ns
    return f"it was emitted {early_ns} ns before its frame was there" if early_ns > 0 else ""


def _wrong_detection(row: DetectionRow, categories: set[Id]) -> str:
    if row.category_id not in categories:
        return f"there is no category with id {row.category_id!r}"
    if not math.isfinite(row.score):
        return f"score is {row.score}"
    return _wrong_box(row.bbox) or _wrong_track(row.track_id)


def _wrong_box(box: Box) -> str:
    left, top, width, height = box
    if not math.isfinite(left + top + width + height):
        return f"bbox {list(box)} is not finite"
    return f"bbox {list(box)} has a negative size" if width < 0 or height < 0 else ""


def _wrong_track(track: int | None) -> str:
    return "track_id is out of range" if track is not None and abs(track) > MAX_INT else ""


def is_tracked(track: int | None) -> bool:
    """-1 is what KITTI and gilmok's own wire write where there is no track."""
    return track is not None and track != -1


def _first_repeat(keys: Sequence[Hashable]) -> int | None:
    """The first row whose key stood there before; None is no key."""
    seen: set[Hashable] = set()
    for i, key in enumerate(keys):
        if key is not None and key in seen:
            return i
        seen.add(key)
    return None
