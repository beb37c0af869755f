"""The dashboard's routes: the page, its live stream, and the JSON API that it uses itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.wire.address import BrokerAt
from fleet.config import HubConfig
from fleet.web.answers import Answers
from fleet.web.auth.host import HostCheck
from fleet.web.auth.middleware import AuthMiddleware
from fleet.web.exposition import MEDIA, exposition
from fleet.web.join import JoinDoor
from fleet.web.live import Live
from fleet.web.nodes.live_pictures import LivePictures
from fleet.web.openapi import ENDPOINTS, document
from fleet.web.repository import RepositoryDoor
from fleet.web.routes import about_runs, answering, json_answer, pictures
from fleet.web.runs.worker_client import WorkerClient
from replay.report.language import CATALOGUE, COMPARISON
from sensors.clock import Clock
from sensors.host import software

PAGES = Path(__file__).parent / "pages"
WORDS = {"hub": PAGES / "korean" / "hub.txt", "report": CATALOGUE, "comparison": COMPARISON}
"""Sentences and their Korean, for a page that is read in it."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Nothing to others; with "no-referrer" a form of ours would not say whose page it is of.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
)
WITH_A_WAY_OUT = 'action="/logout" hidden', 'action="/logout"'


def application(hub: HubConfig, clock: Clock, hosts: list[str], broker: BrokerAt | None, token: str) -> Starlette:
    """`hosts`: by which names it may be asked for; a page elsewhere that has its own name point here gets nothing.

    `broker`: where nodes can be asked for pictures. `token`: what opens the door; empty where none is asked for.
    """
    fleet = Live(hub, clock)
    answers = Answers(hub, clock)
    worker = WorkerClient(hub)
    live_pictures = None if broker is None else LivePictures(broker, clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(fleet.run())
        try:
            yield
        finally:
            answers.close()
            worker.close()
            if live_pictures is not None:
                await live_pictures.close()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def page(_: Request) -> Response:
        if not token:
            return FileResponse(PAGES / "index.html")
        return HTMLResponse((PAGES / "index.html").read_text(encoding="utf-8").replace(*WITH_A_WAY_OUT))

    async def words(request: Request) -> Response:
        path = WORDS.get(request.path_params["name"])
        return Response(status_code=404) if path is None else FileResponse(path, media_type="text/plain; charset=utf-8")

    async def healthz(_: Request) -> Response:
        return json_answer({"status": "ok", "software": software()})

    async def metrics(_: Request) -> Response:
        watch = await fleet.snapshot()
        return Response(await asyncio.to_thread(exposition, watch, fleet.trouble, hub), media_type=MEDIA)

    async def openapi(_: Request) -> Response:
        return json_answer(document(software()))

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await fleet.follow(socket.receive_text, socket.send_text)

    one_at_a_time = asyncio.Semaphore(1)
    routes: list[BaseRoute] = [
        Route("/", page),
        Route("/words/{name}", words),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
        WebSocketRoute("/live", live),
        *(Route(one.route, about_runs(one, worker)) for one in ENDPOINTS if one.apart),
        *(Route(one.route, pictures(one, answers, one_at_a_time, live_pictures)) for one in ENDPOINTS if one.pictured),
        *(Route(one.route, answering(one, answers, one_at_a_time)) for one in ENDPOINTS if one.plain),
        Mount("/pages", StaticFiles(directory=PAGES)),
    ]
    guards = [
        Middleware(_Guarded),
        *([] if hub.web.repository is None else [Middleware(RepositoryDoor, folder=hub.web.repository)]),
        *([] if hub.web.join is None else [Middleware(JoinDoor, web=hub.web, clock=clock)]),
        Middleware(HostCheck, names=hosts),
        Middleware(AuthMiddleware, web=hub.web, token=token, clock=clock),
    ]
    return Starlette(routes=routes, middleware=guards, lifespan=lifespan)


class _Guarded:
    """Every answer tells the browser what the page may do: load and ask what comes from here, and nothing else.

    A page that may do still less says so itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in HEADERS if one[0] not in own)]
            await send(message)

        await self._app(scope, receive, with_headers)
