"""A broker that anybody may speak to: only on this machine, or where somebody has said so."""

import logging

from fleet.config import Embedded
from sensors.errors import GilmokError

log = logging.getLogger(__name__)


class AnonymousRefused(GilmokError):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"[embedded] listens on {host}:{port}, beyond this machine, and lets everybody in",
            "enrol nodes (`gilmok fleet enrol`, docs/security.md) and name the folder as `fleet`; or, on a network "
            "that is all yours, anonymous = true",
        )


def check_open(embedded: Embedded) -> None:
    """Raises AnonymousRefused; says at the start who may speak."""
    where = f"{embedded.host}:{embedded.port}"
    if embedded.fleet is not None:
        log.info("the embedded broker on %s lets in who is enrolled in %s", where, embedded.fleet)
    elif embedded.local:
        log.info("the embedded broker on %s lets in everybody on this machine, without a password", where)
    elif embedded.anonymous:
        log.warning("the embedded broker on %s lets in EVERYBODY who reaches it, without TLS or a password", where)
    else:
        raise AnonymousRefused(embedded.host, embedded.port)
