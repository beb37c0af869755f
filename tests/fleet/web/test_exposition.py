"""/metrics, by Prometheus' own programs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fleet.web.conftest import Told, get


def test_the_fleet_is_told_and_what_is_unknown_has_no_series(told: Told, page_at: str) -> None:
    told.say("mast", state="lost")
    status, headers, body = get(page_at, "/metrics")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    samples = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(body.decode())
        for one in family.samples
    }
    at = (("node", "pole"), ("site", "seoul"))
    stream = (*at, ("stream", "camera"))
    assert samples["gilmok_node_online", *at] == 1
    assert samples["gilmok_nodes", ("glance", "lost")] == 1
    assert samples["gilmok_stream_frames_total", ("fate", "ok"), *stream] == 3
    assert samples["gilmok_stream_latency_p50_seconds", *stream] == pytest.approx(0.024)
    # Of three frames there is no p99, and nobody told of watts.
    assert not {name for name, *_ in samples} & {"gilmok_stream_latency_p99_seconds", "gilmok_node_power_watts"}


def test_a_ledger_that_is_gone_is_told_as_that(told: Told, page_at: str) -> None:
    Path(told.hub.store).unlink()
    body = get(page_at, "/metrics")[2].decode()
    assert "gilmok_ledger_readable 0.0" in body
    assert "gilmok_node_online" not in body


def test_promtool_has_nothing_against_it(page_at: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    text = get(page_at, "/metrics")[2]
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
