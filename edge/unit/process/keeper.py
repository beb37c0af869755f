"""The node kept alive: a process that dies is started again, after a pause that grows, for as long as the unit runs."""

import logging
from collections.abc import Callable

from edge.unit.process.node_process import NodeProcess
from edge.unit.process.vitals import Vitals
from edge.wire.deployments.states import NodeProcess as NodeProcessState
from edge.wire.deployments.states import ProcessState
from edge.wire.message import REASON_CHARACTERS
from sensors.clock import NS_PER_S, Clock

log = logging.getLogger(__name__)

BACKOFF_S = 0.5
"""Before the first time; twice as long before each one after, up to"""
BACKOFF_MAX_S = 60.0
STEADY_S = 60.0
"""Who lived so long begins with the short pause again."""
SILENT_S = 30.0
"""It says once a second that its streams are well; who doesn't for so long is stuck."""
LOAD_S = 300.0
"""So long it may take until its model is loaded: some devices compile it then."""
NAME_TAKEN = "NameTaken"
"""The fault of a node that made room for another process of its name: started again, it would throw that one out."""


class NodeKeeper:
    """Asked a few times a second, from the thread that made it."""

    def __init__(self, start: Callable[[Vitals | None], NodeProcess], clock: Clock) -> None:
        """`start` gets the last vitals of the life before, where there was one; may raise a GilmokError."""
        self._start = start
        self._clock = clock
        self._life: NodeProcess | None = None
        self._before: Vitals | None = None
        self._tries = 0
        self._restarts = 0
        self._last_words = ""
        self._due_ns: int | None = clock.now().mono_ns
        self._begun_ns = 0
        self.done = False
        """Whether its work is over: it ended by itself, and well."""

    @property
    def vitals(self) -> Vitals | None:
        """Of the life at work, or of the last one."""
        return (self._life.vitals if self._life is not None else None) or self._before

    @property
    def told(self) -> NodeProcessState:
        state: ProcessState = "ended"
        if self._life is not None and self._life.status is None:
            state = "running" if self._life.vitals is not None else "starting"
        elif self._due_ns is not None:
            state = "waiting"
        return NodeProcessState(state=state, restarts=self._restarts, last_words=self._last_words)

    def tend(self) -> tuple[str, str]:
        """Start what is due; where it has just died, what of, and the kind of its fault."""
        now_ns = self._clock.now().mono_ns
        if self._due_ns is not None and now_ns >= self._due_ns:
            # Where it can't be started at all, that is tried again, too.
            self._due_ns, self._begun_ns = now_ns + int(BACKOFF_MAX_S * NS_PER_S), now_ns
            self._life = self._start(self._before)
            self._due_ns = None
        if self._life is None:
            return "", ""
        life, stuck = self._life, self._stuck(now_ns)
        if stuck:
            life.kill()
        if life.status is None:
            return "", ""
        self._life = None
        why, fault = stuck or life.death(), life.fault.kind if life.fault is not None else ""
        self._before = life.vitals or self._before
        if not why:
            self.done = True
            return "", ""
        self._died(why, fault, now_ns)
        return why, fault

    @property
    def status_line(self) -> str:
        """How the node says it is."""
        return self._life.status_line if self._life is not None else ""

    def at_work(self, life: NodeProcess) -> bool:
        return life is self._life

    def mark(self) -> None:
        """Have it keep what it sees around now, if it is at work."""
        if self._life is not None and self._life.vitals is not None:
            self._life.mark()

    def resume(self) -> None:
        """Start it, if it was ended and nobody has said that it be started."""
        if self._life is None and self._due_ns is None:
            self._due_ns = self._clock.now().mono_ns

    def again(self, *, afresh: bool = False) -> None:
        """End it, if it lives, and start it at once. `afresh`: not where the life before was."""
        self.end()
        if afresh:
            self._before = None
        self._tries = 0
        self.done = False
        self._due_ns = self._clock.now().mono_ns

    def end(self) -> None:
        """Returns when it has ended."""
        self._due_ns = None
        if self._life is not None:
            self._life.end()
            self._before = self._life.vitals or self._before
            self._life = None

    def _stuck(self, now_ns: int) -> str:
        life = self._life
        if life is None:
            return ""
        if life.vitals is None and now_ns - self._begun_ns > LOAD_S * NS_PER_S:
            return f"the node was not ready after {LOAD_S:g} s, and was ended"
        if life.beat_ns is None or now_ns - life.beat_ns < SILENT_S * NS_PER_S:
            return ""
        return f"the node hung and was ended: {life.status_line or 'it said nothing'}"

    def _died(self, why: str, fault: str, now_ns: int) -> None:
        self._last_words = why[:REASON_CHARACTERS]
        if fault == NAME_TAKEN:
            log.error("%s; it isn't started again before an order says so", why)
            return
        if now_ns - self._begun_ns > STEADY_S * NS_PER_S:
            self._tries = 0
        wait_s = min(BACKOFF_S * 2**self._tries, BACKOFF_MAX_S)
        self._tries += 1
        self._restarts += 1
        self._due_ns = now_ns + int(wait_s * NS_PER_S)
        log.warning("%s; starting it again in %g s", why, wait_s)
