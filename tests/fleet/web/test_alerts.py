"""Alerts on the page, in the JSON API and for Prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fleet.alert_settings import Alert
from fleet.alerts.alert_watch import AlertWatch
from fleet.config import HubConfig
from tests.fleet.web.conftest import Told, get, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAME = '<img src=x onerror=alert(1)>\n"lost"'
RULES = (
    Alert(rule="lost", name=NAME, for_s=0, severity="critical", clear_after_s=0),
    Alert(rule="disk", below=1e6),
    Alert(rule="hot"),
)


@pytest.fixture
def watched(told: Told) -> Iterator[tuple[HubConfig, AlertWatch]]:
    hub = msgspec.structs.replace(told.hub, alert=RULES)
    told.say("mast", state="lost")
    with AlertWatch(hub, told.clock) as watch:
        watch.look()
        yield hub, watch


def test_they_are_in_the_api_and_for_prometheus(watched: tuple[HubConfig, AlertWatch]) -> None:
    with serving(watched[0]) as at:
        told = json.loads(get(at, "/api/alerts")[2])
        body = get(at, "/metrics")[2].decode()
        watched[0].alerts_at.write_text("[]", encoding="utf-8")
        broken = get(at, "/api/alerts")
        assert "gilmok_alerts" not in get(at, "/metrics")[2].decode()
    assert [(one["name"], one["node"]) for one in told["standing"]] == [(NAME, "mast"), ("disk", "")]
    assert (told["rules"], told["waiting"], told["looked_s_ago"] < 60) == (3, 0, True)
    family = next(one for one in text_string_to_metric_families(body) if one.name == "gilmok_alerts")
    assert {one.labels["alert"]: one.value for one in family.samples} == {NAME: 1, "disk": 1, "hot": 0}
    assert broken[0] == 503
    assert "move the file away" in json.loads(broken[2])["hint"]


def test_who_looks_sees_how_many_stand_since_when_and_what_to_do_and_sees_them_clear(
    told: Told, watched: tuple[HubConfig, AlertWatch], browser: "Browser"
) -> None:
    hub, watch = watched
    complaints: list[str] = []
    with serving(hub) as at:
        page = browser.new_page(locale="en-GB")
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(at)
        page.get_by_role("link", name="Alerts (2)").click()
        critical = page.locator("li.alert-critical")
        critical.get_by_role("link", name="seoul/mast").click()
        page.get_by_role("heading", name="seoul/mast").wait_for()
        critical.get_by_text("Check power and network at its place").wait_for()
        page.get_by_role("link", name="Alerts (2)").click()
        page.get_by_role("heading", name="Alerts").wait_for()
        critical.get_by_text("Check power and network at its place").wait_for()
        assert "nothing is heard of it" in critical.inner_text()
        assert NAME.split("\n")[0] in critical.inner_text()
        assert page.locator(".alerts li").first.get_attribute("class") == "alert-critical"
        page.get_by_label("Filter alerts").fill("mast critical")
        page.locator("li.alert-warning").wait_for(state="detached")
        page.get_by_label("Language").select_option("ko")
        page.get_by_text("소식이 없습니다. 연결이 끊겼거나 응답이 없습니다.").first.wait_for()
        page.get_by_label("언어").select_option("en")
        told.say("mast")
        watch.look()
        critical.wait_for(state="detached")
        page.get_by_text("it is well again").wait_for()
        page.get_by_role("link", name="Alerts (1)").wait_for()
        page.locator(".events").get_by_role("link", name="seoul/mast").first.click()
        page.get_by_role("heading", name="seoul/mast").wait_for()
        page.close()
    assert complaints == []


def test_every_text_of_the_page_is_there_in_korean() -> None:
    pages = sorted((Path(__file__).parents[3] / "fleet" / "web" / "pages").glob("*.js"))
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages}
    korean = sorted((Path(__file__).parents[3] / "fleet" / "web" / "pages" / "korean").glob("*.js"))
    catalogues = [page.read_text(encoding="utf-8") for page in korean]
    known = {key for text in catalogues for key in re.findall(r'"((?:[^"\\]|\\.)*)":', text)}
    said = {key for text in texts.values() for key in re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', text)}
    assert len(said) > 50
    assert said <= known, said - known
