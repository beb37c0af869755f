"""Which labels counted for which class, and which for none: told beside every score; nothing is dropped in silence."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from replay.metrics.pool import Index
from replay.scoring.stream import ScoredStream
from replay.truth import Role
from sensors.record import Record

SHOWN = 8


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
    )


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
    )


def told(table: ClassTable) -> list[str]:
    """Two lines at most: what counts for what, and what counts for nothing."""
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
    return lines


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
