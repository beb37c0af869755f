"""The profile `crosswalk`: a model of COCO's classes on a label set that means other things by its words.

A found box tries positives, then neighbours, then regions; nothing is deleted before it could match a positive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.boxes import suppress
from models.detections import nothing
from replay.metrics.average_precision import precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching, Outcomes, Slice
from replay.metrics.overlap import RegionRule
from replay.metrics.pool import Mask, Numbers
from replay.scoring.ap_interval import cut
from replay.scoring.profiles.figures import (
    Figures,
    ProfileFigures,
    ProfileUndefined,
    means,
    one_class_found,
    one_class_truth,
)
from replay.scoring.stream import ScoredStream
from replay.truth import Role, Truth

MERGE_IOU = 0.65
MERGE_RULE = f"merge-nms-{MERGE_IOU}"
"""Where several of the model's labels become one class, a box that overlaps a better one of it more than this goes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A positive beyond these becomes a neighbour; an unmatched found box that is too low is no false alarm."""

    least_height_px: float = 0.0
    most_occluded: float = np.inf
    most_truncated: float = np.inf

    def beyond(self, truth: Truth) -> Mask:
        heights = truth.boxes[:, 3] - truth.boxes[:, 1]
        low: Mask = heights < self.least_height_px
        return low | (truth.occluded > self.most_occluded) | (truth.truncated > self.most_truncated)

    def too_low(self, heights_px: Numbers) -> Mask:
        low: Mask = heights_px < self.least_height_px
        return low

    def __str__(self) -> str:
        parts = [f"height >= {self.least_height_px:g} px"] if self.least_height_px else []
        parts += [f"occlusion <= {self.most_occluded:g}"] if np.isfinite(self.most_occluded) else []
        parts += [f"truncation <= {self.most_truncated:g}"] if np.isfinite(self.most_truncated) else []
        return ", ".join(parts) or "none"


@dataclass(frozen=True, slots=True)
class Walk:
    """One evaluated class. What the data set's reader calls a neighbour is one; a region without a class is one."""

    found: tuple[str, ...]
    """The model's labels that it merges."""
    positive: tuple[str, ...]
    neighbour: tuple[str, ...] = ()
    region: RegionRule = field(default_factory=lambda: RegionRule("each"))
    limits: Limits = field(default_factory=Limits)


MODERATE = Limits(least_height_px=25, most_occluded=1, most_truncated=0.30)
DRIVEN = Limits(least_height_px=25, most_occluded=2, most_truncated=0)
"""KITTI's tracking labels give truncation as a level."""


def _kitti(limits: Limits, car_region: float) -> dict[str, Walk]:
    beside_car = ("Van", "Truck", "Misc", "Tram")
    return {
        "Car": Walk(("car",), ("Car",), beside_car, RegionRule("each", car_region), limits),
        "Pedestrian": Walk(("person",), ("Pedestrian",), ("Person_sitting", "Cyclist"), RegionRule("each"), limits),
    }


WALKS: Mapping[str, Mapping[str, Walk]] = {
    "kitti-object": _kitti(MODERATE, 0.7),
    "kitti-tracking": _kitti(DRIVEN, 0.5),
    "mot": {"pedestrian": Walk(("person",), ("pedestrian",))},
}
NOT_SCORED = {
    "kitti-object": {"Cyclist": "its box holds rider and bicycle, which COCO tells apart"},
    "kitti-tracking": {"Cyclist": "its box holds rider and bicycle, which COCO tells apart"},
}


def crosswalk(stream: ScoredStream) -> ProfileFigures:
    """COCO's AP over classes in roles; raises ProfileUndefined."""
    recording = stream.recording
    if recording.dataset == "coco":
        raise ProfileUndefined("COCO's labels are no foreign ones: see the profile official")
    walks = _selected(stream, walks_of(stream))
    left_out = dict(NOT_SCORED.get(recording.dataset, {}))
    per_class: dict[str, Figures] = {}
    matched: dict[str, Outcomes] = {}
    for name, walk in walks.items():
        if set(walk.found) & set(stream.model_labels):
            per_class[name], matched[name] = _figures(stream, walk)
        else:
            left_out[name] = f"the model never finds {' or '.join(walk.found)}"
    if not per_class:
        raise ProfileUndefined("the model knows none of the classes that are evaluated here")
    taken = stream.found_of({label for name in per_class for label in walks[name].found})
    parts = tuple(matched.values())
    sure = cut(len(stream.images), *parts).interval(*parts, classes=tuple(matched))
    overall = means(per_class, ("AP", "AP50", "AP75", "AR100")) | sure.ends("AP", "AP50", "AP75")
    per_class = {name: one | sure.ends("AP", "AP50", "AP75", name=name) for name, one in per_class.items()}
    counts = {"n_frames": len(stream.images), "n_truth": sum(one["n_truth"] or 0 for one in per_class.values())}
    left_out |= {name: "the truth holds none" for name, one in per_class.items() if not one["n_truth"]}
    return ProfileFigures(
        rules={name: _rule(walks[name]) for name in per_class},
        overall={**overall, **counts},
        per_class=per_class,
        left_out=left_out,
        unmapped=int((~taken).sum()),
    )


