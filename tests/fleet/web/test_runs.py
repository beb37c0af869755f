"""Runs in the dashboard: figures, page, exports and comparisons, worked out apart from everything else."""

import io
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

from edge.wire.messages import encode
from fleet.arrivals import BirthArrived, ConnArrived, HealthArrived, ReportArrived
from fleet.config import HubConfig
from fleet.ledger.ledger import Ledger
from fleet.ledger.reader import LedgerReader
from fleet.reporting.loaded_run import loaded_run
from fleet.reporting.truth_index import TruthIndex
from fleet.web.runs import answering
from fleet.web.runs.questions import Question
from replay.comparison.compare import ComparisonSettings, hold
from replay.comparison.sides import Side
from sensors.clock import NS_PER_MS, SystemClock
from tests.fleet.web.conftest import HOSTILE, get, serving
from tests.speaker import Speaker

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRANGE = f"a/../{HOSTILE}?x=%2F"
FRAMES = 12


def ended(hub: HubConfig, run: str, session: int, *, slower_ms: int = 0) -> None:
    """A run of one node, whose books balance."""
    clock = SystemClock()
    speaker = Speaker(clock, session=session, run=run)
    now, key = clock.now(), speaker.key
    reports = [speaker.report(n) for n in range(FRAMES)]
    for place, one in enumerate(reports):
        stages = {**one.stages, "infer": one.stages["infer"] + slower_ms * NS_PER_MS}
        reports[place] = msgspec.structs.replace(one, stages=stages, total_ns=sum(stages.values()))
    health = speaker.health(FRAMES, final=True)
    with Ledger(hub.where) as ledger:
        ledger.commit(
            [
                BirthArrived(key, speaker.birth, encode(speaker.birth), now),
                *(ReportArrived(key, one, encode(one), now, 5) for one in reports),
                HealthArrived(key, health, encode(health), now),
                ConnArrived(key, "offline", now),
            ]
        )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> HubConfig:
    one = HubConfig(store=tmp_path_factory.mktemp("runs") / "hub.db")
    ended(one, "before", 1)
    ended(one, "after", 2, slower_ms=50)
    ended(one, STRANGE, 3)
    return one


@pytest.fixture(scope="module")
def at(hub: HubConfig) -> Iterator[str]:
    with serving(hub) as address:
        yield address


def loaded(hub: HubConfig, run: str) -> Any:
    with LedgerReader(hub.where) as ledger:
        return loaded_run(ledger, run, list(ledger.births(run)), TruthIndex(()))


def test_two_runs_are_held_against_each_other_as_run_folders_are(hub: HubConfig, at: str) -> None:
    status, _, body = get(at, "/api/comparisons?a=before&b=after")
    told = json.loads(body)
    sides = [Side((Path(run),), (loaded(hub, run),)) for run in ("before", "after")]
    expected = hold(sides[0], sides[1], ComparisonSettings(), lambda _: None).comparison
    assert (status, told["verdict"]) == (200, expected.verdict)
    assert [row["figure"] for row in told["figures"]] == [row.figure for row in expected.figures]
    assert told["figures"][0]["b"] > told["figures"][0]["a"]
    status, headers, page = get(at, "/api/comparisons/page?a=before&b=after")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
    assert "sandbox" in headers["content-security-policy"]
    assert b"Nobody can tell yet" in page


def test_a_run_is_exported_with_every_frame(at: str) -> None:
    for to in ("csv", "json", "parquet"):
        status, headers, body = get(at, f"/api/exports/{to}/before")
        assert (status, headers["content-type"]) == (200, "application/zip")
        assert headers["content-disposition"] == f"attachment; filename*=UTF-8''before-{to}.zip"
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            tables = {f"{name}.{to}" for name in ("frames", "findings", "truth")}
            assert {*archive.namelist()} == {"summary.json", *tables}
            frames = archive.read(f"frames.{to}")
        if to == "csv":
            assert len(frames.splitlines()) == FRAMES + 1
        elif to == "json":
            assert [row["status"] for row in json.loads(frames)] == ["ok"] * FRAMES


def test_a_run_of_any_name_has_a_page_that_may_do_nothing(at: str) -> None:
    status, headers, page = get(at, f"/api/reports/{quote(STRANGE, safe='')}")
    assert status == 200
    assert b"<script" not in page
    assert HOSTILE.encode() not in page
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert get(at, f"/api/exports/csv/{quote(STRANGE, safe='')}")[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("comparisons?a=before", 422, "b is missing"),
        ("comparisons", 422, "a and b is missing"),
        ("comparisons?a=before&b=before", 422, "one and the same"),
        ("comparisons?a=before&b=nobody", 404, "nobody"),
        ("exports/exe/before", 404, "no such format"),
        ("exports/csv/nobody", 404, "nobody"),
        ("reports/nobody", 404, "nobody"),
    ],
)
def test_what_can_not_be_answered_is_told(at: str, path: str, status: int, why: str) -> None:
    told = get(at, f"/api/{path}")
    assert told[0] == status
    assert why in json.loads(told[2])["error"]


def test_a_process_that_dies_over_a_question_is_told_and_the_next_begins_anew(
    hub: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    popen = subprocess.Popen

    def starting(*given: Any, **named: Any) -> Any:
        process = popen(*given, **named)
        begun.append(process.pid)
        if len(begun) == 1:
            os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(subprocess, "Popen", starting)
    with serving(hub) as at:
        assert get(at, "/api/runs/before")[0] == 503
        # What else there is has not waited for it.
        assert get(at, "/api/nodes")[0] == 200
        assert get(at, "/api/runs/before")[0] == 200
    assert len(begun) == 2
    for pid in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_run_of_too_many_reports_is_not_read_into_memory(hub: HubConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MOST_REPORTS", FRAMES - 1)
    asked = Question(what="report", run="before")
    with pytest.raises(answering.RunTooLong, match="12 reports"):
        answering.Answering(hub).as_of(asked)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_runs_and_comparisons_on_a_phone(
    theme: str, at: str, open_page: "Callable[[str], Page]"
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = open_page(f"{at}#/runs")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Theme").select_option(theme)
    for place, there in (("runs", "Runs"), ("compare/before/after", "Figures"), ("run/before", "Streams")):
        page.goto(f"{at}#/{place}")
        page.get_by_role("heading", name=there, exact=True).wait_for()
        found = axe.Axe().run(page)
        assert not found.response["violations"], (place, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_two_runs_are_chosen_and_compared_in_the_browser(at: str, open_page: "Callable[[str], Page]") -> None:
    page = open_page(f"{at}#/runs")
    page.get_by_role("link", name="before").wait_for()
    page.get_by_label("Filter runs").fill("aft")
    page.get_by_role("link", name="before").wait_for(state="detached")
    page.get_by_role("radio", name="B: after").check()
    assert page.get_by_role("button", name="Compare A with B").is_disabled()
    page.get_by_label("Filter runs").fill("yolox pole")
    page.get_by_role("radio", name="A: before").check()
    page.get_by_role("button", name="Compare A with B").click()
    page.get_by_role("heading", name="Comparison: INCONCLUSIVE").wait_for()
    page.get_by_text("latency p99").first.wait_for()
    page.goto(f"{at}#/run/before")
    page.get_by_role("heading", name="Streams").wait_for()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Report with plots and frames").click()
    opened.value.get_by_role("heading", name="before").first.wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="csv").click()
    assert saved.value.suggested_filename == "before-csv.zip"
