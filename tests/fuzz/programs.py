"""What else reads from outside beside the verbs: the dashboard when it is asked, and a hub when it is told."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from edge.wire.messages import MessageWrong
from fleet.admission import Admission
from fleet.arrivals import Arrival, Refused
from fleet.config import HubConfig, Web
from fleet.latency import Outages
from fleet.ledger.ledger import Ledger
from fleet.registry import Registry
from fleet.web.listening import address, listen
from fleet.web.openapi import ENDPOINTS
from fleet.web.serve import Dashboard
from sensors.clock import NS_PER_S, SystemClock, boot_id
from sensors.logs import to_stderr

PATIENCE_S = 20.0
PAGES = ("/", "/healthz", "/metrics", "/openapi.json")
BROKEN = 500
DEFECT = 70


def ask(store: str) -> int:
    """A dashboard of `store`, asked for all that it can tell; DEFECT where an answer is an error of its own."""
    to_stderr()
    with listen(Web(port=0)) as listener:
        ready = threading.Event()
        dashboard = Dashboard(HubConfig(store=Path(store)), SystemClock(), listener)
        serving = threading.Thread(target=dashboard.run, args=(ready.set,))
        serving.start()
        if not ready.wait(PATIENCE_S):
            return DEFECT
        at = address(listener)
        wrong = [f"{path}: {status}" for path, status in _asked(at) if status == BROKEN]
        wrong += _followed(at)
        dashboard.stop()
        serving.join(PATIENCE_S)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return DEFECT if wrong or serving.is_alive() else 0


def _asked(at: str) -> Iterator[tuple[str, int]]:
    names = {"site": "s", "node": "n", "run": "r", "stream": "north", "to": "csv"}
    nodes, runs = _get(at, "/api/nodes")[1], _get(at, "/api/runs")[1]
    for told in (*(nodes if isinstance(nodes, list) else ()), *(runs if isinstance(runs, list) else ())):
        names |= {key: quote(str(told[key]), safe="") for key in ("site", "node", "run") if key in told}
    for path in PAGES:
        yield path, _get(at, path)[0]
    for one in ENDPOINTS:
        path = one.path.format_map(names)
        for value in (names["run"], "0", "nan") if one.query else ("",):
            query = "&".join(f"{name}={value}" for name in one.query)
            yield f"{path}?{query}", _get(at, f"{path}?{query}")[0]


def _get(at: str, path: str) -> tuple[int, Any]:
    connection = HTTPConnection(urlsplit(at).netloc, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        told = answer.read()
        return answer.status, json.loads(told) if answer.getheader("content-type") == "application/json" else None
    finally:
        connection.close()


def _followed(at: str) -> Iterator[str]:
    try:
        with connect(at.replace("http", "ws") + "live", open_timeout=PATIENCE_S) as live:
            json.loads(live.recv(PATIENCE_S))
    except (OSError, WebSocketException) as error:
        yield f"/live: {error!r}"


def tell(messages: str, store: str) -> int:
    """A hub's judgement of each line's topic and payload, booked; then whatever the verbs tell of it."""
    from gilmok import main

    try:
        lines = Path(messages).read_bytes().splitlines()
    except OSError:
        # No hub reads files: nothing was tried.
        return 0
    clock = SystemClock()
    admission = Admission(Registry(NS_PER_S), boot_id(), 300, Outages(late_after_ns=NS_PER_S, silence_ns=2 * NS_PER_S))
    with Ledger(Path(store)) as book:
        for line in lines:
            topic, payload = line.split(b"\t", 1) if b"\t" in line else (b"", line)
            book.commit(list(_judged(admission, topic.decode(errors="replace"), payload, clock)))
    for words in (("rollup",), ("nodes", "--json"), ("runs",), ("refused",), ("history", "--step", "1m")):
        if (status := main(["hub", *words, "--store", store])) not in (0, 1):
            return status
    return main(["hub", "report", "drive", "--store", store])


def _judged(admission: Admission, topic: str, payload: bytes, clock: SystemClock) -> Iterator[Arrival]:
    now = clock.now()
    try:
        yield from admission.admit(topic, payload, now)
    except MessageWrong as error:
        yield Refused.of(topic, error.reason, error.what, payload, now, admission.node_of(topic))


PROGRAMS: dict[str, Callable[..., int]] = {"ask": ask, "tell": tell}
"""By the first word of a subject, where that is no verb."""
