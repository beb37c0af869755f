"""A unit joins its fleet: it asks a hub for its identity, once, with the token that invited it."""

import http.client
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from edge.install.identity import Identity, keep, own_key
from edge.wire.joining import MOST_BYTES, PATH, JoinAsk, Joined
from edge.wire.message import MessageWrong, decode, encode
from sensors.addresses import without_login
from sensors.errors import GilmokError
from sensors.ranges import quoted

TIMEOUT_S = 30.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OK = 200


class HubAddressWrong(GilmokError):
    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{quoted(url)} is no hub's address: {why}", "write https://HOST[:PORT]")


class PlainRefused(GilmokError):
    def __init__(self, url: str) -> None:
        super().__init__(
            f"{without_login(url)} is without TLS: whoever is on the way could take this unit's place",
            "put a proxy with TLS before the hub and write https://; or, on a network that is all yours, --plain",
        )


class HubSilent(GilmokError):
    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"the hub at {without_login(url)} can't be asked: {why}", "check address, network and clock")


class JoinRefused(GilmokError):
    """In the hub's own words."""

    def __init__(self, status: int, error: str, hint: str) -> None:
        super().__init__(f"the hub does not let this unit join: {error or f'status {status}'}", hint)


class Refusal(msgspec.Struct):
    error: str = ""
    hint: str = ""


def join(url: str, token: str, folder: Path, *, ca: Path | None = None, plain: bool = False) -> Identity:
    """Ask the hub at `url`; what it gives lies in `folder` afterwards. Asked again, it gives the same.

    `ca`: whose certificate of the hub is believed, and not the system's. `plain`: http beyond this machine, too.
    Raises HubAddressWrong, PlainRefused, HubSilent, JoinRefused, AnswerWrong, ExtraMissing, FileUnwritable or OSError.
    """
    base = _checked(url, plain)
    key = own_key(folder)
    body = encode(JoinAsk(token=token, request=key.request().decode()))
    status, content = _posted(base, body, ca)
    if status != OK:
        told = _refusal(content)
        raise JoinRefused(status, told.error, told.hint)
    try:
        joined = decode(content, Joined)
    except MessageWrong as error:
        raise JoinRefused(status, f"its answer is none: {error.what}", "is that a hub of gilmok?") from error
    return keep(folder, joined, key, f"{base}/repository")


def _checked(url: str, plain: bool) -> str:
    """Scheme and host, and a path that a proxy may have put before."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise HubAddressWrong(without_login(url), "it can't be taken apart") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HubAddressWrong(without_login(url), "it begins neither with https:// nor with http://")
    if parts.username is not None or parts.query or parts.fragment:
        raise HubAddressWrong(without_login(url), "a host, perhaps a port and a path, is what belongs there")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not plain:
        raise PlainRefused(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(PATH)}"


def _posted(base: str, body: bytes, ca: Path | None) -> tuple[int, bytes]:
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca)
            connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", parts.path + PATH, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise HubSilent(base, str(error) or type(error).__name__) from error
    if len(content) > MOST_BYTES:
        raise HubSilent(base, f"its answer has more than {MOST_BYTES:,} bytes")
    return answer.status, content


def _refusal(content: bytes) -> Refusal:
    try:
        return msgspec.json.decode(content, type=Refusal)
    except msgspec.DecodeError:
        return Refusal(hint="is that a hub of gilmok, with [web] join?")
