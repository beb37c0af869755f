"""What may come in: a topic and bytes in, arrivals out, or MessageWrong with the reason it is counted under."""

from dataclasses import replace
from functools import lru_cache

from edge.wire import topics
from edge.wire.acknowledgements import FUTURE, RATE
from edge.wire.deployments.states import Reported
from edge.wire.messages import (
    Birth,
    ClockAsk,
    Conn,
    FrameReport,
    Health,
    MessageWrong,
    check,
    decode,
    decode_birth,
    split_late,
)
from edge.wire.topics import NameWrong, UpTopic, check_name
from fleet.arrivals import (
    NOBODY,
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    NodeKey,
    Refused,
    ReportArrived,
    ShadowArrived,
    UnitReported,
    key_of,
    session_key,
)
from fleet.introduction import Candidate, Introduction
from fleet.latency import Outages
from fleet.registry import Registry
from sensors.clock import EARLIEST_UTC_NS, NS_PER_S, Stamp

TOPICS = 4096
"""Topics whose parts are remembered: a fleet has few, and they come again with every frame."""


class Admission:
    """Judges messages one by one, and keeps the registry up to date with what it admits."""

    def __init__(self, registry: Registry, boot: str, clock_tolerance_s: float, outages: Outages) -> None:
        """`boot`: whose monotonic clock the receipt stamps are of.

        `clock_tolerance_s`: so far a node's wall clock may be ahead before the hub doesn't believe it.
        `outages`: knows which reports are late, as far as a common clock tells; it is told of all that comes.
        """
        self._registry = registry
        self._boot = boot
        self._tolerance_ns = int(clock_tolerance_s * NS_PER_S)
        self._outages = outages

    def admit(self, topic: str, payload: bytes, received: Stamp) -> tuple[Arrival, ...]:
        """Empty: nothing to book (a repeated or early conn, early health, a retained message being cleared).

        Of several reports in one message the good ones are admitted, and the others are among them as Refused.

        Raises MessageWrong: topic, oversize, json, schema, foreign, session, unintroduced, stream, range, stages,
        findings, model, shadow, future, rate.
        """
        heard = _parse(topic)
        key = NodeKey(heard.site, heard.node)
        match heard.leaf, heard.stream:
            case "det", stream if stream:
                return (self._report(key, stream, payload, received),)
            case "late", stream if stream:
                return tuple(self._late(topic, key, stream, one, received) for one in split_late(payload))
            case "shadow", stream if stream:
                return (self._shadow(key, stream, payload, received),)
            case "health", "":
                return self._health(key, payload, received)
            case "picture", stream if stream:
                # For who looks at the dashboard, which hears it itself.
                return ()
            case "reported", "" if payload:
                return (UnitReported(key, decode(payload, Reported), payload, received),)
            case ("reported", "") | ("reply", _):
                # A unit's answer to an order is for who gave it.
                return ()
            case (("birth" | "conn"), "") if not payload:
                return ()
            case "birth", "":
                return self._birth(key, payload, received)
            case "former", "":
                return (self._former(key, payload, received),)
            case "conn", "":
                return self._conn(key, payload, received)
            case topics.CLOCK, "":
                decode(payload, ClockAsk)
                raise MessageWrong(RATE, "more questions for the clock than a node has")
        raise MessageWrong("topic", f"{topic!r} is none of a node's topics")

    def node_of(self, topic: str) -> NodeKey:
        """Whose topic it is; NOBODY where that is no node that has introduced itself."""
        try:
            heard = _parse(topic)
        except MessageWrong:
            return NOBODY
        key = NodeKey(heard.site, heard.node)
        return key if self._registry.knows(key) else NOBODY

    def _former(self, node: NodeKey, payload: bytes, received: Stamp) -> BirthArrived:
        birth = _own_birth(node, payload)
        self._registry.former_arrived(birth)
        known = self._believes(birth.stamp, received)
        return BirthArrived(key_of(birth), birth, payload, received, known, former=True)

    def _birth(self, node: NodeKey, payload: bytes, received: Stamp) -> tuple[Arrival, ...]:
        birth = _own_birth(node, payload)
        said = self._registry.birth_arrived(birth, received)
        key = key_of(birth)
        arrived = BirthArrived(key, birth, payload, received, self._believes(birth.stamp, received))
        return (arrived,) if said is None else (arrived, ConnArrived(key, said, received))

    def _conn(self, node: NodeKey, payload: bytes, received: Stamp) -> tuple[Arrival, ...]:
        conn = decode(payload, Conn)
        key = session_key(node, conn)
        return (
            (ConnArrived(key, conn.state, received),) if self._registry.conn_arrived(key, conn.state, received) else ()
        )

    def _health(self, node: NodeKey, payload: bytes, received: Stamp) -> tuple[Arrival, ...]:
        health = decode(payload, Health)
        key = session_key(node, health)
        if self._registry.is_early(key, received):
            return ()
        strangers = health.streams.keys() - self._registry.introduction(key).streams
        if strangers:
            raise MessageWrong("stream", f"{node.node} has not introduced {', '.join(map(repr, sorted(strangers)))}")
        self._registry.health_arrived(key, health.final, received)
        if self._boot in health.clocks:
            self._registry.is_apart(key)
        self._outages.heard(key, received.mono_ns)
        return (HealthArrived(key, health, payload, received),)

    def _late(self, topic: str, node: NodeKey, stream: str, payload: bytes, received: Stamp) -> ReportArrived | Refused:
        try:
            return replace(self._report(node, stream, payload, received), late=True)
        except MessageWrong as error:
            return Refused.of(topic, error.reason, error.what, payload, received, self.node_of(topic))

    def _report(self, node: NodeKey, stream: str, payload: bytes, received: Stamp) -> ReportArrived:
        report = decode(payload, FrameReport)
        check(report)
        key = session_key(node, report)
        introduction = self._registry.introduction(key)
        _belongs(report, stream, introduction, introduction)
        self._outages.heard(key, received.mono_ns)
        one_clock = introduction.boot == self._boot and not introduction.apart
        latency_ns = received.mono_ns - report.stamp.mono_ns if one_clock else None
        if latency_ns is not None and latency_ns < 0:
            raise MessageWrong(FUTURE, f"frame {report.seq} is stamped later than its report came in, on one clock")
        return ReportArrived(
            key,
            report,
            payload,
            received,
            latency_ns,
            self._boot,
            current=self._registry.current(key),
            clock_known=self._believes(report.stamp, received, latency_ns),
            late=latency_ns is not None and self._outages.waited(key, report.published.mono_ns, received.mono_ns),
        )

    def _shadow(self, node: NodeKey, stream: str, payload: bytes, received: Stamp) -> ShadowArrived:
        report = decode(payload, FrameReport)
        check(report)
        key = session_key(node, report)
        introduction = self._registry.introduction(key)
        if introduction.shadow is None:
            raise MessageWrong("shadow", f"the birth of {node.node} names no candidate beside its model")
        _belongs(report, stream, introduction, introduction.shadow)
        return ShadowArrived(key, report, payload, received)

    def _believes(self, stamp: Stamp, received: Stamp, latency_ns: int | None = None) -> bool:
        """Whether the node's wall clock can be right: a label, so nothing is refused for it.

        `latency_ns`: how long ago the stamp was taken, where a common clock tells.
        """
        ahead_ns = stamp.utc_ns - received.utc_ns + (latency_ns or 0)
        if latency_ns is not None and abs(ahead_ns) > self._tolerance_ns:
            return False
        return stamp.utc_ns >= EARLIEST_UTC_NS and ahead_ns <= self._tolerance_ns


