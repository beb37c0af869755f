"""The figures behind the door: each metric over an outsider's truth and outputs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from replay.metrics.average_precision import coco_scores
from replay.metrics.freshness import freshness
from replay.metrics.kitti import DIFFICULTIES, EVALUATED, STEPS, KittiFound, KittiLabels, kitti_curve, type_codes
from replay.metrics.pool import Found, Index, Labelled, Mask, Numbers
from replay.metrics.streaming import AnswerTimeline, answered, answering_rows, in_force, own_answers
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import Moments, TrackRows, moments
from replay.scoring.submission_files import (
    AnnotationRow,
    DetectionRow,
    Id,
    OutputsFile,
    RowRefused,
    TruthFile,
    is_tracked,
)
from replay.truth import Role

Figures = dict[str, Any]

NO_TRACK = -1
OF_FRAMES = ("AP", "AP50", "n_frames", "n_truth")
COUNTED = ("IDSW", "Frag", "MT", "PT", "ML", "TP", "FN", "FP", "n_truth", "n_found")


class Submission:
    """Truth and outputs as arrays. Images are frames in the order of their ids, as pycocotools sorts them."""

    def __init__(self, truth: TruthFile, outputs: OutputsFile) -> None:
        self.truth, self.outputs = truth, outputs
        self.frames = sorted(truth.frames, key=lambda row: row.image_id)
        self.categories = sorted(truth.categories, key=lambda row: row.id)
        self._label_of = {row.id: i for i, row in enumerate(self.categories)}
        image_of: dict[Id, int] = {row.image_id: i for i, row in enumerate(self.frames)}
        taken = {(row.sequence, row.frame): i for i, row in enumerate(self.frames)}
        self.annotations: list[AnnotationRow] = truth.annotations
        self.annotation_images = _ints([image_of[row.image_id] for row in truth.annotations])
        self.inputs = _ints([taken[row.sequence, row.input_frame] for row in outputs.outputs])
        """(outputs,) the image each output was computed from."""
        self.detections: list[DetectionRow] = [row for output in outputs.outputs for row in output.detections]

    @cached_property
    def labelled(self) -> Labelled:
        boxes = np.array([row.bbox for row in self.annotations], np.float64).reshape(-1, 4)
        areas = [row.bbox[2] * row.bbox[3] if row.area is None else row.area for row in self.annotations]
        return Labelled(
            images=self.annotation_images,
            labels=_ints([self._label_of[row.category_id] for row in self.annotations]),
            boxes=boxes,
            areas=np.array(areas, np.float64),
            roles=_ints([Role.REGION if row.iscrowd else Role.POSITIVE for row in self.annotations]),
        )

    @cached_property
    def found(self) -> Found:
        """`images` are outputs."""
        counts = [len(output.detections) for output in self.outputs.outputs]
        return Found(
            images=np.repeat(np.arange(len(counts)), counts),
            labels=_ints([self._label_of[row.category_id] for row in self.detections]),
            boxes=np.array([row.bbox for row in self.detections], np.float64).reshape(-1, 4),
            scores=np.array([row.score for row in self.detections], np.float64),
        )

    @cached_property
    def asked(self) -> Mask:
        return np.array([row.labelled for row in self.frames], np.bool_)

    def streams(self) -> list[tuple[AnswerTimeline, Index, Index]]:
        """Every sequence with its images and its outputs; outputs without an emission time count as emitted at once."""
        times = _ints([row.t_ns for row in self.frames])
        emitted = [
            int(times[image]) if row.emit_ns is None else row.emit_ns
            for row, image in zip(self.outputs.outputs, self.inputs.tolist(), strict=True)
        ]
        parts = []
        for name in dict.fromkeys(row.sequence for row in self.frames):
            images = np.flatnonzero([row.sequence == name for row in self.frames])
            rows = np.flatnonzero([row.sequence == name for row in self.outputs.outputs])
            timeline = AnswerTimeline(
                frames=_ints([self.frames[image].frame for image in images]),
                captured_ns=times[images],
                labelled=self.asked[images],
                inputs=np.searchsorted(images, self.inputs[rows]),
                emitted_ns=_ints([emitted[row] for row in rows]),
            )
            parts.append((timeline, images, rows))
        return parts

    def answers(self, streamed: bool) -> Index:
        """(images,) the output that answers each: the newest out by then, or the one computed from it; -1 = none."""
        answers = np.full(len(self.frames), -1, np.int64)
        for stream, images, rows in self.streams():
            chosen = in_force(stream) if streamed else own_answers(stream)
            answers[images] = np.append(rows, -1)[chosen]
        return np.where(self.asked, answers, -1)


def coco(submission: Submission) -> Figures:
    """COCO's twelve figures, each frame answered by the output that was computed from it (the latest of several)."""
    return _coco_of(submission, streamed=False)


