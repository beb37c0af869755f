"""Reports on their way out, in a thread of their own: the frame path never waits for a disk or a network.

Each is kept in the spool, then published while it is fresh; what could not be goes out late, beside the others.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from edge.backlog import Backlog
from edge.spool.spool import Spool
from edge.spool.store import Kept, Lane
from edge.uncommitted import NO_HUB, Refused, reason
from edge.wire.acknowledgements import PUT_OFF, UNINTRODUCED
from edge.wire.link import Link
from edge.wire.messages import LATE_BYTES, LATE_REPORTS, Committed, FrameReport, Refusals, Spooled, encode
from edge.wire.topics import NodeTopics
from sensors.clock import NS_PER_MS, NS_PER_S, Clock

log = logging.getLogger(__name__)

WAITING = 10_000
"""Reports between the frame path and the disk; beyond them a disk that hangs costs reports, which are counted."""
BATCH = 256
TICK_S = 0.1
IDLE_S = 1.0
STALLED_NS = NS_PER_S
"""Where the broker takes longer than this to acknowledge, what is reported now is no longer live either."""
ANSWERS_NS = 4 * NS_PER_S
"""A hub that was heard so recently is there: it answers about its clock once a second."""
SETTLE_NS = 500 * NS_PER_MS
"""So long after a connection a hub may take to say where it stands, before the backlog goes out."""
LATE_LEAST, LATE_MOST = 4_000, 128_000
"""Bytes of one message out of the backlog: fewer on a slow link, so that live reports needn't wait behind it."""
UNCOMMITTED_NS = 10 * NS_PER_S
REMIND_NS = 60 * NS_PER_S


