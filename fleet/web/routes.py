"""Each route of the JSON API: what was asked, given to whoever answers it, and what comes back, in HTTP."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fleet.rollout.records import RolloutUnknown
from fleet.web.answers import Answers, NodeUnknown
from fleet.web.nodes.live_pictures import LivePictures
from fleet.web.nodes.pictures import has_picture
from fleet.web.nodes.watches import FrameUnknown, StreamUnknown
from fleet.web.openapi import JSON, Endpoint
from fleet.web.runs.questions import Failed, Question
from fleet.web.runs.worker_client import WorkerClient
from sensors.errors import GilmokError
from sensors.terminal.foreign_text import without_logins
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)

Answering = Callable[[Request], Awaitable[Response]]
UNKNOWN = (NodeUnknown, StreamUnknown, FrameUnknown, RolloutUnknown)
"""What is asked for and isn't there."""
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Of a run's page: no script, nothing loaded, and of no origin, whatever stands in it."""


def answering(one: Endpoint, answers: Answers, turns: asyncio.Semaphore) -> Answering:
    """Questions wait for each other: they must not take every core from the hub."""

    async def answer(request: Request) -> Response:
        ask = getattr(answers, one.answer)
        named = [request.path_params[name] for name in one.parameters]
        asked = {name: request.query_params[name] for name in one.query if name in request.query_params}
        try:
            async with turns:
                told = await asyncio.to_thread(ask, *named, **asked)
                return json_answer(told) if one.media == JSON else Response(told, media_type=one.media)
        except UNKNOWN as error:
            return _wrong(404, error.sentence, error.hint)
        except GilmokError as error:
            return _wrong(503, error.sentence, error.hint)

    return answer


def pictures(one: Endpoint, answers: Answers, turns: asyncio.Semaphore, live: LivePictures | None) -> Answering:
    """As `answering`; where the hub has no picture of a stream, its node is asked for one."""
    recorded = answering(one, answers, turns)

    async def answer(request: Request) -> Response:
        told = await recorded(request)
        if live is None or told.status_code != 200 or "at_ms" in request.query_params or has_picture(bytes(told.body)):
            return told
        site, node, stream = (request.path_params[name] for name in one.parameters)
        payload = await live.newest(site, node, stream)
        if payload is None:
            return told
        try:
            async with turns:
                told = Response(
                    await asyncio.to_thread(answers.live_picture, site, node, stream, payload), media_type=one.media
                )
        except GilmokError as error:
            # Of a session that is over, or no picture at all.
            log.debug("%s/%s: %s", site, node, error)
        return told

    return answer


def about_runs(one: Endpoint, worker: WorkerClient) -> Answering:
    async def answer(request: Request) -> Response:
        asked = {**{name: request.query_params.get(name, "") for name in one.query}, **request.path_params}
        if missing := [name for name in one.needed if not asked[name]]:
            return _wrong(422, f"{' and '.join(missing)} is missing after the ?", f"{one.path}?a=RUN&b=RUN")
        names = {"a": "run", "b": "other"}
        try:
            parts = {"what": one.answer, **{names.get(name, name): value for name, value in asked.items()}}
            told = await worker.ask(msgspec.convert(parts, Question))
        except msgspec.ValidationError:
            return _wrong(404, "there is no such format or language", "csv, parquet and json are there; en and ko")
        except Failed as error:
            return _wrong(503, error.sentence, error.hint)
        said = told.answer
        if said.error:
            told.close()
            return _wrong(said.status, said.error, said.hint)
        headers = {"content-length": str(told.size)}
        if said.name:
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(said.name, safe='')}"
        if said.media.startswith("text/html"):
            headers["content-security-policy"] = PAGE_POLICY
        return StreamingResponse(told.pieces(), said.status, headers, said.media, background=BackgroundTask(told.close))

    return answer


def json_answer(tree: object, status: int = 200) -> Response:
    told = compact(tree)
    # As on a terminal: no login of an address is shown.
    told = without_logins(told.decode()).encode() if b"@" in told else told
    return Response(told, status, media_type=JSON)


def _wrong(status: int, error: str, hint: str) -> Response:
    return json_answer({"error": error, "hint": hint}, status)
