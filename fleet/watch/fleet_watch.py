"""The fleet as the ledger has it: a row a node, renewed while somebody looks, and what changed of late."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.wire.messages import Birth, Health
from fleet.arrivals import NodeKey, SessionKey, key_of
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import LastHeard
from fleet.registry import state_after
from fleet.watch.fleet_row import GLANCES, FleetRow, Glance, Latency
from fleet.watch.recent_timings import RecentTimings
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.record import Record
from sensors.terminal.foreign_text import shown

WINDOW_S = 60
MOST_TIMINGS = 250_000
"""Of all streams, at the first look."""
CHANGES = 100
PENDING = 10
"""So many reports may well be on their way; more than that and than two seconds' are a backlog."""


class Change(Record, frozen=True, kw_only=True):
    """Something that became of a node, by the hub's wall clock."""

    utc_ns: int
    site: str
    node: str
    before: str
    """Empty: it was not known."""
    after: str


@dataclass(frozen=True, slots=True)
class Recent:
    """What became of a node within the last minute, as far as it was watched."""

    ok: int
    failed: int
    refused: int
    """Messages on its topics."""


@dataclass(slots=True)
class _Counted:
    """What a node said of itself at one look."""

    mono_ns: int
    said_ns: int
    """By the node's own monotonic clock."""
    ok: int
    failed: int
    refused: int


@dataclass(slots=True)
class _Node:
    session: SessionKey
    counted: deque[_Counted] = field(default_factory=deque)
    glance: Glance = "unknown"
    since_utc_ns: int = 0


