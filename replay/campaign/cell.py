"""A cell: all that a worker needs to run it, and the key of everything that its figures hang on."""

import hashlib
from typing import Any

import msgspec

from replay.campaign.config import WorldDrive
from replay.campaign.record import Blame, ChipTuple, Coordinates, Figures
from sensors.record import Record


class Cell(Record, frozen=True, kw_only=True):
    key: str
    at: Coordinates
    required: bool
    inputs: dict[str, str]
    """Digests, by what they are of."""
    settings: dict[str, Any]
    """Of `replay run` (a ReplayConfig), or of `qualify` (a Campaign), as plain values."""
    world: WorldDrive | None = None
    """What has to be drawn before it can be played."""
    limit_s: float
    retries: int
    shards: int = 1
    slot: str
    """The chip that it needs."""
    slots: int
    """So many cells may use that chip at once."""
    cores: int
    impossible: str = ""
    """Why it can't be run at all: its model or its chip isn't there."""
    frames: int = 0
    """That will be played; 0: unknown."""

    @property
    def timing(self) -> bool:
        """Whether its times count: it needs the machine to itself."""
        return self.at.work != "lockstep"


class Outcome(Record, frozen=True, kw_only=True):
    """What a cell's process says of it, at its end."""

    figures: Figures | None = None
    chip: ChipTuple | None = None
    host: dict[str, str] = {}
    software: str = ""
    why: str = ""
    """Why it failed, in its own words; empty: it is done."""
    blame: Blame = ""


class Task(Record, frozen=True, kw_only=True):
    cell: Cell
    folder: str


def digest_of(value: Any) -> str:
    """sha256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
