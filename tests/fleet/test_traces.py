"""Traces of a real node's frames and of a real hub's commits, at a receiver that speaks OTLP: one trace a frame."""

import http.server
import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import ModelChoice, NodeConfig, SourceChoice, StreamConfig
from edge.node import Node
from edge.wire.address import BrokerAt
from edge.wire.traces import MOST_WAITING, Otel, OtelWrong, Source, Traced, Traces, trace_of
from fleet.config import HubConfig, Web
from fleet.hub import Hub
from sensors.clock import SystemClock
from tests.hubs import running
from tests.speaker import Speaker
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

FRAMES = 12


class Collector(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collected)
        self.spans: list[tuple[str, Any]] = []
        """Of which service, and what."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Collected(http.server.BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        said = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for one in said.resource_spans:
            named = {each.key: each.value.string_value for each in one.resource.attributes}
            self.server.spans += [(named["service.name"], span) for scope in one.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Standard error is the test's."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    pytest.importorskip("opentelemetry.proto", reason="opentelemetry is not installed (pip install gilmok[otel])")
    with Collector() as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def test_what_node_and_hub_tell_of_a_frame_is_one_trace(
    collector: Collector, embedded_url: str, site: str, tmp_path: Path
) -> None:
    otel, broker = Otel(endpoint=collector.endpoint, sample=1), BrokerAt(url=embedded_url)
    write_recording(tmp_path / "mot", frames=FRAMES)
    source = {"dataset": "mot", "root": str(tmp_path / "mot"), "recording": "WALK"}
    node = NodeConfig(
        name="pole",
        site=site,
        model=ModelChoice(file=write_model(tmp_path)),
        streams=(StreamConfig(name="camera", source=SourceChoice(kind="recording", options=source), pace="lockstep"),),
        broker=broker,
        state=tmp_path / "state",
        otel=otel,
    )
    hub = HubConfig(broker=broker, site=site, store=tmp_path / "hub.db", web=Web(enabled=False), otel=otel)
    with running(Hub(hub, SystemClock())):
        Node(node, tmp_path, SystemClock()).run(lambda: None)
    traces: defaultdict[bytes, dict[str, Any]] = defaultdict(dict)
    for service, span in collector.spans:
        assert service == ("gilmok-hub" if span.name in ("publish", "commit") else "gilmok-node")
        traces[span.trace_id][span.name] = span
    assert len(traces) == FRAMES
    for spans in traces.values():
        assert set(spans) == {"frame", "wait", "prepare", "infer", "decode", "publish", "commit"}
        root = spans.pop("frame")
        assert not root.parent_span_id
        assert {span.parent_span_id for span in spans.values()} == {root.span_id}
        stages = [spans[name] for name in ("wait", "prepare", "infer", "decode")]
        assert stages[0].start_time_unix_nano == root.start_time_unix_nano
        assert stages[-1].end_time_unix_nano == root.end_time_unix_nano
        assert all(a.end_time_unix_nano == b.start_time_unix_nano for a, b in itertools.pairwise(stages))
        assert spans["publish"].end_time_unix_nano == spans["commit"].start_time_unix_nano
        assert spans["commit"].end_time_unix_nano > spans["commit"].start_time_unix_nano
        assert spans["publish"].start_time_unix_nano >= root.end_time_unix_nano
        about = {each.key: each.value for each in root.attributes}
        assert (about["gilmok.site"].string_value, about["gilmok.findings"].int_value) == (site, 1)


def test_both_sides_choose_the_same_frames_and_a_failure_says_why(collector: Collector) -> None:
    speaker = Speaker(SystemClock())
    source, now = Source("seoul", "pole"), speaker.clock.now()
    for service in ("gilmok-node", "gilmok-hub"):
        traces = Traces(Otel(endpoint=f"{collector.endpoint}/", sample=0.25), service, "one")
        for n in range(400):
            report = speaker.report(n, status="failed", reason="the camera is dark", findings=None)
            hubs = {"received": now, "committed": now} if service == "gilmok-hub" else {}
            traces.put(Traced(source, report, **hubs))
        traces.close()
    of = {name: {span.trace_id for service, span in collector.spans if service == name} for name, _ in collector.spans}
    assert of["gilmok-node"] == of["gilmok-hub"]
    assert 60 < len(of["gilmok-node"]) < 140
    roots = [span for _, span in collector.spans if span.name == "frame"]
    assert {(span.status.code, span.status.message) for span in roots} == {(2, "the camera is dark")}
    assert trace_of(source, speaker.report(1)) != trace_of(Source("seoul", "mast"), speaker.report(1))


def test_a_collector_that_is_away_costs_the_frames_nothing(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.server_close()
    speaker = Speaker(SystemClock())
    report = speaker.report(0)
    traces = Traces(Otel(endpoint=collector.endpoint, sample=1), "gilmok-node", "one", timeout_s=0.2)
    began_ns = speaker.clock.now().mono_ns
    for n in range(MOST_WAITING + 500):
        traces.put(Traced(Source("seoul", "pole"), msgspec.structs.replace(report, n=n)))
    assert speaker.clock.now().mono_ns - began_ns < 10**9
    wait_until(lambda: traces.left_out >= MOST_WAITING, "the collector to be given up")
    traces.close()
    assert caplog.text.count("the collector of traces does not take them") == 1


@pytest.mark.parametrize("endpoint", ["collector:4318", "ftp://host", "http://user:secret@host:4318", "http://h:99999"])
def test_an_address_that_is_none_is_refused_without_a_password(endpoint: str) -> None:
    with pytest.raises(OtelWrong) as wrong:
        Otel(endpoint=endpoint)
    assert "secret" not in wrong.value.sentence
    assert Otel(endpoint="https://host:4318").url == "https://host:4318/v1/traces"
    assert Otel(endpoint="http://host/otlp").url == "http://host/otlp"
