"""What became of a cell: one file, written once and whole, with every digest that it hangs on."""

import math
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from replay.metrics.percentiles import Percentiles
from replay.runs import nan_json
from replay.runs.books import Frames
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.outside import MOST_LOOSE_BYTES, ContentWrong, json_of, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

SCHEMA = 1
RECORD = "record.json"

Work: TypeAlias = Literal["lockstep", "realtime", "qualify"]
"""What a cell does: `replay run` in either pace, or a qualification."""
State: TypeAlias = Literal["done", "failed", "interrupted", "in flight", "waiting"]
"""`waiting`: nobody has begun it. The last two are of a moment, the first three are in a record."""
Ended: TypeAlias = Literal["done", "failed", "interrupted"]
Blame: TypeAlias = Literal["", "cell", "engine"]
"""`cell`: it said itself why it failed, and would say so again; `engine`: its process died, hung or was lost."""


class RecordWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the record {path} can't be read: {why}", "remove its folder, and `campaign resume` runs it")


class Coordinates(Record, frozen=True, kw_only=True):
    """Where a cell stands in the matrix, by the names of CAMPAIGN.toml."""

    work: Work
    model: str
    precision: str
    backend: str
    device: str
    recording: str
    condition: str
    """`plain`: the recording as it is."""
    seed: int
    repeat: int
    """From 1: the same again, for what differs by chance."""

    @property
    def name(self) -> str:
        where = f"{self.model}.{self.precision} on {self.backend}:{self.device} over {self.recording}"
        return f"{self.work} {where}, {self.condition}, seed {self.seed}, repeat {self.repeat}"

    @property
    def chip(self) -> str:
        return f"{self.backend}:{self.device}"


class Interval(Record, frozen=True, kw_only=True):
    """A figure with its 95 % interval; NaN (null in JSON) where it is undefined."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


class ClassFigures(Record, frozen=True, kw_only=True):
    ap: Interval
    ap50: Interval
    n_truth: int


class Figures(Record, frozen=True, kw_only=True):
    """The figures of a cell's own run, as they stand in its summary; none is worked out anew."""

    valid: bool
    invalid_because: tuple[str, ...] = ()
    digest: str
    """Of all findings (`replay.runs.digests`); of a qualification, of the candidate's findings."""
    frames: Frames
    ap: Interval
    ap50: Interval
    n_frames: int
    """Scored."""
    n_truth: int
    accuracy_unknown: str = ""
    """Why there is no accuracy."""
    classes: dict[str, ClassFigures] = {}
    latency_ns: Percentiles | None
    """Capture to result of the ok frames; None where the cell's times are of no worth (it ran in shards)."""
    fps: float
    """Answered frames a second; NaN where the cell's times are of no worth."""
    streaming_ap: float = math.nan
    """In real time: by what was known at each frame's instant."""
    energy_j: float = math.nan
    """Of the chip for one frame; NaN: nothing measured it."""
    power_w: float = math.nan
    """Of the chip, the mean; NaN: nothing measured it."""


class ChipTuple(Record, frozen=True, kw_only=True):
    """What a figure of a chip hangs on: board, driver, firmware, runtime, compiler, clocks, as far as its SDK tells."""

    kind: str
    """cpu, gpu, npu, emulator, simulator, emulated"""
    facts: dict[str, str]
    toolchain: dict[str, str] = {}
    """That made the artefact."""


class Attempt(Record, frozen=True, kw_only=True):
    """One try at a cell."""

    ended: Ended
    blame: Blame = ""
    why: str = ""
    last_words: str = ""
    began_utc_ns: int
    took_s: float
    host: str
    slot: str
    """The chip's slot that it held, by name."""
    cores: int
    alone: bool
    """Whether nothing else of the campaign ran on the machine meanwhile."""
    beside: tuple[str, ...] = ()
    """Names of the cells that did."""


class CellRecord(Record, frozen=True, kw_only=True):
    schema: int = SCHEMA
    key: str
    """sha256 over `inputs`."""
    at: Coordinates
    required: bool = True
    ended: Ended
    inputs: dict[str, str]
    """Digests of all that goes in: model, artefact, recording, settings, software; and the chip's tuple."""
    attempts: tuple[Attempt, ...]
    """Oldest first; the last one's end is the cell's."""
    figures: Figures | None = None
    """None: it has none, and the last attempt says why."""
    chip: ChipTuple | None = None
    """None: it never came so far as to open it."""
    host: dict[str, str] = {}
    software: str = ""
    shards: int = 1
    """Parts of the recording that ran beside each other."""
    run: str = "run"
    """The run folder or qualification, beside this record."""

    @property
    def flaky(self) -> bool:
        """It did both: failed, and came through, with the same inputs."""
        return self.ended == "done" and any(one.ended == "failed" for one in self.attempts)

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]


def write_record(folder: Path, record: CellRecord) -> None:
    """Durable: what is told as done is on the disk. Raises FileUnwritable."""
    atomic_files.write(folder / RECORD, pretty(record), durable=True, hint="the cell is run again by `campaign resume`")


def read_record(folder: Path) -> CellRecord | None:
    """None where the cell has no end yet; raises RecordWrong."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        record: CellRecord = nan_json.convert(json_of(read_bytes(path, MOST_LOOSE_BYTES), Any), CellRecord)
    except ContentWrong as error:
        raise RecordWrong(path, error.what) from error
    except msgspec.ValidationError as error:
        raise RecordWrong(path, str(error)) from error
    if record.schema > SCHEMA:
        raise RecordWrong(path, f"it is of schema {record.schema}, this gilmok reads up to {SCHEMA}")
    return record
