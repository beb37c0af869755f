"""A recording is one drive with its truth; a data set is a folder of them in its makers' layout."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from replay.truth import Truth
from sensors import plugins
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.frame import Frame, Image
from sensors.terminal.foreign_text import without_surrogates


@dataclass(frozen=True, slots=True)
class Group:
    """An evaluated class: which truth labels and which model labels it merges."""

    truth: tuple[str, ...]
    found: tuple[str, ...]
    on_request: bool = False
    """Scored only where somebody asks for it by name: a class beside those that the data set's makers score."""


class Severity(StrEnum):
    UNSOUND = "unsound"
    """The truth doesn't fit the pictures, or not all of it is there: a score over it would be wrong."""
    DAMAGED = "damaged"
    """A picture can't be read. Its frame fails and counts as failed, so that a score is right all the same."""
    REMARK = "remark"
    """Read leniently, or merely worth knowing."""


@dataclass(frozen=True, slots=True)
class Problem:
    severity: Severity
    what: str
    """A sentence, with how often and where first."""


class Recording(Protocol):
    @property
    def dataset(self) -> str:
        """The data set plugin's name."""
        ...

    @property
    def name(self) -> str: ...

    @property
    def fps(self) -> float: ...

    @property
    def labels(self) -> Sequence[str]:
        """The truth's own label table."""
        ...

    @property
    def groups(self) -> Mapping[str, Group]:
        """How a COCO-80 model is scored on this data set: evaluated class -> what it merges."""
        ...

    @property
    def note(self) -> str:
        """What must be told wherever a score of this recording is told (derived labels, say); mostly empty."""
        ...

    @property
    def numbers(self) -> Sequence[int]:
        """The frames' own numbers, ascending; they need not begin at 0 nor be without holes."""
        ...

    @property
    def digest(self) -> str:
        """sha256 over every picture's and the truth's bytes: the same drive, or not."""
        ...

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        """Every frame in order, stamped at reading; an unreadable picture is a frame with a fault."""
        ...

    def picture(self, number: int) -> Image:
        """One frame's picture; raises PictureUnreadable, or KeyError for a number that is not in `numbers`."""
        ...

    def truth(self, number: int) -> Truth | None:
        """None: nobody labelled it. Empty: nothing was there."""
        ...

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        """What whoever scores over it must know.

        `on_picture`: every picture is decoded, too, and it is called after each; without it, only headers are read.
        """
        ...


@runtime_checkable
class Conditioned(Protocol):
    """What a recording is besides, if it knows its weather and light."""

    @property
    def condition(self) -> str:
        """day, rain, night, ..."""
        ...


class Dataset(Protocol):
    """Built with the root folder; raises DatasetWrong where the layout is not there."""

    def recordings(self) -> Sequence[str]: ...

    def open(self, name: str) -> Recording:
        """Raises RecordingUnknown or DatasetWrong."""
        ...


class DatasetWrong(GilmokError):
    """The folder is not what the layout asks for."""


class RecordingUnknown(GilmokError):
    def __init__(self, dataset: str, root: Path, name: str, known: Sequence[str]) -> None:
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        super().__init__(f"{root} holds no {dataset} recording named {name!r}", f"it holds: {shown or 'none at all'}")


class RecordingUnnamed(GilmokError):
    def __init__(self, dataset: str, root: Path, known: Sequence[str]) -> None:
        if known:
            shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
            super().__init__(
                f"{root} holds {len(known)} {dataset} recordings: which one is meant?", f"--name takes one: {shown}"
            )
        else:
            super().__init__(f"{root} holds no {dataset} recording", "name another folder with --root")


class RecordingUnsound(GilmokError):
    def __init__(self, recording: Recording, unsound: Sequence[str]) -> None:
        more = f" (and {len(unsound) - 1} more)" if len(unsound) > 1 else ""
        super().__init__(
            f"the {recording.dataset} recording {recording.name} is not sound: {unsound[0]}{more}",
            "`gilmok replay check` tells all about it; --unsound (in a scenario or a hub's [[truth]]: unsound = true) "
            "scores it all the same and says so everywhere",
        )


def unsound(recording: Recording) -> tuple[str, ...]:
    """Why a score over the recording would be wrong: a sentence each; none where it is sound. Decodes no picture."""
    return tuple(one.what for one in recording.problems() if one.severity is Severity.UNSOUND)


def remarks(recording: Recording) -> tuple[str, ...]:
    """What else is to be told once wherever a score over the recording is told."""
    return tuple(one.what for one in recording.problems() if one.severity is Severity.REMARK)


def check_sound(recording: Recording) -> None:
    """The one rule for everybody who scores: raises RecordingUnsound, before anything runs."""
    if why := unsound(recording):
        raise RecordingUnsound(recording, why)


def open_dataset(kind: str, root: Path) -> Dataset:
    """The data set plugin `kind` on the folder `root`; raises PluginUnknown or DatasetWrong."""
    dataset: Dataset = plugins.load("datasets", kind)(root)
    return dataset


def only_recording(kind: str, root: Path) -> str:
    """The name of the recording in a folder that holds one; raises RecordingUnnamed, or as `open_dataset`."""
    known = open_dataset(kind, root).recordings()
    if len(known) != 1:
        raise RecordingUnnamed(kind, root, known)
    return known[0]


def open_recorded(kind: str, root: Path, name: str) -> Recording:
    """The recording that a message or a file names, where a name that is no UTF-8 is shown by its bytes."""
    dataset = open_dataset(kind, root)
    if "\\x" in name:
        name = next((one for one in dataset.recordings() if without_surrogates(one) == name), name)
    return dataset.open(name)
