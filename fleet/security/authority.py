"""A fleet's own certificate authority, in a folder: keys and certificates out, revocations in.

Everything in the folder is its owner's alone (0700, keys 0600). The authority's key is needed to enrol, renew and
revoke, never by a running hub or broker: the folder may live on another machine, and copies of what was issued here.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
import tomli_w

from edge.wire.topics import check_name
from fleet.security import register
from fleet.security.register import ISSUED, AlreadyEnrolled, Holder, Issued, Role
from fleet.security.requests import RequestedKey
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.plugins import need
from sensors.private_files import check_secret, private_folder

P = ParamSpec("P")
T = TypeVar("T")

CA, CA_KEY, CRL = "ca.crt", "ca.key", "crl.pem"
CA_DAYS = 3650
SKEW = timedelta(hours=1)
"""So far behind the authority's a clock may be."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
KEY_ID_BYTES = 4


class NotEnrollable(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)


class AuthorityUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the fleet's authority {path} can't be used: {why}", "restore it from a copy, or begin anew")


def check_not_hub(node: str) -> None:
    """Raises NotEnrollable."""
    if node == "hub":
        raise NotEnrollable("a node can't have the name 'hub': hubs' own topics are there", "give it another")


def _alone(
    change: Callable[Concatenate["Authority", P], T],
) -> Callable[Concatenate["Authority", P], T]:
    @wraps(change)
    def changed(self: "Authority", /, *args: P.args, **kwargs: P.kwargs) -> T:
        with register.alone(self.folder):
            return change(self, *args, **kwargs)

    return changed


