"""Who is there: every node's newest session, what it said last, and for how long it has been silent."""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar

from edge.wire.acknowledgements import UNINTRODUCED
from edge.wire.messages import Birth, ConnState, MessageWrong
from fleet.arrivals import COUNTED, NodeKey, SessionKey, key_of
from fleet.introduction import Introduction
from sensors.clock import NS_PER_S, Stamp

log = logging.getLogger(__name__)

MISSED_PERIODS = 3
NODES = 4096
"""So many nodes are remembered; of more, those that have been silent longest are forgotten until they speak again."""
SESSIONS = 8192
"""So many introductions are remembered; others are looked up when they are asked for."""
EARLY_S = 10.0
"""Health goes at QoS 0 and overtakes a birth that waits at the broker: of a session that isn't known, none of it is
held against anybody for so long."""
EVIDENCE = 2
"""So often an older session has to be heard beside a newer one until it counts as alive."""
RIVALS = 64
"""So many older sessions of a node are watched."""

K = TypeVar("K")
V = TypeVar("V")

NodeState: TypeAlias = Literal["unknown", "online", "stale", "offline", "lost"]
"""`unknown`: introduced, and nothing was heard of it since. `stale`: online, and silent for too long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a node at one moment; times are the hub's."""

    key: SessionKey
    count: int
    state: NodeState
    since: Stamp


@dataclass(slots=True)
class _Node:
    """A node by its newest session: the one that introduced itself last."""

    key: SessionKey
    count: int
    said: ConnState | None
    since: Stamp
    heard: Stamp
    speaks: bool = False
    """Whether health came: then it is there, also where an older session's will replaced what was said of it."""
    rivals: Counter[SessionKey] = field(default_factory=Counter)
    """How often older sessions were heard since: they are at work, too."""

    @property
    def state(self) -> ConnState | None:
        return self.said or ("online" if self.speaks else None)


