"""What a writer is given: frames with what is in them, by a recording's truth or by a model."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.recording import Group
from replay.truth import OPTIONAL, Role, Truth
from sensors.errors import GilmokError


@dataclass(frozen=True, slots=True, eq=False)
class FrameRows:
    """One frame's boxes. Nobody need have a picture at hand to write them."""

    number: int
    picture: str
    """The picture's name, without its folder."""
    size: tuple[int, int]
    """Width and height of the picture."""
    rows: Truth
    scores: NDArray[np.float32] | NDArray[np.float64] | None = None
    """(N,) of findings; None: it is a truth."""
    time_s: float = math.nan
    """When it was taken, on a clock of the recording's own; NaN unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One recording's frames, ascending."""

    name: str
    """Fit for a file's name."""
    fps: float
    """NaN: stills."""
    labels: tuple[str, ...]
    frames: Iterable[FrameRows]
    """May be gone through more than once; a writer holds one at a time."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What a column of a whole recording measures in: a Truth holds fractions, 0..1, or its data set's own levels."""

    fractions: bool = True
    """Whether it may be fractions: nothing but 0, or something between 0 and 1 and nothing beyond."""
    levels: bool = True
    """Whether it may be levels: whole numbers throughout. 1 alone is a level: partly hidden, rather than all."""

    @classmethod
    def of(cls, columns: Iterable[NDArray[np.float32]]) -> "Scale":
        beyond = between = ones = False
        for column in columns:
            beyond |= bool(np.any(column > 1))
            ones |= bool(np.any(column == 1))
            between |= bool(np.any(column != np.rint(column), where=~np.isnan(column)))
        return cls(fractions=not beyond and (between or not ones), levels=not between)


@dataclass(frozen=True, slots=True)
class Scales:
    """What holds of a recording as a whole."""

    truncated: Scale
    occluded: Scale
    tracked: bool
    """Every box that must be found is of a track."""


class Writer(ABC):
    """One layout, and what it can hold: what its reader reads back.

    What is not overridden is of a layout of stills without tracks, in which every box must be found.
    """

    layout: str
    """The name of the data set plugin that reads it."""
    rate: float | None = math.nan
    """The frame rate that every such recording has, NaN for stills; None: it states its own."""
    groups: Mapping[str, Group] = {}
    """The classes that its reader knows by itself."""
    makers = ""
    """What the layout's makers have besides, which our reader doesn't ask for."""

    def label(self, name: str) -> str:
        """A class's name as it is written."""
        return name

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        """(N,) marks the rows that can be written at all."""
        return of_roles(truth, Role.POSITIVE)

    def kept(self, truth: Truth, _size: tuple[int, int], _scales: Scales, /) -> Truth:
        """The rows of `truth`, all of them writable, as they are read back."""
        return trackless(without(truth, *OPTIONAL))

    def numbers(self, numbers: Sequence[int]) -> Sequence[int]:
        """The frames' numbers as they are written."""
        return numbers

    def check(self, content: Content) -> None:  # noqa: B027  most layouts hold any
        """Raises CannotHold."""

    @abstractmethod
    def pictures(self, name: str, /) -> str:
        """The folder of the recording's pictures, below the root."""

    def called(self, name: str, /) -> str:
        """The name by which the layout's reader opens what was written of a recording of that name."""
        return name

    @abstractmethod
    def write(self, root: Path, content: Content) -> None:
        """The labels, below `root`, whose rows are `writable` and as they are `kept`. Raises OSError."""


class CannotHold(GilmokError):
    def __init__(self, layout: str, what: str, hint: str) -> None:
        super().__init__(f"{layout} can't hold {what}", hint)


def without(truth: Truth, *columns: str) -> Truth:
    """With these columns unknown throughout."""
    return replace(truth, **{name: np.full(len(truth), np.nan, getattr(truth, name).dtype) for name in columns})


def trackless(truth: Truth) -> Truth:
    return replace(truth, tracks=np.full(len(truth), -1))


def unclassed(truth: Truth, *roles: Role) -> Truth:
    """Rows of these roles as regions without a class or a track."""
    these = of_roles(truth, *roles)
    return replace(
        truth,
        labels=np.where(these, -1, truth.labels),
        tracks=np.where(these, -1, truth.tracks),
        roles=np.where(these, int(Role.REGION), truth.roles),
    )


def of_roles(truth: Truth, *roles: Role) -> NDArray[np.bool_]:
    return np.isin(truth.roles, roles)


def plain(value: float) -> str:
    """As short as it reads back to the same."""
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def known(value: float, unknown: str) -> str:
    return unknown if math.isnan(value) else plain(value)
