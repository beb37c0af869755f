"""The JSON API as an OpenAPI 3.1 document, made from the table that the routes are made from."""

from dataclasses import dataclass
from typing import Any

JSON, BINARY, HTML, ZIP = "application/json", "application/octet-stream", "text/html", "application/zip"


@dataclass(frozen=True, slots=True)
class Endpoint:
    path: str
    """With its parameters in braces."""
    what: str
    """A sentence without its stop."""
    answer: str
    """The method of `fleet.web.answers.Answers` that answers it; of one that is `apart`, what a question asks for."""
    parameters: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    """What may stand after the ? as well."""
    media: str = JSON
    apart: bool = False
    """Whether it is a question about runs (`fleet.web.runs`), whose parameters have the names of its parts."""
    pictured: bool = False
    """Whether it answers with a picture, which a node may have to send first."""
    needed: tuple[str, ...] = ()
    """Of `query`: what must be there."""

    @property
    def plain(self) -> bool:
        return not (self.apart or self.pictured)

    @property
    def route(self) -> str:
        """As Starlette wants it. A run may have a slash in its name; sites and nodes can't."""
        return self.path.replace("{run}", "{run:path}")


ENDPOINTS = (
    Endpoint("/api/nodes", "Every node's newest session: its state and counters", "nodes"),
    Endpoint(
        "/api/nodes/{site}/{node}",
        "One node: who it is, what it said last, gaps, what was refused, alerts; its last five minutes, its last hour",
        "node",
        ("site", "node"),
    ),
    Endpoint(
        "/api/nodes/{site}/{node}/{stream}/picture",
        "The newest answered frame, or that next to an instant, or so many after or before that: four bytes with the "
        "length of the JSON that follows (what was found in it, and the truth), then a JPEG where the hub has the "
        "recording",
        "picture",
        ("site", "node", "stream"),
        ("at_ms", "skip"),
        BINARY,
        pictured=True,
    ),
    Endpoint("/api/runs", "Every run, the newest first", "runs"),
    Endpoint(
        "/api/runs/{run}", "A run's figures, as `gilmok hub report --json` tells them", "summary", ("run",), apart=True
    ),
    Endpoint(
        "/api/reports/{run}",
        "A run's page: its figures, plots, best and worst frames, what other latencies would cost (language: en, ko)",
        "report",
        ("run",),
        ("language",),
        media=HTML,
        apart=True,
    ),
    Endpoint(
        "/api/exports/{to}/{run}",
        "A run's frames, findings and truth as csv, parquet or json, and its summary, in a zip file",
        "export",
        ("to", "run"),
        media=ZIP,
        apart=True,
    ),
    Endpoint(
        "/api/comparisons",
        "Whether run b is worse than run a, as `gilmok replay compare --json` tells it",
        "comparison",
        query=("a", "b"),
        apart=True,
        needed=("a", "b"),
    ),
    Endpoint(
        "/api/comparisons/page",
        "The same as a page with plots (language: en, ko)",
        "comparison_page",
        query=("a", "b", "language"),
        media=HTML,
        apart=True,
        needed=("a", "b"),
    ),
    Endpoint("/api/rollouts", "Every rollout, the newest first: how far it is, and why it isn't running", "rollouts"),
    Endpoint(
        "/api/rollouts/{rollout}",
        "One rollout, by id or name: its waves, its gates with their intervals, each unit, and what became of it",
        "rollout",
        ("rollout",),
    ),
    Endpoint("/api/refused", "Messages that were refused and kept aside, oldest first", "refused"),
    Endpoint("/api/alerts", "What is wrong now, since when, and what to do about it; what rose and cleared", "alerts"),
)


def document(version: str) -> dict[str, Any]:
    paths = {one.path: {"get": _operation(one)} for one in ENDPOINTS}
    paths["/healthz"] = {"get": {"summary": "Whether this process answers", "responses": {"200": _ok()}}}
    paths["/metrics"] = {
        "get": {"summary": "The fleet for Prometheus, as text", "responses": {"200": _ok("text/plain")}}
    }
    # Where the dashboard has a token_file.
    token = {"bearer": {"type": "http", "scheme": "bearer"}}
    about = {"title": "gilmok's hub", "version": version, "description": "Read-only. Units are in the names."}
    secured = {"components": {"securitySchemes": token}, "security": [{}, {"bearer": []}]}
    return {"openapi": "3.1.0", "info": about, "paths": paths, **secured}


def _operation(one: Endpoint) -> dict[str, Any]:
    text = {"type": "string"}
    parameters = [{"name": name, "in": "path", "required": True, "schema": text} for name in one.parameters]
    parameters += [{"name": name, "in": "query", "required": name in one.needed, "schema": text} for name in one.query]
    wrong = {"type": "object", "properties": {"error": text, "hint": text}, "required": ["error", "hint"]}
    responses = {"200": _ok(one.media), "503": _wrong("The ledger can't be read", wrong)}
    responses["401"] = _wrong("It asks for its token", wrong)
    if one.apart:
        responses["422"] = _wrong("It can't be answered of these runs", wrong)
    if one.parameters or one.needed:
        responses["404"] = _wrong("There is none of that name", wrong)
    return {"operationId": one.answer, "summary": one.what, "parameters": parameters, "responses": responses}


def _ok(media: str = JSON) -> dict[str, Any]:
    return {"description": "OK", "content": {media: {}}}


def _wrong(what: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": what, "content": {JSON: {"schema": schema}}}
