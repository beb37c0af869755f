"""The page in a real browser; every test ends without a word in its console."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.fleet.web.conftest import HOSTILE, Told, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_BYTES = 300_000
MOST_SHIFT = 0.02
OBSERVE = """window.shift = 0;
const add = list => list.getEntries().forEach(one => { if (!one.hadRecentInput) window.shift += one.value; });
new PerformanceObserver(add).observe({ type: "layout-shift" });"""


def test_a_node_that_is_lost_is_seen_without_a_reload_and_its_name_leads_to_it(
    told: Told, page_at: str, open_page: "Callable[[str], Page]"
) -> None:
    page = open_page(page_at)
    page.get_by_role("link", name="pole", exact=True).wait_for()
    assert "online" in page.inner_text("tbody")
    told.say("pole", state="lost")
    told.say("mast", ok=7)
    page.locator("tbody .state-lost").wait_for()
    page.get_by_role("link", name="mast", exact=True).wait_for()
    page.get_by_label("Filter nodes").fill("state:lost")
    page.get_by_role("link", name="mast", exact=True).wait_for(state="detached")
    page.locator("tbody").get_by_role("link", name="pole", exact=True).click()
    page.get_by_role("heading", name="seoul/pole").wait_for()
    page.get_by_text("yolox-nano, ").wait_for()
    assert "3" in page.inner_text("main table")


def test_names_from_outside_are_text(told: Told, page_at: str, open_page: "Callable[[str], Page]") -> None:
    told.say("pole-2", run=HOSTILE)
    page = open_page(f"{page_at}#/runs")
    page.get_by_role("link", name=HOSTILE).click()
    page.get_by_role("heading", name=HOSTILE).wait_for()
    page.get_by_text("Streams").wait_for()
    page.goto(f"{page_at}#/node/seoul/pole-2")
    page.get_by_text(HOSTILE).first.wait_for()
    assert page.title() == "gilmok"


def test_a_page_recovers_by_itself_when_its_server_comes_back(told: Told, open_page: "Callable[[str], Page]") -> None:
    with serving(told.hub) as at:
        page = open_page(at)
        page.get_by_text("live", exact=True).wait_for()
    page.get_by_text("no connection").wait_for()
    told.say("mast")
    with serving(told.hub, int(at.rstrip("/").rpartition(":")[2])):
        page.get_by_role("link", name="mast", exact=True).wait_for()


def test_the_first_page_is_light(page_at: str, open_page: "Callable[[str], Page]") -> None:
    page = open_page(page_at)
    page.get_by_role("link", name="pole", exact=True).wait_for()
    took = page.evaluate(
        "performance.getEntries().filter(e => e.transferSize).map(e => [e.transferSize, e.responseEnd])"
    )
    assert 0 < sum(size for size, _ in took) < MOST_BYTES


def test_of_many_nodes_only_those_in_sight_are_asked_for_and_drawn(
    told: Told, page_at: str, open_page: "Callable[[str], Page]"
) -> None:
    told.say(*(f"n{number}" for number in range(300)), ok=0)
    page = open_page(page_at)
    page.get_by_text("301 online").wait_for()
    assert page.locator("tbody tr").count() < 80
    page.get_by_role("region", name="Nodes").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    page.get_by_role("link", name="pole", exact=True).wait_for()
    page.get_by_label("Filter nodes").fill("n299")
    page.get_by_role("link", name="n299").wait_for()
    page.get_by_role("link", name="pole", exact=True).wait_for(state="detached")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_either_theme(
    theme: str, told: Told, page_at: str, open_page: "Callable[[str], Page]"
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    told.say("mast", state="lost")
    page = open_page(page_at)
    page.get_by_label("Theme").select_option(theme)
    for place, there in (
        ("", page.get_by_role("link", name="pole", exact=True)),
        ("#/node/seoul/pole", page.get_by_role("heading", name="Frames of this session")),
        ("#/runs", page.get_by_role("link", name="drive")),
        ("#/run/drive", page.get_by_role("heading", name="Streams")),
    ):
        page.goto(f"{page_at}{place}")
        there.first.wait_for()
        found = axe.Axe().run(page)
        assert not found.response["violations"], (place, found.generate_report())


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
def test_nothing_moves_under_the_reader_while_a_page_updates(
    width: int, told: Told, page_at: str, open_page: "Callable[[str], Page]"
) -> None:
    page = open_page(page_at)
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("link", name="pole", exact=True).wait_for()
    page.locator(".stages li").first.wait_for()
    page.evaluate(OBSERVE)
    for number in range(4):
        told.say(f"mast-{number}", state="lost" if number % 2 else "online", ok=4 + number)
        page.get_by_role("link", name=f"mast-{number}", exact=True).first.wait_for()
    assert page.evaluate("window.shift") < MOST_SHIFT
    page.goto(f"{page_at}#/node/seoul/pole")
    page.get_by_role("heading", name="Events").wait_for()
    page.evaluate("window.shift = 0")
    told.say("pole", ok=9)
    page.locator("table").get_by_text("9", exact=True).first.wait_for()
    assert page.evaluate("window.shift") < MOST_SHIFT


@pytest.mark.long
def test_it_speaks_korean_and_remembers(page_at: str, open_page: "Callable[[str], Page]") -> None:
    page = open_page(page_at)
    page.get_by_label("Language").select_option("ko")
    page.get_by_role("heading", name="플릿").wait_for()
    page.reload()
    page.get_by_role("heading", name="플릿").wait_for()
    assert page.get_attribute("html", "lang") == "ko"
    # What the hub says, too: events and errors, with whatever stands in them.
    page.goto(f"{page_at}#/node/seoul/pole")
    page.get_by_text("세션 1 시작").wait_for()
    page.get_by_text("연결: 온라인").wait_for()
    page.goto(f"{page_at}#/node/seoul/nobody")
    page.get_by_text("seoul/nobody 노드는 이 허브에 등록한 적이 없습니다").wait_for()
    page.goto(f"{page_at}#/run/nothing")
    page.get_by_text("이 허브에 'nothing' 실행을 알린 노드가 없습니다").wait_for()
