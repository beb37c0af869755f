"""Parts of a scenario or of a hub that died, started again: after a while, so many times at most, counted and told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from replay.runs.summary import Restart
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

TRIES = 5
"""So often in a row a part is started again that doesn't stay alive for STEADY_S."""
BACKOFF_S = 0.5
"""Before the first time; twice as long before each one after, up to"""
BACKOFF_MAX_S = 8.0
STEADY_S = 60.0
START_S = 120.0
"""How long a part may do nothing before it is ready again."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that runs, as whoever looks after it sees it; nothing in it waits."""

    name: str
    death: Callable[[], str]
    """What it died of, as a sentence; empty while it lives, and where it ended as it should."""
    start: Callable[[], object]
    """Start it again; may raise a GilmokError."""
    ready: Callable[[], bool]
    """Whether it does its work, and if it waited for a word to begin, lets it."""
    end: Callable[[], None]
    """Make an end of it: it was started, and is never ready."""
    works: Callable[[], bool] = lambda: False
    """Whether it has done something since it was last asked, on its way to be ready."""


class Supervisor:
    """Of one part: it notices a death, and starts the part again until it has died too often."""

    def __init__(self, part: Part, clock: Clock) -> None:
        self.part = part
        self.restarts: list[Restart] = []
        self.given_up = ""
        """What it died of in the end, as a sentence; empty: it lives, or will be started again."""
        self._clock = clock
        self._tries = 0
        self._found_ns: int | None = None
        """When it was found dead; None while it is well."""
        self._due_ns: int | None = None
        """When it is to be started again; None once it is."""
        self._well_ns = clock.now().mono_ns

    @property
    def ill(self) -> bool:
        """Dead, or not ready again yet; not where it was given up."""
        return self._found_ns is not None and not self.given_up

    def tend(self, *, heal: bool = True) -> None:
        """Due a few times a second; `heal`: False: what is dead stays dead."""
        if self.given_up:
            return
        now_ns = self._clock.now().mono_ns
        if self._due_ns is not None:
            if not heal:
                self.given_up = self.restarts.pop().why
            elif now_ns >= self._due_ns:
                self._start(now_ns)
        elif why := self.part.death():
            self._died(why, now_ns, heal)
        elif self._found_ns is not None:
            self._look(now_ns)

    def _died(self, why: str, now_ns: int, heal: bool) -> None:
        if self._found_ns is None and now_ns - self._well_ns > STEADY_S * NS_PER_S:
            self._tries = 0
        if not heal or self._tries >= TRIES:
            self.given_up = why + (f"; it was started again {self._tries} times" if heal else "")
            log.error("%s", self.given_up)
            return
        wait_s = min(BACKOFF_S * 2**self._tries, BACKOFF_MAX_S)
        self._tries += 1
        self._found_ns = now_ns
        self._due_ns = now_ns + int(wait_s * NS_PER_S)
        self.restarts.append(Restart(part=self.part.name, why=why, utc_ns=self._clock.now().utc_ns, away_s=None))
        log.warning("%s; starting it again in %g s (%d of %d)", why, wait_s, self._tries, TRIES)

    def _start(self, now_ns: int) -> None:
        self._due_ns = None
        self._well_ns = now_ns
        try:
            self.part.start()
        except GilmokError as error:
            self._died(error.sentence, now_ns, heal=True)

    def _look(self, now_ns: int) -> None:
        assert self._found_ns is not None
        if self.part.ready():
            away_s = (now_ns - self._found_ns) / NS_PER_S
            last = self.restarts[-1]
            self.restarts[-1] = Restart(part=last.part, why=last.why, utc_ns=last.utc_ns, away_s=away_s)
            self._found_ns = None
            self._well_ns = now_ns
            log.warning("%s is back after %.1f s", self.part.name, away_s)
        elif self.part.works():
            self._well_ns = now_ns
        elif now_ns - self._well_ns > START_S * NS_PER_S:
            self.part.end()
