"""Where a broker is: the [broker] table of every program, and what its URL means."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from zlib import crc32

import msgspec
from paho.mqtt.client import Client

from sensors.addresses import without_login
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.private_files import check_secret
from sensors.ranges import Text

PORTS = {"mqtt": 1883, "mqtts": 8883}
DEFAULT_URL = "mqtt://127.0.0.1:1883"


class BrokerAt(Settings, frozen=True, kw_only=True):
    """Where the broker is, and who asks; secrets come from files."""

    url: Text | None = None
    """mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS. Without it and without `urls`: mqtt://127.0.0.1:1883."""
    urls: tuple[Text, ...] = ()
    """The nodes of a cluster, in place of `url`: where one fails, the next in turn is tried. A node begins at a place
    that its name decides."""
    password_file: Path | None = None
    ca_file: Path | None = None
    """PEM; none: the machine's own authorities."""
    certificate_file: Path | None = None
    """PEM: who we are, to a broker that asks (mutual TLS); `gilmok fleet enrol` issues one."""
    key_file: Path | None = None
    """PEM, without a passphrase, readable by its owner only: the certificate's private key."""

    def __post_init__(self) -> None:
        # Here, so that no program writes a wrong address, which may hold a password, into a file or a log.
        if self.url is not None and self.urls:
            raise BrokerContradicts("it names both url and urls", "put every address into urls, and take url out")
        every = [_parts(url)[0] for url in self.each]
        if len({(parts.scheme, parts.username) for parts in every}) > 1:
            what = f"its urls {self.shown} differ in scheme or user"
            raise BrokerContradicts(what, "one cluster is met in one way: the same mqtt:// or mqtts://, the same USER@")
        if (self.certificate_file is None) != (self.key_file is None):
            raise BrokerContradicts("of certificate_file and key_file there is only one", "give both, or neither")
        if every[0].scheme != "mqtts" and (self.ca_file or self.certificate_file):
            what = f"it has files for TLS, and the address {self.shown} is without"
            raise BrokerContradicts(what, "write mqtts:// in the url, or take ca_file, certificate_file, key_file out")

    @property
    def each(self) -> tuple[str, ...]:
        """Every address, in the order in which they are tried."""
        return self.urls or (DEFAULT_URL if self.url is None else self.url,)

    def beginning_for(self, name: str) -> "BrokerAt":
        """The same, with the turn begun at a place that `name` decides, so that a fleet spreads over a cluster."""
        if len(self.urls) < 2:
            return self
        place = crc32(name.encode()) % len(self.urls)
        return msgspec.structs.replace(self, urls=self.urls[place:] + self.urls[:place])

    @property
    def shown(self) -> str:
        """Every address, for people: without logins."""
        return ", ".join(map(without_login, self.each))


class BrokerContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the table [broker] contradicts itself: {what}", hint)


class BrokerUrlWrong(GilmokError):
    def __init__(self, url: str, why: str) -> None:
        shown = without_login(url)
        super().__init__(
            f"{shown!r} is no broker's address: {why}",
            "write mqtt://HOST:PORT, or mqtts:// for TLS, with USER@ before HOST where the broker asks who it is",
        )


class BrokerUnreachable(GilmokError):
    def __init__(self, url: str, why: str, patience_s: float) -> None:
        super().__init__(
            f"no MQTT broker answered at {url} within {patience_s:g} s ({why})",
            "check that the broker runs and that the address and port are right",
        )


UNSUPPORTED = "Unsupported protocol version"
HUNG_UP = "the connection closed without an answer"

# What a broker says that no waiting changes.
HOPELESS = {
    "Not authorized",
    "Bad user name or password",
    "Bad authentication method",
    "Client identifier not valid",
    "Banned",
}


class BrokerRefused(GilmokError):
    def __init__(
        self, url: str, reason: str, hint: str = "check user, password file, certificate and the broker's ACL"
    ) -> None:
        super().__init__(f"the MQTT broker at {url} refused: {reason}", hint)


class TlsRefused(BrokerRefused):
    """Either side took the other's certificate for no good one."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            url,
            reason,
            "check ca_file, certificate_file and key_file, and both clocks; `gilmok fleet list` shows what was issued, "
            "`gilmok fleet renew` makes it anew",
        )


class SecretMissing(GilmokError):
    def __init__(self, key: str, path: Path | None, why: str) -> None:
        super().__init__(f"broker.{key} names {path}, which can't be read: {why}", "check the path and its permissions")


class CertificateWrong(GilmokError):
    def __init__(self, certificate: Path, key: Path, why: str) -> None:
        super().__init__(
            f"{certificate} and {key} are no certificate and its private key: {why}",
            "both are PEM, the key without a passphrase; take the two that `gilmok fleet enrol` wrote",
        )


@dataclass(frozen=True, slots=True)
class Address:
    """A BrokerAt taken apart."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    ca_file: Path | None
    certificate_file: Path | None
    key_file: Path | None

    url: str
    """For people: without a login."""

    @classmethod
    def every(cls, at: BrokerAt) -> list["Address"]:
        """In the order in which they are tried; they differ in host and port. Raises SecretMissing or SecretOpen."""
        return [cls._of(at, url) for url in at.each]

    @classmethod
    def _of(cls, at: BrokerAt, url: str) -> "Address":
        parts, port = _parts(url)
        if at.key_file is not None:
            check_secret("broker.key_file", at.key_file)
        return cls(
            host=parts.hostname or "",
            port=port,
            tls=parts.scheme == "mqtts",
            user=unquote(parts.username or ""),
            password=_secret(at.password_file),
            ca_file=at.ca_file,
            certificate_file=at.certificate_file,
            key_file=at.key_file,
            url=without_login(url),
        )

    def prepare(self, client: Client) -> None:
        """Give `client` the user and the encryption; raises SecretMissing."""
        if self.user:
            client.username_pw_set(self.user, self.password or None)
        if self.tls:
            client.tls_set_context(self.tls_context())

    def tls_context(self) -> ssl.SSLContext:
        """Raises SecretMissing or CertificateWrong."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise SecretMissing("ca_file", self.ca_file, error.strerror or str(error)) from error
        if self.certificate_file is not None and self.key_file is not None:
            _readable("certificate_file", self.certificate_file)
            _readable("key_file", self.key_file)
            try:
                # A passphrase, that nobody is there to type, is an empty one.
                context.load_cert_chain(self.certificate_file, self.key_file, password="")
            except (OSError, ValueError) as error:
                raise CertificateWrong(self.certificate_file, self.key_file, str(error)) from error
        return context


def _parts(url: str) -> tuple[SplitResult, int]:
    """The URL's parts and its port; raises BrokerUrlWrong, which never quotes Python: it would repeat a password."""
    login = url.rpartition("@")[0].partition("://")[2]
    if ":" in login:
        raise BrokerUrlWrong(url, "it holds a password; put that into a file, and its path into password_file")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BrokerUrlWrong(url, "it can't be taken apart") from None
    if parts.scheme not in PORTS:
        raise BrokerUrlWrong(url, "it begins neither with mqtt:// nor with mqtts://")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise BrokerUrlWrong(url, "its port is no number from 1 to 65535") from None
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise BrokerUrlWrong(url, "a host, perhaps a port, and nothing after it, is what belongs there")
    return parts, port


def _readable(key: str, path: Path) -> None:
    try:
        read_small(path)
    except OSError as error:
        raise SecretMissing(key, path, error.strerror or str(error)) from error


def _secret(path: Path | None) -> str:
    if path is None:
        return ""
    check_secret("broker.password_file", path)
    try:
        return read_small(path).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing("password_file", path, str(error)) from error