class FleetWatch:
    """Used by one thread at a time; `rows` and `changes` are replaced whole, and may be read by any."""

    def __init__(self, clock: Clock, health_period_s: float, hot_c: float) -> None:
        self._clock = clock
        self._period_ns = int(health_period_s * NS_PER_S)
        self._hot_c = hot_c
        self._nodes: dict[NodeKey, _Node] = {}
        self._timings: dict[tuple[SessionKey, str], RecentTimings] = {}
        self._changes: deque[Change] = deque(maxlen=CHANGES)
        self.latencies: dict[tuple[SessionKey, str], Latency] = {}
        """Of each stream's last minute."""
        self.standing: Mapping[NodeKey, tuple[Birth, LastHeard]] = {}
        self.refused: Mapping[NodeKey, int] = {}
        """How many messages on a node's topics were ever refused."""
        self.recent: Mapping[NodeKey, Recent] = {}
        """Of a node that was looked at once only, nothing is known."""
        self.rows: Mapping[NodeKey, FleetRow] = {}
        """By site and node, as of the last look."""
        self.changes: tuple[Change, ...] = ()
        """The newest first."""
        self.tally: Mapping[str, int] = {}
        """How many nodes are what, the worst first."""

    def look(self, ledger: FleetReader) -> None:
        """Read what is new. Raises StoreBroken."""
        now = self._clock.now()
        refused = ledger.refusals_by_node()
        standing = {NodeKey(birth.site, birth.node): (birth, last) for birth, last in ledger.standing()}
        self._time(ledger, now)
        first, rows = not self._nodes, {}
        for key, (birth, last) in standing.items():
            node = self._node(key, birth, now, known=not first)
            self._count(node, last.health, refused.get(key, 0), now)
            state = self._state(last, now.utc_ns)
            glance = self._glance(node, state, last.health)
            if glance != node.glance or not node.since_utc_ns:
                if node.since_utc_ns:
                    self._tell(key, node.glance, glance, now)
                node.glance, node.since_utc_ns = glance, now.utc_ns
            rows[key] = self._row(birth, last, node, state)
        self._nodes = {key: node for key, node in self._nodes.items() if key in standing}
        self.standing, self.refused = standing, refused
        self.recent = {key: _recent(node.counted) for key, node in self._nodes.items() if len(node.counted) > 1}
        live = {node.session for node in self._nodes.values()}
        self._timings = {at: kept for at, kept in self._timings.items() if at[0] in live}
        self.latencies = {at: kept for at, kept in self.latencies.items() if at in self._timings}
        counted = Counter(row.glance for row in rows.values())
        self.tally = {glance: counted[glance] for glance in GLANCES if counted[glance]}
        self.rows, self.changes = rows, tuple(reversed(self._changes))

    def _node(self, key: NodeKey, birth: Birth, now: Stamp, *, known: bool) -> _Node:
        session, node = key_of(birth), self._nodes.get(key)
        if node is None:
            if known:
                self._tell(key, "", "introduced", now)
            node = self._nodes[key] = _Node(session)
        elif node.session != session:
            self._tell(key, node.glance, "began a new session", now)
            node = self._nodes[key] = _Node(session, glance=node.glance, since_utc_ns=node.since_utc_ns)
        return node

    def _tell(self, key: NodeKey, before: str, after: str, now: Stamp) -> None:
        self._changes.append(Change(utc_ns=now.utc_ns, site=key.site, node=key.node, before=before, after=after))

    def _state(self, last: LastHeard, now_utc_ns: int) -> str:
        # As `gilmok hub nodes` judges it.
        said = last.state or ("online" if last.health else None)
        return state_after(said, now_utc_ns - max(last.state_utc_ns, last.health_utc_ns), self._period_ns)

    @staticmethod
    def _count(node: _Node, health: Health | None, refused: int, now: Stamp) -> None:
        streams = () if health is None else health.streams.values()
        ok, failed = sum(one.ok for one in streams), sum(one.failed for one in streams)
        said_ns = 0 if health is None else health.stamp.mono_ns
        node.counted.append(_Counted(now.mono_ns, said_ns, ok, failed, refused))
        while now.mono_ns - node.counted[0].mono_ns > WINDOW_S * NS_PER_S:
            node.counted.popleft()

    def _glance(self, node: _Node, state: str, health: Health | None) -> Glance:
        """The worst that holds of it."""
        holds = {state}
        if state == "online":
            before, now = node.counted[0], node.counted[-1]
            if now.refused > before.refused:
                holds.add("refused")
            if now.failed > before.failed:
                holds.add("failing")
            if health is not None and health.temperature_c is not None and health.temperature_c >= self._hot_c:
                holds.add("hot")
            kept = 0 if health is None or health.spool is None else health.spool.reports
            if kept > max(PENDING, 2 * (_rate(node.counted) or 0)):
                holds.add("late")
        return next(one for one in GLANCES if one in holds)

    def _time(self, ledger: FleetReader, now: Stamp) -> None:
        since_ns = now.utc_ns - WINDOW_S * NS_PER_S
        changed: set[tuple[SessionKey, str]] = set()
        for one in ledger.newest_timings(since_ns, MOST_TIMINGS):
            at = one.key, one.stream
            kept = self._timings.get(at)
            if kept is None:
                kept = self._timings[at] = RecentTimings()
            if one.ok:
                kept.add(one)
            changed.add(at)
        for at, kept in self._timings.items():
            if kept.forget(since_ns) or at in changed:
                self.latencies[at] = kept.latency()

    def _row(self, birth: Birth, last: LastHeard, node: _Node, state: str) -> FleetRow:
        health, heard_utc_ns = last.health, max(last.state_utc_ns, last.health_utc_ns)
        counted = () if health is None else health.streams.values()
        timed = [self.latencies.get((node.session, stream.name), Latency()) for stream in birth.streams]
        slowest = max(timed, key=lambda one: (one.p50_ms or 0, one.n))
        return FleetRow(
            site=birth.site,
            node=birth.node,
            kind=birth.kind,
            state=state,
            glance=node.glance,
            since_utc_ns=node.since_utc_ns,
            last_heard_utc_ns=heard_utc_ns or None,
            run=shown(birth.run),
            model=shown(birth.model.name),
            device=shown(f"{birth.backend.name}:{birth.backend.device}"),
            streams=len(birth.streams),
            captured=sum(one.captured for one in counted),
            ok=sum(one.ok for one in counted),
            failed=sum(one.failed for one in counted),
            dropped=sum(one.dropped for one in counted),
            fps=None if state != "online" else _rate(node.counted),
            p50_ms=slowest.p50_ms,
            p99_ms=slowest.p99_ms,
            n=slowest.n,
            stages_ms=slowest.stages_ms,
            temperature_c=None if health is None else health.temperature_c,
            power_w=None if health is None else health.power_w,
            spooled=None if health is None or health.spool is None else health.spool.reports,
            x_m=None if birth.place is None else birth.place.x_m,
            y_m=None if birth.place is None else birth.place.y_m,
        )


def _recent(counted: deque[_Counted]) -> Recent:
    before, now = counted[0], counted[-1]
    return Recent(now.ok - before.ok, now.failed - before.failed, now.refused - before.refused)


def _rate(counted: deque[_Counted]) -> float | None:
    """Frames answered a second over the window; None before there are two words on it."""
    told = [one for one in (counted[0], counted[-1]) if one.said_ns]
    if len(told) < 2 or told[1].said_ns <= told[0].said_ns:
        return None
    return round((told[1].ok - told[0].ok) * NS_PER_S / (told[1].said_ns - told[0].said_ns), 2)
