"""The profile `official`: each data set by its makers' own rules."""

from collections.abc import Callable, Mapping

import numpy as np

from replay.metrics.average_precision import coco_scores, precision_of
from replay.metrics.kitti import (
    CAR,
    DIFFICULTIES,
    EVALUATED,
    OTHER,
    PEDESTRIAN,
    STEPS,
    TYPES,
    KittiFound,
    KittiLabels,
    kitti_curve,
    type_codes,
)
from replay.metrics.matching import Matching
from replay.metrics.overlap import RegionRule
from replay.scoring.profiles.case import Case, Figures, ProfileFigures, ProfileUndefined, means, pooled_found
from replay.scoring.profiles.official_tracks import kitti_tracking, mot_challenge
from replay.scoring.reference import asked, pooled
from replay.truth import Role

DETRAC_IOU = 0.7
DETRAC_REGION = RegionRule("each", 0.5, inclusive=True)
COCO_NAMES = {"car": CAR, "person": PEDESTRIAN}
"""What a model of COCO's classes says for KITTI's."""


def official(case: Case) -> ProfileFigures:
    """Raises ProfileUndefined where the data set's makers have no rule, or where it can't be applied."""
    rule = RULES.get(case.recording.dataset)
    if rule is None:
        raise ProfileUndefined(f"{case.recording.dataset} has no rules of its own")
    return rule(case)


def _coco(case: Case) -> ProfileFigures:
    _, pairs = asked(case.reports, case.recording, case.captured)
    pool = pooled(pairs, case.recording, case.model_labels, case.labels)
    figures, precision = coco_scores(pool.found, pool.labelled, len(pool.classes))
    positive = pool.labelled.labels[pool.labelled.roles == Role.POSITIVE]
    per_class: dict[str, Figures] = {
        name: {
            "AP": precision.ap(label=label),
            "AP50": precision.ap(0.5, label),
            "AP75": precision.ap(0.75, label),
            "n_truth": int((positive == label).sum()),
        }
        for label, name in enumerate(pool.classes)
    }
    return ProfileFigures(
        rules={"all": "pycocotools bbox: IoU .50:.05:.95, 101 recalls, 100 found boxes an image and class, crowds"},
        overall={**figures, "n_frames": len(case.truths), "n_truth": len(positive)},
        per_class=per_class,
        left_out=dict.fromkeys(pool.unknown_to_model, "the model doesn't have it"),
        unmapped=pool.unmapped,
    )


def _detrac(case: Case) -> ProfileFigures:
    truth = case.truth
    group = case.recording.groups["vehicle"]
    roles = np.where(truth.of_role(Role.REGION), int(Role.REGION), int(Role.POSITIVE))
    rows = np.arange(len(truth))
    found = pooled_found(case.found_of(group.found))
    matching = Matching(found, case.labelled(rows, roles), 1, regions=DETRAC_REGION, thresholds=[DETRAC_IOU])
    figures: Figures = {
        "AP": precision_of(matching.outcomes(), matching.thresholds).ap(),
        "n_truth": int((roles == Role.POSITIVE).sum()),
        "n_found": len(found),
    }
    return ProfileFigures(
        rules={"vehicle": "IoU .7; ignored_region >= .5 of the found box; every type one class; 101 recalls"},
        overall={"AP": figures["AP"], "n_frames": len(case.truths), "n_truth": figures["n_truth"]},
        per_class={"vehicle": figures},
        unmapped=case.unmapped(group.found),
    )


def _kitti_object(case: Case) -> ProfileFigures:
    truth = case.truth
    # A row without a class is a DontCare box.
    names = type_codes([*case.recording.labels, "DontCare"])
    labels = KittiLabels(
        images=case.truth_images,
        types=names[truth.labels],
        corners=truth.boxes,
        truncated=truth.truncated.astype(np.float64),
        occluded=truth.occluded.astype(np.float64),
    )
    codes = np.array([_kitti_type(label) for label in case.model_labels], np.int64)
    answered = pooled_found(case.answers)
    told = np.concatenate([np.empty(0, np.int64), *(found.labels for found in case.answers)])
    corners = np.concatenate([answered.boxes[:, :2], answered.boxes[:, :2] + answered.boxes[:, 2:]], axis=1)
    found = KittiFound(answered.images, codes[told], corners, answered.scores)
    per_class: dict[str, Figures] = {}
    for name, code in EVALUATED.items():
        if code in codes:
            curves = {one.name: kitti_curve(labels, found, code, one) for one in DIFFICULTIES}
            per_class[name] = {f"AP40_{level}": curve.ap40 for level, curve in curves.items()}
            per_class[name] |= {f"AP11_{level}": curve.ap11 for level, curve in curves.items()}
            per_class[name] |= {f"n_{level}": curve.n for level, curve in curves.items()}
            per_class[name]["n_truth"] = curves["moderate"].n
    if not per_class:
        raise ProfileUndefined("the model knows none of Car, Pedestrian and Cyclist")
    left_out = {name: "the model doesn't have it" for name in EVALUATED if name not in per_class}
    few = {name: one["n_truth"] for name, one in per_class.items() if 0 < (one["n_truth"] or 0) < STEPS}
    left_out |= {name: "the truth holds none" for name, one in per_class.items() if not one["n_truth"]}
    rule = "evaluate_object.cpp (2-D, October 2019): ranked by AP40 at moderate"
    notes = {name: f"{n:.0f} boxes count at moderate: below {STEPS}, AP can't reach 1" for name, n in few.items() if n}
    return ProfileFigures(
        rules={"all": rule, **notes},
        overall={**means(per_class, ("AP40_moderate", "AP11_moderate")), "n_frames": len(case.truths)},
        per_class=per_class,
        left_out=left_out,
        unmapped=int((codes[told] == OTHER).sum()),
    )


def _kitti_type(label: str) -> int:
    return COCO_NAMES.get(label, TYPES.get(label.lower(), OTHER))


RULES: Mapping[str, Callable[[Case], ProfileFigures]] = {
    "coco": _coco,
    "kitti-object": _kitti_object,
    "kitti-tracking": kitti_tracking,
    "mot": mot_challenge,
    "ua-detrac": _detrac,
}
