"""What the hub tells each node of its reports: which are in the ledger, which were refused (docs/wire.md)."""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from edge.wire.acknowledgements import WHAT_CHARACTERS, Ranges, told
from edge.wire.connection.inflight import IN_FLIGHT
from edge.wire.message import Count, SessionId
from edge.wire.messages import Committed, Message, MessageWrong, Refusals, decode, encode
from edge.wire.spans import Spans
from edge.wire.topics import NameWrong, NodeTopics, parse
from fleet.arrivals import NOBODY, Arrival, BirthArrived, NodeKey, Refused, ReportArrived, SessionKey, StreamKey
from fleet.intake.rates import Bucket
from sensors.clock import NS_PER_S, Clock

log = logging.getLogger(__name__)

COMMITTED_PERIOD_S = 0.2
"""Between two Committed of one session."""
REFUSED_PERIOD_S = 1.0
NODES = 1000
"""So many nodes are told of refusals in one period."""
WAITING = 20_000
"""Topics on which something waits to be said."""
ON_THEIR_WAY = 2 * IN_FLIGHT
"""Enough for the broker to find the next ones when it has acknowledged those before."""
PACE_S = 0.2
"""So often it is looked whether a broker is back."""
STRANGERS_PER_S = 50.0
STRANGERS = 500
"""So many at once of those that the hub doesn't know: names cost a stranger nothing, and an answer costs the broker as
much as a question."""


class _Identity(Message, frozen=True, kw_only=True):
    """As much of a report as names it."""

    session_id: SessionId = ""
    n: Count | None = None


class Outbox:
    """What is said to nodes, at the pace at which the broker takes it.

    A broker takes twenty at a time. Of a thousand nodes, acknowledgements that went out one by one would grow old on
    their way; here what waits on a topic becomes one message with what comes after it.
    """

    def __init__(self, publish: Callable[[str, bytes], bool], drain: Callable[[float, int], bool]) -> None:
        """`publish`: at QoS 1; False: not taken. `drain`: wait, for so long at most, until so few are on their way."""
        self._publish, self._drain = publish, drain
        self._waiting: dict[str, bytes] = {}
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="outbox")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Say what waits, all at once. Closing twice is harmless."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def say(self, topic: str, payload: bytes) -> bool:
        """From any thread, at once; False: too much waits, and it is not taken."""
        with self._changed:
            if self._closed:
                return self._publish(topic, payload)
            before = self._waiting.get(topic)
            if before is None and len(self._waiting) >= WAITING:
                return False
            self._waiting[topic] = payload if before is None else self._together(topic, before, payload)
            self._changed.notify_all()
            return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    break
            if self._drain(PACE_S, ON_THEIR_WAY):
                self._say_next()
        for topic, payload in self._waiting.items():
            self._publish(topic, payload)

    def _say_next(self) -> None:
        with self._changed:
            topic = next(iter(self._waiting))
            payload = self._waiting.pop(topic)
        if not self._publish(topic, payload):
            with self._changed:
                newer = self._waiting.get(topic)
                self._waiting[topic] = payload if newer is None else self._together(topic, payload, newer)
                self._changed.wait_for(lambda: self._closed, PACE_S)

    def _together(self, topic: str, older: bytes, newer: bytes) -> bytes:
        """Both in one; where they are of two sessions, or of another kind, the older goes out now."""
        kind = topic.rpartition("/")[2]
        if kind == "committed":
            before, after = decode(older, Committed), decode(newer, Committed)
            if (before.session, before.session_id) == (after.session, after.session_id):
                return encode(msgspec.structs.replace(after, streams={**before.streams, **after.streams}))
        elif kind == "refused":
            first, then = decode(older, Refusals), decode(newer, Refusals)
            return encode(msgspec.structs.replace(first, reasons=dict(Counter(first.reasons) + Counter(then.reasons))))
        self._publish(topic, older)
        return newer


@dataclass(slots=True)
class _Complaint:
    """What is to be told to one node."""

    first: Refused
    reasons: Counter[str] = field(default_factory=Counter)


