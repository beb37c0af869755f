"""The page that asks for the token, and what becomes of what was typed: a cookie, or the page again."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from fleet.web.auth.sessions import LASTS_S, Sessions

LOGIN, LOGOUT = "/login", "/logout"
MOST_BYTES = 4096
PAGE = (Path(__file__).parent / "login.html").read_text(encoding="utf-8")
TROUBLE = 'data-trouble=""'


def _hash(tag: str) -> str:
    """As a policy names the one style or script of the page, which loads nothing: what it would load is guarded."""
    [inside] = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash('style')}; script-src {_hash('script')}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def login_page(status: int, trouble: str = "", headers: dict[str, str] | None = None) -> Response:
    """`trouble`: a word of ours that the page knows."""
    assert trouble in ("", "wrong", "often")
    page = PAGE.replace(TROUBLE, f'data-trouble="{trouble}"')
    return HTMLResponse(page, status, {"content-security-policy": POLICY, **(headers or {})})


class Login:
    """`GET /login` and `POST /login`, as an application of ASGI."""

    def __init__(self, right: Callable[[HTTPConnection, str], int | None], sessions: Sessions) -> None:
        """`right`: None where it is the token; else how long to wait before another is looked at, in seconds."""
        self._right = right
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "POST":
            answer = await self._enter(request)
        elif request.method in ("GET", "HEAD"):
            answer = login_page(200)
        else:
            answer = Response(status_code=405, headers={"allow": "GET, HEAD, POST"})
        await answer(scope, receive, send)

    def leave(self, asks: HTTPConnection) -> Response:
        self._sessions.end(asks.cookies.get(self._sessions.cookie, ""))
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(self._sessions.cookie, httponly=True, samesite="strict", secure=_by_https(asks))
        return answer

    async def _enter(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return login_page(413, "wrong")
        try:
            fields = parse_qs(body.decode(errors="replace"), max_num_fields=8)
        except ValueError:
            return login_page(400, "wrong")
        typed = fields.get("token", [""])[0].strip()
        wait_s = self._right(request, typed)
        if wait_s is None:
            answer = RedirectResponse("/", 303)
            answer.set_cookie(
                self._sessions.cookie,
                self._sessions.begin(),
                max_age=LASTS_S,
                httponly=True,
                samesite="strict",
                secure=_by_https(request),
            )
            return answer
        return login_page(429, "often", {"retry-after": str(wait_s)}) if wait_s else login_page(401, "wrong")


def _by_https(asks: HTTPConnection) -> bool:
    """Whether the browser came to the proxy in front of us so; who lies in that header spoils its own cookie."""
    return asks.url.scheme == "https" or asks.headers.get("x-forwarded-proto", "").strip().lower() == "https"
