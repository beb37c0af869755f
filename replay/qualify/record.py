"""qualification.json: everything that was measured, with the settings to measure it again."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from replay.qualify.parts.accuracy import Accuracy
from replay.qualify.parts.coldstart import ColdStart
from replay.qualify.parts.determinism import Determinism
from replay.qualify.parts.endurance import Endurance
from replay.qualify.parts.identity import Identity
from replay.qualify.parts.latency import Latency
from replay.qualify.parts.parity import Parity
from replay.qualify.parts.streams import Streams
from replay.runs import nan_json
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.outside import MOST_LOOSE_BYTES, ContentWrong, json_of, read_bytes
from sensors.record import Record

SCHEMA = 1
RECORD, PAGE, SIGNATURE, EVIDENCE = "qualification.json", "qualification.html", "qualification.sig", "evidence"

Status: TypeAlias = Literal["measured", "failed", "interrupted", "left out"]


class RecordTaken(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} already holds a qualification", "name another folder with --out; nothing is overwritten"
        )


class RecordUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no qualification: {why}", "name a folder that `gilmok qualify` left")


class PartRun(Record, frozen=True, kw_only=True):
    """How a part went; its figures, where it has any, are in `Measured`."""

    part: str
    status: Status
    why: str = ""
    took_s: float = 0.0


class Measured(Record, frozen=True, kw_only=True):
    """What each part found; None where it has no result."""

    identity: Identity
    accuracy: Accuracy | None = None
    parity: Parity | None = None
    determinism: Determinism | None = None
    latency: Latency | None = None
    streams: Streams | None = None
    coldstart: ColdStart | None = None
    endurance: Endurance | None = None


def write(folder: Path, name: str, content: bytes) -> Path:
    """Whole or not at all, in a folder that is made if it isn't there; raises FileUnwritable."""
    hint = "name a folder of yours with --out"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnwritable(folder, error, hint) from error
    return atomic_files.write(folder / name, content, hint=hint)


def check_free(folder: Path) -> None:
    """Raises RecordTaken."""
    if (folder / RECORD).exists():
        raise RecordTaken(folder)


def place_of(folder_or_file: Path) -> Path:
    """The record's own path, whichever of the two was named."""
    return folder_or_file / RECORD if folder_or_file.is_dir() else folder_or_file


def decoded(path: Path, kind: type[nan_json.T]) -> nan_json.T:
    """Raises RecordUnreadable."""
    try:
        return nan_json.convert(json_of(read_bytes(path, MOST_LOOSE_BYTES), Any), kind)
    except ContentWrong as error:
        raise RecordUnreadable(path, error.what) from error
    except msgspec.ValidationError as error:
        raise RecordUnreadable(path, str(error)) from error