class Registry:
    """Fed from one thread with what was decoded and fits its topic; `standings` may be asked from any."""

    def __init__(
        self,
        health_period_ns: int,
        lookup: Callable[[SessionKey], Birth | None] = lambda _: None,
        on_rivals: Callable[[Introduction, Introduction], None] = lambda _older, _newer: None,
    ) -> None:
        """`lookup`: the birth of a session that isn't remembered here, if it is in the ledger.

        `on_rivals` is called with the older and the newer of two sessions of one node that are both at work, whenever
        the older is heard.
        """
        self._health_period_ns = health_period_ns
        self._patience_ns = MISSED_PERIODS * health_period_ns
        self._lookup = lookup
        self._on_rivals = on_rivals
        self._introduced: OrderedDict[SessionKey, Introduction] = OrderedDict()
        self._nodes: OrderedDict[NodeKey, _Node] = OrderedDict()
        self._early: OrderedDict[NodeKey, tuple[SessionKey, ConnState]] = OrderedDict()
        """A conn of a session that hasn't introduced itself: retained messages come in any order."""
        self._parted: OrderedDict[SessionKey, None] = OrderedDict()
        """Sessions that said goodbye."""
        self._absent: OrderedDict[SessionKey, None] = OrderedDict()
        """Sessions that aren't in the ledger: whoever names one over and over costs one look into it."""
        self._overtaking: OrderedDict[SessionKey, int] = OrderedDict()
        """When health of a session that isn't known came first."""
        self._lock = threading.Lock()

    def resume(self, birth: Birth, said: ConnState | None, at: Stamp) -> None:
        """Know again what an earlier life of the hub has booked: a node's newest session, and what it said last."""
        introduction = self._remember(Introduction.of(birth))
        if said is not None:
            self._has_parted(introduction.key, said)
        self._enter(introduction, said, at)

    def introduction(self, key: SessionKey) -> Introduction:
        """Raises MessageWrong: unintroduced where none came, session where two of one name did."""
        known = self._known(key)
        if known is None:
            raise MessageWrong(UNINTRODUCED, f"{key.node} has not introduced the session {key.id}")
        if known.disputed:
            raise MessageWrong("session", f"{key.node} began the session {key.id} twice")
        return known

    def is_apart(self, key: SessionKey) -> None:
        """Its clock was compared with the hub's: it is another, whatever its boot is."""
        known = self._known(key)
        if known is not None and not known.apart:
            log.warning("%s/%s has the hub's boot and another clock", key.site, key.node)
            self._remember(replace(known, apart=True))

    def is_early(self, key: SessionKey, at: Stamp) -> bool:
        """Whether health comes of a session that may only just be introducing itself."""
        if self._known(key) is not None:
            self._overtaking.pop(key, None)
            return False
        first_ns = self._overtaking.setdefault(key, at.mono_ns)
        _bound(self._overtaking, SESSIONS)
        return at.mono_ns - first_ns <= EARLY_S * NS_PER_S

    def knows(self, key: NodeKey) -> bool:
        return key in self._nodes

    def current(self, key: SessionKey) -> bool:
        """Whether it is its node's newest session."""
        node = self._nodes.get(key.of_node)
        return node is not None and node.key == key

    def birth_arrived(self, birth: Birth, at: Stamp) -> ConnState | None:
        """The session that introduces itself is its node's newest from here on; what its connection was said to be.

        A birth may come again, as retained messages do, and as after each connection: an older session's changes
        nothing while the newest one is there. Raises MessageWrong (session) if it is another one of the same name: a
        node that knows only its counter has lost it.
        """
        again = self._known(key_of(birth)) is not None
        new = self._introduce(birth)
        node = self._nodes.get(new.key.of_node)
        if node is not None and (node.key == new.key or (again and self._is_there(node, at))):
            return None
        word = self._early.pop(new.key.of_node, None)
        said = word[1] if word is not None and word[0] == new.key else None
        self._enter(new, said, at)
        return said

    def former_arrived(self, birth: Birth) -> None:
        """An earlier session, which still has reports to say, is known from here on, and moves no state of its node.

        Raises MessageWrong (session) as `birth_arrived` does.
        """
        self._introduce(birth)

    def conn_arrived(self, key: SessionKey, state: ConnState, at: Stamp) -> bool:
        """Whether that is news of a session that has introduced itself; an older one's moves no state of its node."""
        if self._has_parted(key, state):
            return False
        node = self._nodes.get(key.of_node)
        if node is not None and node.key == key:
            if state == node.said:
                return False
            node.said, node.since = state, at
            log.log(logging.WARNING if state == "lost" else logging.INFO, "%s/%s is %s", key.site, key.node, state)
            return True
        if self._known(key) is None:
            self._early[key.of_node] = key, state
            _bound(self._early, NODES)
            return False
        log.info("%s/%s has begun another session; of %s comes %r late", key.site, key.node, key.id, state)
        return True

    def _has_parted(self, key: SessionKey, state: ConnState) -> bool:
        """Whether that is a will of somebody who said goodbye: a broker says it where the connection closed before it
        had read the last packet.
        """
        if state == "lost":
            return key in self._parted
        self._parted.pop(key, None)
        if state == "offline":
            self._parted[key] = None
            _bound(self._parted, SESSIONS)
        return False

    def health_arrived(self, key: SessionKey, final: bool, at: Stamp) -> None:
        """Note that a session lives. An older one's moves nothing, unless the newest has fallen silent.

        Raises MessageWrong (unintroduced) for one that is neither remembered nor in the ledger.
        """
        node = self._nodes.get(key.of_node)
        if node is None or (node.key != key and not final and self._silent_ns(node, at) > self._patience_ns):
            node = self._enter(self.introduction(key), None, at)
        if node.key == key:
            with self._lock:
                self._nodes.move_to_end(key.of_node)
            node.heard, node.speaks = at, True
        elif not final:
            self._rival(node, key)

    def _rival(self, node: _Node, key: SessionKey) -> None:
        """An older session speaks. What it said before the newer began may come in late; the second time it is no more
        that.
        """
        if len(node.rivals) >= RIVALS and key not in node.rivals:
            return
        node.rivals[key] += 1
        if node.rivals[key] < EVIDENCE:
            return
        older, newer = self._known(key), self._known(node.key)
        if older is None or newer is None:
            return
        if node.rivals[key] == EVIDENCE:
            log.error(
                "two processes are node %s/%s: session %s on %s, and the older %s on %s, which is told to end; each is "
                "booked by itself. Give each node of a site a name of its own",
                *(key.site, key.node, newer.key.id, newer.host or "?", older.key.id, older.host or "?"),
            )
        self._on_rivals(older, newer)

    def standings(self, now: Stamp) -> list[Standing]:
        """Every node that is remembered, by site and name."""
        with self._lock:
            nodes = sorted(self._nodes.values(), key=lambda node: (node.key.site, node.key.node))
        return [
            Standing(
                key=node.key,
                count=node.count,
                state=state_after(node.state, now.mono_ns - node.heard.mono_ns, self._health_period_ns),
                since=node.since,
            )
            for node in nodes
        ]

    def _introduce(self, birth: Birth) -> Introduction:
        new = Introduction.of(birth)
        known = self._known(new.key)
        if known is not None and (known.boot, known.stamp) != (new.boot, new.stamp):
            self._remember(replace(known, disputed=True))
            raise MessageWrong("session", _again(new.key))
        return known or self._remember(new)

    def _known(self, key: SessionKey) -> Introduction | None:
        known = self._introduced.get(key)
        if known is None:
            birth = None if key in self._absent else self._lookup(key)
            if birth is not None:
                return self._remember(Introduction.of(birth))
            self._absent[key] = None
            _bound(self._absent, SESSIONS)
            return None
        self._introduced.move_to_end(key)
        return known

    def _remember(self, introduction: Introduction) -> Introduction:
        self._absent.pop(introduction.key, None)
        self._introduced[introduction.key] = introduction
        _bound(self._introduced, SESSIONS)
        return introduction

    def _enter(self, introduction: Introduction, said: ConnState | None, at: Stamp) -> _Node:
        with self._lock:
            key = introduction.key
            node = self._nodes[key.of_node] = _Node(key, introduction.count, said, at, at)
            self._nodes.move_to_end(key.of_node)
            _bound(self._nodes, NODES)
        return node

    def _is_there(self, node: _Node, at: Stamp) -> bool:
        return node.state == "online" and self._silent_ns(node, at) <= self._patience_ns

    @staticmethod
    def _silent_ns(node: _Node, at: Stamp) -> int:
        return at.mono_ns - node.heard.mono_ns


def state_after(said: ConnState | None, silent_ns: int, health_period_ns: int) -> NodeState:
    """What a node is that said `said` and has been silent since."""
    if said is None:
        return "unknown"
    if said == "online" and silent_ns > MISSED_PERIODS * health_period_ns:
        return "stale"
    return said


def _again(key: SessionKey) -> str:
    if key.counted:
        return f"{key.node} begins session {key.id.removeprefix(COUNTED)} again: it has lost its session counter"
    return f"{key.node} introduces the session {key.id} again, as another"


def _bound(entries: OrderedDict[K, V], most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)
