"""A shadow on the node's page, in /api and in /metrics."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fleet.ledger.ledger import Ledger
from tests.fleet.shadowing import active, beside_it, introduced, speaker_with_shadow, well
from tests.fleet.web.conftest import Told, get

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAIRS = 6


@pytest.fixture
def shadowed(told: Told) -> str:
    """A node whose candidate finds half of what its active model does."""
    speaker = speaker_with_shadow(told.clock, node="twin")
    frames = [one for n in range(PAIRS) for one in (active(speaker, n), beside_it(speaker, n, n, boxes=2))]
    with Ledger(told.hub.where) as ledger:
        ledger.commit([introduced(speaker), *frames, well(speaker, PAIRS)])
    return "seoul/twin"


def test_its_agreement_is_told_by_the_api_and_a_node_without_one_has_none(shadowed: str, page_at: str) -> None:
    (stream,) = json.loads(get(page_at, f"/api/nodes/{shadowed}")[2])["live"]["streams"]
    pair = stream["shadow"]["pair"]
    assert (pair["pairs"], pair["agreement"]["paired"]["f1"]) == (PAIRS, pytest.approx(2 * 2 / (4 + 2)))
    assert stream["shadow"]["ratio"] == pytest.approx(1.1)
    assert pair["accuracy"]["difference"] is None
    (other,) = json.loads(get(page_at, "/api/nodes/seoul/pole")[2])["live"]["streams"]
    assert other["shadow"] is None


def test_prometheus_hears_of_its_frames_and_of_what_the_active_model_feels(shadowed: str, page_at: str) -> None:
    del shadowed
    samples = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(get(page_at, "/metrics")[2].decode())
        for one in family.samples
        if one.name.startswith("gilmok_shadow")
    }

    def of(name: str, **labels: str) -> float:
        return samples[f"gilmok_shadow_{name}", *sorted({"node": "twin", "site": "seoul", **labels}.items())]

    assert of("frames_total", stream="camera", fate="skipped") == 6
    assert of("active_p99_seconds", stream="camera", shadow="working") == 0.022
    assert of("share") == 0.25
    assert len(samples) == 6


def test_the_page_shows_it_in_english_and_korean(
    shadowed: str, page_at: str, open_page: "Callable[[str], Page]"
) -> None:
    page = open_page(f"{page_at}#/node/{shadowed}")
    page.get_by_role("heading", name="camera: Shadow beside the active model").wait_for()
    told = page.inner_text("main")
    assert "22.0 ms (n = 150), 20.0 ms (n = 150): 1.10 ×" in told
    assert "4 baseline, 2 budget" in told
    assert "0.667" in told
    page.evaluate("localStorage.setItem('gilmok-language', 'ko')")
    page.reload()
    page.get_by_role("heading", name="camera: 활성 모델 옆의 섀도").wait_for()
