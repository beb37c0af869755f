"""CAMPAIGN.toml: models × chips × recordings × conditions, and what is done with each."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from edge.config import TrackerChoice
from models.catalogue import ORIGINAL
from replay.campaign.record import Coordinates, Work
from sensors import config
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import (
    ClassKey,
    Count,
    CountOrNone,
    DriveSeconds,
    FileName,
    Fps,
    Milliseconds,
    Name,
    Seconds,
    Seed,
    Several,
    Share,
    Side,
    Threads,
)

PLAIN = "plain"
Pattern: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
"""Of a name, `*` for anything."""
Retries: TypeAlias = Annotated[int, Meta(ge=0, le=100)]
Tag: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9_-]+:[A-Za-z0-9._-]+\Z")]


class CampaignContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the campaign contradicts itself: {what}", hint)


class ModelRow(Settings, frozen=True, kw_only=True):
    name: Name
    """Of the catalogue, where there is no `file`."""
    file: Path | None = None
    labels: tuple[Name, ...] = ()
    """Names for the network's classes, in the order of the training; empty: those of the manifest."""
    precisions: Annotated[tuple[Name, ...], Meta(min_length=1)] = (ORIGINAL,)


class Chip(Settings, frozen=True, kw_only=True):
    backend: Name
    device: Name
    options: dict[str, Any] = {}
    """The backend's own table."""
    slots: Several = 1
    """Cells that may use it at once, where their times don't count."""
    cores: Threads = 1
    """Of the host, that a cell on it keeps busy."""
    tags: tuple[Tag, ...] = ()
    """What it offers to work that `needs` it, beside `BACKEND:DEVICE`: npu:rebellions."""
    deadline_ms: Milliseconds = 10_000.0
    """A frame whose answer takes longer fails."""

    @property
    def name(self) -> str:
        return f"{self.backend}:{self.device}"


class WorldDrive(Settings, frozen=True, kw_only=True):
    """A camera's drive through the built-in world, as `gilmok world render` draws it."""

    layout: Name = "crossing"
    seed: Seed = 7
    condition: Name = "day"
    camera: Name = "rsu-1"
    """`rsu-N` hangs at the N-th corner, `vehicle-N` rides on the N-th best car."""
    seconds: DriveSeconds = 40.0
    fps: Fps = 15.0
    width: Side = 640
    height: Side = 360
    faults: tuple[Name, ...] = ()
    """As `gilmok world render --fault` takes them: `freeze@10-12`, `loss@5-9:0.3`."""


class RecordingRow(Settings, frozen=True, kw_only=True):
    name: Name
    """In the matrix, and on the pages."""
    dataset: Name | None = None
    """With `root` and `recording`: one that is there; or else"""
    root: Path | None = None
    recording: FileName | None = None
    world: WorldDrive | None = None
    """a drive that the first cell over it draws; its time counts to that cell's `limit_s`."""
    labels: tuple[Name, ...] = ()
    """Evaluated classes; empty: all that the data set offers."""
    classes: dict[ClassKey, tuple[Name, ...]] = {}
    fps: Fps | None = None
    """Of stills, in real time."""
    unsound: bool = False

    def __post_init__(self) -> None:
        there = [self.dataset, self.root, self.recording]
        if there.count(None) != (0 if self.world is None else 3):
            raise ValueError("a recording has dataset, root and recording, or it has a world")


class Condition(Settings, frozen=True, kw_only=True):
    """What is done to a recording before it is played."""

    name: Name
    every: Count = 1
    """Only each so many-th frame: a lower rate."""
    lost: Share = 0.0
    """Of the frames, by chance: the camera never delivered them."""

    @property
    def changes(self) -> bool:
        """Whether anything is left of the recording other than all of it; a qualification is of the whole alone."""
        return self.every > 1 or self.lost > 0


class WorkRow(Settings, frozen=True, kw_only=True):
    kind: Work
    seeds: Annotated[tuple[Seed, ...], Meta(min_length=1)] = (1,)
    """Where chance plays a part: in conditions with lost frames, and in a qualification."""
    repeats: Count = 1
    frames: Count | None = None
    """Of each recording, the first so many."""
    tracker: TrackerChoice | None = None
    limit_s: Seconds = 3600.0
    """A cell that takes longer hangs: it is ended, and its chip is to blame."""
    retries: Retries = 1
    needs: tuple[Tag, ...] = ()
    """Tags that a chip must have, and `cores:4`."""
    required: bool = True
    """A campaign that lacks one of its cells ends with status 3."""
    shards: Several = 1
    """Parts of a recording that run beside each other, in lockstep and without a tracker."""
    quick: bool = True
    """A qualification of minutes instead of hours."""
    skip: tuple[Name, ...] = ()
    """Parts of a qualification to leave out."""
    budget: dict[str, Any] = {}
    """Of a qualification, figure by figure."""

    @property
    def cores(self) -> int:
        return max([int(tag.partition(":")[2]) for tag in self.needs if tag.startswith("cores:")], default=1)

    @property
    def tags(self) -> set[str]:
        return {tag for tag in self.needs if not tag.startswith("cores:")}

    def __post_init__(self) -> None:
        for tag in self.needs:
            if tag.startswith("cores:") and not tag.removeprefix("cores:").isdecimal():
                raise ValueError(f"{tag!r}: cores:N, with a whole number")
        if self.shards > 1 and (self.kind != "lockstep" or self.tracker is not None):
            raise ValueError("only work in lockstep and without a tracker can be split into shards")


class CellPattern(Settings, frozen=True, kw_only=True):
    """Cells, by the names of their coordinates; what is left out may be anything."""

    work: Pattern = "*"
    model: Pattern = "*"
    precision: Pattern = "*"
    chip: Pattern = "*"
    """BACKEND:DEVICE"""
    recording: Pattern = "*"
    condition: Pattern = "*"

    def fits(self, at: Coordinates) -> bool:
        names = ("work", "model", "precision", "chip", "recording", "condition")
        return all(fnmatchcase(getattr(at, name), getattr(self, name)) for name in names)


class Campaign(Settings, frozen=True, kw_only=True):
    name: Name
    models: Annotated[tuple[ModelRow, ...], Meta(min_length=1)]
    chips: Annotated[tuple[Chip, ...], Meta(min_length=1)]
    recordings: Annotated[tuple[RecordingRow, ...], Meta(min_length=1)]
    conditions: Annotated[tuple[Condition, ...], Meta(min_length=1)] = (Condition(name=PLAIN),)
    work: Annotated[tuple[WorkRow, ...], Meta(min_length=1)]
    include: tuple[CellPattern, ...] = ()
    """Only cells that fit one of these; empty: all."""
    exclude: tuple[CellPattern, ...] = ()
    optional: tuple[CellPattern, ...] = ()
    """These cells may be missing in the end."""
    fence_after: CountOrNone = 3
    """A chip on which the first so many cells fail, or so many in a row die or hang, gets no more; 0: never."""

    def __post_init__(self) -> None:
        for what, names in (
            ("models", [one.name for one in self.models]),
            ("chips", [one.name for one in self.chips]),
            ("recordings", [one.name for one in self.recordings]),
            ("conditions", [one.name for one in self.conditions]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise CampaignContradicts(f"two of its {what} are named {twice[0]!r}", "name each of them once")


Again: TypeAlias = Literal["engine", "failed"]


def read_campaign(path: Path) -> Campaign:
    """Raises ConfigMissing, ConfigWrong or CampaignContradicts."""
    return config.read(path, Campaign)
