"""A data set's classes beside those that its makers score: kept, shown, and scored where somebody asks for them.

What a detector calls a thing and what a data set calls it are two tables of words; the usual ones are matched here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from models.labels import plain_label
from replay.datasets.soundness import counted
from replay.recording import Group, Problem, Severity

SYNONYMS = (
    ("person", "pedestrian", "people", "human", "walker"),
    ("bicycle", "bike", "cycle"),
    ("motorcycle", "motorbike", "motor"),
    ("truck", "lorry"),
    ("traffic light", "trafficlight"),
    ("traffic sign", "trafficsign"),
)
"""The first word of each is COCO's, where COCO has one."""
ASIDE = ("stroller", "wheelchair", "personal mobility")
"""What nuImages files under pedestrians, and no detector calls one."""


def words_for(label: str) -> tuple[str, ...]:
    """What a detector may call a class of that name."""
    plain = plain_label(label)
    # human.pedestrian.adult, vehicle.car: the first part is a kind of things rather than a name.
    parts = plain.split(".")[1:]
    if parts and parts[-1] in ASIDE:
        parts = parts[-1:]
    same = [word for words in SYNONYMS if {plain, *parts} & set(words) for word in words]
    return tuple(dict.fromkeys([label, plain, *parts, *same]))


def groups_of(labels: Sequence[str]) -> dict[str, Group]:
    """Every label a class of its own; no word of a detector counts for two of them."""
    groups: dict[str, Group] = {}
    taken = set(labels)
    for label in labels:
        words = tuple(word for word in words_for(label) if word == label or word not in taken)
        groups[label] = Group((label,), words)
        taken |= set(words)
    return groups


def own_groups(official: Mapping[str, Group], present: Mapping[str, int]) -> dict[str, Group]:
    """The official classes, and each label of `present` (label -> boxes) that none of them merges.

    Those are scored on request; without it, too, where no box is of an official class: what else is there to score?
    """
    merged = {label for group in official.values() for label in group.truth}
    on_request = bool(merged & set(present))
    beside = groups_of([label for label in present if label not in merged and label not in official])
    own = {label: Group(group.truth, group.found, on_request=on_request) for label, group in beside.items()}
    return dict(official) | own


def own_problems(
    groups: Mapping[str, Group], present: Mapping[str, int], makers: Collection[str] = ()
) -> Iterator[Problem]:
    """`makers`: labels that the data set's makers have themselves, so that nobody need be told of them."""
    own = [name for name, group in groups.items() if group.on_request and name not in makers]
    if own:
        shown = ", ".join(f"{name} ({counted(present[name], 'box')})" for name in own)
        yield Problem(Severity.REMARK, f"classes that are scored only where --labels names them: {shown}")
