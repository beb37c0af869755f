"""The node's side of the clock exchange: it asks, and keeps what each hub answered (docs/wire.md)."""

import logging
import threading
from collections import deque
from contextlib import suppress

from edge.wire.clock.estimate import ClockEstimator, ClockUnknown
from edge.wire.messages import ClockAnswer, ClockAsk, Exchange, HubClock, decode
from sensors.clock import Clock

log = logging.getLogger(__name__)

BURST = 8
"""So many exchanges in a row, each begun by the answer before, at a connection and when a hub is first heard."""

REMEMBERED = 64
"""Questions whose answers are still welcome, and exchanges that a health message may carry, at most."""


class ClockClient:
    """Sends nothing itself: what its methods return wants to go out at once, at QoS 0. A loss does no harm.

    `question` and `collect` may be called in any thread, `answered` in the network's.
    """

    def __init__(self, session: int, boot: str, clock: Clock) -> None:
        """`session`: the node's session number. `boot`: whose monotonic clock `clock` is."""
        self._session = session
        self._boot = boot
        self._clock = clock
        self._asked: deque[int] = deque(maxlen=REMEMBERED)
        self._burst = 0
        """Questions that are still to follow an answer at once."""
        self._hubs: dict[str, _Hub] = {}
        self._lock = threading.Lock()

    def question(self, *, burst: bool = False) -> ClockAsk:
        """Due once a second. `burst`: its answer is followed by more, as after every connection."""
        with self._lock:
            if burst:
                self._burst = BURST - 1
            return self._next()

    def answered(self, payload: bytes) -> ClockAsk | None:
        """Take an answer, the instant of its receipt first; the next question of a burst.

        Raises MessageWrong.
        """
        t4_ns = self._clock.now().mono_ns
        answer = decode(payload, ClockAnswer)
        with self._lock:
            if answer.session != self._session or answer.t1_ns not in self._asked:
                return None
            # Of several hubs' answers to one question, the first leads on.
            newest = answer.t1_ns == self._asked[-1]
            if answer.boot != self._boot or answer.boot in self._hubs or not _in_order(answer, t4_ns):
                self._keep(answer, t4_ns)
            if not newest or not self._burst:
                return None
            self._burst -= 1
            return self._next()

    def _next(self) -> ClockAsk:
        t1_ns = self._clock.now().mono_ns
        self._asked.append(t1_ns)
        return ClockAsk(session=self._session, t1_ns=t1_ns)

    def _keep(self, answer: ClockAnswer, t4_ns: int) -> None:
        if answer.boot not in self._hubs:
            self._hubs[answer.boot] = _Hub()
            self._burst = BURST - 1
        self._hubs[answer.boot].add(Exchange(answer.t1_ns, answer.t2_ns, answer.t3_ns, t4_ns))

    def collect(self) -> dict[str, HubClock]:
        """By a hub's boot id what is known of its clock by now; each exchange is in one answer only."""
        now_ns = self._clock.now().mono_ns
        with self._lock:
            return {boot: hub.collect(now_ns) for boot, hub in self._hubs.items()}


def _in_order(answer: ClockAnswer, t4_ns: int) -> bool:
    """Whether one clock may have been read four times; a boot has several where one side is in a time namespace."""
    return answer.t1_ns <= answer.t2_ns <= answer.t3_ns <= t4_ns


class _Hub:
    def __init__(self) -> None:
        self._estimator = ClockEstimator()
        self._uncollected: deque[Exchange] = deque(maxlen=REMEMBERED)

    def add(self, exchange: Exchange) -> None:
        steps = self._estimator.steps
        self._estimator.add(*exchange)
        self._uncollected.append(exchange)
        if self._estimator.steps > steps:
            log.warning("this machine's clock or the hub's was set, or stood still")

    def collect(self, now_ns: int) -> HubClock:
        offset_ns: int | None = None
        bound_ns: int | None = None
        with suppress(ClockUnknown):
            offset_ns, bound_ns = self._estimator.at(now_ns)
        exchanges = tuple(self._uncollected)
        self._uncollected.clear()
        return HubClock(offset_ns=offset_ns, bound_ns=bound_ns, steps=self._estimator.steps, exchanges=exchanges)
