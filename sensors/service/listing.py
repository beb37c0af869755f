"""How the services of a machine are, for a table."""

from pathlib import Path

from sensors.host import software
from sensors.record import Record
from sensors.service.installing import installed
from sensors.service.places import SLASH, Places
from sensors.service.service import Installed
from sensors.service.systemctl import runs_here, systemctl

ASKED = (
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "ActiveEnterTimestamp",
    "StatusText",
    "MainPID",
    "MemoryCurrent",
)
UNKNOWN = "unknown: systemd doesn't run here"
NO_BYTES = "[not set]"


class Standing(Record, frozen=True, kw_only=True):
    """None: not known."""

    service: str
    kind: str
    name: str
    state: str
    since: str | None
    restarts: int | None
    """Since it was started by hand, or at boot."""
    says: str | None
    memory_bytes: int | None
    pid: int | None
    at_boot: bool
    software: str
    program: str
    settings: str

    @property
    def well(self) -> bool:
        return self.state.startswith("active")

    @property
    def newer(self) -> str:
        """The gilmok that asks, where the service runs another."""
        return "" if self.software == software() else software()


def standings(root: Path = SLASH) -> list[Standing]:
    """Of every installed service; raises RecordWrong or SystemdRefused."""
    return [_standing(one, root) for one in installed(root).values()]


def _standing(one: Installed, root: Path) -> Standing:
    places = Places(one.place, root)
    told = _told(places.service) if root == SLASH and runs_here() else {}
    return Standing(
        service=places.service,
        kind=one.kind,
        name=one.name,
        state=_state(told),
        since=told.get("ActiveEnterTimestamp") or None,
        restarts=_number(told, "NRestarts"),
        says=told.get("StatusText") or None,
        memory_bytes=_number(told, "MemoryCurrent"),
        pid=_number(told, "MainPID") or None,
        at_boot=places.real(places.wanted).is_symlink(),
        software=one.software,
        program=one.program[0],
        settings=str(places.settings / f"{one.kind}.toml"),
    )


def _told(service: str) -> dict[str, str]:
    printed = systemctl("show", f"{service}.service", "--property", ",".join(ASKED))
    return {name: value for name, _, value in (line.partition("=") for line in printed.splitlines())}


def _state(told: dict[str, str]) -> str:
    if not told:
        return UNKNOWN
    state = f"{told.get('ActiveState', '')} ({told.get('SubState', '')})"
    result = told.get("Result", "")
    return state if result in ("", "success") else f"{state}: {result}"


def _number(told: dict[str, str], name: str) -> int | None:
    value = told.get(name, "")
    return int(value) if value.isdecimal() and int(value) < 2**63 else None
