"""A run's findings in the layouts that devkits and viewers read; frames.csv beside them tells every frame's fate.

What is like a data set's own files is written by the functions of `replay.datasets.writing`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay.datasets import kitti as kitti_layout
from replay.datasets import mot as mot_layout
from replay.datasets.writing import coco as coco_writing
from replay.datasets.writing import kitti as kitti_writing
from replay.datasets.writing import mot as mot_writing
from replay.datasets.writing.content import Content, FrameRows, of_roles
from replay.datasets.writing.openlabel import OpenLabel
from replay.export.fates import Fate, StreamFates
from replay.truth import Role, Truth
from sensors import atomic_files
from sensors.errors import GilmokError

Layout: TypeAlias = Callable[[StreamFates, Path], Iterator[str]]
"""Writes one stream into a folder that is there; yields what has to be told. Raises CannotExport or FileUnwritable."""
UNSIZED = (0, 0)


class CannotExport(GilmokError):
    def __init__(self, stream: str, layout: str, why: str, hint: str) -> None:
        super().__init__(f"stream {stream} can't be written as {layout}: {why}", hint)


def coco(fates: StreamFates, folder: Path) -> Iterator[str]:
    """annotations.json, an instances file, and results.json, which pycocotools' `loadRes` takes.

    Categories are the evaluated classes, then the other labels of either side.
    """
    names = [*(fates.classes.groups if fates.classes else ())]
    truth_labels = list(fates.recording.labels) if fates.recording is not None else []
    truth_names = [fates.class_of_truth.get(label, label) for label in truth_labels]
    found_names = [fates.class_of_found.get(label, label) for label in fates.labels]
    names = list(dict.fromkeys([*names, *truth_names, *found_names]))
    of_truth, of_found = (_places(one, names) for one in (truth_names, found_names))
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    left_out = 0
    for fate in fates.frames:
        size = fates.size(fate)
        images.append(
            {
                "id": fate.seq,
                "file_name": fates.picture(fate),
                "width": size[0] if size else None,
                "height": size[1] if size else None,
                "status": fate.status,
                "labelled": fate.truth is not None,
            }
        )
        if fate.truth is not None:
            which = of_roles(fate.truth, Role.POSITIVE, Role.REGION) & (fate.truth.labels >= 0)
            left_out += int((~which).sum())
            rows = fate.truth.pick(which)
            rows = replace(rows, labels=of_truth[rows.labels])
            annotations += coco_writing.annotations(_frame(fates, fate, rows))
    instances = {
        "info": {"description": f"frames of {fates.stream.name}, run {fates.stream.birth.run}"},
        "images": images,
        "categories": [{"id": place, "name": name} for place, name in enumerate(names, 1)],
        "annotations": [{"id": number, **row} for number, row in enumerate(annotations, 1)],
    }
    for fate, rows, scores in fates.answered():
        known = rows.labels < len(of_found)
        rows = replace(rows.pick(known), labels=of_found[rows.labels[known]])
        results += coco_writing.annotations(_frame(fates, fate, rows, scores[known]))
    atomic_files.write(folder / "annotations.json", msgspec.json.encode(instances))
    atomic_files.write(folder / "results.json", msgspec.json.encode(results))
    if left_out:
        yield f"{left_out} labelled boxes are left out: COCO knows no regions without a class, nor what may be found"
    if (n := sum(fate.truth is None for fate in fates.frames)) and fates.recording is not None:
        yield f"{n} images that nobody labelled are listed, too: evaluate those with `labelled` true"


def mot(fates: StreamFates, folder: Path) -> Iterator[str]:
    """CLASS/data/RECORDING.txt, which is TrackEval's tracker folder; without a tracker CLASS/det/RECORDING.txt."""
    if not fates.class_of_found:
        why = "no class of its recording can be evaluated, and the layout holds one class a file"
        raise CannotExport(fates.stream.name, "mot", why, "put back the recording, or export to csv")
    tracked = any(report.findings and report.findings.tracks is not None for report in fates.stream.reports)
    own = fates.recording is not None and fates.recording.dataset == mot_layout.NAME
    lines: dict[str, list[str]] = {name: [] for name in dict.fromkeys(fates.class_of_found.values())}
    untracked = 0
    for fate, rows, scores in fates.answered():
        counted = np.array([fates.class_of_found.get(fates.label(label), "") for label in rows.labels.tolist()])
        for name, written in lines.items():
            which = counted == name
            if tracked:
                untracked += int((which & (rows.tracks < 0)).sum())
                which = which & (rows.tracks >= 0)
            frame = _frame(fates, fate, rows.pick(which), scores[which])
            written += mot_writing.lines(replace(frame, number=fate.seq if own else fate.place or fate.seq))
    for name, written in lines.items():
        place = folder / _plain(name) / ("data" if tracked else "det")
        place.mkdir(parents=True, exist_ok=True)
        atomic_files.write(place / f"{_sequence(fates)}.txt", "".join(f"{line}\n" for line in written))
    if not tracked:
        yield "the node ran no tracker: the files are detections (ids -1), as MOTChallenge's det.txt has them"
    if untracked:
        yield f"{untracked} findings without a track are left out"


