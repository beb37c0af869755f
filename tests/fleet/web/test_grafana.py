"""Grafana's dashboard: every question that it asks is answered, by a real Prometheus and by a real PostgreSQL."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from fleet.alert_settings import Alert, Webhook
from fleet.alerts.alert_watch import AlertWatch
from fleet.config import HubConfig, LedgerAt
from fleet.ledger.rollups.roll import Rollups
from scripts.grafana_dashboard import IN_THE_LEDGER, LEDGER, METRICS, PROMETHEUS, dashboard
from sensors.clock import NS_PER_S, SystemClock
from tests.fleet.alerts.conftest import Fleet
from tests.fleet.web.conftest import get, serving
from tests.postgres import SECRET, database, postgres
from tests.waiting import wait_until

__all__ = ["database", "postgres"]
FILE = Path(__file__).parents[3] / "docs" / "grafana" / "gilmok.json"
FRAMES = 'gilmok_stream_frames_total{fate="ok",node="pole",site="seoul",stream="camera"}'
CHOSEN = {"$site": ".*", "$node": ".*", "$__rate_interval": "1m"}
IN_SQL = {"${ledger_site:sqlstring}": "'seoul', 'busan'", "${ledger_node:sqlstring}": "'pole'"}


def test_the_file_is_what_the_script_writes() -> None:
    written = json.dumps(dashboard(), indent=1) + "\n"
    assert FILE.read_text(encoding="utf-8") == written, (
        "python -P -m scripts.grafana_dashboard > docs/grafana/gilmok.json"
    )
    panels = dashboard()["panels"]
    held = [*panels, *(inner for row in panels for inner in row.get("panels", ()))]
    assert len({panel["id"] for panel in held}) == len(held) == len(METRICS) + len(IN_THE_LEDGER) + 2
    for panel in held:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        beside = [one["gridPos"] for one in held if one is not panel]
        assert not any(at["y"] == one["y"] and at["x"] <= one["x"] < at["x"] + at["w"] for one in beside)


def asked(kind: str, key: str) -> list[str]:
    panels = dashboard()["panels"]
    held = [*panels, *(inner for row in panels for inner in row.get("panels", ()))]
    targets = [target for panel in held for target in panel.get("targets", ()) if target["datasource"]["type"] == kind]
    return [target[key] for target in targets]


@pytest.fixture
def spoken(tmp_path: Path) -> Fleet:
    """A node that has something to tell in each panel."""
    fleet = Fleet(HubConfig(store=tmp_path / "hub.db"), SystemClock())  # type: ignore[arg-type]
    speak(fleet)
    return fleet


def speak(fleet: Fleet) -> None:
    fleet.say("pole", ok=120, lost=(7,), hot_c=71, spooled=3, refused=2, state="online")


@pytest.mark.slow
def test_a_real_prometheus_scrapes_and_answers_every_panel(spoken: Fleet, tmp_path: Path) -> None:
    hook = Webhook(url="http://127.0.0.1:9/", secret_file=tmp_path / "none")
    rules = (Alert(rule="disk", below=1e6), Alert(rule="lost"))
    hub = msgspec.structs.replace(spoken.hub, alert=rules, webhook=hook)
    with AlertWatch(hub, SystemClock()) as watch:
        watch.look()
    with serving(hub) as page_at, prometheus(page_at, tmp_path) as ask:
        wait_until(lambda: [one["value"][1] for one in ask(FRAMES)] == ["120"], "Prometheus to have scraped it", 60)
        wait_until(lambda: ask(f"rate({FRAMES}[1m])"), "a second scrape", 60)
        for question in asked(PROMETHEUS, "expr"):
            found = ask(replaced(question, CHOSEN))
            # What is only worth a line where something is wrong may be empty.
            assert found or question.endswith("> 0"), question


@contextmanager
def prometheus(page_at: str, folder: Path) -> Iterator[Any]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus (Debian: prometheus) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    targets = [{"targets": [urlsplit(page_at).netloc]}]
    config = {"scrape_configs": [{"job_name": "g", "scrape_interval": "300ms", "static_configs": targets}]}
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    where = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, *where, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)

    def ask(question: str) -> list[Any]:
        try:
            status, _, body = get(f"http://127.0.0.1:{port}/", f"/api/v1/query?query={quote(question)}")
        except OSError:
            return []
        # Until it is ready it says so, with 503 and no JSON.
        assert status in (200, 503), body
        return list(json.loads(body)["data"]["result"]) if status == 200 else []

    try:
        yield ask
    finally:
        server.kill()
        server.wait()


def test_a_real_ledger_in_postgresql_answers_every_panel(database: LedgerAt) -> None:
    import psycopg

    fleet = Fleet(HubConfig(ledger=database), SystemClock())  # type: ignore[arg-type]
    speak(fleet)
    with Rollups(database) as rollups:
        rollups.roll(lambda: True)
    now_s = SystemClock().now().utc_ns // NS_PER_S
    login = f"{database.url}?password={SECRET}"
    choices = [one["query"] for one in dashboard()["templating"]["list"] if "ledger_" in one["name"]]
    with psycopg.connect(login) as connection:
        for question in [*asked(LEDGER, "rawSql"), *choices]:
            rows = connection.execute(in_sql(question, now_s).encode()).fetchall()
            assert rows, question


def in_sql(question: str, now_s: int) -> str:
    """As Grafana fills it in for the last hour and a bit."""
    for name, scale in (("$__unixEpochFilter", 1), ("$__unixEpochNanoFilter", NS_PER_S)):
        since, until = (now_s - 4000) * scale, (now_s + 100) * scale
        question = re.sub(re.escape(name) + r"\((\w+)\)", rf"\1 >= {since} AND \1 <= {until}", question)
    question = replaced(question, IN_SQL)
    assert "$" not in question
    return question


def replaced(question: str, chosen: dict[str, str]) -> str:
    for name, value in chosen.items():
        question = question.replace(name, value)
    return question
