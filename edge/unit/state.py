"""What a unit knows across restarts, in one file: written whole, so that a power cut leaves the old state or the new.

Whatever has to change together changes in one write: the active deployment with the previous one, an order's effect
with its answer.
"""

import contextlib
import logging
from pathlib import Path

import msgspec

from edge.wire.deployments.orders import Receipt
from edge.wire.deployments.states import BadDeployment, Deployment, Desired, Outcome, Phase, Switched
from sensors import atomic_files
from sensors.clock import Stamp
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

log = logging.getLogger(__name__)

FILE_BYTES = 16_000_000
MOST_EVENTS, MOST_RECEIPTS = 500, 256


class Event(Record, frozen=True, kw_only=True):
    """What happened on the unit, for who asks there why."""

    stamp: Stamp
    what: str
    deployment: Deployment | None = None
    reason: str = ""


class Baseline(Record, frozen=True, kw_only=True):
    """How fast frames were answered before a switch; NaN of none is None here, as JSON has it."""

    p99_ms: float | None
    n: int


class Trying(Record, frozen=True, kw_only=True):
    """A deployment on its way to become active."""

    deployment: Deployment | None
    """None: back to what NODE.toml says."""
    phase: Phase


class UnitState(Record, frozen=True, kw_only=True):
    format: int = 1
    desired: Desired | None = None
    """As it was heard last."""
    outcome: Outcome = "none"
    reason: str = ""
    active: Deployment | None = None
    proven: bool = True
    """Whether the active one was watched and kept; until then `previous` is what was."""
    previous: Deployment | None = None
    trying: Trying | None = None
    deaths: int = 0
    """Of the unit itself, while it tested or watched the deployment at hand."""
    before: Baseline | None = None
    """Of the deployment that the active one replaced."""
    bad: tuple[BadDeployment, ...] = ()
    """Newest first."""
    device_tuple: dict[str, str] = {}
    switched: Switched | None = None
    receipts: tuple[Receipt, ...] = ()
    """Oldest first."""
    unanswered: tuple[str, ...] = ()
    """Ids of receipts that the broker has not acknowledged."""
    events: tuple[Event, ...] = ()
    """Oldest first."""

    def why_bad(self, digest: str) -> BadDeployment | None:
        return next((one for one in self.bad if one.deployment.digest == digest), None)


class StateAbsent(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"no unit has kept anything in {path}", "`gilmok unit run NODE.toml` is what writes it")


class StateDamaged(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no unit's state: {why}", "the unit puts it aside when it begins, and says so")


class Memory:
    """The state at hand, and on the disk: never two."""

    def __init__(self, path: Path) -> None:
        """What was left there, and why it begins anew if it does."""
        self._path = path
        self.state, self.trouble = read(path)

    def become(self, changed: UnitState) -> None:
        """On the disk when this returns; raises FileUnwritable, and then nothing has changed."""
        if changed != self.state:
            write(self._path, changed)
            self.state = changed


def kept(path: Path) -> UnitState:
    """As it is on the disk; raises StateAbsent or StateDamaged."""
    try:
        return msgspec.json.decode(read_bytes(path, FILE_BYTES), type=UnitState)
    except ContentWrong as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise StateAbsent(path) from None
        raise StateDamaged(path, error.what) from error
    except msgspec.MsgspecError as error:
        raise StateDamaged(path, str(error)) from error


def read(path: Path) -> tuple[UnitState, str]:
    """The state, and why it begins anew although there was one; empty: it doesn't. What can't be read is put aside."""
    try:
        return kept(path), ""
    except StateAbsent:
        return UnitState(), ""
    except StateDamaged as error:
        log.error("%s; the unit begins with what NODE.toml says", error.sentence)
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".damaged"))
        return UnitState(), error.sentence


def write(path: Path, state: UnitState) -> None:
    """On the disk when this returns; raises FileUnwritable."""
    bounded = msgspec.structs.replace(
        state, events=state.events[-MOST_EVENTS:], receipts=state.receipts[-MOST_RECEIPTS:]
    )
    atomic_files.write(path, pretty(bounded), durable=True, private=True, hint="a unit needs its state folder")
