"""What may come in: a topic and bytes in, an arrival out, or MessageWrong with the reason it is counted under."""

from functools import lru_cache

from edge.wire import topics
from edge.wire.messages import Birth, ClockAsk, Conn, FrameReport, Health, MessageWrong, check, decode
from edge.wire.topics import NameWrong, UpTopic, check_name
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, NodeKey, ReportArrived, key_of
from fleet.registry import Registry
from sensors.clock import NS_PER_S, Stamp

LIMIT = 2**63
"""Integers on the wire have no bound; in a store and in an array they do."""

SHORT_DIGEST = 12

TOPICS = 4096
"""Topics whose parts are remembered: a fleet has few, and they come again with every frame."""


class Admission:
    """Judges messages one by one, and keeps the registry up to date with what it admits."""

    def __init__(self, registry: Registry, boot: str, clock_tolerance_s: float) -> None:
        """`boot`: whose monotonic clock the receipt stamps are of."""
        self._registry = registry
        self._boot = boot
        self._tolerance_ns = int(clock_tolerance_s * NS_PER_S)

    def admit(self, topic: str, payload: bytes, received: Stamp) -> Arrival | None:
        """None: nothing to book (a repeated or outdated conn, a retained message being cleared, a clock's question).

        Raises MessageWrong: topic, oversize, json, schema, foreign, session, stream, range, stages, findings, model,
        future.
        """
        heard = _parse(topic)
        key = NodeKey(heard.site, heard.node)
        match heard.leaf, heard.stream:
            case "det", stream if stream:
                return self._report(key, stream, payload, received)
            case "health", "":
                return self._health(key, payload, received)
            case (("birth" | "conn"), "") if not payload:
                return None
            case "birth", "":
                return self._birth(key, payload, received)
            case "conn", "":
                return self._conn(key, payload, received)
            case topics.CLOCK, "":
                decode(payload, ClockAsk)
                return None
        raise MessageWrong("topic", f"{topic!r} is none of a node's topics")

    def _birth(self, key: NodeKey, payload: bytes, received: Stamp) -> BirthArrived:
        birth = decode(payload, Birth)
        _fits(birth.session, birth.stamp.mono_ns, birth.stamp.utc_ns)
        if key_of(birth) != key:
            raise MessageWrong("foreign", f"{birth.site}/{birth.node} writes on the topic of {key.site}/{key.node}")
        self._registry.birth_arrived(key, birth, received)
        return BirthArrived(key, birth, payload, received)

    def _conn(self, key: NodeKey, payload: bytes, received: Stamp) -> ConnArrived | None:
        conn = decode(payload, Conn)
        _fits(conn.session)
        if not self._registry.conn_arrived(key, conn, received):
            return None
        return ConnArrived(key, conn.session, conn.state, received)

    def _health(self, key: NodeKey, payload: bytes, received: Stamp) -> HealthArrived:
        health = decode(payload, Health)
        _fits(health.session, health.stamp.mono_ns, health.stamp.utc_ns)
        birth = self._registry.birth_of(key, health.session)
        strangers = set(health.streams) - {stream.name for stream in birth.streams}
        if strangers:
            raise MessageWrong("stream", f"{key.node} was born without {', '.join(map(repr, sorted(strangers)))}")
        self._registry.health_arrived(key, health, received)
        return HealthArrived(key, health, payload, received)

    def _report(self, key: NodeKey, stream: str, payload: bytes, received: Stamp) -> ReportArrived:
        report = decode(payload, FrameReport)
        _fits(report.session, report.n, report.seq, report.total_ns, report.stamp.mono_ns, report.stamp.utc_ns)
        check(report)
        birth = self._registry.birth_of(key, report.session)
        _belongs(report, stream, birth)
        shared = birth.boot == self._boot
        latency_ns = received.mono_ns - report.stamp.mono_ns
        if (shared and latency_ns < 0) or report.stamp.utc_ns > received.utc_ns + self._tolerance_ns:
            raise MessageWrong("future", f"frame {report.seq} is stamped later than its report came in")
        return ReportArrived(key, report, payload, received, latency_ns if shared else None, self._boot)


@lru_cache(TOPICS)
def _parse(topic: str) -> UpTopic:
    heard = topics.parse(topic)
    try:
        if heard is not None:
            check_name("site", heard.site)
            check_name("node", heard.node)
            return heard
    except NameWrong as error:
        raise MessageWrong("topic", error.sentence) from error
    raise MessageWrong("topic", f"{topic!r} is none of a node's topics")


def _belongs(report: FrameReport, stream: str, birth: Birth) -> None:
    """Raises MessageWrong where the report contradicts its topic or its session's birth."""
    if report.stream != stream or all(stream != known.name for known in birth.streams):
        raise MessageWrong("stream", f"a report of {report.stream!r} on {stream!r}; the birth knows which there are")
    if not report.stages.keys() <= set(birth.stages):
        raise MessageWrong("stages", f"the birth names {', '.join(birth.stages)}, not {', '.join(report.stages)}")
    if (report.model, report.artefact) != (birth.model.sha256[:SHORT_DIGEST], birth.model.artefact[:SHORT_DIGEST]):
        raise MessageWrong("model", f"the report comes from {report.model}, the birth says {birth.model.sha256}")
    if report.findings is not None and max(report.findings.labels, default=-1) >= len(birth.model.labels):
        raise MessageWrong("findings", f"a label is none of the model's {len(birth.model.labels)}")


def _fits(*numbers: int) -> None:
    if not all(0 <= number < LIMIT for number in numbers):
        raise MessageWrong("range", "a number is negative or beyond 63 bits")
