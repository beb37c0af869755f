"""From nodes that were started to nodes that hold, loaded: what dies meanwhile, and what never gets there."""

import logging
import threading
from collections.abc import Callable, Sequence

from fleet.scenario.parts import LOAD_S, READY, Parts
from fleet.workers.supervisor import Supervisor
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.processes.child import ChildDied, ChildSilent
from sensors.processes.progress import Progress

log = logging.getLogger(__name__)

LOOK_S = 0.1
TELL_NS = 60 * NS_PER_S


class NeverLoaded(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(why, "was there memory enough? The kernel's log says whom it killed")


class Loading:
    """Of the nodes that were started; `tend` is to be called until all are `done`."""

    def __init__(self, parts: Parts, cares: Sequence[Supervisor], clock: Clock, *, strict: bool) -> None:
        """`cares`: of the nodes. `strict`: what dies stays dead."""
        self._parts, self._cares, self._clock, self._strict = parts, cares, clock, strict
        now_ns = clock.now().mono_ns
        self._began_ns = self._told_ns = now_ns
        self._progress = {name: Progress() for name in parts.nodes}
        self._since_ns = dict.fromkeys(parts.nodes, now_ns)
        """When each was last seen to work."""

    @property
    def done(self) -> bool:
        return all(node.has_printed(READY) for node in self._parts.nodes.values())

    def tend(self) -> None:
        """A node that was killed is started again; raises ChildDied of one that says itself why it can't go on, since
        it would say so again; ChildSilent of one that neither works nor gets ready; NeverLoaded of one that is killed
        over and over.
        """
        for name in self._parts.nodes:
            self._look(name)
        for care in self._cares:
            care.tend(heal=not self._strict)
            if care.given_up:
                raise NeverLoaded(care.given_up)
        self._tell()

    def _look(self, name: str) -> None:
        node, now_ns = self._parts.nodes[name], self._clock.now().mono_ns
        try:
            node.check()
        except ChildDied as death:
            if self._strict or not death.killed:
                raise
            self._since_ns[name] = now_ns
            return
        if node.has_printed(READY):
            return
        if self._progress[name].made(node.pid):
            self._since_ns[name] = now_ns
        elif not node.running or now_ns - self._since_ns[name] > LOAD_S * NS_PER_S:
            node.stop()
            raise ChildSilent(node.name, READY, LOAD_S)

    def _tell(self) -> None:
        now_ns = self._clock.now().mono_ns
        if now_ns - self._told_ns > TELL_NS:
            self._told_ns = now_ns
            slow = ", ".join(name for name, node in self._parts.nodes.items() if not node.has_printed(READY))
            log.warning("still loading after %d s, and at work: %s", (now_ns - self._began_ns) // NS_PER_S, slow)


def await_loaded(loading: Loading, stop: threading.Event, meanwhile: Callable[[], None]) -> None:
    """Return when all are, or when `stop` is set; `meanwhile` is called a few times a second. Raises as `tend`."""
    while not (loading.done or stop.wait(LOOK_S)):
        meanwhile()
        loading.tend()
