"""OpenTelemetry traces of a frame's way: capture to result by its node, its arrival and its commit by its hub.

A trace's id is made of what names the report (site, node, session, stream, n), so that what both sides tell of a frame
is one trace, though nothing is said about it on the wire; and both choose the same frames. All but that choice is done
in a thread of its own.
"""

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge.wire.messages import FrameReport
from sensors.clock import Stamp
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.host import software
from sensors.ranges import Share, Text

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan

log = logging.getLogger(__name__)

PATH = "/v1/traces"
MOST_WAITING = 2000
"""Frames; when more wait, the oldest are left out, and counted."""
PERIOD_S = 1.0
TIMEOUT_S = 5.0
GOODBYE_S = 0.5
"""A signal ends every program within two seconds."""
BITS = 64


class OtelMissing(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            "[otel] needs opentelemetry-sdk and its exporter, which are not installed", "pip install 'gilmok[otel]'"
        )


class OtelWrong(GilmokError):
    def __init__(self, what: str) -> None:
        super().__init__(f"otel.endpoint {what}", "write http://HOST:4318, or the whole address with its path")


class Otel(Settings, frozen=True, kw_only=True):
    """Where traces of frames are sent, by OTLP over HTTP; it needs `gilmok[otel]`."""

    endpoint: Text
    """http://HOST:4318, or https://; without a path, /v1/traces. What a collector wants to be told besides (a token) is
    taken from OTEL_EXPORTER_OTLP_HEADERS."""
    sample: Share = 0.01
    """Of all frames; node and hub choose the same ones where they have the same share."""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.endpoint)
            _ = parts.port
        except ValueError:
            raise OtelWrong("can't be taken apart") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OtelWrong("is no http:// or https:// address")
        if parts.username is not None or parts.password is not None:
            raise OtelWrong("holds a login; a collector's token goes into OTEL_EXPORTER_OTLP_HEADERS")

    @property
    def url(self) -> str:
        return self.endpoint.rstrip("/") + PATH if urlsplit(self.endpoint).path in ("", "/") else self.endpoint


@dataclass(frozen=True, slots=True)
class Source:
    site: str
    node: str


@dataclass(frozen=True, slots=True)
class Traced:
    """A frame whose way is told; by its node alone, `received` is None."""

    source: Source
    report: FrameReport
    received: Stamp | None = None
    committed: Stamp | None = None


@dataclass(frozen=True, slots=True)
class SpanOf:
    """One part of a frame's way; instants by the wall clock of whoever tells it."""

    name: str
    begin_ns: int
    end_ns: int
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    fault: str = ""
    is_root: bool = False


def trace_of(source: Source, report: FrameReport) -> tuple[int, int]:
    """The trace's id (128 bits) and that of its root span (64 bits); neither is 0."""
    named = f"{source.site}\0{source.node}\0{report.session_id or report.session}\0{report.stream}\0{report.n}"
    digest = hashlib.blake2b(named.encode(), digest_size=24).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:]) or 1


def spans_of(traced: Traced) -> list[SpanOf]:
    """A node's: the frame, and its stages within it. A hub's: from the node's last word on it to its receipt, and on
    to its commit."""
    report = traced.report
    if traced.received is not None:
        received_ns = traced.received.utc_ns
        # Two machines' wall clocks need not agree: nothing ends before it begins.
        begun_ns = min(report.published.utc_ns, received_ns)
        spans = [SpanOf("publish", begun_ns, received_ns)]
        if traced.committed is not None:
            spans.append(SpanOf("commit", received_ns, max(traced.committed.utc_ns, received_ns)))
        return spans
    begin_ns = report.stamp.utc_ns
    about: dict[str, str | int | bool] = {
        "gilmok.site": traced.source.site,
        "gilmok.node": traced.source.node,
        "gilmok.stream": report.stream,
        "gilmok.seq": report.seq,
        "gilmok.n": report.n,
        "gilmok.session": report.session_id or str(report.session),
        "gilmok.model": report.model,
    }
    if report.findings is not None:
        about["gilmok.findings"] = len(report.findings.scores)
    spans = [SpanOf("frame", begin_ns, begin_ns + report.total_ns, about, report.reason, is_root=True)]
    for stage, took_ns in report.stages.items():
        spans.append(SpanOf(stage, begin_ns, begin_ns + took_ns))
        begin_ns += took_ns
    return spans