def sap(submission: Submission) -> Figures:
    """The same twelve, each frame answered by the newest output emitted by then; and how old the answers were."""
    for i, output in enumerate(submission.outputs.outputs):
        if output.emit_ns is None:
            raise RowRefused("outputs", f"outputs[{i}]", "streaming accuracy needs its emit_ns")
    captured, own = coco(submission), _coco_of(submission, streamed=False, answered_only=True)
    fresh = freshness([stream for stream, _, _ in submission.streams()])
    return {
        **_coco_of(submission, streamed=True),
        **{f"captured_{name}": captured[name] for name in OF_FRAMES},
        **{f"answered_{name}": own[name] for name in OF_FRAMES},
        "miss": fresh.miss,
        "captured": fresh.captured,
        "dropped": fresh.dropped,
        **{f"answered_within_{ms}_ms": share for ms, share in fresh.answered_within.items()},
        "age_mean_ns": fresh.age.mean_ns if fresh.age else math.nan,
        "age": fresh.age,
        "staleness": fresh.staleness_mean,
        "staleness_p99": fresh.staleness_p99,
        "offline": captured["AP"],
        "offline_AP50": captured["AP50"],
        "in_time": fresh.in_time,
        "age_ns": fresh.age_ns,
        "deprecated": {"offline": "captured_AP", "offline_AP50": "captured_AP50", **fresh.deprecated},
    }


def _coco_of(submission: Submission, *, streamed: bool, answered_only: bool = False) -> Figures:
    answers = submission.answers(streamed)
    found = answered(submission.found, answers)
    counted = submission.asked & (answers >= 0) if answered_only else submission.asked
    labelled, n_labels = submission.labelled, len(submission.categories)
    labelled = labelled.pick(counted[labelled.images])
    figures, precision = coco_scores(found, labelled, n_labels)
    positive = labelled.labels[labelled.roles == Role.POSITIVE]
    return {
        **figures,
        "n_frames": int(counted.sum()),
        "n_truth": len(positive),
        "n_found": len(found),
        "per_class": {
            row.name: {
                "AP": precision.ap(label=label),
                "AP50": precision.ap(0.5, label),
                "AP75": precision.ap(0.75, label),
                "n_truth": int((positive == label).sum()),
                "n_found": int((found.labels == label).sum()),
            }
            for label, row in enumerate(submission.categories)
        },
    }


def kitti(submission: Submission) -> Figures:
    """KITTI's 2-D AP40 and AP11 by class and difficulty; `AP` is the mean AP40 at moderate."""
    names = [row.name for row in submission.categories]
    types = type_codes(names)
    own = submission.labelled
    for i, row in enumerate(submission.annotations):
        if row.iscrowd:
            raise RowRefused("truth", f"annotations[{i}]", "KITTI has no crowds: give it the category DontCare")
        if (row.cut is None or row.hidden is None) and types[own.labels[i]] in EVALUATED.values():
            raise RowRefused("truth", f"annotations[{i}]", "KITTI's rules need its truncated and occluded")
    labels = KittiLabels(
        images=own.images,
        types=types[own.labels],
        corners=_corners(own.boxes),
        truncated=np.array([math.nan if row.cut is None else row.cut for row in submission.annotations]),
        occluded=np.array([math.nan if row.hidden is None else row.hidden for row in submission.annotations]),
    )
    found = answered(submission.found, submission.answers(streamed=False))
    rows = KittiFound(found.images, types[found.labels], _corners(found.boxes), found.scores)
    curves = {
        name: {one.name: kitti_curve(labels, rows, evaluated, one) for one in DIFFICULTIES}
        for name, evaluated in EVALUATED.items()
        if evaluated in types
    }
    moderate = [by["moderate"].ap40 for by in curves.values() if by["moderate"].n]
    return {
        "AP": float(np.mean(moderate)) if moderate else math.nan,
        "AP40": {name: {level: curve.ap40 for level, curve in by.items()} for name, by in curves.items()},
        "AP11": {name: {level: curve.ap11 for level, curve in by.items()} for name, by in curves.items()},
        "n_truth": {name: {level: curve.n for level, curve in by.items()} for name, by in curves.items()},
        "n_frames": int(submission.asked.sum()),
        "notes": [
            f"{name} {level}: {curve.n} boxes count; with fewer than {STEPS} the devkit's AP can't reach 1"
            for name, by in curves.items()
            for level, curve in by.items()
            if 0 < curve.n < STEPS
        ],
    }


