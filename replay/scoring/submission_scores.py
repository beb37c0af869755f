"""The figures of a submission, by the metric that is named."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from replay.metrics.average_precision import coco_scores
from replay.metrics.freshness import freshness
from replay.metrics.kitti import EVALUATED, STEPS, KittiFound, KittiLabels, type_codes
from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Found, Index, Labelled
from replay.metrics.streaming import answered, answering_rows
from replay.metrics.tracking import tracking_figures
from replay.metrics.tracks import Moments, TrackRows, moments
from replay.scoring.ap_interval import ApInterval, cut
from replay.scoring.profiles.kitti_curves import kitti_scores
from replay.scoring.stream import NO_TRACK
from replay.scoring.submission import Submission, ints
from replay.scoring.submission_files import RowRefused, is_tracked
from replay.truth import Role, from_sizes

Figures = dict[str, Any]

OF_FRAMES = ("AP", "AP50", "n_frames", "n_truth")
COUNTED = ("IDSW", "Frag", "MT", "PT", "ML", "TP", "FN", "FP", "n_truth", "n_found")


def coco(submission: Submission) -> Figures:
    """COCO's twelve figures, each frame answered by the output that was computed from it (the latest of several)."""
    submission.let_rows_go()
    return _coco_of(submission, streamed=False, sure=True)


def sap(submission: Submission) -> Figures:
    """The same twelve, each frame answered by the newest output emitted by then; and how old the answers were."""
    for i, output in enumerate(submission.outputs.outputs):
        if output.emit_ns is None:
            raise RowRefused("outputs", f"outputs[{i}]", "streaming accuracy needs its emit_ns")
    captured, own = coco(submission), _coco_of(submission, streamed=False, answered_only=True)
    fresh = freshness([timeline for timeline, _, _ in submission.timelines()])
    return {
        **_coco_of(submission, streamed=True, sure=True),
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


def _coco_of(submission: Submission, *, streamed: bool, answered_only: bool = False, sure: bool = False) -> Figures:
    """`sure`: with AP's 95 % interval, too, which takes twice as long."""
    answers = submission.answers(streamed)
    found = answered(submission.found, answers)
    counted = submission.is_labelled & (answers >= 0) if answered_only else submission.is_labelled
    labelled, n_labels = submission.labelled, len(submission.categories)
    labelled = labelled.pick(counted[labelled.images])
    figures, precision = coco_scores(found, labelled, n_labels)
    positive = labelled.labels[labelled.roles == Role.POSITIVE]
    interval = _interval(submission, found, labelled) if sure else None
    told = {"interval_blocks": interval.blocks} if interval else {}
    none = interval.no_interval if interval and not math.isnan(figures["AP"]) else ""
    return {
        **figures,
        **_ends(interval),
        **told,
        "n_frames": int(counted.sum()),
        "n_truth": len(positive),
        "n_found": len(found),
        "per_class": {
            row.name: {
                "AP": precision.ap(label=label),
                "AP50": precision.ap(0.5, label),
                "AP75": precision.ap(0.75, label),
                **_ends(interval, row.name),
                "n_truth": int((positive == label).sum()),
                "n_found": int((found.labels == label).sum()),
            }
            for label, row in enumerate(submission.categories)
        },
        **({"notes": [f"no interval of AP: {none}"]} if none else {}),
    }


def _ends(interval: ApInterval | None, name: str | None = None) -> Figures:
    ends = interval.ends("AP", "AP50", "AP75", name=name) if interval else {}
    return {key: math.nan if end is None else end for key, end in ends.items()}


def _interval(submission: Submission, found: Found, labelled: Labelled) -> ApInterval:
    """By blocks of the labelled frames."""
    place, n = _in_order(submission)
    outcomes = _matched(found, labelled, place, len(submission.categories))
    return cut(n, outcomes).interval(outcomes, classes=[row.name for row in submission.categories])


def _in_order(submission: Submission) -> tuple[Index, int]:
    """(images,) the place of each labelled frame, sequence after sequence, each in the order of its frames; how many.

    -1 of those that nobody labelled.
    """
    in_order = np.concatenate([
        images[np.argsort(timeline.frames, kind="stable")] for timeline, images, _ in submission.timelines()
    ] or [ints([])])  # fmt: skip
    in_order = in_order[submission.is_labelled[in_order]]
    place = np.full(len(submission.frames), -1, np.int64)
    place[in_order] = np.arange(len(in_order))
    return place, len(in_order)


def _matched(found: Found, labelled: Labelled, place: Index, n_labels: int) -> Outcomes:
    return Matching(
        replace(found, images=place[found.images]), replace(labelled, images=place[labelled.images]), n_labels
    ).outcomes()


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
        corners=from_sizes(own.boxes),
        truncated=np.array([math.nan if row.cut is None else row.cut for row in submission.annotations]),
        occluded=np.array([math.nan if row.hidden is None else row.hidden for row in submission.annotations]),
    )
    found = answered(submission.found, submission.answers(streamed=False))
    rows = KittiFound(found.images, types[found.labels], from_sizes(found.boxes), found.scores)
    # Like ones lie beside each other: sequence after sequence, each in the order of its frames.
    place, n = _in_order(submission)
    scores = kitti_scores(
        replace(labels, images=place[labels.images]),
        replace(rows, images=place[rows.images]),
        [name for name, code in EVALUATED.items() if code in types],
        cut(n, _matched(found, own, place, len(names))),
    )
    told = scores.curves
    curves = {name: {level: one.curve for level, one in by.items()} for name, by in told.items()}
    return {
        "AP": scores.mean,
        **{f"AP_{end}": value for end, value in scores.mean_ap40.items()},
        "AP40": {name: {level: curve.ap40 for level, curve in by.items()} for name, by in curves.items()},
        "AP40_low": {name: {level: one.ap40["low"] for level, one in by.items()} for name, by in told.items()},
        "AP40_high": {name: {level: one.ap40["high"] for level, one in by.items()} for name, by in told.items()},
        "AP11": {name: {level: curve.ap11 for level, curve in by.items()} for name, by in curves.items()},
        "n_truth": {name: {level: curve.n for level, curve in by.items()} for name, by in curves.items()},
        "n_frames": int(submission.is_labelled.sum()),
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
        "n_frames": int(submission.is_labelled.sum()),
        "untracked": sum(row.track_id == NO_TRACK for row in submission.detections),
        "per_class": per_class,
    }


class _Sides:
    """Truth and findings by image, with their tracks; what has no track takes no part."""

    def __init__(self, submission: Submission) -> None:
        self._n_images = len(submission.frames)
        self._labelled = submission.labelled
        # A region needs no track; it gets a number of its own, since no two boxes of a frame may share one.
        self._truth_tracks = ints([
            -2 - i if row.track_id is None or row.iscrowd else row.track_id
            for i, row in enumerate(submission.annotations)
        ])  # fmt: skip
        rows, images = answering_rows(submission.found.images, submission.answers(streamed=False))
        tracks = ints([NO_TRACK if row.track_id is None else row.track_id for row in submission.detections])[rows]
        tracked = tracks != NO_TRACK
        self._found = replace(submission.found.pick(rows), images=images).pick(tracked)
        self._found_tracks = tracks[tracked]
        self._sequences = []
        for timeline, sequence, _ in submission.timelines():
            in_order = sequence[np.argsort(timeline.frames, kind="stable")]
            self._sequences.append(in_order[submission.is_labelled[in_order]])

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


SCORES: Mapping[str, Callable[[Submission], Figures]] = {"coco": coco, "sap": sap, "kitti": kitti, "hota": hota}