def kitti(fates: StreamFates, folder: Path) -> Iterator[str]:
    """data/0001.txt of a tracked drive, as TrackEval and KITTI's tracking devkit take it; else data/000001.txt, a file
    for each answered frame, as its object devkit does.
    """
    writer = kitti_writing.KittiObject()
    names = [writer.label(label) for label in fates.labels]
    tracked = any(report.findings and report.findings.tracks is not None for report in fates.stream.reports)
    place = folder / "data"
    place.mkdir()
    drive: list[str] = []
    dataset = fates.recording.dataset if fates.recording is not None else ""
    untracked = 0
    for fate, found, found_scores in fates.answered():
        which = found.labels < len(names)
        if tracked:
            untracked += int((which & (found.tracks < 0)).sum())
            which = which & (found.tracks >= 0)
        rows, scores = found.pick(which), found_scores[which]
        told = list(kitti_writing.lines(_frame(fates, fate, rows, scores), names))
        if tracked:
            number = fate.seq if dataset == kitti_layout.KittiTracking.name else (fate.place or fate.seq + 1) - 1
            drive += [f"{number} {track} {line}" for track, line in zip(rows.tracks.tolist(), told, strict=True)]
        else:
            atomic_files.write(place / f"{fate.seq:06}.txt", "".join(f"{line}\n" for line in told))
    if tracked:
        atomic_files.write(place / f"{_sequence(fates)}.txt", "".join(f"{line}\n" for line in drive))
    elif n := sum(fate.status != "ok" for fate in fates.frames):
        yield f"{n} frames have no file, because they have no answer; KITTI's devkit wants one for every frame"
    if untracked:
        yield f"{untracked} findings without a track are left out"


def openlabel(fates: StreamFates, folder: Path) -> Iterator[str]:
    """RECORDING.json with the frames that were answered; scores as attributes of the boxes."""
    frames = [_frame(fates, fate, rows, scores) for fate, rows, scores in fates.answered()]
    most = max((int(frame.rows.labels.max(initial=-1)) for frame in frames), default=-1)
    labels = tuple(fates.label(index) for index in range(max(len(fates.labels), most + 1)))
    OpenLabel().write(folder, Content(_sequence(fates), fates.fps, labels, frames))
    if n := sum(fate.status != "ok" for fate in fates.frames):
        yield f"{n} frames without an answer are not in the file: frames.csv tells of them"


def fiftyone(fates: StreamFates, folder: Path) -> Iterator[str]:
    """data.json, labels.json and ground_truth.json: FiftyOneImageDetectionDataset, the pictures where they lie.

    A frame without an answer is a sample without a label field, and not one of nothing.
    """
    files = {fate.seq: file for fate in fates.frames if (file := fates.file(fate)) is not None}
    if not files:
        raise CannotExport(
            fates.stream.name,
            "fiftyone",
            "its frames are no picture files that are here",
            "put back the recording, or make one of pictures with `gilmok replay convert`",
        )
    found: dict[str, Any] = {}
    for fate, rows, scores in fates.answered():
        if (size := fates.size(fate)) is not None:
            labels = [fates.label(label) for label in rows.labels.tolist()]
            found[_name(files, fate)] = _relative(rows, labels, size, scores)
    there: dict[str, Any] = {}
    for fate in fates.frames:
        if fate.truth is not None and fates.recording is not None and (size := fates.size(fate)) is not None:
            rows = fate.truth.pick(of_roles(fate.truth, Role.POSITIVE) & (fate.truth.labels >= 0))
            there[_name(files, fate)] = _relative(rows, [fates.recording.labels[one] for one in rows.labels], size)
    pictures = {file.name: str(file.absolute()) for file in files.values()}
    atomic_files.write(folder / "data.json", msgspec.json.encode(pictures))
    for name, labels_of in (("labels.json", found), ("ground_truth.json", there)):
        atomic_files.write(folder / name, msgspec.json.encode({"labels": labels_of}))
    yield from ()


def _relative(
    rows: Truth, labels: list[str], size: tuple[int, int], scores: NDArray[np.float64] | None = None
) -> list[dict[str, Any]]:
    """FiftyOne's detections: left, top, width and height as shares of the picture."""
    width, height = size
    sides = np.array([width, height], np.float64)
    boxes = np.hstack([rows.boxes[:, :2] / sides, (rows.boxes[:, 2:] - rows.boxes[:, :2]) / sides])
    told = []
    for place, (label, box) in enumerate(zip(labels, boxes.tolist(), strict=True)):
        row: dict[str, Any] = {"label": label, "bounding_box": box, "attributes": {}}
        if scores is not None:
            row["confidence"] = float(scores[place])
        if rows.tracks[place] >= 0:
            row["attributes"] = {"index": int(rows.tracks[place])}
        told.append(row)
    return told


def _name(files: Mapping[int, Path], fate: Fate) -> str:
    """The name by which FiftyOne puts picture and labels together: the file's without its ending."""
    return files[fate.seq].stem if fate.seq in files else str(fate.seq)


def _frame(fates: StreamFates, fate: Fate, rows: Truth, scores: NDArray[np.float64] | None = None) -> FrameRows:
    return FrameRows(fate.seq, fates.picture(fate), UNSIZED, rows, scores)


def _places(labels: list[str], names: list[str]) -> NDArray[np.int64]:
    return np.array([names.index(label) for label in labels], np.int64)


def _sequence(fates: StreamFates) -> str:
    return _plain(fates.stream.stream.recording or fates.stream.summary.stream)


def _plain(name: str) -> str:
    """Fit for a file's name, without what a path is made of."""
    return "".join(one if one.isalnum() or one in "._- " else "-" for one in name).strip(".") or "-"


LAYOUTS: dict[str, Layout] = {
    "coco": coco,
    "fiftyone": fiftyone,
    "kitti": kitti,
    "mot": mot,
    "openlabel": openlabel,
}