class Authority:
    """The one of `folder`; made there by the first enrolment."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._now_utc_ns = clock.now().utc_ns
        self._now = datetime.fromtimestamp(self._now_utc_ns / NS_PER_S, UTC)

    def begin(self) -> None:
        """Make the authority where there is none. Raises ExtraMissing, AuthorityUnusable or FileUnwritable."""
        with register.alone(self.folder):
            self._begin()

    def admit(self, name: str, site: str, days: int, key: RequestedKey) -> None:
        """Enrol a node whose key was made elsewhere, from within `register.alone`; raises what `enrol` does."""
        holders = register.read(self.folder)
        blank = Holder(name=name, role="node", site=site, key_id=secrets.token_hex(KEY_ID_BYTES), issued=())
        certificate, issued = self._issue(blank, key.public, days)
        folder = private_folder(private_folder(self.folder / ISSUED) / name)
        atomic_files.write(folder / f"{name}.crt", certificate, private=True)
        register.write(self.folder, [*holders, msgspec.structs.replace(blank, issued=(issued,))])

    @_alone
    def enrol(self, name: str, role: Role, site: str, days: int, hosts: Sequence[str] = (), url: str = "") -> Path:
        """A new key and certificate; returns the folder with both, the authority's certificate and broker.toml.

        `site` may be empty for a hub that hears every one. `hosts`: names and addresses under which a broker is
        reached. `url`: the broker's, for the [broker] table of a node or a hub.

        Raises NameWrong, NotEnrollable, AlreadyEnrolled, ExtraMissing, AuthorityUnusable, FileUnwritable.
        """
        check_name(role, name)
        if role == "node":
            check_name("site", site)
            check_not_hub(name)
        self._begin()
        holders = register.read(self.folder)
        there = next((one for one in holders if one.name == name and one.revoked_utc_ns is None), None)
        if there is not None:
            raise AlreadyEnrolled(there)
        key = _new_key()
        blank = Holder(
            name=name, role=role, site=site, key_id=secrets.token_hex(KEY_ID_BYTES), issued=(), hosts=tuple(hosts)
        )
        folder = private_folder(private_folder(self.folder / ISSUED) / name)
        certificate, issued = self._issue(blank, key.public_key(), days)
        atomic_files.write(folder / f"{name}.key", _pem_of_key(key), private=True)
        atomic_files.write(folder / f"{name}.crt", certificate, private=True)
        atomic_files.write(folder / CA, (self.folder / CA).read_bytes(), private=True)
        if role != "broker":
            atomic_files.write(folder / "broker.toml", _table(name, url), private=True)
        register.write(self.folder, [*holders, msgspec.structs.replace(blank, issued=(issued,))])
        return folder

    @_alone
    def renew(self, name: str, days: int) -> Path:
        """A new certificate for the key that is there; the old one stays good until it ends. Raises HolderUnknown,
        NotEnrollable and what `enrol` does.
        """
        _, x509 = _cryptography()
        holders = register.read(self.folder)
        who = register.holder(holders, name, self.folder)
        if who.revoked_utc_ns is not None:
            raise NotEnrollable(f"{who.role} {name!r} was revoked", "`gilmok fleet enrol` gives it a new key")
        path = self.folder / ISSUED / name / f"{name}.crt"
        try:
            public = x509.load_pem_x509_certificate(read_small(path)).public_key()
        except (OSError, ValueError) as error:
            raise AuthorityUnusable(path, str(error)) from error
        certificate, issued = self._issue(who, public, days)
        atomic_files.write(path, certificate, private=True)
        again = msgspec.structs.replace(who, issued=(*who.issued, issued))
        register.write(self.folder, [again if one is who else one for one in holders])
        return path

    @_alone
    def revoke(self, name: str) -> Path:
        """Put it out, with every certificate it has; returns the list of revocations. Raises HolderUnknown."""
        holders = register.read(self.folder)
        who = register.holder(holders, name, self.folder)
        if who.revoked_utc_ns is not None:
            raise NotEnrollable(f"{who.role} {name!r} was revoked before", "nothing is left to do")
        gone = msgspec.structs.replace(who, revoked_utc_ns=self._now_utc_ns)
        holders = [gone if one is who else one for one in holders]
        # The list first: where it can't be written, nobody is told that the revocation holds.
        path = self._write_revocations(holders)
        register.write(self.folder, holders)
        return path

    def _begin(self) -> None:
        """Make the authority where there is none."""
        serialization, x509 = _cryptography()
        private_folder(self.folder)
        if (self.folder / register.FILE).exists():
            return
        if (self.folder / CA_KEY).exists():
            raise AuthorityUnusable(self.folder, f"it has a {CA_KEY} and no {register.FILE}")
        key = _new_key()
        name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, f"gilmok fleet {secrets.token_hex(4)}")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            self._certificate(name, name, key.public_key(), CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, _sha256())
        )
        atomic_files.write(self.folder / CA_KEY, _pem_of_key(key), durable=True, private=True)
        try:
            atomic_files.write(self.folder / CA, made.public_bytes(serialization.Encoding.PEM), private=True)
            self._write_revocations([])
            register.write(self.folder, [])
        except FileUnwritable:
            # Nothing was issued by it yet, and half an authority is in the way of the next one.
            (self.folder / CA_KEY).unlink()
            raise

    def _issue(self, who: Holder, public: Any, days: int) -> tuple[bytes, Issued]:
        serialization, x509 = _cryptography()
        authority, key = self._load()
        oid = x509.oid.NameOID
        parts = [(oid.ORGANIZATION_NAME, who.site), (oid.ORGANIZATIONAL_UNIT_NAME, who.key_id)]
        subject = [x509.NameAttribute(kind, text) for kind, text in parts if text]
        subject.append(x509.NameAttribute(oid.COMMON_NAME, who.name))
        serves = who.role == "broker"
        use = x509.oid.ExtendedKeyUsageOID
        # The servers of a cluster are each other's clients, too.
        purposes = [use.SERVER_AUTH, use.CLIENT_AUTH] if serves else [use.CLIENT_AUTH]
        builder = (
            self._certificate(x509.Name(subject), authority.subject, public, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        if serves:
            names = [_general(host) for host in dict.fromkeys((*LOOPBACK, *who.hosts))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = builder.sign(key, _sha256())
        until = int(made.not_valid_after_utc.timestamp()) * NS_PER_S
        return made.public_bytes(serialization.Encoding.PEM), Issued(
            serial=f"{made.serial_number:x}", until_utc_ns=until
        )

    def _certificate(self, subject: Any, issuer: Any, public: Any, days: int) -> Any:
        _, x509 = _cryptography()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - SKEW)
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    def _write_revocations(self, holders: Sequence[Holder]) -> Path:
        serialization, x509 = _cryptography()
        authority, key = self._load()
        # A broker that reads a list past its date lets nobody in; it is brought by hand, so it doesn't expire first.
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.subject)
            .last_update(self._now - SKEW)
            .next_update(self._now + timedelta(days=CA_DAYS))
        )
        for one in holders:
            if one.revoked_utc_ns is None:
                continue
            when = datetime.fromtimestamp(one.revoked_utc_ns / NS_PER_S, UTC)
            for issued in one.issued:
                gone = x509.RevokedCertificateBuilder().serial_number(int(issued.serial, 16)).revocation_date(when)
                builder = builder.add_revoked_certificate(gone.build())
        made = builder.sign(key, _sha256())
        return atomic_files.write(self.folder / CRL, made.public_bytes(serialization.Encoding.PEM), durable=True)

    def _load(self) -> tuple[Any, Any]:
        """The authority's certificate and key. Raises AuthorityUnusable or SecretOpen."""
        serialization, x509 = _cryptography()
        from cryptography.exceptions import UnsupportedAlgorithm

        check_secret(f"the authority of {self.folder}", self.folder / CA_KEY)
        try:
            key = serialization.load_pem_private_key(read_small(self.folder / CA_KEY), password=None)
            return x509.load_pem_x509_certificate(read_small(self.folder / CA)), key
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise AuthorityUnusable(self.folder, str(error)) from error


def _table(name: str, url: str) -> str:
    head = "# For NODE.toml or HUB.toml; relative paths start where that file lies.\n"
    files = {"ca_file": CA, "certificate_file": f"{name}.crt", "key_file": f"{name}.key"}
    return head + tomli_w.dumps({"broker": {"url": url, **files}})


def _general(host: str) -> Any:
    _, x509 = _cryptography()
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise NotEnrollable(f"{host!r} is no host's name or address", "give a DNS name or an IP address") from error


def _pem_of_key(key: Any) -> bytes:
    serialization, _ = _cryptography()
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _new_key() -> Any:
    ec = need("cryptography.hazmat.primitives.asymmetric.ec", "fleet", "certificates")
    return ec.generate_private_key(ec.SECP256R1())


def _sha256() -> Any:
    return need("cryptography.hazmat.primitives.hashes", "fleet", "certificates").SHA256()


def _cryptography() -> tuple[Any, Any]:
    """Imported when it is used: who enrols nobody needs none of it. Raises ExtraMissing."""
    primitives = "cryptography.hazmat.primitives.serialization"
    return need(primitives, "fleet", "certificates"), need("cryptography.x509", "fleet", "certificates")