def hota(submission: Submission) -> Figures:
    """HOTA, CLEAR and identity figures: the mean over classes with truth, counts summed; and per class."""
    _require_tracks(submission)
    sides = _Sides(submission)
    per_class = {row.name: sides.figures(label) for label, row in enumerate(submission.categories)}
    with_truth = [figures for figures in per_class.values() if figures["n_truth"]]
    every = next(iter(per_class.values()), {})
    means = {name: float(np.mean([one[name] for one in with_truth])) if with_truth else math.nan for name in every}
    return {
        **means,
        **{name: sum(figures[name] for figures in per_class.values()) for name in COUNTED},
        "n_frames": int(submission.asked.sum()),
        "untracked": sum(row.track_id == NO_TRACK for row in submission.detections),
        "per_class": per_class,
    }


class _Sides:
    """Truth and findings by image, with their tracks; what has no track takes no part."""

    def __init__(self, submission: Submission) -> None:
        self._n_images = len(submission.frames)
        self._labelled = submission.labelled
        # A region needs no track; it gets a number of its own, since no two boxes of a frame may share one.
        self._truth_tracks = _ints([
            -2 - i if row.track_id is None or row.iscrowd else row.track_id
            for i, row in enumerate(submission.annotations)
        ])  # fmt: skip
        rows, images = answering_rows(submission.found.images, submission.answers(streamed=False))
        tracks = _ints([NO_TRACK if row.track_id is None else row.track_id for row in submission.detections])[rows]
        tracked = tracks != NO_TRACK
        self._found = replace(submission.found.pick(rows), images=images).pick(tracked)
        self._found_tracks = tracks[tracked]
        self._sequences = []
        for stream, sequence, _ in submission.streams():
            in_order = sequence[np.argsort(stream.frames, kind="stable")]
            self._sequences.append(in_order[submission.asked[in_order]])

    def figures(self, label: int) -> Figures:
        """Of one class over all sequences."""
        sequences = [self._moments(images, label) for images in self._sequences]
        n_truth, n_found = sum(one.n_truth for one in sequences), sum(one.n_found for one in sequences)
        return {**tracking_figures(sequences), "n_truth": n_truth, "n_found": n_found}

    def _moments(self, images: Index, label: int) -> Moments:
        labelled, found = self._labelled, self._found
        place = np.full(self._n_images, -1, np.int64)
        place[images] = np.arange(len(images))
        there = np.flatnonzero((labelled.labels == label) & (place[labelled.images] >= 0))
        here = np.flatnonzero((found.labels == label) & (place[found.images] >= 0))
        return moments(
            TrackRows(place[labelled.images[there]], self._truth_tracks[there], labelled.boxes[there]),
            TrackRows(place[found.images[here]], self._found_tracks[here], found.boxes[here]),
            len(images),
            labelled.roles[there],
        )


def _require_tracks(submission: Submission) -> None:
    for i, row in enumerate(submission.annotations):
        if not is_tracked(row.track_id) and not row.iscrowd:
            raise RowRefused("truth", f"annotations[{i}]", "tracking figures need its track_id")
    for i, output in enumerate(submission.outputs.outputs):
        for j, found in enumerate(output.detections):
            if found.track_id is None:
                raise RowRefused("outputs", f"outputs[{i}].detections[{j}]", "tracking figures need its track_id")


def _corners(boxes: Numbers) -> Numbers:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _ints(values: Sequence[int]) -> Index:
    return np.array(values, np.int64).reshape(-1)


SCORES: Mapping[str, Callable[[Submission], Figures]] = {"coco": coco, "sap": sap, "kitti": kitti, "hota": hota}