class Acknowledgements:
    """Noted by the ingest thread after each commit, said by a thread of its own, at most so often."""

    def __init__(self, hub: str, clock: Clock, say: Callable[[str, bytes], bool]) -> None:
        """`say` publishes a payload on a topic at QoS 1; False: it was not taken, and is said again later."""
        self._hub = hub
        self._clock = clock
        self._say = say
        self._committed: dict[tuple[SessionKey, int], dict[str, Ranges]] = {}
        self._complaints: OrderedDict[NodeKey, _Complaint] = OrderedDict()
        self._strangers = Bucket(int(STRANGERS / STRANGERS_PER_S * NS_PER_S))
        self._complained_ns: OrderedDict[NodeKey, int] = OrderedDict()
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="acknowledge")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Say what was noted. Closing twice is harmless."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def settled(
        self, arrivals: Iterable[Arrival], booked: Callable[[Iterable[StreamKey]], Mapping[StreamKey, Spans]]
    ) -> None:
        """`arrivals` are on the disk; `booked` tells which reports of streams are."""
        streams: dict[tuple[SessionKey, int], set[str]] = {}
        refused: list[Refused] = []
        for one in arrivals:
            match one:
                case ReportArrived():
                    streams.setdefault((one.key, one.report.session), set()).add(one.report.stream)
                case BirthArrived():
                    every = {stream.name for stream in one.birth.streams}
                    streams.setdefault((one.key, one.birth.session), set()).update(every)
                case Refused():
                    refused.append(one)
        marks = booked({(key, name) for (key, _), names in streams.items() for name in names})
        with self._news:
            for session, names in streams.items():
                ranges = {name: told(marks[session[0], name]) for name in names}
                self._committed.setdefault(session, {}).update(ranges)
            for each in refused:
                self._complain(each)
            self._news.notify_all()

    def _complain(self, refused: Refused) -> None:
        heard = parse(refused.topic)
        if heard is None:
            return
        node = NodeKey(heard.site, heard.node)
        try:
            NodeTopics(node.site, node.node)
        except NameWrong:
            return
        if node not in self._complaints:
            if len(self._complaints) >= NODES:
                return
            now_ns = self._clock.now().mono_ns
            if refused.node == NOBODY and not self._strangers.takes(int(NS_PER_S / STRANGERS_PER_S), now_ns):
                return
        self._complaints.setdefault(node, _Complaint(refused)).reasons[refused.reason] += refused.count

    def _run(self) -> None:
        try:
            while True:
                with self._news:
                    self._news.wait_for(lambda: self._closed or self._committed or self._due(), self._patience_s())
                    closed, committed, self._committed = self._closed, self._committed, {}
                    complaints = [(node, self._complaints.pop(node)) for node in self._due()]
                unsaid = {
                    session: streams
                    for session, streams in committed.items()
                    if not self._tell_committed(*session, streams)
                }
                self._keep_unsaid(unsaid)
                for node, complaint in complaints:
                    if not self._tell_refused(node, complaint):
                        self._keep_untold(node, complaint)
                if closed:
                    return
                with self._news:
                    self._news.wait_for(lambda: self._closed, COMMITTED_PERIOD_S)
        # The top of a thread: a node that is told nothing keeps what it has.
        except Exception:
            log.exception("nodes are told no longer what became of their reports")

    def _keep_unsaid(self, unsaid: Mapping[tuple[SessionKey, int], dict[str, Ranges]]) -> None:
        """For the next round; what was noted of a stream meanwhile is newer."""
        with self._news:
            for session, streams in unsaid.items():
                self._committed[session] = streams | self._committed.get(session, {})

    def _keep_untold(self, node: NodeKey, complaint: _Complaint) -> None:
        """For the node's next turn, with what has come meanwhile."""
        with self._news:
            since = self._complaints.get(node)
            if since is not None:
                complaint.reasons.update(since.reasons)
            self._complaints[node] = complaint

    def _patience_s(self) -> float | None:
        """Until a complaint is due that isn't yet; None: for ever."""
        return COMMITTED_PERIOD_S if self._complaints else None

    def _due(self) -> list[NodeKey]:
        soonest_ns = self._clock.now().mono_ns - int(REFUSED_PERIOD_S * NS_PER_S)
        return [node for node in self._complaints if self._closed or self._complained_ns.get(node, -1) <= soonest_ns]

    def _tell_committed(self, key: SessionKey, count: int, streams: dict[str, Ranges]) -> bool:
        committed = Committed(hub=self._hub, session=count, session_id="" if key.counted else key.id, streams=streams)
        return self._say(NodeTopics(key.site, key.node).committed, encode(committed))

    def _tell_refused(self, node: NodeKey, complaint: _Complaint) -> bool:
        self._complained_ns[node] = self._clock.now().mono_ns
        if len(self._complained_ns) > NODES:
            self._complained_ns.popitem(last=False)
        first, named = complaint.first, _Identity()
        with suppress(MessageWrong):
            named = decode(first.payload, _Identity)
        refusals = Refusals(
            hub=self._hub,
            reasons=dict(complaint.reasons),
            topic=first.topic[:WHAT_CHARACTERS],
            what=first.what[:WHAT_CHARACTERS],
            session_id=named.session_id,
            n=named.n,
        )
        return self._say(NodeTopics(node.site, node.node).refused, encode(refusals))
