"""The repository of bundles, served to units without a login: all of it is signed, and none of it is a secret."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from models.bundle.repository.layout import BUNDLES, FILES, METADATA
from sensors.terminal.pretty_json import compact

PLACE = "/repository"
READING = ("GET", "HEAD")


class RepositoryDoor:
    """Middleware of ASGI, before those that ask who comes: a unit has no login, and may know the hub by any name.

    It serves the three folders of a repository and nothing that lies beside them, with ranges.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        served = {f"{PLACE}/{part}": StaticFiles(directory=folder / part) for part in (METADATA, BUNDLES, FILES)}
        self._router = Router(routes=[Mount(place, files) for place, files in served.items()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(f"{PLACE}/"):
            await self._app(scope, receive, send)
        elif scope["method"] not in READING:
            await _told(405, "a repository is read, and never written to, over HTTP")(scope, receive, send)
        else:
            try:
                await self._router(scope, receive, send)
            except HTTPException as error:
                await _told(error.status_code, "the repository has no such file")(scope, receive, send)


def _told(status: int, error: str) -> Response:
    hint = "units read it by `gilmok bundle fetch`; docs/deployment.md tells what lies where"
    return Response(compact({"error": error, "hint": hint}), status, media_type="application/json")
