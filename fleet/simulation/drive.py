"""A thousand nodes in one process: connect them, let them speak at a rate, and wait until everything is committed."""

import asyncio
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from paho.mqtt.enums import MQTTProtocolVersion

from edge.wire.address import Address, BrokerAt, BrokerUnreachable
from edge.wire.connection.dialects import MQTT5, MQTT311, ConnectOptions, Will
from edge.wire.link import Link
from edge.wire.topics import check_name
from fleet.simulation.connection import Connection
from fleet.simulation.node import SimulatedNode, Tally
from fleet.simulation.unit import SimulatedUnit, UnitTraits
from fleet.simulation.workload import Workload
from sensors.clock import NS_PER_MS, NS_PER_S, Clock, boot_id
from sensors.errors import GilmokError

PROBE_S = 10.0
CONNECT_S = 30.0
"""So long the next of those that are connecting may take."""
ARRIVING = 32
"""So many connect at once: a broker that keeps each subscription on a disk chokes on a thousand."""
ARRIVING_POLL_S = 0.005
PATIENCE_S = 30.0
"""How long the hub may take to commit the next of what is left."""
GOODBYE_S = 10.0
POLL_S = 0.05
TEND_S = 5.0
YIELD_EVERY = 16
"""Messages between two looks at what came in, where the schedule isn't kept."""
SPARE_FILES = 64


class TooManyNodes(GilmokError):
    def __init__(self, nodes: int, files: int) -> None:
        super().__init__(
            f"{nodes} nodes need a connection each, and this process may have {files} files open",
            "raise the limit (ulimit -n), or simulate fewer nodes",
        )


class Uncommitted(GilmokError):
    def __init__(self, left: int, sent: int, refusal: str) -> None:
        why = f"; the first refusal: {refusal}" if refusal else ""
        super().__init__(
            f"{left} of {sent} reports are not committed by a hub{why}",
            "is a hub running at this broker that hears this site? `gilmok hub refused` tells what it didn't take",
        )


@dataclass(frozen=True, kw_only=True)
class Simulation:
    broker: BrokerAt
    site: str
    run: str
    nodes: int
    rate: float
    """Reports a second of each node."""
    seconds: float
    patience_s: float = PATIENCE_S
    units: UnitTraits | None = None
    """None: nodes that nobody deploys to."""

    def __post_init__(self) -> None:
        check_name("site", self.site)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was said and what became of it; None where nothing was committed."""

    nodes: int
    seconds: float
    """From the first report to the last."""
    sent: int
    committed: int
    uncommitted: int
    refused: dict[str, int]
    first_refusal: str
    resent: int
    breaks: int
    """Connections that broke."""
    sent_per_s: float
    committed_per_s: float
    """Over the time until the last one was."""
    messages_per_s: float
    """With health and questions for the hub's clock, both once a second and node."""
    commit_p50_ms: float | None
    commit_p99_ms: float | None
    commit_max_ms: float | None
    behind_ms: float
    """How late a report was said at worst: a second and more means that the simulator was the limit."""
    cpu_share: float
    """Of one core, this process's, from the first report to the last commit."""
    cpu_us_per_report: float
    connect_s: float


