"""Which classes a stream is scored for: those that its recording offers and its model knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from replay.recording import Group, Recording
from sensors.errors import GilmokError


class LabelsNotOffered(GilmokError):
    def __init__(self, recording: Recording, unknown: Sequence[str]) -> None:
        super().__init__(
            f"{recording.dataset} recordings are not scored for {', '.join(map(repr, unknown))}",
            f"they are for: {', '.join(recording.groups)}",
        )


class LabelsUnknownToModel(GilmokError):
    def __init__(self, unknown: Sequence[str], model_labels: Sequence[str]) -> None:
        shown = ", ".join(model_labels[:8]) + (", ..." if len(model_labels) > 8 else "")
        super().__init__(
            f"the model never finds {', '.join(map(repr, unknown))}: it knows {shown}",
            "ask for other labels, or for none",
        )


@dataclass(frozen=True, slots=True)
class Classes:
    groups: Mapping[str, Group]
    """Evaluated class -> the truth labels and the model labels that it merges, in the recording's order."""
    unknown_to_model: tuple[str, ...]
    """Left out, because the model doesn't have them."""


def evaluated(recording: Recording, model_labels: Sequence[str], labels: Sequence[str] = ()) -> Classes:
    """`labels` selects classes by the names of the recording's groups; none: all that the model can be scored for.

    A model label counts for a class if the class's group lists it, or if it is the class's own name. Raises
    LabelsNotOffered; or LabelsUnknownToModel, where a selected class or every class is one the model doesn't have.
    """
    check_offered(recording, labels)
    chosen = {name: recording.groups[name] for name in labels or recording.groups}
    unknown = tuple(name for name, group in chosen.items() if not {name, *group.found} & set(model_labels))
    if unknown and (labels or len(unknown) == len(chosen)):
        raise LabelsUnknownToModel(unknown, model_labels)
    return Classes({name: group for name, group in chosen.items() if name not in unknown}, unknown)


def check_offered(recording: Recording, labels: Sequence[str]) -> None:
    """Raises LabelsNotOffered where the recording isn't scored for one of `labels`."""
    absent = [label for label in labels if label not in recording.groups]
    if absent:
        raise LabelsNotOffered(recording, absent)
