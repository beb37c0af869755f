"""What a hub and its embedded broker need of a fleet's folder: their own files, and who may say and hear what.

They need no key of the authority: the folder may be a copy without `ca.key`.
"""

from dataclasses import dataclass
from pathlib import Path

from edge.wire.address import BrokerAt
from fleet.security import permissions, register
from fleet.security.register import ISSUED, Holder, Role
from sensors.errors import GilmokError
from sensors.private_files import check_secret

CA, CA_KEY, CRL = "ca.crt", "ca.key", "crl.pem"


class NobodyEnrolled(GilmokError):
    def __init__(self, role: Role, folder: Path, name: str = "") -> None:
        who = name or role
        super().__init__(
            f"no {role}{f' {name!r}' if name else ''} is enrolled in {folder}",
            f"`gilmok fleet enrol {who} --as broker --host ADDRESS` (where nodes reach it)"
            if role == "broker"
            else f"`gilmok fleet enrol {who} --as {role}`",
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """Of the hub `hub`, in the fleet of `folder`."""

    folder: Path
    hub: str

    def broker_files(self) -> tuple[Path, Path, Path]:
        """The authority's certificate, the broker's own and its key; raises FleetAbsent, NobodyEnrolled or SecretOpen:
        nats-server would take an open one without a word.
        """
        ca, certificate, key = self._files(self._enrolled("broker"))
        check_secret(f"the fleet {self.folder}", key)
        return ca, certificate, key

    def at(self, url: str) -> BrokerAt:
        """The broker as this hub meets it; raises FleetAbsent or NobodyEnrolled."""
        ca, certificate, key = self._files(self._enrolled("hub", self.hub))
        return BrokerAt(url=url, ca_file=ca, certificate_file=certificate, key_file=key)

    def files(self, *, authority: bool = False) -> list[str]:
        """What of the folder a hub and its broker need, by their paths in it; raises FleetAbsent or NobodyEnrolled.

        `authority`: with its key, for a hub at which units join.
        """
        own = [*self._files(self._enrolled("broker")), *self._files(self._enrolled("hub", self.hub))]
        own += [self.folder / CA_KEY] if authority else []
        paths = dict.fromkeys([self.folder / register.FILE, self.folder / CRL, *own])
        return [str(path.relative_to(self.folder)) for path in paths]

    def authorization(self) -> str:
        """For nats-server, as of now; raises FleetAbsent."""
        return permissions.nats(register.read(self.folder))

    def changed_ns(self) -> int:
        """When somebody was last enrolled, renewed or revoked; 0 where that can't be told."""
        try:
            return (self.folder / register.FILE).stat().st_mtime_ns
        except OSError:
            return 0

    def _enrolled(self, role: Role, name: str = "") -> Holder:
        for one in register.read(self.folder):
            if one.role == role and one.revoked_utc_ns is None and name in ("", one.name):
                return one
        raise NobodyEnrolled(role, self.folder, name)

    def _files(self, one: Holder) -> tuple[Path, Path, Path]:
        folder = self.folder / ISSUED / one.name
        return self.folder / CA, folder / f"{one.name}.crt", folder / f"{one.name}.key"