def walks_of(stream: ScoredStream) -> Mapping[str, Walk]:
    """The table's, or for a data set without one the evaluated classes, with every region covering half of a box."""
    known = WALKS.get(stream.recording.dataset)
    if known is not None:
        return known
    inclusive = stream.recording.dataset == "ua-detrac"
    return {
        name: Walk(group.found, group.truth, region=RegionRule("each", inclusive=inclusive))
        for name, group in stream.classes.groups.items()
    }


def without_duplicates(stream: ScoredStream, which: Mask) -> Mask:
    """Of the findings that `which` marks, seen as of one class, those that no better one of their image suppresses."""
    kept = np.zeros(len(which), np.bool_)
    start = 0
    for row in stream.images.tolist():
        answer = stream.answers[row] or nothing()
        rows = np.flatnonzero(which[start : start + len(answer)])
        if len(rows):
            alike = replace(answer.pick(rows), labels=np.zeros(len(rows), np.int64))
            kept[start + rows[suppress(alike, MERGE_IOU, len(rows))]] = True
        start += len(answer)
    return kept


def _selected(stream: ScoredStream, walks: Mapping[str, Walk]) -> Mapping[str, Walk]:
    """Those of the classes that are asked for."""
    if not stream.labels and not stream.wanted:
        return walks
    asked = {label for group in stream.classes.groups.values() for label in group.truth}
    return {name: walk for name, walk in walks.items() if asked & set(walk.positive)}


def _figures(stream: ScoredStream, walk: Walk) -> tuple[Figures, Outcomes]:
    truth = stream.truth
    own = stream.truth_of(walk.positive)
    positive = own & truth.of_role(Role.POSITIVE)
    beyond = positive & walk.limits.beyond(truth)
    region = truth.of_role(Role.REGION) & (own | (truth.labels < 0))
    beside = stream.truth_of(walk.neighbour) & truth.of_role(Role.POSITIVE)
    neighbour = beyond | truth.of_role(Role.NEIGHBOUR) | beside
    roles = np.select([region, neighbour, positive], [Role.REGION, Role.NEIGHBOUR, Role.POSITIVE], Role.INVISIBLE)
    rows = np.flatnonzero(roles != Role.INVISIBLE)
    every = stream.found_of(walk.found)
    kept = without_duplicates(stream, every) if _merges(walk, stream.model_labels) else every
    found, labelled = one_class_found(stream.found, kept), one_class_truth(stream, rows, roles[rows])
    matching = Matching(found, labelled, 1, regions=walk.region)
    low = walk.limits.too_low(found.boxes[:, 3])
    outcomes = matching.outcomes(Slice("all", np.ones(len(labelled), np.bool_), low))
    precision = precision_of(outcomes, IOU_THRESHOLDS)
    figures: Figures = {
        "AP": precision.ap(),
        "AP50": precision.ap(0.5),
        "AP75": precision.ap(0.75),
        "AR100": precision.ar(),
        "n_truth": int((labelled.roles == Role.POSITIVE).sum()),
        "n_neighbours": int((labelled.roles == Role.NEIGHBOUR).sum()),
        "n_regions": int((labelled.roles == Role.REGION).sum()),
        "n_found": len(found),
        "n_duplicates": int(every.sum()) - len(found),
    }
    return figures, outcomes


def _merges(walk: Walk, model_labels: Sequence[str]) -> bool:
    return len(set(walk.found) & set(model_labels)) > 1


def _rule(walk: Walk) -> str:
    share = f"{'>=' if walk.region.inclusive else '>'} {walk.region.share:g}"
    duplicates = MERGE_RULE if len(walk.found) > 1 else "none made"
    neighbour = f", neighbours {', '.join(walk.neighbour)}" if walk.neighbour else ""
    return (
        f"{'+'.join(walk.found)} on {', '.join(walk.positive)}{neighbour}; region {share} of the box; "
        f"limits: {walk.limits}; duplicates: {duplicates}"
    )
