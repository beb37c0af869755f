"""Units that may join a fleet by themselves: each is invited by name, with a token that works once, for a while.

Of a token the folder keeps no more than its digest. A unit whose answer was lost may ask again with the same key.
"""

import hashlib
import hmac
import logging
import secrets
from pathlib import Path
from typing import Annotated

import msgspec

from edge.wire.topics import check_name
from fleet.security import register
from fleet.security.authority import CA, Authority, check_not_hub
from fleet.security.register import ISSUED, AlreadyEnrolled, UtcNs
from fleet.security.requests import requested_key
from sensors import atomic_files
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

log = logging.getLogger(__name__)

FILE = "invitations.json"
ID_BYTES, SECRET_BYTES = 4, 24
NS_PER_HOUR = 3600 * NS_PER_S
MOST = 10_000


class Invitation(Record, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}\Z")]
    secret_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    node: str
    site: str
    url: str
    """The broker's."""
    days: int
    """How long its certificate will hold."""
    until_utc_ns: UtcNs
    key_sha256: str = ""
    """Of the public key that it was used for; empty: it was not."""


class InvitationsUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}", "remove it; whoever was invited and has not joined is invited anew")


class NotInvited(GilmokError):
    """Never says which part was wrong, nor what came."""

    def __init__(self) -> None:
        super().__init__(
            "this token invites nobody: it is wrong, was used, or its time is over",
            "`gilmok fleet invite` makes another",
        )


def invite(
    folder: Path, node: str, site: str, url: str, hours: float, days: int, clock: Clock
) -> tuple[str, Invitation]:
    """The token, which is told once and kept nowhere, and its invitation; an older one of the same node is void.

    Raises NameWrong, NotEnrollable, AlreadyEnrolled, and what makes an authority unusable.
    """
    check_name("node", node)
    check_name("site", site)
    check_not_hub(node)
    Authority(folder, clock).begin()
    now_ns = clock.now().utc_ns
    with register.alone(folder):
        _check_free(folder, node)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        one = Invitation(
            id=secrets.token_hex(ID_BYTES),
            secret_sha256=_digest(secret.encode()),
            node=node,
            site=site,
            url=url,
            days=days,
            until_utc_ns=now_ns + round(hours * NS_PER_HOUR),
        )
        others = [other for other in _read(folder) if other.node != node and other.until_utc_ns > now_ns]
        _write(folder, [*others[-MOST:], one])
    return f"{one.id}.{secret}", one


def redeem(folder: Path, token: str, request: bytes, clock: Clock) -> tuple[Invitation, str, str]:
    """The invitation, the unit's certificate and the authority's, as PEM.

    Raises NotInvited, RequestWrong, AlreadyEnrolled, and what makes an authority unusable.
    """
    authority = Authority(folder, clock)
    key = requested_key(request)
    with register.alone(folder):
        invitations = _read(folder)
        one = _found(invitations, token, clock.now().utc_ns)
        if one.key_sha256 not in ("", key.sha256):
            raise NotInvited
        if not one.key_sha256:
            _check_free(folder, one.node)
            used = msgspec.structs.replace(one, key_sha256=key.sha256)
            # Used first: where the next step fails, the same key may try again, and no other one can.
            _write(folder, [used if other is one else other for other in invitations])
        certificate = folder / ISSUED / one.node / f"{one.node}.crt"
        if not _is_enrolled(folder, one.node):
            authority.admit(one.node, one.site, one.days, key)
            log.info("unit %s/%s has joined the fleet %s", one.site, one.node, folder)
        return one, certificate.read_text(encoding="ascii"), (folder / CA).read_text(encoding="ascii")


def _found(invitations: list[Invitation], token: str, now_ns: int) -> Invitation:
    """Raises NotInvited. In the same time whether there is such an id or not."""
    name, _, secret = token.partition(".")
    one = next((one for one in invitations if one.id == name), None)
    expected = one.secret_sha256 if one is not None else _digest(b"")
    right = hmac.compare_digest(_digest(secret.encode(errors="replace")), expected)
    if one is None or not right or now_ns >= one.until_utc_ns:
        raise NotInvited
    return one


def _check_free(folder: Path, node: str) -> None:
    for one in register.read(folder):
        if one.name == node and one.revoked_utc_ns is None:
            raise AlreadyEnrolled(one)


def _is_enrolled(folder: Path, node: str) -> bool:
    return any(one.name == node and one.revoked_utc_ns is None for one in register.read(folder))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(folder: Path) -> list[Invitation]:
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return json_of(read_bytes(path), list[Invitation])
    except ContentWrong as wrong:
        raise InvitationsUnreadable(path, wrong.what) from wrong


def _write(folder: Path, invitations: list[Invitation]) -> None:
    atomic_files.write(folder / FILE, pretty(invitations), durable=True, private=True)
