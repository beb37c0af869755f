"""The register of a fleet's authority: whom it enrolled, until when, and who was put out."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from edge.wire.topics import check_name
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.private_files import private_file, private_folder
from sensors.terminal.pretty_json import pretty

FILE = "register.json"
LOCK = "register.lock"
ISSUED = "issued"

Role: TypeAlias = Literal["node", "hub", "broker"]
"""A node writes its own `up` and reads its own `down`; a hub the reverse, of all; a broker serves."""


UtcNs: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate."""

    serial: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{1,40}\Z")]
    """Hexadecimal."""
    until_utc_ns: UtcNs


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a key, and every certificate that was issued for it."""

    name: str
    role: Role
    site: str
    key_id: str
    """Random; it stands in each of the key's certificates, so that one of an earlier key is told from them."""
    issued: Annotated[tuple[Issued, ...], msgspec.Meta(min_length=1)]
    hosts: tuple[str, ...] = ()
    """Where a broker is reached."""
    revoked_utc_ns: UtcNs | None = None

    @property
    def newest(self) -> Issued:
        return self.issued[-1]

    @property
    def subject(self) -> str:
        """The certificate's subject as RFC 2253 writes it, last part first: what nats-server takes as the user."""
        return f"CN={self.name},OU={self.key_id}" + (f",O={self.site}" if self.site else "")

    def state(self, now_utc_ns: int) -> str:
        if self.revoked_utc_ns is not None:
            return "revoked"
        return "valid" if now_utc_ns < self.newest.until_utc_ns else "expired"


class FleetAbsent(GilmokError):
    def __init__(self, folder: Path, why: str = "there is no register") -> None:
        super().__init__(
            f"{folder} is no folder of a fleet: {why}", "`gilmok fleet enrol NODE` begins one; or name it with --fleet"
        )


class HolderUnknown(GilmokError):
    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(f"nobody by the name {name!r} is enrolled in {folder}", "`gilmok fleet list` shows who is")


class AlreadyEnrolled(GilmokError):
    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"{holder.role} {holder.name!r} is enrolled already",
            "`gilmok fleet renew` issues a new certificate for its key; `gilmok fleet revoke` puts it out first",
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the folder meanwhile: a person enrols beside a hub that lets units join. Raises OSError."""
    with private_file(private_folder(folder) / LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read(folder: Path) -> list[Holder]:
    """Everybody who was ever enrolled, oldest first; raises FleetAbsent."""
    try:
        return json_of(read_bytes(folder / FILE), list[Holder])
    except ContentWrong as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            raise FleetAbsent(folder) from None
        raise FleetAbsent(folder, f"{FILE} {wrong.what}") from wrong


def write(folder: Path, holders: list[Holder]) -> None:
    atomic_files.write(folder / FILE, pretty(holders), durable=True, private=True)


def holder(holders: list[Holder], name: str, folder: Path) -> Holder:
    """The one by that name who is not revoked, or else the last who was; raises HolderUnknown."""
    found = [one for one in holders if one.name == check_name("holder", name)]
    if not found:
        raise HolderUnknown(name, folder)
    return next((one for one in found if one.revoked_utc_ns is None), found[-1])


def members(holders: list[Holder]) -> list[Holder]:
    """Nodes and hubs that were not revoked."""
    return [one for one in holders if one.revoked_utc_ns is None and one.role != "broker"]
