"""A submission whose program has words of its own: its categories laid on the truth's, or both on named classes."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from replay.datasets.classes import groups_of
from replay.datasets.pictures import PictureRecording
from replay.scoring.class_table import ClassLabels, ClassTable
from replay.scoring.classes import NONE, Classes, Wanted, evaluated
from replay.scoring.submission_files import AnnotationRow, CategoryRow, Id, OutputsFile, TruthFile
from sensors.errors import GilmokError


class TruthMerged(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"KITTI's rules are of KITTI's categories, and {name!r} is made of several",
            "name one of them: --classes 'Car=car,truck'",
        )


def mapped(
    truth: TruthFile, outputs: OutputsFile, wanted: Wanted = NONE, *, keep_truth: bool = False
) -> tuple[TruthFile, OutputsFile, ClassTable | None]:
    """Truth and outputs in the same categories, and which labels count for which; None: they were the same already.

    Without `wanted` the truth stays as it is, also categories that the program doesn't have; by `keep_truth` with it,
    too, for rules that need what stands beside the classes. Raises TruthMerged, or what `classes.evaluated` raises.
    """
    if not wanted and outputs.categories is None:
        return truth, outputs, None
    theirs = truth.categories if outputs.categories is None else outputs.categories
    classes = evaluated(_recording(truth), [row.name for row in theirs], wanted=wanted)
    ids: Mapping[str, Id] = {row.name: row.id for row in truth.categories}
    if wanted and not keep_truth:
        ids = {name: place for place, name in enumerate(classes.groups, 1)}
        truth, left = _restricted(truth, classes, ids)
    else:
        for name, group in classes.groups.items():
            if len(group.truth) > 1:
                raise TruthMerged(name)
        ids = {name: ids[group.truth[0]] for name, group in classes.groups.items()}
        left = Counter[str]()
    class_of = {label: name for name, group in classes.groups.items() for label in group.found}
    numbers = {row.id: ids[class_of[row.name]] for row in theirs if row.name in class_of}
    names = {row.id: row.name for row in theirs}
    missed: Counter[str] = Counter()
    rows = []
    for output in outputs.outputs:
        kept = []
        for found in output.detections:
            if found.category_id in numbers:
                kept.append(msgspec.structs.replace(found, category_id=numbers[found.category_id]))
            else:
                missed[names[found.category_id]] += 1
        rows.append(msgspec.structs.replace(output, detections=kept))
    table = ClassTable(
        classes={name: ClassLabels(truth=one.truth, found=one.found) for name, one in classes.groups.items()},
        unknown_to_model=classes.unknown_to_model,
        truth_left_out=dict(left.most_common()),
        found_left_out=dict(missed.most_common()),
    )
    return truth, msgspec.structs.replace(outputs, outputs=rows, categories=None), table


def _restricted(truth: TruthFile, classes: Classes, ids: Mapping[str, Id]) -> tuple[TruthFile, "Counter[str]"]:
    """The truth of those classes alone, and how many objects of other labels there were."""
    class_of = {label: name for name, group in classes.groups.items() for label in group.truth}
    names = {row.id: row.name for row in truth.categories}
    left: Counter[str] = Counter()
    kept: list[AnnotationRow] = []
    for row in truth.annotations:
        name = class_of.get(names[row.category_id])
        if name is not None:
            kept.append(msgspec.structs.replace(row, category_id=ids[name]))
        elif not row.iscrowd:
            left[names[row.category_id]] += 1
    categories = [CategoryRow(id=number, name=name) for name, number in ids.items()]
    return msgspec.structs.replace(truth, annotations=kept, categories=categories), left


def _recording(truth: TruthFile) -> PictureRecording:
    names: Sequence[str] = [row.name for row in truth.categories]
    return PictureRecording(
        dataset="these",
        name="truth",
        fps=math.nan,
        labels=tuple(names),
        groups=groups_of(names),
        pictures={},
        truths={},
    )