class Traces:
    """Used by `tracing`; `put` costs what a hash costs, and waits for nothing."""

    def __init__(self, otel: Otel, service: str, instance: str, timeout_s: float = TIMEOUT_S) -> None:
        """`service`: gilmok-node or gilmok-hub. Raises OtelMissing."""
        self._least = int((1 - otel.sample) * 2**BITS)
        self._waiting: deque[Traced] = deque(maxlen=MOST_WAITING)
        self._wake = threading.Event()
        self._done = False
        self._sender = _Sender(otel, service, instance, timeout_s)
        self.left_out = 0
        """Frames of which no collector was told."""
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def put(self, traced: Traced) -> None:
        trace, _ = trace_of(traced.source, traced.report)
        if trace % 2**BITS < self._least:
            return
        if len(self._waiting) == MOST_WAITING:
            self.left_out += 1
        self._waiting.append(traced)

    def close(self) -> None:
        """Send what waits, for as long as a farewell may take."""
        self._done = True
        self._wake.set()
        self._thread.join(GOODBYE_S)

    def _run(self) -> None:
        told = False
        while True:
            done = self._done
            if not done:
                self._wake.wait(PERIOD_S)
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if taken and not self._sender.send(taken):
                self.left_out += len(taken)
                if not told:
                    log.warning("the collector of traces does not take them; the frames go on without")
                told = True
            elif taken:
                told = False
            if done:
                return


class _Sender:
    """Frames as spans of OpenTelemetry's own SDK, and these to the collector."""

    def __init__(self, otel: Otel, service: str, instance: str, timeout_s: float) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
            from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ImportError as error:
            raise OtelMissing from error
        ended: list[ReadableSpan] = []

        class Collect(SpanProcessor):
            def on_end(self, span: "ReadableSpan") -> None:
                ended.append(span)

        class Ids(RandomIdGenerator):
            """A root's are those of its frame."""

            trace, span = 0, 0

            def generate_trace_id(self) -> int:
                return self.trace

            def generate_span_id(self) -> int:
                chosen, self.span = self.span, 0
                return chosen or super().generate_span_id()

        self._ended = ended
        self._ids = Ids()
        named = {"service.name": service, "service.instance.id": instance, "service.version": software()}
        provider = TracerProvider(ALWAYS_ON, Resource.create(named), shutdown_on_exit=False, id_generator=self._ids)
        provider.add_span_processor(Collect())
        self._tracer = provider.get_tracer("gilmok")
        self._exporter = OTLPSpanExporter(otel.url, timeout=timeout_s)
        # It tells of each failure, with the address; we do once.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)

    def send(self, frames: list[Traced]) -> bool:
        """Whether the collector took them."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        for traced in frames:
            self._end(traced)
        spans = list(self._ended)
        self._ended.clear()
        try:
            return self._exporter.export(spans) is SpanExportResult.SUCCESS
        except OSError:  # of requests, which older exporters let through
            return False

    def _end(self, traced: Traced) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, Status, StatusCode

        self._ids.trace, root = trace_of(traced.source, traced.report)
        parent = self._below(self._ids.trace, root)
        for one in spans_of(traced):
            self._ids.span = root if one.is_root else 0
            kind = SpanKind.CONSUMER if one.name == "publish" else SpanKind.INTERNAL
            context = Context() if one.is_root else parent
            span = self._tracer.start_span(one.name, context, kind, one.attributes, start_time=one.begin_ns)
            if one.fault:
                span.set_status(Status(StatusCode.ERROR, one.fault))
            span.end(one.end_ns)

    @staticmethod
    def _below(trace: int, root: int) -> "Context":
        from opentelemetry.context import Context
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        there = SpanContext(trace, root, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        return set_span_in_context(NonRecordingSpan(there), Context())


@contextmanager
def tracing(otel: Otel | None, service: str, instance: str) -> Iterator[Traces | None]:
    """None where nothing is to be told. Raises OtelMissing."""
    if otel is None:
        yield None
        return
    traces = Traces(otel, service, instance)
    try:
        yield traces
    finally:
        traces.close()
