"""The lives of a shadow's process: started again when it dies, ended when it hangs, left alone when it is hopeless."""

import logging
import threading
from collections.abc import Callable

from edge.shadow.channel import Answered, Begin, FromShadow, GivesUp, Ready
from edge.shadow.child import Child
from sensors.clock import NS_PER_MS, NS_PER_S, Clock

log = logging.getLogger(__name__)

LOAD_S = 300.0
"""A candidate that takes longer to load hangs."""
GRACE_S = 10.0
"""Beyond the backend's own deadline, until a shadow that doesn't answer is ended: it runs when nobody else does."""
TENDED_S = 0.25
PATIENCE_S, MOST_PATIENCE_S = 1.0, 60.0
"""After a death the next start waits so long, and twice as long after each further one."""
DEATHS = 5
"""In a row, without an answer between them: then it is left alone."""


class Lives:
    """One process at a time. What it calls, it calls in a thread of its own."""

    def __init__(
        self,
        begin: Begin,
        deadline_ms: float,
        clock: Clock,
        *,
        on_word: Callable[[FromShadow], None],
        on_death: Callable[[str], None],
        on_end: Callable[[str], None],
    ) -> None:
        """`on_death` is told what it died of, before it is started again; `on_end` why it is not."""
        self._begin = begin
        self._hangs_ns = round(deadline_ms * NS_PER_MS) + int(GRACE_S * NS_PER_S)
        self._clock = clock
        self._on_word, self._on_death, self._on_end = on_word, on_death, on_end
        self._stopped = threading.Event()
        self._child: Child | None = None
        self._due_ns: int | None = None
        """By when it must have said something; None: nothing is awaited."""
        self.starts = 0
        self._threads = [
            threading.Thread(target=self._run, name="shadow"),
            threading.Thread(target=self._watch, name="shadow-watch"),
        ]

    @property
    def pid(self) -> int | None:
        """Of the process; None: there is none."""
        child = self._child
        return None if child is None else child.pid

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def at_hand(self) -> Child | None:
        """The process, which is to be handed a frame now; None: it is gone, and its death is told."""
        self._due_ns = self._clock.now().mono_ns + self._hangs_ns
        return self._child

    def close(self) -> None:
        """End it. Closing twice is harmless."""
        self._stopped.set()
        self._kill()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _run(self) -> None:
        deaths = 0
        while not self._stopped.is_set():
            try:
                why, answered, hopeless = self._live()
            # The top of a thread: the active streams go on without a shadow.
            except Exception as error:
                log.exception("the shadow broke")
                why, answered, hopeless = repr(error), False, repr(error)
            self._on_death("the run was ended before it answered" if self._stopped.is_set() else why)
            deaths = 1 if answered else deaths + 1
            if deaths >= DEATHS:
                hopeless = hopeless or f"{why}, {deaths} times in a row"
            if self._stopped.is_set() or hopeless:
                if hopeless:
                    self._on_end(hopeless)
                return
            patience_s = min(PATIENCE_S * 2 ** (deaths - 1), MOST_PATIENCE_S)
            log.warning("the shadow is gone: %s; starting it again in %g s", why, patience_s)
            self._stopped.wait(patience_s)

    def _live(self) -> tuple[str, bool, str]:
        """What it died of, whether it answered anything, and why another one would do no better (or nothing)."""
        answered, hopeless = False, ""
        child = Child(self._begin)
        self._due_ns = self._clock.now().mono_ns + int(LOAD_S * NS_PER_S)
        self._child = child
        self.starts += 1
        if self._stopped.is_set():
            child.kill()
        while (said := child.hear()) is not None:
            match said:
                case Ready():
                    self._due_ns = None
                case Answered():
                    self._due_ns, answered = None, True
                case GivesUp():
                    hopeless = f"{said.sentence}; {said.hint}" if said.hint else said.sentence
            self._on_word(said)
        self._child, self._due_ns = None, None
        return child.bury(), answered, hopeless

    def _watch(self) -> None:
        while not self._stopped.wait(TENDED_S):
            due_ns = self._due_ns
            if due_ns is not None and self._clock.now().mono_ns > due_ns:
                log.warning("the shadow hangs; its process is ended")
                self._due_ns = None
                self._kill()

    def _kill(self) -> None:
        child = self._child
        if child is not None:
            child.kill()
