"""A session that outlives its device's troubles: what hangs or dies is noticed, told, and built anew."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

from edge.device.backend import BackendError, InferenceFailed, Session, SessionLost, Telemetry, Tensors
from edge.device.threads import on_a_thread
from sensors.clock import NS_PER_MS, NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

PATIENCE_MS = 1_000.0
"""After a failed rebuilding the next one waits so long, and twice as long after each further one."""
MAX_PATIENCE_MS = 30_000.0

GIVEN_UP = "the run was ended before it answered"

GRACE_MS = 500.0
"""A session in a process of its own ends it at the deadline and says so; if it doesn't, the watchdog does so later."""


class DeviceChanged(BackendError):
    def __init__(self, backend: str) -> None:
        super().__init__(
            f"backend {backend!r} came back with other tensors than it had", "end the run and look at the device"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """An inference that has begun."""

    session: Session
    begun_ns: int
    answer: "Future[Tensors]"


class Watched:
    """A PipelinedSession over sessions that `build` makes, one at a time.

    An inference that fails, fails its frame alone. One that keeps the session longer than the deadline, or loses it,
    fails its frame and all that are in flight with it; the next one waits for a new session, as long as the deadline
    allows, and fails if it isn't there by then. Nothing is tried twice and no frame is left out. (A frame that waited
    for its turn or for a new session may be late though nothing hangs: the pipeline fails it.)

    A call that hangs in this process can't be ended: its thread is left to it. (`edge.device.remote` ends processes.)
    """

    def __init__(self, name: str, build: Callable[[], Session], deadline_ms: float, clock: Clock) -> None:
        """Builds the first session, on a thread, so that a signal reaches whoever waits; raises what `build` raises."""
        self._name = name
        self._build = build
        self.deadline_ns = round(deadline_ms * NS_PER_MS)
        self._clock = clock
        first = _built(build, name)
        self._session: Session | None = first
        self.inputs, self.outputs = list(first.inputs), list(first.outputs)
        self._facts = dict(first.facts)
        self._depth: int = getattr(first, "depth", 1)
        self._grace_ns = round(GRACE_MS * NS_PER_MS) if getattr(first, "keeps_deadline", False) else 0
        self._places = threading.BoundedSemaphore(self._depth)
        self._changing = threading.Lock()
        self._coming: Future[Session] | None = None
        self._refused: GilmokError | None = None
        self._patience_ms = PATIENCE_MS
        self._not_before_ns = 0
        self._closed = False
        self._given_up: Future[None] = Future()
        self.losses: list[str] = []
        """Why each session was lost, in order."""
        self.rebuilt = 0
        """Sessions built after the first one."""

    @property
    def facts(self) -> Mapping[str, str]:
        session = self._session
        return session.facts if session is not None else self._facts

    @property
    def session(self) -> Session | None:
        """The one that stands; None while there is none."""
        return self._session

    @property
    def depth(self) -> int:
        return self._depth

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> Ticket:
        self._places.acquire()
        try:
            session = self._standing()
            begun_ns = self._clock.now().mono_ns
            return Ticket(session, begun_ns, on_a_thread(lambda: session.run(feeds), f"{self._name}-infer"))
        except BaseException:
            self._places.release()
            raise

    def collect(self, ticket: Ticket) -> Tensors:
        left_ns = ticket.begun_ns + self.deadline_ns + self._grace_ns - self._clock.now().mono_ns
        try:
            self._await(ticket.answer, max(left_ns, 0) / NS_PER_S)
            if ticket.answer.done():
                return ticket.answer.result()
            if self._given_up.done():
                raise SessionLost(self._name, GIVEN_UP)
            added = f", nor its process's end within {GRACE_MS:g} ms more" if self._grace_ns else ""
            raise SessionLost(self._name, f"no answer within {self.deadline_ns / NS_PER_MS:g} ms{added}")
        except SessionLost as error:
            self._lose(ticket.session, error)
            raise
        finally:
            self._places.release()

    def telemetry(self) -> Telemetry | None:
        """None also while there is no session, or one that has just died: an inference will tell."""
        session = self._session
        if session is None:
            return None
        try:
            return session.telemetry()
        except BackendError:
            return None

    def troubles(self) -> list[str]:
        """A sentence for each session that was lost; empty after a run without trouble."""
        with self._changing:
            after = f"{self.rebuilt} of {len(self.losses)} were built anew"
            return [f"the session was lost: {why} ({after})" for why in self.losses]

    def give_up(self) -> None:
        """Fail what is in flight, and all that comes: nobody waits for this device any more. From any thread."""
        with self._changing:
            if not self._given_up.done():
                self._given_up.set_result(None)

    def close(self) -> None:
        with self._changing:
            self._closed = True
            session, self._session = self._session, None
            coming, self._coming = self._coming, None
        if session is not None:
            session.close()
        if coming is not None:
            coming.add_done_callback(_close_when_built)

    def _standing(self) -> Session:
        """The session, or the next one as soon as it stands; raises what keeps it from standing."""
        with self._changing:
            if self._closed:
                raise InferenceFailed(self._name, "the session is closed")
            if self._given_up.done():
                raise InferenceFailed(self._name, GIVEN_UP)
            if self._session is not None:
                return self._session
            if self._coming is None:
                if self._refused is not None and self._clock.now().mono_ns < self._not_before_ns:
                    raise self._refused
                self._coming = on_a_thread(self._rebuild, f"{self._name}-rebuild")
            coming = self._coming
        self._await(coming, self.deadline_ns / NS_PER_S)
        if not coming.done():
            raise InferenceFailed(self._name, "its session is still being rebuilt")
        try:
            session = coming.result()
        # Whatever kept it from standing is told, by this frame and by those that wait beside it.
        except Exception as error:
            self._refuse(coming, error)
            raise
        self._accept(coming, session)
        return session

    def _await(self, answer: "Future[Any]", patience_s: float) -> None:
        """Until it is there, the time is over, or nobody waits any more."""
        wait([answer, self._given_up], patience_s, FIRST_COMPLETED)

    def _rebuild(self) -> Session:
        session = self._build()
        if (list(session.inputs), list(session.outputs)) != (self.inputs, self.outputs):
            session.close()
            raise DeviceChanged(self._name)
        return session

    def _accept(self, coming: "Future[Session]", session: Session) -> None:
        with self._changing:
            # Several frames may have waited for it.
            if self._coming is coming:
                self._coming, self._session, self._refused = None, session, None
                self._patience_ms = PATIENCE_MS
                self.rebuilt += 1
                log.warning("backend %s: the session was rebuilt (%d times so far)", self._name, self.rebuilt)

    def _refuse(self, coming: "Future[Session]", error: Exception) -> None:
        with self._changing:
            if self._coming is coming:
                reason = error.sentence if isinstance(error, GilmokError) else repr(error)
                self._coming = None
                self._refused = InferenceFailed(self._name, f"its session can't be rebuilt: {reason}")
                self._not_before_ns = self._clock.now().mono_ns + round(self._patience_ms * NS_PER_MS)
                self._patience_ms = min(2 * self._patience_ms, MAX_PATIENCE_MS)
                log.warning("backend %s: the session can't be rebuilt: %s", self._name, reason)

    def _lose(self, session: Session, error: SessionLost) -> None:
        with self._changing:
            if self._session is not session:
                return
            self._session = None
            self._facts = dict(session.facts)
            self.losses.append(error.sentence)
        if not self._given_up.done():
            log.warning("%s; a new session will be built", error.sentence)
        # Closing waits for what hangs.
        on_a_thread(session.close, f"{self._name}-close")


def _built(build: Callable[[], Session], name: str) -> Session:
    building = on_a_thread(build, f"{name}-load")
    try:
        return building.result()
    except BaseException:
        # Whoever was interrupted leaves it alone: what loads in vain is closed as soon as it stands.
        building.add_done_callback(_close_when_built)
        raise


def _close_when_built(coming: "Future[Session]") -> None:
    if coming.exception() is None:
        coming.result().close()
