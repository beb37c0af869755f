"""Who is there: every node's sessions, what it said last, and for how long it has been silent."""

import logging
import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.wire.messages import Birth, Conn, ConnState, Health, MessageWrong
from fleet.arrivals import NodeKey, key_of
from sensors.clock import Stamp

log = logging.getLogger(__name__)

MISSED_PERIODS = 3

NodeState: TypeAlias = Literal["unknown", "online", "stale", "offline", "lost"]
"""`unknown`: born, but its connection was never heard of. `stale`: online, and silent for too long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a node at one moment; times are the hub's."""

    key: NodeKey
    session: int
    state: NodeState
    since: Stamp
    birth: Birth | None
    health: Health | None


@dataclass(slots=True)
class _Entry:
    session: int
    said: ConnState | None
    since: Stamp
    heard: Stamp
    health: Health | None = None


class Registry:
    """Fed from one thread with what was decoded and fits its topic; `standings` may be asked from any."""

    def __init__(self, health_period_ns: int) -> None:
        self._health_period_ns = health_period_ns
        self._births: dict[tuple[NodeKey, int], Birth] = {}
        self._disputed: set[tuple[NodeKey, int]] = set()
        self._nodes: dict[NodeKey, _Entry] = {}
        self._lock = threading.Lock()

    def resume(self, birth: Birth, said: ConnState | None, at: Stamp) -> None:
        """Know again what an earlier life of the hub has booked: a session, and its last word on its connection."""
        key = key_of(birth)
        self.birth_arrived(key, birth, at)
        entry = self._nodes[key]
        if birth.session == entry.session:
            entry.said = said

    def birth_of(self, key: NodeKey, session: int) -> Birth:
        """Raises MessageWrong (session) where nobody was born so, or two were."""
        birth = self._births.get((key, session))
        if birth is None:
            raise MessageWrong("session", f"{key.node} has no session {session} that this hub knows")
        if (key, session) in self._disputed:
            raise MessageWrong("session", f"{key.node} began session {session} twice")
        return birth

    def birth_arrived(self, key: NodeKey, birth: Birth, at: Stamp) -> None:
        """A birth may come again, as retained messages do; raises MessageWrong (session) if it is another one."""
        known = self._births.setdefault((key, birth.session), birth)
        if (known.boot, known.stamp) != (birth.boot, birth.stamp):
            self._disputed.add((key, birth.session))
            raise MessageWrong(
                "session", f"{key.node} begins session {birth.session} again: it has lost its session counter"
            )
        self._enter(key, birth.session, at)

    def conn_arrived(self, key: NodeKey, conn: Conn, at: Stamp) -> bool:
        """Whether that is news. What an older session's will says, is not."""
        entry = self._enter(key, conn.session, at)
        if conn.session < entry.session:
            log.info("%s: the will of session %d came late; it runs session %d", key.node, conn.session, entry.session)
            return False
        if conn.state == entry.said:
            return False
        entry.said, entry.since = conn.state, at
        if conn.state == "lost":
            log.warning("%s/%s is lost (session %d)", key.site, key.node, conn.session)
        else:
            log.info("%s/%s is %s (session %d)", key.site, key.node, conn.state, conn.session)
        return True

    def health_arrived(self, key: NodeKey, health: Health, at: Stamp) -> None:
        """Note a health message of a known session; an older session's moves nothing."""
        entry = self._enter(key, health.session, at)
        if health.session == entry.session:
            entry.health, entry.heard = health, at

    def standings(self, now: Stamp) -> list[Standing]:
        """Every node, by site and name."""
        with self._lock:
            entries = sorted(self._nodes.items(), key=lambda item: (item[0].site, item[0].node))
        return [
            Standing(
                key=key,
                session=entry.session,
                state=state_after(entry.said, now.mono_ns - entry.heard.mono_ns, self._health_period_ns),
                since=entry.since,
                birth=self._births.get((key, entry.session)),
                health=entry.health,
            )
            for key, entry in entries
        ]

    def _enter(self, key: NodeKey, session: int, at: Stamp) -> _Entry:
        """The node's entry, begun anew if this session is newer than what was known."""
        entry = self._nodes.get(key)
        if entry is None or session > entry.session:
            with self._lock:
                entry = self._nodes[key] = _Entry(session, None, at, at)
        return entry


def state_after(said: ConnState | None, silent_ns: int, health_period_ns: int) -> NodeState:
    """What a node is that said `said` and has been silent since."""
    if said is None:
        return "unknown"
    if said == "online" and silent_ns > MISSED_PERIODS * health_period_ns:
        return "stale"
    return said
