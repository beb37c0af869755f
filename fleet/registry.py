"""Who is there: every node's newest session, what it said last, and for how long it has been silent."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from edge.wire.messages import Birth, ConnState, MessageWrong
from fleet.arrivals import COUNTED, NodeKey, SessionKey, key_of
from sensors.clock import Stamp

log = logging.getLogger(__name__)

MISSED_PERIODS = 3
NODES = 4096
"""So many nodes are remembered; of more, those that have been silent longest are forgotten until they speak again."""
SESSIONS = 8192
"""So many introductions are remembered; others are looked up when they are asked for."""
SHORT_DIGEST = 12

K = TypeVar("K")
V = TypeVar("V")

NodeState: TypeAlias = Literal["unknown", "online", "stale", "offline", "lost"]
"""`unknown`: introduced, and nothing was heard of it since. `stale`: online, and silent for too long."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What of a birth the session's later messages are held against; small, however large the birth is."""

    key: SessionKey
    count: int
    boot: str
    stamp: Stamp
    streams: frozenset[str]
    stages: tuple[str, ...]
    model: str
    """The first digits of its sha256, and of"""
    artefact: str
    labels: int
    """How many the model has."""
    disputed: bool = False
    """Two births named it: which of them its reports belong to, nobody knows."""

    @classmethod
    def of(cls, birth: Birth) -> "Introduction":
        return cls(
            key=key_of(birth),
            count=birth.session,
            boot=birth.boot,
            stamp=birth.stamp,
            streams=frozenset(stream.name for stream in birth.streams),
            stages=birth.stages,
            model=birth.model.sha256[:SHORT_DIGEST],
            artefact=birth.model.artefact[:SHORT_DIGEST],
            labels=len(birth.model.labels),
        )


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
    doubled: bool = False
    """Whether it was told already that an older session of it still talks."""

    @property
    def state(self) -> ConnState | None:
        return self.said or ("online" if self.speaks else None)


class Registry:
    """Fed from one thread with what was decoded and fits its topic; `standings` may be asked from any."""

    def __init__(self, health_period_ns: int, lookup: Callable[[SessionKey], Birth | None] = lambda _: None) -> None:
        """`lookup`: the birth of a session that isn't remembered here, if it is in the ledger."""
        self._health_period_ns = health_period_ns
        self._patience_ns = MISSED_PERIODS * health_period_ns
        self._lookup = lookup
        self._introduced: OrderedDict[SessionKey, Introduction] = OrderedDict()
        self._nodes: OrderedDict[NodeKey, _Node] = OrderedDict()
        self._early: OrderedDict[NodeKey, tuple[SessionKey, ConnState]] = OrderedDict()
        """A conn of a session that hasn't introduced itself: retained messages come in any order."""
        self._lock = threading.Lock()

    def resume(self, birth: Birth, said: ConnState | None, at: Stamp) -> None:
        """Know again what an earlier life of the hub has booked: a node's newest session, and what it said last."""
        self._enter(self._remember(Introduction.of(birth)), said, at)

    def introduction(self, key: SessionKey) -> Introduction:
        """Raises MessageWrong (session) where none came, or two of one name did."""
        known = self._known(key)
        if known is None:
            raise MessageWrong("session", f"{key.node} has not introduced the session {key.id}")
        if known.disputed:
            raise MessageWrong("session", f"{key.node} began the session {key.id} twice")
        return known

    def knows(self, key: NodeKey) -> bool:
        return key in self._nodes

    def current(self, key: SessionKey) -> bool:
        """Whether it is its node's newest session."""
        node = self._nodes.get(key.of_node)
        return node is not None and node.key == key

    def birth_arrived(self, birth: Birth, at: Stamp) -> ConnState | None:
        """The session that introduces itself is its node's newest from here on; what its connection was said to be.

        A birth may come again, as retained messages do. Raises MessageWrong (session) if it is another one of the same
        name: a node that knows only its counter has lost it.
        """
        new = Introduction.of(birth)
        known = self._known(new.key)
        if known is not None and (known.boot, known.stamp) != (new.boot, new.stamp):
            self._remember(replace(known, disputed=True))
            raise MessageWrong("session", _again(new.key))
        if known is None:
            self._remember(new)
        if self.current(new.key):
            return None
        word = self._early.pop(new.key.of_node, None)
        said = word[1] if word is not None and word[0] == new.key else None
        self._enter(new, said, at)
        return said

    def conn_arrived(self, key: SessionKey, state: ConnState, at: Stamp) -> bool:
        """Whether that is news of a session that has introduced itself; an older one's moves no state of its node."""
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

    def health_arrived(self, key: SessionKey, final: bool, at: Stamp) -> None:
        """Note that a session lives. An older one's moves nothing, unless the newest has fallen silent.

        Raises MessageWrong (session) for one that is neither remembered nor in the ledger.
        """
        node = self._nodes.get(key.of_node)
        if node is None or (node.key != key and not final and self._silent_ns(node, at) > self._patience_ns):
            node = self._enter(self.introduction(key), None, at)
        if node.key == key:
            with self._lock:
                self._nodes.move_to_end(key.of_node)
            node.heard, node.speaks = at, True
        elif not final and not node.doubled and at.mono_ns - node.since.mono_ns > self._patience_ns:
            node.doubled = True
            log.warning(
                "%s/%s speaks in two sessions at once, %s and %s: are two nodes named alike? Each is booked by itself",
                *(key.site, key.node, node.key.id, key.id),
            )

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

    def _known(self, key: SessionKey) -> Introduction | None:
        known = self._introduced.get(key)
        if known is None:
            birth = self._lookup(key)
            return None if birth is None else self._remember(Introduction.of(birth))
        self._introduced.move_to_end(key)
        return known

    def _remember(self, introduction: Introduction) -> Introduction:
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
