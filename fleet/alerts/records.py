"""What is kept of alerts in their file, and read by the page, the command line and Prometheus."""

from pathlib import Path
from typing import Literal, TypeAlias

from fleet.alert_settings import RuleName, Severity
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import compact

VERSION = 1
MOST_BYTES = 64_000_000
Became: TypeAlias = Literal["raised", "cleared"]


class AlertsUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the alerts kept in {path} can't be read: {why}",
            "move the file away: those that hold are raised anew",
        )


class StandingAlert(Record, frozen=True, kw_only=True):
    """One that was raised and hasn't cleared. Bounds and values are in `unit`."""

    id: str
    """Of this time that it rose."""
    name: str
    rule: RuleName
    severity: Severity
    site: str
    """Empty, with the node: it is about the hub."""
    node: str
    stream: str
    since_utc_ns: int
    value: float | None
    """The newest that is known."""
    worst: float
    bound: float
    unit: str
    times: int = 1
    """How often it went beyond its bound since it rose: more than once, it flaps."""
    what: str
    do: str


class Begun(Record, frozen=True, kw_only=True):
    """One that has not risen yet, and how long it has been beyond its bound; or of one that stands, how long well."""

    name: str
    rule: RuleName
    site: str
    node: str
    stream: str
    for_s: float
    as_of_utc_ns: int


class AlertEvent(Record, frozen=True, kw_only=True):
    at_utc_ns: int
    became: Became
    why: str = ""
    """Why it cleared."""
    alert: StandingAlert


class Outgoing(Record, frozen=True, kw_only=True):
    """A message to the webhook that hasn't been taken yet."""

    id: str
    made_utc_ns: int
    tries: int = 0
    events: tuple[AlertEvent, ...]


class Sent(Record, frozen=True, kw_only=True):
    """Of messages, since the file was made."""

    delivered: int = 0
    failed: int = 0
    """Tries that were not taken."""
    given_up: int = 0
    trouble: str = ""
    """Why the last try was not taken; empty after one that was."""


class KeptAlerts(Record, frozen=True, kw_only=True):
    version: int = VERSION
    standing: tuple[StandingAlert, ...] = ()
    """As they rose."""
    begun: tuple[Begun, ...] = ()
    left_out: int = 0
    """So many more would stand, and are not kept."""
    past: tuple[AlertEvent, ...] = ()
    """The newest last."""
    outbox: tuple[Outgoing, ...] = ()
    sent: Sent = Sent()


def read(path: Path) -> KeptAlerts:
    """Nothing, where there is no file. Raises AlertsUnreadable."""
    try:
        kept = json_of(read_bytes(path, MOST_BYTES), KeptAlerts)
    except ContentWrong as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            return KeptAlerts()
        raise AlertsUnreadable(path, wrong.what) from wrong
    if kept.version != VERSION:
        raise AlertsUnreadable(path, f"its format is version {kept.version}, this gilmok's is {VERSION}")
    return kept


def write(path: Path, kept: KeptAlerts) -> None:
    """Raises FileUnwritable."""
    atomic_files.write(path, compact(kept), durable=True, private=True)
