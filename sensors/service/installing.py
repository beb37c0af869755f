"""A service put on a machine, or into the root of an image; brought up to date; taken off again."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import tomli_w

from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.host import software
from sensors.service.places import SETTINGS, SLASH, STORE, SYSUSERS, Places
from sensors.service.readable import groups_of
from sensors.service.service import Installed, Limits, Service
from sensors.service.systemctl import make_accounts, runs_here, start_anew, systemctl
from sensors.service.unit_file import sysusers, unit_file
from sensors.terminal.pretty_json import pretty

OPEN, CLOSED = 0o644, 0o600
OPEN_FOLDER, CLOSED_FOLDER = 0o755, 0o700
PLACE = re.compile(r"(node|hub)-[A-Za-z0-9_-]{1,100}")


class NotRoot(GilmokError):
    def __init__(self, root: Path) -> None:
        super().__init__(
            f"a service is installed by root, and {root} is a whole machine's",
            "call it with sudo, by its absolute path; --dry-run shows what it would write, --root DIR writes elsewhere",
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A file to be. `mode`: its permissions."""

    path: Path
    content: bytes
    mode: int = OPEN

    @property
    def shown(self) -> str:
        """As --dry-run shows it: no secret."""
        return self.content.decode(errors="replace") if self.mode == OPEN else "(secret)\n"


def record_of(service: Service, limits: Limits, program: tuple[str, ...], root: Path) -> Installed:
    return Installed(
        kind=service.kind,
        name=service.name,
        software=software(),
        program=program,
        limits=limits,
        fields=dict(service.fields),
        secrets=tuple(sorted(service.secrets)),
        devices=service.devices,
        groups=groups_of(service.devices, root),
        came_from=str(service.came_from.absolute()),
    )


def files(service: Service, record: Installed) -> Iterator[Written]:
    """All that is written, but for models and folders; raises OSError of a secret that can't be read."""
    places = Places(record.place)
    yield Written(SYSUSERS, sysusers().encode())
    head = f"# Written when this service was installed, out of {record.came_from}\n".encode()
    yield Written(places.settings / f"{service.kind}.toml", head + tomli_w.dumps(service.settings).encode())
    for name, path in service.secrets.items():
        yield Written(places.secrets / name, path.read_bytes(), CLOSED)
    yield from _of_record(record, places)


def _of_record(record: Installed, places: Places) -> Iterator[Written]:
    yield Written(places.record, pretty(record))
    yield Written(places.unit, unit_file(record).encode())


def install(service: Service, record: Installed, root: Path = SLASH, *, start: bool = True) -> str:
    """Write it, have it started at boot and, where systemd runs here, now; what became of it, in a line.

    Raises NotRoot, FileUnwritable, OSError, SystemdRefused or StartFailed.
    """
    _check_root(root)
    places = Places(record.place, root)
    written = list(files(service, record))
    for folder in service.models:
        _copy(folder, places.real(STORE / "models" / folder.name))
    for name, path in service.copies.items():
        if not places.real(places.state / name).exists():
            _write(Written(places.state / name, path.read_bytes(), CLOSED), places)
    for one in written:
        _write(one, places)
    _want(places)
    if root != SLASH or not runs_here():
        return f"{places.service} starts at the next boot"
    make_accounts(SYSUSERS)
    systemctl("daemon-reload")
    if not start:
        return f"{places.service} starts at the next boot, or by `systemctl start {places.service}`"
    start_anew(places.service)
    return f"{places.service} runs"


def upgrade(old: Installed, program: tuple[str, ...], root: Path = SLASH) -> str:
    """Have it run by `program` from now on; where it doesn't start so, as before. Raises what `install` does."""
    _check_root(root)
    places = Places(old.place, root)
    groups = groups_of(old.devices, root)
    new = msgspec.structs.replace(old, program=program, software=software(), groups=groups)
    _rewrite(new, places)
    if root != SLASH or not runs_here():
        return f"{places.service} is of {new.software} from the next boot on"
    systemctl("daemon-reload")
    try:
        start_anew(places.service)
    except GilmokError:
        _rewrite(old, places)
        systemctl("daemon-reload")
        systemctl("restart", "--no-block", f"{places.service}.service")
        raise
    return f"{places.service} runs {new.software}"