def _own_birth(node: NodeKey, payload: bytes) -> Birth:
    birth = decode_birth(payload)
    if NodeKey(birth.site, birth.node) != node:
        raise MessageWrong("foreign", f"{birth.site}/{birth.node} writes on the topic of {node.site}/{node.node}")
    return birth


def _parse(topic: str) -> UpTopic:
    if len(topic) > topics.MOST_CHARACTERS:
        raise MessageWrong("topic", f"a topic of {len(topic)} characters")
    return _parts(topic)


@lru_cache(TOPICS)
def _parts(topic: str) -> UpTopic:
    heard = topics.parse(topic)
    try:
        if heard is not None:
            check_name("site", heard.site)
            check_name("node", heard.node)
            return heard
    except NameWrong as error:
        raise MessageWrong("topic", error.sentence) from error
    raise MessageWrong("topic", f"{topic!r} is none of a node's topics")


def _belongs(report: FrameReport, stream: str, birth: Introduction, by: Introduction | Candidate) -> None:
    """Raises MessageWrong where the report contradicts its topic or its session's birth; `by`: whose model it is of."""
    if report.stream != stream or stream not in birth.streams:
        raise MessageWrong("stream", f"a report of {report.stream!r} on {stream!r}; the birth knows which there are")
    if not report.stages.keys() <= set(birth.stages):
        raise MessageWrong("stages", f"the birth names {', '.join(birth.stages)}, not {', '.join(report.stages)}")
    if (report.model, report.artefact) != (by.model, by.artefact):
        raise MessageWrong("model", f"the report comes from {report.model}, the birth says {by.model}")
    if report.findings is not None and max(report.findings.labels, default=-1) >= by.labels:
        raise MessageWrong("findings", f"a label is none of the model's {by.labels}")
