"""Which classes a stream is scored for, and which labels of either side count for each.

A class is one that the recording offers (`recording.groups`), a label of its truth, or one made of several: its key is
`vehicle`, `Van`, or `heavy:Truck,Tram`, the class's name and the truth's labels. The model's labels are those that
somebody wrote down for it, else those that mean the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeAlias

from models.labels import plain_label
from replay.datasets.classes import words_for
from replay.recording import Group, Recording
from sensors.errors import GilmokError

Wanted: TypeAlias = Mapping[str, Sequence[str]]
"""Key of a class -> the model's labels that count for it; none: those that mean the same."""
NONE: Wanted = MappingProxyType({})
MADE_OF = ":"
OWN = 1
"""Up to this a word fits a class by its own name or by a label of its truth."""


class LabelsNotOffered(GilmokError):
    def __init__(self, recording: Recording, unknown: Sequence[str]) -> None:
        own = [label for label in recording.labels if label not in recording.groups]
        super().__init__(
            f"{recording.dataset} recordings are not scored for {', '.join(map(repr, unknown))}",
            f"they are for: {', '.join(recording.groups)}" + (f"; their own labels: {_listing(own)}" if own else ""),
        )


class LabelsUnknownToModel(GilmokError):
    def __init__(self, unknown: Sequence[str], model_labels: Sequence[str]) -> None:
        near = get_close_matches(unknown[0], model_labels, 1)
        super().__init__(
            f"the model never finds {', '.join(map(repr, unknown))}: it knows {_listing(model_labels)}"
            + (f"; is {near[0]!r} meant?" if near else ""),
            'ask for other labels, or say what the model calls them: --classes "person=pedestrian,rider"',
        )


class ClassesContradict(GilmokError):
    def __init__(self, whose: str, label: str, classes: Sequence[str]) -> None:
        super().__init__(
            f"{whose} label {label!r} is said to be of two classes, {' and '.join(classes)}",
            "a label counts for one class: take it from one of them",
        )


@dataclass(frozen=True, slots=True)
class Classes:
    groups: Mapping[str, Group]
    """Evaluated class -> the truth's labels and the model's own labels that count for it, in the order asked for."""
    unknown_to_model: tuple[str, ...]
    """Left out, because the model doesn't have them."""
    matched: tuple[str, ...] = ()
    """A sentence for each class that the model calls otherwise than the recording expects."""


def evaluated(
    recording: Recording, model_labels: Sequence[str], labels: Sequence[str] = (), wanted: Wanted = NONE
) -> Classes:
    """The classes of `labels` and `wanted`; neither: all that the model can be scored for, but those that are scored on
    request.

    A class whose model labels nobody wrote down gets those that are, but for case and what stands between words, its
    own name, a label of its truth, what its group lists, or a usual word for one of these; a label that fits two
    goes to the one it fits best. Where nobody asks for classes, those that the model has one usual word for are one
    class of that name (`person` of human.pedestrian.adult and human.pedestrian.child).

    Raises LabelsNotOffered, ClassesContradict; or LabelsUnknownToModel, where a written label is none of the model's,
    or a selected class or every class is one the model doesn't have.
    """
    keys = dict.fromkeys(labels, ()) | {key: tuple(words) for key, words in wanted.items()}
    usual = dict.fromkeys((name for name, group in recording.groups.items() if not group.on_request), ())
    asked: dict[str, Group] = {}
    written: dict[str, tuple[str, ...]] = {}
    for key, words in (keys or usual).items():
        name, asked_group = asked_class(recording, key)
        asked[name], written[name] = asked_group, _of_the_model(words, model_labels)
    _check_apart(asked, written)
    claimed = _claimed(asked, written, model_labels)
    if not keys:
        asked, claimed = _joined(asked, claimed, model_labels)
        written = dict.fromkeys(asked, ())
    unknown = tuple(name for name in asked if not claimed[name])
    if unknown and (keys or len(unknown) == len(asked)):
        raise LabelsUnknownToModel(unknown, model_labels)
    groups = {name: Group(group.truth, claimed[name]) for name, group in asked.items() if claimed[name]}
    return Classes(groups, unknown, tuple(_otherwise(asked, written, groups)))


def asked_class(recording: Recording, key: str) -> tuple[str, Group]:
    """What a key means, with the words that the recording expects a model to have; raises LabelsNotOffered."""
    name = offered(recording, key)
    if name is not None:
        return name, recording.groups[name]
    label = _alike(key, recording.labels)
    if label is not None:
        return label, Group((label,), words_for(label))
    name, made_of, parts = key.partition(MADE_OF)
    if not (made_of and name.strip() and parts.strip()):
        raise LabelsNotOffered(recording, [key])
    truth: list[str] = []
    for part in (part.strip() for part in parts.split(",")):
        if (label := _alike(part, recording.labels)) is None:
            raise LabelsNotOffered(recording, [part])
        truth.append(label)
    return name.strip(), Group(tuple(dict.fromkeys(truth)), ())


def check_offered(recording: Recording, keys: Sequence[str]) -> None:
    """Raises LabelsNotOffered where the recording isn't scored for one of `keys`."""
    absent = []
    for key in keys:
        try:
            asked_class(recording, key)
        except LabelsNotOffered:
            absent.append(key)
    if absent:
        raise LabelsNotOffered(recording, absent)


def is_offered(recording: Recording, key: str) -> bool:
    try:
        asked_class(recording, key)
    except LabelsNotOffered:
        return False
    return True


