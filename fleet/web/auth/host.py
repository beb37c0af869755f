"""By which names the dashboard may be asked for: a page elsewhere whose own name points here gets nothing."""

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sensors.terminal.pretty_json import compact

SHOWN = 100


class HostCheck:
    """Middleware of ASGI. An address is always good: nobody can make somebody else's name out of one."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            host = host_of(Headers(scope=scope).get("host", ""))
            if host not in self._names and not _is_address(host):
                told = {
                    "error": f"the dashboard doesn't know itself by the name {host[:SHOWN]!r}",
                    "hint": "add it to `names` of [web], or come by an address",
                }
                await Response(compact(told), 400, media_type="application/json")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def host_of(host: str) -> str:
    """Without its port; of an IPv6 address without the brackets."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
