"""A moment on a node's time line opens the frames of that moment, out of the last minutes or the last hour."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from edge.wire.live.pictures import LENGTH
from edge.wire.messages import Findings, encode
from fleet.arrivals import Arrival, BirthArrived, ReportArrived
from fleet.config import HubConfig, TruthRoot
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.ledger import Ledger
from fleet.ledger.rollups.roll import Rollups
from replay.recording import open_dataset
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp, SystemClock
from tests.fleet.web.conftest import Told, get, serving
from tests.layouts import ua_detrac
from tests.speaker import Speaker
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLOCK = SystemClock()
FOUND = Findings(boxes=((1.0, 2.0, 30.0, 20.0), (4.0, 4.0, 9.0, 9.0)), scores=(0.8, 0.1), labels=(0, 1))
OF_OLD = 40 * 60
"""Seconds ago an earlier session of the node was at work."""
OF_LATE = 60
MINUTE_S = 60


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> HubConfig:
    """Two sessions of a node over a recording of three frames, each 20 s after the one before."""
    folder = tmp_path_factory.mktemp("moments")
    made = ua_detrac(folder / "data")
    digest = open_dataset("ua-detrac", made.root).open(made.name).digest
    one = HubConfig(store=folder / "hub.db", truth=(TruthRoot(dataset="ua-detrac", root=made.root),))
    with Ledger(one.where) as ledger:
        for session, ago_s in ((1, OF_OLD), (2, OF_LATE)):
            ledger.commit(list(_session(session, made.name, digest, CLOCK.now().utc_ns - ago_s * NS_PER_S)))
    with Rollups(one.where) as rollups:
        rollups.roll()
    return one


def _session(session: int, recording: str, digest: str, began_ns: int) -> "list[Arrival]":
    speaker = Speaker(CLOCK, session=session, run=f"drive-{session}")
    plain = speaker.birth.streams[0]
    stream = msgspec.structs.replace(plain, dataset="ua-detrac", recording=recording, digest=digest)
    birth = msgspec.structs.replace(speaker.birth, streams=(stream,), stamp=Stamp(0, began_ns))
    found: list[Arrival] = [BirthArrived(speaker.key, birth, encode(birth), Stamp(0, began_ns))]
    for n in range(3):
        at = Stamp(n, began_ns + 20 * n * NS_PER_S)
        report = speaker.report(n, seq=n + 1, findings=FOUND, stamp=at)
        found.append(ReportArrived(speaker.key, report, encode(report), at, 5))
    return found


def head(body: bytes) -> Any:
    return json.loads(body[LENGTH.size : LENGTH.size + LENGTH.unpack(body[: LENGTH.size])[0]])


def test_the_frame_next_to_an_instant_is_found_and_those_about_it(hub: HubConfig) -> None:
    key = Speaker(CLOCK, session=2).key
    began_ns = _began(hub, 2)
    with FleetReader(hub.where) as ledger:

        def n(at_s: float, skip: int = 0) -> int | None:
            row = ledger.frame_at(key, "camera", began_ns + int(at_s * NS_PER_S), skip)
            return None if row is None else row.report.n

        assert [n(-1000), n(0), n(9), n(11), n(20), n(31), n(10**6)] == [0, 0, 0, 1, 1, 2, 2]
        assert [n(20, 1), n(20, -1), n(20, 5), n(20, -5)] == [2, 0, 2, 0]
        assert ledger.frame_at(key, "another", began_ns) is None


def _began(hub: HubConfig, session: int) -> int:
    with FleetReader(hub.where) as ledger:
        (birth,) = ledger.births(f"drive-{session}")
        return birth.stamp.utc_ns


def test_the_api_tells_the_frame_of_a_moment_also_of_an_earlier_session(hub: HubConfig) -> None:
    path = "/api/nodes/seoul/pole/camera/picture"
    with serving(hub) as at:
        wait_until(lambda: "width" in head(get(at, path)[2]), "the recording to be read")
        for session in (1, 2):
            began_ms = _began(hub, session) // NS_PER_MS
            told = head(get(at, f"{path}?at_ms={began_ms + 21_000}")[2])
            assert (told["seq"], told["t"]) == (2, began_ms + 20_000)
            assert told["stages_ms"]["infer"] == 20
            assert head(get(at, f"{path}?at_ms={began_ms + 21_000}&skip=-1")[2])["seq"] == 1
        for odd in ("at_ms=", "at_ms=x", "at_ms=-5", "at_ms=99999999999999999999", "at_ms=1&skip=9999999", "skip=--1"):
            assert get(at, f"{path}?{odd}")[0] == 200


def test_a_click_and_a_key_on_the_time_line_open_its_frames(hub: HubConfig, open_page: "Callable[[str], Page]") -> None:
    with serving(hub) as at:
        wait_until(
            lambda: "width" in head(get(at, "/api/nodes/seoul/pole/camera/picture")[2]), "the recording to be read"
        )
        page = open_page(f"{at}#/node/seoul/pole")
        page.set_viewport_size({"width": 390, "height": 844})
        steps = page.locator("svg.chart .step")
        steps.first.wait_for()
        assert steps.count() == 3
        steps.nth(1).click(position={"x": 1, "y": 1}, force=True)
        page.get_by_text("#2, ").wait_for()
        # Of two findings one is sure enough to be drawn, and both are told.
        page.get_by_text("1 found (1 more below 0.3)").wait_for()
        assert page.locator("canvas.picture").evaluate("one => one.width") == 64
        page.get_by_role("button", name="Later frame").click()
        page.get_by_text("#3, ").wait_for()
        page.get_by_role("slider", name="Moment").press("Home")
        page.get_by_text("#1, ").wait_for()
        page.get_by_label("Span").select_option("last hour")
        page.get_by_role("slider", name="Moment").press("Home")
        page.get_by_text(f"#{head(get(at, _in_its_minute(hub, 1))[2])['seq']}, ").wait_for()
        # Every word of the charts is as wide as it was drawn.
        wide = page.locator("svg.chart").first.evaluate("one => one.clientWidth / one.viewBox.baseVal.width")
        assert wide == pytest.approx(1, abs=0.02)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def _in_its_minute(hub: HubConfig, session: int) -> str:
    """The picture that the middle of a session's first minute opens."""
    minute = _began(hub, session) // (MINUTE_S * NS_PER_S)
    return f"/api/nodes/seoul/pole/camera/picture?at_ms={(minute * MINUTE_S + MINUTE_S // 2) * 1000}"


