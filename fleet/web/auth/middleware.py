"""Before every route: whose page asks, which user a proxy names, and whether who asks knows the token."""

import hmac

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from fleet.config import Web, is_local
from fleet.web.auth.host import host_of
from fleet.web.auth.login import LOGIN, LOGOUT, Login, login_page
from fleet.web.auth.rate_limit import GuessLimit
from fleet.web.auth.sessions import Sessions
from sensors.clock import Clock
from sensors.terminal.pretty_json import compact

OPEN = "/healthz"
"""For who watches over processes: it tells nothing of the fleet."""
READING = ("GET", "HEAD")
OVER = 4401
"""The session of a stream ended."""


class AuthMiddleware:
    """Middleware of ASGI. `token`: of `[web] token_file`, empty where none is asked for."""

    def __init__(self, app: ASGIApp, web: Web, token: str, clock: Clock) -> None:
        self._app = app
        self._user_header = web.user_header
        self._names = {name.lower() for name in web.names}
        self._token = token
        self._sessions = Sessions(token, clock)
        self._guesses = GuessLimit(clock)
        self._login = Login(self._right, self._sessions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asks = HTTPConnection(scope)
        refused = self._stranger(asks)
        if refused is None and self._token and scope["path"] != OPEN:
            if scope["path"] == LOGIN and scope["type"] == "http":
                await self._login(scope, receive, send)
                return
            refused = self._unknown(asks)
            if refused is None and scope["path"] == LOGOUT and scope["method"] == "POST":
                refused = self._login.leave(asks)
        if refused is not None:
            await refused(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, self._while_known(asks, send))
        else:
            await self._app(scope, receive, send)

    def _stranger(self, asks: HTTPConnection) -> Response | None:
        """Another origin's page, or somebody whom the proxy did not name."""
        reading = asks.scope["type"] == "http" and asks.scope["method"] in READING
        if not reading and not self._own_page(asks.headers):
            return _told(403, "the page of another origin asks", "open the dashboard by its own address")
        if not self._user_header or asks.scope["path"] == OPEN:
            return None
        local = asks.client is not None and is_local(asks.client.host)
        if not local or not asks.headers.get(self._user_header, "").strip():
            unnamed = f"nobody is named in the header {self._user_header}"
            return _told(403, unnamed, "come through the proxy that asks for a login")
        return None

    def _own_page(self, headers: Headers) -> bool:
        """Browsers say whose page asks; a program that says nothing is no page."""
        origin = headers.get("origin")
        if origin is None:
            return True
        where = origin.partition("://")[2]
        # A proxy may put another Host in the place of the one that the browser asked for.
        return where == headers.get("host") or host_of(where) in self._names

    def _unknown(self, asks: HTTPConnection) -> Response | None:
        """None: who asks is logged in, or sends the token."""
        if self._sessions.holds(asks.cookies.get(self._sessions.cookie, "")):
            return None
        scheme, _, sent = asks.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            wait_s = self._right(asks, sent.strip())
            if wait_s is None:
                return None
            if wait_s:
                headers = {"retry-after": str(wait_s)}
                return _told(429, "too many wrong tokens came", f"wait {wait_s} s", headers)
        elif "text/html" in asks.headers.get("accept", "") and asks.scope["type"] == "http":
            return login_page(401)
        wanted = {"www-authenticate": "Bearer"}
        return _told(401, "the dashboard asks for its token", "log in, or send Authorization: Bearer TOKEN", wanted)

    def _right(self, asks: HTTPConnection, token: str) -> int | None:
        """None: it is the token; else how long to wait before another is looked at, in seconds."""
        peer = _peer(asks)
        if wait_s := self._guesses.wait_s(peer):
            return wait_s
        if hmac.compare_digest(token.encode(errors="replace"), self._token.encode()):
            return None
        self._guesses.wrong(peer)
        return 0

    def _while_known(self, asks: HTTPConnection, send: Send) -> Send:
        """A stream lasts no longer than the session that opened it."""
        cookie = asks.cookies.get(self._sessions.cookie, "")
        if not self._sessions.holds(cookie):
            return send

        async def say(message: Message) -> None:
            if message["type"] == "websocket.send" and not self._sessions.holds(cookie):
                await send({"type": "websocket.close", "code": OVER})
                raise WebSocketDisconnect(OVER)
            await send(message)

        return say


def _peer(asks: HTTPConnection) -> str:
    """Whose guess it is: behind a proxy on this machine, the last one whom that names."""
    peer = asks.client.host if asks.client is not None else ""
    named = asks.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return named if named and is_local(peer) else peer


def _told(status: int, error: str, hint: str, headers: dict[str, str] | None = None) -> Response:
    return Response(compact({"error": error, "hint": hint}), status, headers, "application/json")
