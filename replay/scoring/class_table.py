"""Which labels counted for which class, and which for none: told beside every score; nothing is dropped in silence."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.boxes import iou
from replay.metrics.pool import Index
from replay.scoring.stream import ScoredStream
from replay.truth import Role
from sensors.record import Record

SHOWN = 8
LOOKED_AT = 100
"""Frames that are looked through for labels beside those that were meant."""
LEAST_FOUND = 20
"""Fewer objects don't tell a shifted table from a mistake."""
LEAST_SHARE = 0.8
"""Of them, whose label is the neighbour of the right one."""
LEAST_IOU = 0.5


class ClassLabels(Record, frozen=True, kw_only=True):
    truth: tuple[str, ...]
    """The recording's labels."""
    found: tuple[str, ...]
    """The model's."""


class ClassTable(Record, frozen=True, kw_only=True):
    classes: dict[str, ClassLabels]
    unknown_to_model: tuple[str, ...] = ()
    """Classes that the recording offers and the model doesn't have."""
    truth_left_out: dict[str, int] = {}
    """Label -> objects in the labelled frames that count for no class: those that must be found, no regions."""
    found_left_out: dict[str, int] = {}
    """Label -> findings in the labelled frames that count for no class."""
    shifted: str = ""
    """What looks like a table that begins a place too early or too late; empty: nothing does."""


def class_table(stream: ScoredStream) -> ClassTable:
    """Raises as `ScoredStream.classes`."""
    classes = stream.classes
    objects = stream.truth.labels[stream.truth.of_role(Role.POSITIVE)]
    of_truth = _counted(objects, dict(enumerate(stream.recording.labels)))
    of_model = _counted(stream.found.labels, dict(enumerate(stream.model_labels)))
    merged = {label for group in classes.groups.values() for label in group.truth}
    taken = {label for group in classes.groups.values() for label in group.found}
    return ClassTable(
        classes={name: ClassLabels(truth=one.truth, found=one.found) for name, one in classes.groups.items()},
        unknown_to_model=classes.unknown_to_model,
        truth_left_out={label: n for label, n in of_truth.items() if label not in merged},
        found_left_out={label: n for label, n in of_model.items() if label not in taken},
        shifted=_shifted(stream, {name: (one.truth, one.found) for name, one in classes.groups.items()}),
    )


def _shifted(stream: ScoredStream, classes: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> str:
    """A sentence where objects are found as the label before theirs, or behind, and hardly ever as their own."""
    names = list(stream.model_labels)
    meant = {
        stream.recording.labels.index(label): {names.index(one) for one in found}
        for truth, found in classes.values()
        for label in truth
    }
    steps: Counter[int] = Counter()
    example = {}
    for own, found in _pairs(stream, meant):
        step = next((step for step in (0, 1, -1) if found - step in own), None)
        steps[len(names) if step is None else step] += 1
        if step:
            example[step] = f"{names[found - step]} as {names[found]}"
    n = steps.total()
    for step, where in ((1, "behind"), (-1, "before")):
        if n >= LEAST_FOUND and steps[step] >= LEAST_SHARE * n:
            return (
                f"{steps[step]} of {n} objects are found as the label {where} theirs ({example[step]}): the model's "
                "labels look shifted by one (`gilmok model doctor` tries that; --model-labels names them)"
            )
    return ""


def _pairs(stream: ScoredStream, meant: Mapping[int, set[int]]) -> Iterator[tuple[set[int], int]]:
    """Of each object that is found: the numbers of the model's labels for it, and the number of what was found best."""
    frames = [
        (truth, found)
        for truth, found in zip(stream.truths, stream.answers, strict=True)
        if truth is not None and found is not None
    ]
    for truth, found in frames[:: max(1, len(frames) // LOOKED_AT)]:
        there = truth.of_role(Role.POSITIVE) & np.isin(truth.labels, list(meant))
        if not there.any() or not len(found):
            continue
        scores = np.where(iou(truth.boxes[there].astype(np.float32), found.boxes) >= LEAST_IOU, found.scores, 0)
        for label, place, score in zip(truth.labels[there], scores.argmax(axis=1), scores.max(axis=1), strict=True):
            if score > 0:
                yield meant[int(label)], int(found.labels[place])


def together(tables: Sequence[ClassTable]) -> ClassTable:
    """Of several recordings as one: labels of a class by name, counts added."""
    classes: dict[str, ClassLabels] = {}
    truth_left_out: Counter[str] = Counter()
    found_left_out: Counter[str] = Counter()
    for table in tables:
        for name, one in table.classes.items():
            known = classes.get(name, ClassLabels(truth=(), found=()))
            classes[name] = ClassLabels(
                truth=tuple(dict.fromkeys([*known.truth, *one.truth])),
                found=tuple(dict.fromkeys([*known.found, *one.found])),
            )
        truth_left_out.update(table.truth_left_out)
        found_left_out.update(table.found_left_out)
    return ClassTable(
        classes=classes,
        unknown_to_model=tuple(dict.fromkeys(name for table in tables for name in table.unknown_to_model)),
        truth_left_out=dict(truth_left_out.most_common()),
        found_left_out=dict(found_left_out.most_common()),
        shifted=next((table.shifted for table in tables if table.shifted), ""),
    )


def told(table: ClassTable) -> list[str]:
    """Three lines at most: what counts for what, what counts for nothing, and what looks shifted."""
    pairs = [f"{name}{_made_of(name, one.truth)} <- {', '.join(one.found)}" for name, one in table.classes.items()]
    lines = [f"classes, with the model's labels that count for each: {'; '.join(pairs)}"]
    left_out = []
    if table.unknown_to_model:
        left_out.append(f"classes that the model doesn't have: {_listing(dict.fromkeys(table.unknown_to_model, 0))}")
    if table.truth_left_out:
        left_out.append(f"objects labelled {_listing(table.truth_left_out)}")
    if table.found_left_out:
        left_out.append(f"findings of {_listing(table.found_left_out)}")
    if left_out:
        lines.append(f"not scored: {'; '.join(left_out)}")
    return [*lines, table.shifted] if table.shifted else lines


def _made_of(name: str, truth: tuple[str, ...]) -> str:
    return "" if truth in ((name,), ()) else f" ({', '.join(truth)})"


def _counted(labels: Index, table: Mapping[int, str]) -> dict[str, int]:
    """Label -> how many, the most first; a label beyond the table by its number. -1 is no label."""
    numbers, counts = np.unique(labels[labels >= 0], return_counts=True)
    found: Counter[str] = Counter()
    for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
        found[table.get(number, f"class {number}")] += count
    return dict(found.most_common())


def _listing(counts: Mapping[str, int]) -> str:
    shown = [f"{label} ({n:,})" if n else label for label, n in list(counts.items())[:SHOWN]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
