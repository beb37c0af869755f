"""Rollouts by the API and on the page, also in Korean: what the gates say, why it was stopped, what each unit runs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fleet.rollout.ledger_fleet import LedgerFleet
from tests.fleet.rollout.test_actor import PLAN
from tests.fleet.web.conftest import get, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def at(tmp_path: Path) -> Iterator[str]:
    """A dashboard over a rollout that ended in its canary, since the bundle is slower."""
    fleet = LedgerFleet.at(tmp_path / "hub.db", PLAN, "abcd")
    fleet.rounds(8)
    fleet.slow = 1.3
    fleet.join("x", "aarch64")
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(30, actor)
    fleet.ledger.close()
    with serving(fleet.hub) as at:
        yield at


def test_the_api_tells_what_the_command_line_tells(at: str) -> None:
    (one,) = json.loads(get(at, "/api/rollouts")[2])
    assert one["status"] == "rolled back"
    whole = json.loads(get(at, "/api/rollouts/second")[2])
    assert whole == json.loads(get(at, "/api/rollouts/1")[2])
    assert {row["node"]: row["why"] for row in whole["unit_rows"]}["x"].startswith("it asks for architecture x86_64")
    assert [row["what"] for row in whole["history"]][:2] == ["began", "unfit"]
    assert get(at, "/api/rollouts/third")[0] == 404


def test_the_page_shows_why_it_was_stopped_and_what_each_unit_runs(at: str, open_page: "Callable[[str], Page]") -> None:
    page = open_page(f"{at}#/rollouts")
    page.get_by_role("link", name="second").click()
    page.get_by_role("heading", name="second ↩ rolled back").wait_for()
    told = page.inner_text("main")
    assert "the median latency grew, from 20.3" in told
    assert "✕ WORSE" in told
    assert "it asks for architecture x86_64, the unit has aarch64" in told
    page.evaluate("localStorage.setItem('gilmok-language', 'ko')")
    page.reload()
    page.get_by_role("heading", name="second ↩ 되돌림").wait_for()
    told = page.inner_text("main")
    assert "✕ 나빠짐" in told
    assert "지연 중앙값이" in told


def test_a_units_page_says_what_it_runs_and_what_it_refused(at: str, open_page: "Callable[[str], Page]") -> None:
    page = open_page(f"{at}#/node/s/x")
    page.get_by_role("heading", name="Unit", exact=True).wait_for()
    told = page.inner_text("main")
    assert "first (aaaaaaaaaaaa)" in told
    assert "settled, none" in told
    assert "onnxruntime, cpu, aarch64" in told
