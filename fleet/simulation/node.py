"""One simulated node: an identity of its own, reports with numbers of their own, and what became of each."""

import secrets
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import msgspec

from edge.wire.acknowledgements import PUT_OFF, UNINTRODUCED
from edge.wire.messages import (
    Birth,
    ClockAsk,
    Committed,
    Conn,
    ConnState,
    FrameReport,
    Health,
    MessageWrong,
    Refusals,
    Spooled,
    StreamCounters,
    decode,
    encode,
)
from edge.wire.topics import NodeTopics
from fleet.simulation.connection import Connection
from fleet.simulation.workload import Workload
from sensors.clock import NS_PER_S, Clock

OVERDUE_NS = 20 * NS_PER_S
"""Of what was said longer ago and isn't committed nobody may have heard."""
AGAIN = 20
AGAIN_NS = 5 * NS_PER_S
"""What was put off is said again no sooner, and no more often."""


@dataclass(slots=True)
class Tally:
    """Of all nodes together."""

    sent: int = 0
    committed: int = 0
    resent: int = 0
    """Said once more, after a connection had broken or a hub had put it off."""
    refused: Counter[str] = field(default_factory=Counter)
    first_refusal: str = ""
    delays_ns: list[int] = field(default_factory=list)
    """From a report's first publication to the hub's word that it is committed."""
    heard: int = 0
    """Messages that came."""


class _Waiting(NamedTuple):
    published_ns: int
    payload: bytes


class SimulatedNode:
    """`connection` is set before it says anything. What no hub has committed it keeps, and says again."""

    connection: Connection

    def __init__(
        self, site: str, name: str, run: str, workload: Workload, clock: Clock, boot: str, tally: Tally
    ) -> None:
        now = clock.now()
        self._clock = clock
        self._tally = tally
        self._reports = workload.reports
        self._replays = workload.replays
        self._waiting: dict[int, _Waiting] = {}
        self._next = self._failed = 0
        self._put_off = self._unknown = False
        """A hub said so since it was said again."""
        self._again_ns = 0
        self.topics = NodeTopics(site, name)
        self.birth: Birth = msgspec.structs.replace(
            workload.birth,
            site=site,
            node=name,
            session=now.utc_ns // NS_PER_S,
            session_id=secrets.token_hex(16),
            run=run,
            stamp=now,
            boot=boot,
        )
        self._stream = self.birth.streams[0].name
        self._detections = self.topics.detections(self._stream)

    @property
    def waiting(self) -> int:
        """Reports that no hub has committed yet."""
        return len(self._waiting)

    def introduce(self) -> None:
        """At every connection; what is uncommitted goes out again after it."""
        self.connection.publish(self.topics.birth, encode(self.birth), 1, retain=True)
        self.connection.publish(self.topics.conn, self.conn("online"), 1, retain=True)
        for one in self._waiting.values():
            self.connection.publish(self._detections, one.payload, 1)
        self._tally.resent += len(self._waiting)

    def report(self) -> None:
        """Say the next frame's, as if it had been done at this moment."""
        n, now = self._next, self._clock.now()
        template = self._said(self._reports[n % len(self._reports)])
        said = msgspec.structs.replace(
            template,
            session=self.birth.session,
            session_id=self.birth.session_id,
            n=n,
            seq=template.seq if self._replays else n,
            stamp=now.shifted_to(now.mono_ns - template.total_ns),
            published=now,
        )
        self._next += 1
        self._failed += said.status == "failed"
        self._tally.sent += 1
        payload = encode(said)
        self._waiting[n] = _Waiting(now.mono_ns, payload)
        if self.connection.up:
            self.connection.publish(self._detections, payload, 1)

    def tell(self) -> None:
        """Due once a second, as of any node: its health, a question for the hub's clock, and what a hub put off."""
        if self.connection.up:
            self._say_again()
            ask = ClockAsk(session=self.birth.session, t1_ns=self._clock.now().mono_ns)
            self.connection.publish(self.topics.clock_ask, encode(ask), 0)
            self.connection.publish(self.topics.health, encode(self._health()), 0)

    def _say_again(self) -> None:
        now_ns = self._clock.now().mono_ns
        oldest = next(iter(self._waiting.values()), None)
        overdue = oldest is not None and now_ns - oldest.published_ns > OVERDUE_NS
        if not (self._put_off or overdue) or now_ns - self._again_ns < AGAIN_NS:
            return
        self._put_off, self._again_ns = False, now_ns
        if self._unknown:
            self._unknown = False
            self.introduce()
            return
        # Not all at once: behind a broker that is behind, that would be a flood.
        oldest_ones = islice(self._waiting.values(), AGAIN)
        old = [one.payload for one in oldest_ones if now_ns - one.published_ns > AGAIN_NS]
        for payload in old:
            self.connection.publish(self._detections, payload, 1)
        self._tally.resent += len(old)

    def farewell(self) -> None:
        """Its last words; the broker is to keep nothing of a node that never was."""
        self.connection.publish(self.topics.health, encode(self._health(final=True)), 1)
        self.connection.publish(self.topics.conn, self.conn("offline"), 1, retain=True)
        for topic in (self.topics.conn, self.topics.birth):
            self.connection.publish(topic, b"", 1, retain=True)

    def hear(self, topic: str, payload: bytes) -> None:
        self._tally.heard += 1
        try:
            if topic == self.topics.committed:
                word = decode(payload, Committed)
                if word.session_id == self.birth.session_id:
                    self._settle(word.streams.get(self._stream, ()))
            elif topic == self.topics.refused:
                self._refused(decode(payload, Refusals))
        except MessageWrong as error:
            self._tally.first_refusal = self._tally.first_refusal or f"{topic}: {error.what}"

    def _said(self, template: FrameReport) -> FrameReport:
        """What this node makes of it."""
        return template

    def conn(self, state: ConnState) -> bytes:
        return encode(Conn(state=state, session=self.birth.session, session_id=self.birth.session_id))

    def _settle(self, ranges: tuple[tuple[int, int], ...]) -> None:
        now_ns = self._clock.now().mono_ns
        for n in [n for n in self._waiting if any(first <= n <= last for first, last in ranges)]:
            self._tally.delays_ns.append(now_ns - self._waiting.pop(n).published_ns)
            self._tally.committed += 1

    def _refused(self, word: Refusals) -> None:
        self._tally.refused.update(word.reasons)
        self._put_off = self._put_off or bool(word.reasons.keys() & PUT_OFF)
        self._unknown = self._unknown or UNINTRODUCED in word.reasons
        self._tally.first_refusal = self._tally.first_refusal or f"{word.topic}: {word.what}"

    def _health(self, *, final: bool = False) -> Health:
        ok, waiting = self._next - self._failed, self.waiting
        counters = StreamCounters(captured=self._next, ok=ok, failed=self._failed, spooled=waiting)
        return Health(
            session=self.birth.session,
            session_id=self.birth.session_id,
            stamp=self._clock.now(),
            streams={self._stream: counters},
            queued=self.connection.unacknowledged,
            final=final,
            spool=Spooled(reports=waiting, bytes=sum(len(one.payload) for one in self._waiting.values())),
        )