def known_to(wanted: Wanted, model_labels: Sequence[str], *others: Sequence[str]) -> Wanted:
    """`wanted` for one model of several: without the labels that only the others have.

    Raises LabelsUnknownToModel for a label that none of them has.
    """
    every = [*model_labels, *(label for table in others for label in table)]
    for words in wanted.values():
        _of_the_model(words, every)
    kept = {key: tuple(word for word in words if _alike(word, model_labels)) for key, words in wanted.items()}
    for key, words in wanted.items():
        if words and not kept[key]:
            raise LabelsUnknownToModel(words, model_labels)
    return kept


def offered(recording: Recording, label: str) -> str | None:
    """The name of the recording's class that `label` means: its own, or the only one like it but for case."""
    return _alike(label, tuple(recording.groups))


def _alike(word: str, table: Sequence[str]) -> str | None:
    """The one of the table that is the word, or the only one that is but for case and what stands between words."""
    if word in table:
        return word
    alike = {one for one in table if plain_label(one) == plain_label(word)}
    return alike.pop() if len(alike) == 1 else None


def _of_the_model(words: Sequence[str], model_labels: Sequence[str]) -> tuple[str, ...]:
    found = {word: _alike(word, model_labels) for word in words}
    if unknown := [word for word, label in found.items() if label is None]:
        raise LabelsUnknownToModel(unknown, model_labels)
    return tuple(dict.fromkeys(label for label in found.values() if label is not None))


def _check_apart(asked: Mapping[str, Group], written: Mapping[str, Sequence[str]]) -> None:
    for whose, tables in (
        ("the recording's", {name: group.truth for name, group in asked.items()}),
        ("the model's", written),
    ):
        owner: dict[str, str] = {}
        for name, labels in tables.items():
            for label in labels:
                if owner.setdefault(label, name) != name:
                    raise ClassesContradict(whose, label, (owner[label], name))


def _claimed(
    asked: Mapping[str, Group], written: Mapping[str, Sequence[str]], model_labels: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The model's labels that count for each class, each for one at most."""
    taken = {label for labels in written.values() for label in labels}
    words = {name: _Words.of(name, group, model_labels) for name, group in asked.items() if not written[name]}
    claims: dict[str, list[tuple[int, str]]] = {name: [] for name in asked}
    for label in dict.fromkeys(model_labels):
        places = {name: place for name, one in words.items() if (place := one.place(label)) is not None}
        if places and label not in taken:
            best = min(places, key=lambda name: places[name][0])
            claims[best].append((places[best][1], label))
    return {
        name: tuple(written[name]) or tuple(label for _, label in sorted(found, key=lambda one: one[0]))
        for name, found in claims.items()
    }


def _joined(
    asked: Mapping[str, Group], claimed: Mapping[str, tuple[str, ...]], model_labels: Sequence[str]
) -> tuple[dict[str, Group], dict[str, tuple[str, ...]]]:
    """Classes for which the model has only a word that another class took, where that isn't the other's own name."""
    words = {name: _Words.of(name, group, model_labels) for name, group in asked.items()}
    owner = {label: name for name, labels in claimed.items() for label in labels if not words[name].is_own(label)}
    taken: dict[str, tuple[str, list[str]]] = {}
    for name in asked:
        found = [label for label in owner if words[name].place(label) is not None] if not claimed[name] else []
        if found:
            _, others = taken.setdefault(owner[found[0]], (found[0], []))
            others.append(name)
    absorbed = {name for _, others in taken.values() for name in others}
    groups: dict[str, Group] = {}
    for name, group in asked.items():
        if name in taken and taken[name][0] not in asked:
            label, others = taken[name]
            groups[label] = Group(tuple(one for other in (name, *others) for one in asked[other].truth), claimed[name])
        elif name not in absorbed:
            groups[name] = group
    return groups, {name: claimed[name] if name in asked else groups[name].found for name in groups}


@dataclass(frozen=True, slots=True)
class _Words:
    """What a model may call one class."""

    places: Mapping[str, tuple[int, int]]
    """Plain word -> how well it fits (0 best), and its place in the order in which labels are told."""
    exact: frozenset[str]
    """Labels of the model that are such a word letter by letter: others that are alike but for case are not meant."""

    @classmethod
    def of(cls, name: str, group: Group, model_labels: Sequence[str]) -> "_Words":
        usual = [word for label in (name, *group.truth) for word in words_for(label)]
        order = {plain_label(word): place for place, word in reversed([*enumerate([*group.found, *usual])])}
        ranks = reversed([*enumerate(((name,), group.truth, group.found, usual))])
        places = {plain_label(word): rank for rank, words in ranks for word in words}
        every = {name, *group.truth, *group.found, *usual}
        return cls({word: (rank, order[word]) for word, rank in places.items()}, frozenset(every & set(model_labels)))

    def is_own(self, label: str) -> bool:
        """Whether the label is the class's own name, or a label of its truth."""
        place = self.place(label)
        return place is not None and place[0] <= OWN

    def place(self, label: str) -> tuple[int, int] | None:
        """None where the label is none of these words."""
        plain = plain_label(label)
        if plain not in self.places or (
            label not in self.exact and any(plain_label(one) == plain for one in self.exact)
        ):
            return None
        return self.places[plain]


def _otherwise(
    asked: Mapping[str, Group], written: Mapping[str, Sequence[str]], groups: Mapping[str, Group]
) -> Iterator[str]:
    for name, group in groups.items():
        if not written[name] and not set(group.found) <= {name, *asked[name].found}:
            yield f"{name} is what the model calls {', '.join(group.found)}"


def _listing(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