def test_drift_is_told_where_there_is_no_truth(told: Told, page_at: str, open_page: "Callable[[str], Page]") -> None:
    told.say("mast", ok=620)
    page = open_page(f"{page_at}#/node/seoul/mast")
    page.get_by_text("No accuracy: how what is found now differs").wait_for()
    row = page.get_by_role("row", name="objects a frame")
    assert row.inner_text().split("\t")[1:] == ["12.00", "12.00"]
    page.get_by_role("columnheader", name="newest 300 frames").wait_for()


def test_precision_and_recall_stand_at_the_score_that_the_reader_chooses(
    hub: HubConfig, open_page: "Callable[[str], Page]"
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with serving(hub) as at:
        told = json.loads(get(at, "/api/runs/drive-2")[2])["streams"][0]["accuracy"]["by_score"]
        page = open_page(f"{at}#/run/drive-2")
        page.get_by_role("heading", name="Precision and recall by score").wait_for()
        shown = page.locator("table", has_text="best score")
        for step in (0, 10, 19):
            page.get_by_role("slider", name="Score").fill(str(step))
            page.get_by_text(f"score ≥ {told['scores'][step]:.2f}", exact=True).wait_for()
            for line, row in zip(shown.locator("tbody tr").all(), told["classes"], strict=True):
                cells = [row["precision"][step], row["recall"][step]]
                said = ["–" if one is None else f"{one:.3f}" for one in cells]
                assert line.locator("td").all_inner_texts()[2:4] == said
        assert page.locator("svg.by-score path.curve").count() == 2
        found = axe.Axe().run(page)
        assert not found.response["violations"], found.generate_report()
