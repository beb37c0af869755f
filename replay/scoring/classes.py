"""Which classes a stream is scored for: those that its recording offers and its model knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.labels import plain_label
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
    matched: tuple[str, ...] = ()
    """A sentence for each class whose name the model spells otherwise."""


def evaluated(recording: Recording, model_labels: Sequence[str], labels: Sequence[str] = ()) -> Classes:
    """`labels` selects classes by the names of the recording's groups; none: all that the model can be scored for, but
    those that are scored on request.

    A model label counts for a class if the class's group lists it, or if it is the class's own name; where none does,
    if it is one of these but for case and what stands between words. Raises LabelsNotOffered; or LabelsUnknownToModel,
    where a selected class or every class is one the model doesn't have.
    """
    check_offered(recording, labels)
    usual = [name for name, group in recording.groups.items() if not group.on_request]
    names = [offered(recording, label) or label for label in labels] or usual
    chosen = {name: _as_the_model_says(name, recording.groups[name], model_labels) for name in names}
    unknown = tuple(name for name, group in chosen.items() if not {name, *group.found} & set(model_labels))
    if unknown and (labels or len(unknown) == len(chosen)):
        raise LabelsUnknownToModel(unknown, model_labels)
    groups = {name: group for name, group in chosen.items() if name not in unknown}
    otherwise = [name for name, group in groups.items() if group is not recording.groups[name]]
    matched = tuple(f"{name} is what the model calls {', '.join(groups[name].found)}" for name in otherwise)
    return Classes(groups, unknown, matched)


def check_offered(recording: Recording, labels: Sequence[str]) -> None:
    """Raises LabelsNotOffered where the recording isn't scored for one of `labels`."""
    absent = [label for label in labels if offered(recording, label) is None]
    if absent:
        raise LabelsNotOffered(recording, absent)


def offered(recording: Recording, label: str) -> str | None:
    """The name of the recording's class that `label` means: its own, or the only one like it but for case."""
    if label in recording.groups:
        return label
    alike = [name for name in recording.groups if plain_label(name) == plain_label(label)]
    return alike[0] if len(alike) == 1 else None


def _as_the_model_says(name: str, group: Group, model_labels: Sequence[str]) -> Group:
    """The group itself where the model has one of its words; else with the model's labels that are alike."""
    if {name, *group.found} & set(model_labels):
        return group
    plain = {plain_label(word) for word in (name, *group.found)}
    alike = tuple(label for label in model_labels if plain_label(label) in plain)
    return replace(group, found=alike) if alike else group