class Publisher:
    """Everything that is put is kept until a hub has committed it; goes out at QoS 1, live ones in order."""

    def __init__(
        self, link: Link, topics: NodeTopics, clock: Clock, spool: Spool, session_id: str, late_per_s: int
    ) -> None:
        """Takes over `spool` when it is started, and closes it."""
        self._link = link
        self._topics = topics
        self._clock = clock
        self._spool = spool
        self._session_id = session_id
        self._backlog = Backlog(spool)
        self._waiting: deque[FrameReport] = deque()
        self._committed: deque[Committed] = deque()
        self._news = threading.Condition()
        self._closed = False
        self._connected = False
        self._lost: Counter[str] = Counter()
        self._late_count = 0
        self._late_bytes = LATE_MOST // 4
        self._late_reports = max(int(late_per_s * TICK_S), 1)
        self._next_late_ns = 0
        self._heard_ns = -ANSWERS_NS
        self._progressed_ns = clock.now().mono_ns
        self._reminded_ns = -REMIND_NS
        self._oversize: set[str] = set()
        self._introduced = {session_id}
        self._put_off_ns = -REMIND_NS
        self.refused = Refused()
        self._thread = threading.Thread(target=self._run, name="publisher")

    def start(self) -> None:
        """Begin to keep and to send; the link is connected."""
        self._thread.start()

    def put(self, report: FrameReport) -> None:
        if len(self._waiting) >= WAITING:
            self._lose(report, "the disk hangs")
            return
        self._waiting.append(report)
        self._wake()

    def connected(self) -> None:
        """Called in the network thread, as are `committed`, `heard` and `told`."""
        self._connected = True
        self._wake()

    def committed(self, word: Committed) -> None:
        self._committed.append(word)
        self.heard()
        self._wake()

    def heard(self) -> None:
        """A hub answered something."""
        self._heard_ns = self._clock.now().mono_ns

    def told(self, word: Refusals) -> None:
        """A hub refuses something."""
        self.heard()
        self._put_off(word)
        refused = {reason: count for reason, count in word.reasons.items() if reason not in PUT_OFF}
        if not refused:
            return
        self.refused.reasons.update(refused)
        count = sum(refused.values())
        reasons = ", ".join(f"{one} ({reason})" for reason, one in refused.items())
        if not self.refused.first:
            which = "" if word.n is None else f", n = {word.n}"
            self.refused.first = f"{word.topic}{which}: {word.what}"
            log.error("hub %s refused %s messages of this node; the first on %s", word.hub, reasons, self.refused.first)
        self.refused.count += count
        self._backlog.refused()

    def _put_off(self, word: Refusals) -> None:
        """Good ones, for all one knows: they go out again, late. Said once a minute."""
        put_off = {reason: count for reason, count in word.reasons.items() if reason in PUT_OFF}
        if UNINTRODUCED in put_off:
            self._introduced = {self._session_id}
        now_ns = self._clock.now().mono_ns
        if put_off and now_ns - self._put_off_ns > REMIND_NS:
            self._put_off_ns = now_ns
            reasons = ", ".join(f"{count} ({reason})" for reason, count in put_off.items())
            log.warning("hub %s puts off %s messages of this node; they stay here, and go out again", word.hub, reasons)

    def evicted(self, stream: str) -> int:
        return self._lost[stream] + self._spool.evicted(Lane(self._session_id, stream))

    def spooled(self, stream: str) -> int:
        """Reports of this session that no hub has committed yet."""
        return self._spool.count(Lane(self._session_id, stream))

    @property
    def awaited(self) -> int:
        """Reports, of whichever session, that a hub may still commit."""
        state = self.state()
        return state.reports - state.unsendable

    @property
    def hub_answers(self) -> bool:
        return self._clock.now().mono_ns - self._heard_ns < ANSWERS_NS

    def state(self) -> Spooled:
        state = self._spool.state()
        return msgspec.structs.replace(
            state,
            reports=state.reports + len(self._waiting),
            evicted=state.evicted + self._lost.total(),
            unsendable=self._backlog.aside,
            refused=self.refused.count,
            late=self._late_count,
        )

    def close(self) -> None:
        """Keep what was put, send no more, and give the spool back to the disk."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        self._spool.close()

    def _wake(self) -> None:
        with self._news:
            self._news.notify_all()

    def _run(self) -> None:
        while not self._closed or self._waiting:
            with self._news:
                self._news.wait_for(
                    lambda: self._closed or self._waiting or self._committed or self._connected,
                    TICK_S if self._spool.kept else IDLE_S,
                )
            reports = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
            try:
                self._turn(reports)
            # The top of a thread: those that come after these can still be kept.
            except Exception:
                log.exception("%d reports could not be kept or sent", len(reports))
                for report in reports:
                    self._lost[report.stream] += 1

    def _turn(self, reports: Sequence[FrameReport]) -> None:
        now_ns = self._clock.now().mono_ns
        if self._connected:
            self._connected = False
            self._introduced = {self._session_id}
            self._backlog.connected(now_ns)
            self._next_late_ns = now_ns + SETTLE_NS
        before = self._spool.state().reports
        marks = self._marks()
        self._spool.write([self._kept(report) for report in reports], marks)
        if self._spool.state().reports < before + len(reports):
            self._backlog.progressed()
            self._progressed_ns = now_ns
        for report in reports:
            self._publish_live(report)
        if self._link.up:
            answers = self.hub_answers
            self._backlog.turn(now_ns, answers)
            if answers and now_ns >= self._next_late_ns and not self._closed:
                self._next_late_ns = now_ns + int(TICK_S * NS_PER_S)
                self._publish_late()
        self._spool.tend()
        self._remind(now_ns)

    def _marks(self) -> dict[Lane, Sequence[tuple[int, int]]]:
        marks: dict[Lane, Sequence[tuple[int, int]]] = {}
        while self._committed:
            word = self._committed.popleft()
            for stream, ranges in word.streams.items():
                marks[Lane(word.session_id, stream)] = ranges
        return marks

    def _kept(self, report: FrameReport) -> Kept:
        lane = Lane(report.session_id, report.stream)
        return Kept(lane, report.n, encode(self._leaving(report)), report.stamp)

    def _leaving(self, report: FrameReport) -> FrameReport:
        return msgspec.structs.replace(report, published=self._clock.now())

    def _publish_live(self, report: FrameReport) -> None:
        """While it is fresh; where that can't be, it is in the backlog already."""
        if not self._link.up or self._link.stalled(STALLED_NS):
            return
        topic, payload = self._topics.detections(report.stream), encode(self._leaving(report))
        lane = Lane(report.session_id, report.stream)
        if not self._fits(topic, len(payload), lane, report.n):
            return
        if self._link.publish(topic, payload, qos=1):
            self._backlog.sent(lane, (report.n, report.n))

    def _publish_late(self) -> None:
        """One message, and the next when the broker has it; sized so that it takes no longer than a tick."""
        if self._link.bulk_unacknowledged:
            self._late_bytes = max(self._late_bytes // 2, LATE_LEAST)
            return
        if self._link.stalled(STALLED_NS):
            return
        self._late_bytes = min(self._late_bytes * 3 // 2, LATE_MOST)
        taken: list[Kept] = []
        size = 2
        for one in self._backlog.next(min(self._late_reports, LATE_REPORTS)):
            topic = self._topics.late(one.lane.stream)
            if not self._fits(topic, len(one.payload) + 2, one.lane, one.n):
                if taken:
                    break
                continue
            size += len(one.payload) + 1
            if taken and (size > min(self._late_bytes, LATE_BYTES) or not self._link.limits.fits(topic, size)):
                break
            taken.append(one)
        if not taken:
            return
        self._introduce(taken[0].lane.session)
        payload = b"[" + b",".join(one.payload for one in taken) + b"]"
        if self._link.publish(self._topics.late(taken[0].lane.stream), payload, qos=1, bulk=True):
            self._late_count += len(taken)
            # What lies between them is on its way since before, or not kept any more.
            self._backlog.sent(taken[0].lane, (taken[0].n, taken[-1].n), late=True)

    def _introduce(self, session: str) -> None:
        """An earlier session, before the first report of it on this connection: its hub may have never met it."""
        if session not in self._introduced and (birth := self._spool.birth(session)):
            self._link.publish(self._topics.former, birth, qos=1)
        self._introduced.add(session)

    def _fits(self, topic: str, size: int, lane: Lane, n: int) -> bool:
        if self._link.limits.fits(topic, size):
            return True
        self._backlog.set_aside(lane, n)
        if lane.stream not in self._oversize:
            self._oversize.add(lane.stream)
            most = self._link.limits.most_bytes
            log.error("a report of stream %s has %d bytes, the broker takes %s; it stays here", lane.stream, size, most)
        return False

    def _lose(self, report: FrameReport, why: str) -> None:
        self._lost[report.stream] += 1
        if self._lost[report.stream] == 1:
            log.error("stream %s: %s; reports are lost", report.stream, why)

    def _remind(self, now_ns: int) -> None:
        """Say while it runs that nobody commits, soon and then each minute."""
        kept = self._spool.state().reports
        if not kept or self._progressed_ns < 0:
            self._progressed_ns = now_ns
        if now_ns - self._progressed_ns > UNCOMMITTED_NS and now_ns - self._reminded_ns > REMIND_NS:
            self._reminded_ns = now_ns
            limits = self._link.limits
            why = reason(dict(limits.denied), self.refused, shut_out=limits.shut_out)
            why = why or ("a hub answers" if self.hub_answers else NO_HUB)
            log.warning("%d reports have not been committed by a hub yet (%s); they stay in the spool", kept, why)