class Fleet:
    """All nodes of a Simulation; `run` once."""

    def __init__(self, simulation: Simulation, workload: Sequence[Workload], clock: Clock) -> None:
        """Raises TooManyNodes, SecretMissing or SecretOpen."""
        _allow_files(simulation.nodes + SPARE_FILES)
        self._simulation = simulation
        self._clock = clock
        self.tally = Tally()
        self._addresses = Address.every(simulation.broker)
        boot, digits = boot_id(), len(str(simulation.nodes - 1))
        self._nodes = [
            self._node(i, f"simulated-{i:0{digits}}", workload[i % len(workload)], boot)
            for i in range(simulation.nodes)
        ]
        self._behind_ns = 0

    def _node(self, number: int, name: str, workload: Workload, boot: str) -> SimulatedNode:
        one = self._simulation
        if one.units is None:
            return SimulatedNode(one.site, name, one.run, workload, self._clock, boot, self.tally)
        return SimulatedUnit(
            one.site, name, one.run, workload, self._clock, boot, self.tally, traits=one.units, number=number
        )

    @property
    def waiting(self) -> int:
        return sum(node.waiting for node in self._nodes)

    def run(self) -> Outcome:
        """Raises BrokerUnreachable or BrokerRefused."""
        link = Link(self._simulation.broker, f"{self._simulation.site}-simulated", clock=self._clock)
        link.connect(PROBE_S)
        version = MQTT5 if link.protocol == "5" else MQTT311
        link.close()
        return asyncio.run(self._run(version))

    async def _run(self, version: MQTTProtocolVersion) -> Outcome:
        began_ns = self._clock.now().mono_ns
        await self._connect(version)
        tending = [
            asyncio.create_task(self._paced(self._simulation.nodes, None, lambda node: node.tell())),
            asyncio.create_task(self._paced(self._simulation.nodes / TEND_S, None, _tend)),
        ]
        connected_ns, cpu_s = self._clock.now().mono_ns, _cpu_s()
        per_s = self._simulation.nodes * self._simulation.rate
        self._behind_ns = await self._paced(per_s, int(self._simulation.seconds * per_s), lambda node: node.report())
        said_ns = self._clock.now().mono_ns
        committed_ns = await self._await_commits()
        spent_s = _cpu_s() - cpu_s
        for task in tending:
            task.cancel()
        outcome = self._outcome(said_ns - connected_ns, committed_ns - connected_ns, spent_s, connected_ns - began_ns)
        await self._leave()
        return outcome

    async def _connect(self, version: MQTTProtocolVersion) -> None:
        arriving: list[SimulatedNode] = []
        for node in self._nodes:
            name = f"{node.birth.site}-{node.birth.node}-{node.birth.session_id[:8]}"
            options = ConnectOptions(name, Will(node.topics.conn, node.conn("lost")), 0, False)
            node.connection = Connection(
                self._addresses_for(node), options, version, node.topics.everything_down, node.introduce, node.hear
            )
            node.connection.connect()
            arriving.append(node)
            await self._arrived(arriving, ARRIVING - 1)
        await self._arrived(arriving, 0)

    def _addresses_for(self, node: SimulatedNode) -> list[Address]:
        """As a real node has them: begun at a place that its name decides."""
        first = self._simulation.broker.beginning_for(f"{node.birth.site}/{node.birth.node}").each[0]
        place = self._simulation.broker.each.index(first)
        return self._addresses[place:] + self._addresses[:place]

    async def _arrived(self, arriving: list[SimulatedNode], most: int) -> None:
        """Wait until `most` are left that haven't introduced themselves."""
        since_ns = self._clock.now().mono_ns
        while True:
            before = len(arriving)
            arriving[:] = [one for one in arriving if not one.connection.up or one.connection.unacknowledged]
            if len(arriving) <= most:
                return
            if len(arriving) < before:
                since_ns = self._clock.now().mono_ns
            elif self._clock.now().mono_ns - since_ns > CONNECT_S * NS_PER_S:
                why = arriving[0].connection.trouble or "connected, but without an answer"
                raise BrokerUnreachable(self._simulation.broker.shown, why, CONNECT_S)
            await asyncio.sleep(ARRIVING_POLL_S)

    async def _paced(self, per_s: float, total: int | None, act: Callable[[SimulatedNode], None]) -> int:
        """One node after another in turns, `total` times or for ever, `per_s` a second; the worst delay in ns."""
        begin_ns, worst_ns = self._clock.now().mono_ns, 0
        for turn in count() if total is None else range(total):
            due_ns = begin_ns + int(turn * NS_PER_S / per_s)
            while (ahead_ns := due_ns - self._clock.now().mono_ns) > 0:
                await asyncio.sleep(ahead_ns / NS_PER_S)
            worst_ns = max(worst_ns, -ahead_ns)
            if turn % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            act(self._nodes[turn % len(self._nodes)])
        return worst_ns

    async def _await_commits(self) -> int:
        """The monotonic instant of the last commit, or of the moment at which patience ended."""
        least, since_ns = self.waiting, self._clock.now().mono_ns
        while (left := self.waiting) > 0:
            now_ns = self._clock.now().mono_ns
            if left < least:
                least, since_ns = left, now_ns
            if now_ns - since_ns > self._simulation.patience_s * NS_PER_S:
                break
            await asyncio.sleep(POLL_S)
        return self._clock.now().mono_ns

    async def _leave(self) -> None:
        there = [node for node in self._nodes if node.connection.up]
        for number, node in enumerate(there):
            node.farewell()
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        until_ns = self._clock.now().mono_ns + int(GOODBYE_S * NS_PER_S)
        while any(node.connection.unacknowledged for node in there) and self._clock.now().mono_ns < until_ns:
            await asyncio.sleep(POLL_S)
        for node in self._nodes:
            node.connection.leave()
        while any(node.connection.up for node in there) and self._clock.now().mono_ns < until_ns:
            await asyncio.sleep(POLL_S)

    def _outcome(self, span_ns: int, until_ns: int, spent_s: float, connect_ns: int) -> Outcome:
        tally, until_s = self.tally, max(until_ns, 1) / NS_PER_S
        p50, p99, most = _percentiles_ms(tally.delays_ns)
        return Outcome(
            nodes=len(self._nodes),
            seconds=span_ns / NS_PER_S,
            sent=tally.sent,
            committed=tally.committed,
            uncommitted=self.waiting,
            refused=dict(tally.refused),
            first_refusal=tally.first_refusal,
            resent=tally.resent,
            breaks=sum(node.connection.breaks for node in self._nodes),
            sent_per_s=tally.sent * NS_PER_S / max(span_ns, 1),
            committed_per_s=tally.committed / until_s,
            messages_per_s=tally.sent * NS_PER_S / max(span_ns, 1) + 2 * len(self._nodes),
            commit_p50_ms=p50,
            commit_p99_ms=p99,
            commit_max_ms=most,
            behind_ms=self._behind_ns / NS_PER_MS,
            cpu_share=spent_s / until_s,
            cpu_us_per_report=spent_s * 1e6 / max(tally.sent, 1),
            connect_s=connect_ns / NS_PER_S,
        )


def _percentiles_ms(delays_ns: list[int]) -> tuple[float, float, float] | tuple[None, None, None]:
    """The median, the 99th and the greatest."""
    if not delays_ns:
        return None, None, None
    p50, p99 = np.percentile(delays_ns, [50, 99]) / NS_PER_MS
    return float(p50), float(p99), max(delays_ns) / NS_PER_MS


def _tend(node: SimulatedNode) -> None:
    node.connection.tend()


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _allow_files(files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and files > hard:
        raise TooManyNodes(files - SPARE_FILES, hard)
    if soft != resource.RLIM_INFINITY and files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
