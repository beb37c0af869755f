"""The profile `official`: each data set by its makers' own rules."""

from collections.abc import Callable, Mapping

import numpy as np

from replay.metrics.average_precision import coco_scores, precision_of
from replay.metrics.kitti import (
    CAR,
    EVALUATED,
    OTHER,
    PEDESTRIAN,
    STEPS,
    TYPES,
    KittiFound,
    KittiLabels,
    type_codes,
)
from replay.metrics.matching import Matching
from replay.metrics.overlap import RegionRule
from replay.scoring.ap_interval import Bounds, cut
from replay.scoring.profiles.figures import (
    Figures,
    ProfileFigures,
    ProfileUndefined,
    means,
    one_class_found,
    one_class_truth,
)
from replay.scoring.profiles.kitti_curves import kitti_scores
from replay.scoring.profiles.official_tracks import kitti_tracking, mot_challenge
from replay.scoring.stream import ScoredStream
from replay.truth import Role, from_sizes

DETRAC_IOU = 0.7
DETRAC_REGION = RegionRule("each", 0.5, inclusive=True)
COCO_NAMES = {"car": CAR, "person": PEDESTRIAN}
"""What a model of COCO's classes says for KITTI's."""


def official(stream: ScoredStream) -> ProfileFigures:
    """Raises ProfileUndefined where the data set's makers have no rule, or where it can't be applied."""
    rule = RULES.get(stream.recording.dataset)
    if rule is None:
        raise ProfileUndefined(f"{stream.recording.dataset} has no rules of its own")
    return rule(stream)


def _coco(stream: ScoredStream) -> ProfileFigures:
    pool = stream.pool
    figures, precision = coco_scores(pool.found, pool.labelled, len(pool.classes))
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()
    sure = cut(pool.n_images, outcomes).interval(outcomes, classes=pool.classes)
    positive = pool.labelled.labels[pool.labelled.roles == Role.POSITIVE]
    per_class: dict[str, Figures] = {
        name: {
            "AP": precision.ap(label=label),
            "AP50": precision.ap(0.5, label),
            "AP75": precision.ap(0.75, label),
            **sure.ends("AP", "AP50", "AP75", name=name),
            "n_truth": int((positive == label).sum()),
        }
        for label, name in enumerate(pool.classes)
    }
    counts: Figures = {"n_frames": len(stream.images), "n_truth": len(positive)}
    return ProfileFigures(
        rules={"all": "pycocotools bbox: IoU .50:.05:.95, 101 recalls, 100 found boxes an image and class, crowds"},
        overall={**figures, **sure.ends("AP", "AP50", "AP75"), **counts},
        per_class=per_class,
        left_out=dict.fromkeys(pool.unknown_to_model, "the model doesn't have it"),
        unmapped=pool.unmapped,
    )


def _detrac(stream: ScoredStream) -> ProfileFigures:
    truth = stream.truth
    roles = np.where(truth.of_role(Role.REGION), int(Role.REGION), int(Role.POSITIVE))
    rows = np.arange(len(truth))
    taken = stream.found_of(stream.found_for("vehicle"))
    found, labelled = one_class_found(stream.found, taken), one_class_truth(stream, rows, roles)
    matching = Matching(found, labelled, 1, regions=DETRAC_REGION, thresholds=[DETRAC_IOU])
    outcomes = matching.outcomes()
    sure = cut(len(stream.images), outcomes).interval(outcomes).ends("AP")
    figures: Figures = {
        "AP": precision_of(outcomes, matching.thresholds).ap(),
        **sure,
        "n_truth": int((roles == Role.POSITIVE).sum()),
        "n_found": len(found),
    }
    return ProfileFigures(
        rules={"vehicle": "IoU .7; ignored_region >= .5 of the found box; every type one class; 101 recalls"},
        overall={"AP": figures["AP"], **sure, "n_frames": len(stream.images), "n_truth": figures["n_truth"]},
        per_class={"vehicle": figures},
        unmapped=int((~taken).sum()),
    )


def _kitti_object(stream: ScoredStream) -> ProfileFigures:
    truth = stream.truth
    # A row without a class is a DontCare box.
    names = type_codes([*stream.recording.labels, "DontCare"])
    labels = KittiLabels(
        images=stream.truth_images,
        types=names[truth.labels],
        corners=truth.boxes,
        truncated=truth.truncated.astype(np.float64),
        occluded=truth.occluded.astype(np.float64),
    )
    # A label beyond the model's own table is of no class that KITTI knows.
    codes = np.array([*map(_kitti_type, stream.model_labels), OTHER], np.int64)
    every = stream.found
    found = KittiFound(
        every.images, codes[np.minimum(every.labels, len(codes) - 1)], from_sizes(every.boxes), every.scores
    )
    per_class: dict[str, Figures] = {}
    pool = stream.pool
    pooled = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()
    scores = kitti_scores(
        labels, found, [name for name, code in EVALUATED.items() if code in codes], cut(pool.n_images, pooled)
    )
    for name, by in scores.curves.items():
        per_class[name] = {}
        for level, one in by.items():
            per_class[name] |= {f"AP40_{level}": one.curve.ap40, **_ends(f"AP40_{level}", one.ap40)}
        per_class[name] |= {f"AP11_{level}": one.curve.ap11 for level, one in by.items()}
        per_class[name] |= {f"n_{level}": one.curve.n for level, one in by.items()}
        per_class[name]["n_truth"] = by["moderate"].curve.n
    if not per_class:
        raise ProfileUndefined("the model knows none of Car, Pedestrian and Cyclist")
    left_out = {name: "the model doesn't have it" for name in EVALUATED if name not in per_class}
    few = {name: one["n_truth"] for name, one in per_class.items() if 0 < (one["n_truth"] or 0) < STEPS}
    left_out |= {name: "the truth holds none" for name, one in per_class.items() if not one["n_truth"]}
    rule = "evaluate_object.cpp (2-D, October 2019): ranked by AP40 at moderate"
    notes = {name: f"{n:.0f} boxes count at moderate: below {STEPS}, AP can't reach 1" for name, n in few.items() if n}
    return ProfileFigures(
        rules={"all": rule, **notes},
        overall={
            **means(per_class, ("AP40_moderate", "AP11_moderate")),
            **_ends("AP40_moderate", scores.mean_ap40),
            "n_frames": len(stream.images),
            "n_truth": sum(one["n_truth"] or 0 for one in per_class.values()),
        },
        per_class=per_class,
        left_out=left_out,
        unmapped=int((found.types == OTHER).sum()),
    )


def _ends(figure: str, bounds: Bounds) -> Figures:
    return {f"{figure}_{end}": None if np.isnan(value) else value for end, value in bounds.items()}


def _kitti_type(label: str) -> int:
    return COCO_NAMES.get(label, TYPES.get(label.lower(), OTHER))


RULES: Mapping[str, Callable[[ScoredStream], ProfileFigures]] = {
    "coco": _coco,
    "kitti-object": _kitti_object,
    "kitti-tracking": kitti_tracking,
    "mot": mot_challenge,
    "ua-detrac": _detrac,
}
