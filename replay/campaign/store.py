"""A campaign's folder: its cells, each of which is done, failed, interrupted, in flight or waiting at any instant."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from replay.campaign.cell import Cell
from replay.campaign.record import CellRecord, State, read_record
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, Clock
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.host import host_facts
from sensors.outside import MOST_LOOSE_BYTES, ContentWrong, json_of, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

PLAN, CELLS, FENCES, LEASE, DRIVER = "campaign.json", "cells", "fences", "lease", "driver.lock"
LEASE_S = 120.0
"""A lease of another machine that wasn't renewed for so long is of one that is gone."""


class NoCampaign(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no campaign: there is no {PLAN}", "`gilmok campaign run` makes one")


class PlanWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} can't be read: {why}", "`gilmok campaign resume DIR CAMPAIGN.toml` writes it anew from the file"
        )


class CampaignTaken(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} already holds a campaign", f"`gilmok campaign resume {folder}` goes on with it; or name another"
        )


class CampaignRunning(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"another process is running the campaign in {folder}", "`gilmok campaign status` shows it")


class NotFenced(GilmokError):
    def __init__(self, slot: str, fenced: Sequence[str]) -> None:
        super().__init__(f"no chip named {slot!r} is fenced", f"fenced: {', '.join(fenced) or 'none'}")


class Plan(Record, frozen=True, kw_only=True):
    name: str
    campaign: dict[str, Any]
    """As CAMPAIGN.toml says it, with absolute paths."""
    cells: tuple[Cell, ...]


class Held(Record, frozen=True, kw_only=True):
    """Who runs a cell."""

    host: str
    pid: int
    renewed_utc_ns: int


class Fence(Record, frozen=True, kw_only=True):
    slot: str
    why: str
    since_utc_ns: int


class Store:
    """`folder` need not be there before something is written."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    def cell_folder(self, key: str) -> Path:
        return self.folder / CELLS / key

    def write_plan(self, plan: Plan) -> None:
        """Raises FileUnwritable."""
        atomic_files.write(self.folder / PLAN, pretty(plain(plan)), durable=True)

    def plan(self) -> Plan:
        """Raises NoCampaign or PlanWrong."""
        path = self.folder / PLAN
        if not path.is_file():
            raise NoCampaign(self.folder)
        try:
            return json_of(read_bytes(path, MOST_LOOSE_BYTES), Plan)
        except ContentWrong as error:
            raise PlanWrong(path, error.what) from error

    def check_free(self) -> None:
        """Raises CampaignTaken."""
        if (self.folder / PLAN).exists():
            raise CampaignTaken(self.folder)

    def record(self, key: str) -> CellRecord | None:
        """None where the cell has no end yet; raises RecordWrong."""
        return read_record(self.cell_folder(key))

    def records(self, cells: Sequence[Cell]) -> dict[str, CellRecord]:
        """By key, of those that have one; raises RecordWrong."""
        found = ((cell.key, self.record(cell.key)) for cell in cells)
        return {key: record for key, record in found if record is not None}

    def state(self, key: str) -> State:
        """Raises RecordWrong."""
        held = self.held(key)
        if held is not None:
            return "in flight"
        record = self.record(key)
        if record is not None:
            return record.ended
        return "interrupted" if (self.cell_folder(key) / LEASE).exists() else "waiting"

    def held(self, key: str) -> Held | None:
        """Who runs the cell now: here whoever has its lock, elsewhere whoever renews it."""
        path = self.cell_folder(key) / LEASE
        try:
            with path.open("rb") as file:
                locked = _is_locked(file.fileno())
                content = file.read()
        except OSError:
            return None
        try:
            said = msgspec.json.decode(content, type=Held)
        except msgspec.MsgspecError:
            return Held(host=host_facts()["name"], pid=0, renewed_utc_ns=0) if locked else None
        elsewhere = said.host != host_facts()["name"]
        fresh = self._clock.now().utc_ns - said.renewed_utc_ns < LEASE_S * NS_PER_S
        return said if locked or (elsewhere and fresh) else None

    def fences(self) -> dict[str, Fence]:
        """By the chip's name."""
        found = {}
        for path in sorted((self.folder / FENCES).glob("*.json")):
            with contextlib.suppress(ContentWrong):
                fence = json_of(read_bytes(path), Fence)
                found[fence.slot] = fence
        return found

    def fence(self, slot: str, why: str) -> Fence:
        """No cell goes there any more, in this run or the next; raises FileUnwritable."""
        fence = Fence(slot=slot, why=why, since_utc_ns=self._clock.now().utc_ns)
        (self.folder / FENCES).mkdir(parents=True, exist_ok=True)
        atomic_files.write(self._fence_file(slot), pretty(fence), durable=True)
        return fence

    def unfence(self, slot: str) -> None:
        """Raises NotFenced."""
        fenced = self.fences()
        if slot not in fenced:
            raise NotFenced(slot, list(fenced))
        self._fence_file(slot).unlink(missing_ok=True)

    def _fence_file(self, slot: str) -> Path:
        return self.folder / FENCES / f"{slot.replace('/', '%2F').replace(':', '-')}.json"

    @contextmanager
    def driving(self) -> Iterator[None]:
        """One driver at a time, who alone writes here; the lock goes with the process, however it ends.

        Raises CampaignRunning, or FileUnwritable.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / DRIVER).open("ab")
        except OSError as error:
            raise FileUnwritable(self.folder, error, "name another folder") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CampaignRunning(self.folder) from error
            yield

    def strays(self, cells: Sequence[Cell]) -> list[Path]:
        """Folders of cells that the plan doesn't hold and nobody runs."""
        known = {cell.key for cell in cells}
        there = sorted((self.folder / CELLS).glob("*"))
        return [path for path in there if path.name not in known and self.held(path.name) is None]

    def remove(self, folder: Path) -> None:
        shutil.rmtree(folder)


class Lease:
    """That somebody runs a cell, on the disk: locked for as long as this process lives, and renewed by it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Raises FileUnwritable."""
        self._clock = clock
        self._path = folder / LEASE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.renew()
        except OSError as error:
            raise FileUnwritable(self._path, error, "another process may run this cell") from error

    def renew(self) -> None:
        held = Held(host=host_facts()["name"], pid=os.getpid(), renewed_utc_ns=self._clock.now().utc_ns)
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(held))
        self._file.flush()

    def release(self) -> None:
        """The cell has a record: nobody holds it any more."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def drop(self) -> None:
        """The cell has none: what is left says that it was interrupted."""
        self._file.close()


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
