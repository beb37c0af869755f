"""Where units that were invited join the fleet: POST /join, with a token of `gilmok fleet invite`, and no login."""

import asyncio
import logging
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.wire.joining import MOST_BYTES, PATH, JoinAsk, Joined
from edge.wire.message import MessageWrong, decode, encode
from fleet.config import Web
from fleet.security.invitations import NotInvited, redeem
from fleet.security.register import AlreadyEnrolled
from fleet.security.requests import RequestWrong
from fleet.web.auth.rate_limit import GuessLimit
from models.bundle.repository.layout import METADATA
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)


class JoinDoor:
    """Middleware of ASGI, before those that ask who comes: a unit has no login, and may know the hub by any name."""

    def __init__(self, app: ASGIApp, web: Web, clock: Clock) -> None:
        """`web.join` is a folder."""
        assert web.join is not None
        self._app = app
        self._fleet = web.join
        self._repository = web.repository
        self._clock = clock
        self._guesses = GuessLimit(clock)
        self._turn = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return _told(405, "units join by POST", "`gilmok unit join` does", {"allow": "POST"})
        peer = request.client.host if request.client is not None else ""
        if wait_s := self._guesses.wait_s(peer):
            return _told(429, "too many wrong tokens came", f"wait {wait_s} s", {"retry-after": str(wait_s)})
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return _told(413, "that is too long to be a unit's request", "`gilmok unit join` makes one")
        try:
            asked = decode(body, JoinAsk)
            async with self._turn:
                joined = await asyncio.to_thread(self._join, asked)
        except MessageWrong:
            # Not in its words, which would repeat what came, and a token may be in it.
            return _told(400, "that is no unit's request", "`gilmok unit join` makes one")
        except (NotInvited, RequestWrong, AlreadyEnrolled) as error:
            self._guesses.wrong(peer)
            log.warning("a unit at %s was not let in: %s", peer, error.sentence)
            return _told(403, error.sentence, error.hint)
        except (GilmokError, OSError) as error:
            log.error("units can't join: %s", error)
            return _told(503, "no unit can join at the moment", "the hub's log says why")
        return Response(encode(joined), media_type="application/json", headers={"cache-control": "no-store"})

    def _join(self, asked: JoinAsk) -> Joined:
        invitation, certificate, authority = redeem(
            self._fleet, asked.token, asked.request.encode(errors="replace"), self._clock
        )
        return Joined(
            node=invitation.node,
            site=invitation.site,
            certificate=certificate,
            authority=authority,
            broker=invitation.url,
            repository=self._repository is not None,
            root="" if self._repository is None else newest_root(self._repository),
        )


def newest_root(repository: Path) -> str:
    """What a unit is to trust; it follows each later one from there. Raises OSError."""
    roots = [path for path in (repository / METADATA).glob("*.root.json") if path.name.partition(".")[0].isdecimal()]
    return read_small(max(roots, key=lambda path: int(path.name.partition(".")[0]))).decode() if roots else ""


def _told(status: int, error: str, hint: str, headers: dict[str, str] | None = None) -> Response:
    return Response(compact({"error": error, "hint": hint}), status, headers, "application/json")
