"""Where a broker is: the [broker] table of every program, and what its URL means."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from paho.mqtt.client import Client

from sensors.addresses import without_login
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import Text

PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAt(Settings, frozen=True, kw_only=True):
    """Where the broker is, and who asks; secrets come from files."""

    url: Text = "mqtt://127.0.0.1:1883"
    """mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS."""
    password_file: Path | None = None
    ca_file: Path | None = None
    """PEM; none: the machine's own authorities."""

    def __post_init__(self) -> None:
        # Here, so that no program writes a wrong address, which may hold a password, into a file or a log.
        _parts(self.url)


class BrokerUrlWrong(GilmokError):
    def __init__(self, url: str, why: str) -> None:
        shown = without_login(url)
        super().__init__(f"{shown!r} is no broker's address: {why}", "write mqtt://[USER@]HOST[:PORT] or mqtts://...")


class SecretMissing(GilmokError):
    def __init__(self, key: str, path: Path | None, why: str) -> None:
        super().__init__(f"broker.{key} names {path}, which can't be read: {why}", "check the path and its permissions")


@dataclass(frozen=True, slots=True)
class Address:
    """A BrokerAt taken apart."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    ca_file: Path | None

    @classmethod
    def of(cls, at: BrokerAt) -> "Address":
        """Raises BrokerUrlWrong or SecretMissing."""
        parts, port = _parts(at.url)
        return cls(
            host=parts.hostname or "",
            port=port,
            tls=parts.scheme == "mqtts",
            user=unquote(parts.username or ""),
            password=_secret(at.password_file),
            ca_file=at.ca_file,
        )

    def prepare(self, client: Client) -> None:
        """Give `client` the user and the encryption; raises SecretMissing."""
        if self.user:
            client.username_pw_set(self.user, self.password or None)
        if self.tls:
            try:
                client.tls_set(ca_certs=str(self.ca_file) if self.ca_file else None)
            except OSError as error:
                raise SecretMissing("ca_file", self.ca_file, str(error)) from error


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


def _secret(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing("password_file", path, str(error)) from error