def remove(place: str, root: Path = SLASH, *, purge: bool = False) -> list[Path]:
    """Stop it and take it off; what is left of it: its settings and state, and nothing where they are purged.

    Raises NotRoot, OSError or SystemdRefused.
    """
    _check_root(root)
    places = Places(place, root)
    live = root == SLASH and runs_here()
    if live and places.real(places.unit).exists():
        systemctl("stop", f"{places.service}.service")
    for path in (places.wanted, places.unit, places.record):
        places.real(path).unlink(missing_ok=True)
    if live:
        systemctl("daemon-reload")
        with contextlib.suppress(GilmokError):  # nothing of it had failed
            systemctl("reset-failed", f"{places.service}.service")
    kept = [places.settings, places.state, places.cache]
    for path in kept if purge else ():
        if places.real(path).exists():
            shutil.rmtree(places.real(path))
    return [path for path in kept if places.real(path).exists()]


def installed(root: Path = SLASH) -> Mapping[str, Installed]:
    """Every service by its place, `node-pole` say. Raises RecordWrong."""
    found = {}
    for path in sorted(Places("", root).real(SETTINGS).glob("*/service.json")):
        try:
            one = msgspec.json.decode(path.read_bytes(), type=Installed)
        except msgspec.DecodeError as error:
            raise RecordWrong(path, str(error)) from error
        found[one.place] = one
    return found


def place_of(service: str, root: Path = SLASH, *, purge: bool = False) -> str:
    """Of a service by its name; to be purged, also of one that was removed before. Raises ServiceUnknown."""
    known = {Places(place).service: place for place in installed(root)}
    if purge:
        left = (folder.name for folder in Places("", root).real(SETTINGS).glob("*") if PLACE.fullmatch(folder.name))
        known |= {Places(place).service: place for place in left}
    if service not in known:
        raise ServiceUnknown(service, sorted(known))
    return known[service]


class ServiceUnknown(GilmokError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"there is no service {name!r} of gilmok here",
            f"installed: {', '.join(known) or 'none'}; name it as that does",
        )


class RecordWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no record of a service: {why}", "install that service again, or remove its folder")


def _check_root(root: Path) -> None:
    if root == SLASH and os.geteuid() != 0:
        raise NotRoot(root)


def _rewrite(record: Installed, places: Places) -> None:
    for one in _of_record(record, places):
        _write(one, places)


def _write(one: Written, places: Places) -> None:
    path = places.real(one.path)
    _folder(path.parent, OPEN_FOLDER if one.mode == OPEN else CLOSED_FOLDER)
    atomic_files.write(path, one.content, durable=True, private=one.mode == CLOSED)
    path.chmod(one.mode)


def _folder(path: Path, mode: int) -> None:
    """With those above it, whatever the umask."""
    if not path.is_dir():
        _folder(path.parent, OPEN_FOLDER)
        path.mkdir()
        path.chmod(mode)


def _want(places: Places) -> None:
    link = places.real(places.wanted)
    _folder(link.parent, OPEN_FOLDER)
    link.unlink(missing_ok=True)
    link.symlink_to(places.unit)


def _copy(folder: Path, to: Path) -> None:
    """Whole or not at all, in the place of what was there."""
    _folder(to.parent, OPEN_FOLDER)
    aside = to.with_name(f".{to.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(folder, aside)
    for path in [aside, *aside.rglob("*")]:
        path.chmod(OPEN_FOLDER if path.is_dir() else OPEN)
    shutil.rmtree(to, ignore_errors=True)
    aside.rename(to)
