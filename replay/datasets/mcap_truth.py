"""A recording's truth and facts as they lie in an MCAP file: one JSON message a frame, one piece of metadata a file."""

import math
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from replay.recording import Conditioned, Group, Recording
from replay.truth import OPTIONAL, Role, Truth
from sensors.record import Record

TRUTH, FACTS = "gilmok.Truth", "gilmok.Recording"
TRUTH_LEAF, FACTS_LEAF = "truth", "recording"
"""Of the topics, below the stream's name."""
KEY = "json"
"""Of the metadata: all in one value."""
ROLES = tuple(role.name.lower() for role in Role)
MOST_LABELS = 100_000

Real = TypeVar("Real", np.float32, np.float64)


class TruthMessage(Record, frozen=True):
    """Parallel lists; a value that nobody knows is null."""

    seq: int
    boxes: tuple[tuple[float, float, float, float], ...]
    labels: tuple[Annotated[int, Meta(ge=-1, lt=MOST_LABELS)], ...]
    """Indices into the recording's labels; -1: a region that has no class."""
    tracks: tuple[Annotated[int, Meta(ge=-1, le=2**63 - 1)], ...]
    roles: tuple[str, ...]
    truncated: tuple[float | None, ...] = ()
    occluded: tuple[float | None, ...] = ()
    distance_m: tuple[float | None, ...] = ()
    areas: tuple[float | None, ...] = ()


class GroupFacts(Record, frozen=True):
    truth: tuple[str, ...]
    found: tuple[str, ...]
    on_request: bool = False


class RecordingFacts(Record, frozen=True):
    """What a recording says of itself."""

    name: str
    fps: float | None = None
    """None: nobody knows."""
    labels: Annotated[tuple[str, ...], Meta(max_length=MOST_LABELS)] = ()
    groups: dict[str, GroupFacts] = {}
    note: str = ""
    condition: str = ""
    of: str = ""
    """The data set and digest that it was written from; empty: a node recorded it."""

    @classmethod
    def from_recording(cls, recording: Recording) -> "RecordingFacts":
        return cls(
            name=recording.name,
            fps=recording.fps if recording.fps > 0 else None,
            labels=tuple(recording.labels),
            groups={
                name: GroupFacts(truth=group.truth, found=group.found, on_request=group.on_request)
                for name, group in recording.groups.items()
            },
            note=recording.note,
            condition=recording.condition if isinstance(recording, Conditioned) else "",
            of=f"{recording.dataset} {recording.digest}",
        )

    def as_groups(self) -> dict[str, Group]:
        return {name: Group(group.truth, group.found, group.on_request) for name, group in self.groups.items()}

    def as_metadata(self) -> dict[str, str]:
        return {KEY: msgspec.json.encode(self).decode()}


def truth_message(seq: int, truth: Truth) -> TruthMessage:
    optional = {
        name: () if np.isnan(column := getattr(truth, name)).all() else tuple(map(_known, column.tolist()))
        for name in OPTIONAL
    }
    return TruthMessage(
        seq=seq,
        boxes=tuple(map(tuple, truth.boxes.tolist())),
        labels=tuple(truth.labels.tolist()),
        tracks=tuple(truth.tracks.tolist()),
        roles=tuple(ROLES[role] for role in truth.roles.tolist()),
        **optional,
    )


def truth_of(message: TruthMessage, labels: int) -> Truth:
    """`labels`: how many the recording has. Raises ValueError where the message contradicts itself."""
    if message.labels and max(message.labels) >= labels:
        raise ValueError(f"label {max(message.labels)} of {labels}")
    return Truth(
        np.array(message.boxes, np.float64).reshape(-1, 4),
        np.array(message.labels, np.int64),
        np.array(message.tracks, np.int64),
        np.array([ROLES.index(role) for role in message.roles], np.int64),
        _column(message.truncated, np.float32),
        _column(message.occluded, np.float32),
        _column(message.distance_m, np.float32),
        _column(message.areas, np.float64),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _column(values: tuple[float | None, ...], kind: type[Real]) -> NDArray[Real]:
    return np.array([math.nan if value is None else value for value in values], kind)
