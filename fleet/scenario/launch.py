"""A scenario run: broker, hub and nodes as processes, watched until they end, and told as one run."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import tomli_w

from edge.config import NodeConfig, NodePlan
from edge.wire.address import BrokerAt
from edge.wire.messages import Birth
from fleet.arrivals import NodeKey
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig, TruthRoot
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import records, troubles
from fleet.scenario.children import Child, ChildDied
from fleet.scenario.scenario import Scenario, truth_roots
from replay.runs.reports import write_reports
from replay.runs.runfolder import RunFolder, RunIdentity
from replay.runs.summary import Summary, summarise
from sensors.clock import NS_PER_S, Clock, boot_id
from sensors.config import plain
from sensors.foreign_text import without_surrogates
from sensors.host import host_facts, software

log = logging.getLogger(__name__)

LOAD_S = 120.0
"""How long a node may take to load its model and its recording."""
WATCH_S = 0.25
SETTLE_S = 20.0
"""How long the hub may take to hear the last words of nodes that have ended."""
PARTS = "parts"
READY = "ready"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Frames whose fate is decided, by (node, stream), as far as the hub has heard."""

    decided: dict[tuple[str, str], int]


class ScenarioRun:
    """One run of a scenario; `stop` may come from a signal handler, and the run ends with what it has."""

    def __init__(self, scenario: Scenario, out: Path, clock: Clock) -> None:
        """Makes the run folder; raises RunFolderTaken."""
        self._scenario = scenario
        self._clock = clock
        self._folder = RunFolder(out)
        self._parts = out.absolute() / PARTS
        self._run = without_surrogates(out.name)
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self, watch: Callable[[RunProgress], None]) -> Summary:
        """Run to the end and write the run folder; `watch` is told what the hub has heard, a few times a second.

        Raises what kept a part from starting. A part that dies later is a trouble of the summary.
        """
        started_utc_ns = self._clock.now().utc_ns
        store = self._parts / "hub.sqlite"
        with ExitStack() as stack:
            hub, nodes = self._start_all(stack, store)
            with LedgerReader(store) as ledger:
                wrong = self._watch(hub, nodes, ledger, watch)
                self._settle(ledger, nodes)
            hub.stop()
        with LedgerReader(store) as ledger:
            births = ledger.births(self._run)
            order = [plan.name for plan in self._scenario.nodes]
            found = sorted(records(ledger, self._run, self._truth()), key=lambda one: order.index(one.birth.node))
            wrong += troubles(ledger, self._run)
        absent = set(order) - {birth.node for birth in births}
        wrong += [f"node {name} never introduced itself to the hub" for name in sorted(absent)]
        summary = summarise(self._run, found, wrong)
        self._folder.write_identity(self._identity(births, started_utc_ns))
        write_reports(self._folder, ((one.birth.node, one.stream.name, one.reports) for one in found))
        self._folder.write_summary(summary)
        return summary

    def _start_all(self, stack: ExitStack, store: Path) -> tuple[Child, list[Child]]:
        """The hub and the nodes, all loaded; where one can't start, nothing is left behind."""
        try:
            self._parts.mkdir(parents=True, exist_ok=True)
            broker = self._broker(stack)
            hub = self._start_hub(stack, broker, store)
            nodes = [self._start_node(stack, plan, broker) for plan in self._scenario.nodes]
            for node in nodes:
                node.await_line(READY, LOAD_S)
        except BaseException:
            stack.close()
            self._folder.discard(PARTS)
            raise
        return hub, nodes

    def _broker(self, stack: ExitStack) -> BrokerAt:
        if self._scenario.broker is not None:
            return self._scenario.broker
        embedded = EmbeddedBroker(self._scenario.broker_port, self._parts / "broker", self._clock)
        return BrokerAt(url=stack.enter_context(embedded).url)

    def _start_hub(self, stack: ExitStack, broker: BrokerAt, store: Path) -> Child:
        config = HubConfig(broker=broker, site=self._scenario.site, store=store, truth=self._truth())
        hub = self._start(stack, "hub", ["hub", "run"], config)
        hub.await_line(READY, LOAD_S)
        return hub

    def _start_node(self, stack: ExitStack, plan: NodePlan, broker: BrokerAt) -> Child:
        config = NodeConfig(
            **msgspec.structs.asdict(plan),
            site=self._scenario.site,
            run=self._run,
            broker=broker,
            state=self._parts / "state",
        )
        return self._start(stack, f"node {plan.name}", ["node", "run", "--hold"], config)

    def _start(self, stack: ExitStack, name: str, verb: Sequence[str], config: HubConfig | NodeConfig) -> Child:
        stem = name.removeprefix("node ")
        path = self._parts / f"{stem}.toml"
        path.write_text(tomli_w.dumps(plain(config)), encoding="utf-8")
        child = Child(name, [*verb, str(path)], self._parts / f"{stem}.log")
        stack.callback(child.stop)
        return child

    def _watch(
        self, hub: Child, nodes: Sequence[Child], ledger: LedgerReader, watch: Callable[[RunProgress], None]
    ) -> list[str]:
        """Until every node has ended; what died unasked, in its last words."""
        begin_ns = self._clock.now().mono_ns
        for node in nodes:
            node.go()
        deaths: dict[str, str] = {}
        while any(node.running for node in nodes):
            late = self._scenario.seconds is not None and (
                self._clock.now().mono_ns - begin_ns > self._scenario.seconds * NS_PER_S
            )
            if self._stop.wait(WATCH_S) or late or hub.name in deaths:
                for node in nodes:
                    node.terminate()
            watch(self._progress(ledger))
            deaths.update(_deaths([hub, *nodes]))
        deaths.update(_deaths([hub, *nodes]))
        return list(deaths.values())

    def _settle(self, ledger: LedgerReader, nodes: Sequence[Child]) -> None:
        """Wait until the hub has heard the last word of every node that could still say one."""
        deadline_ns = self._clock.now().mono_ns + int(SETTLE_S * NS_PER_S)
        well = {node.name.removeprefix("node ") for node in nodes if not _deaths([node])}
        while self._clock.now().mono_ns < deadline_ns:
            births = [birth for birth in ledger.births(self._run) if birth.node in well]
            words = [ledger.last_heard(NodeKey(birth.site, birth.node), birth.session) for birth in births]
            gone = [word.state == "offline" and word.health is not None and word.health.final for word in words]
            if all(gone) and len(gone) == len(well):
                return
            self._clock.sleep_until(self._clock.now().mono_ns + int(WATCH_S * NS_PER_S))

    def _progress(self, ledger: LedgerReader) -> RunProgress:
        decided: dict[tuple[str, str], int] = {}
        for birth in ledger.births(self._run):
            health = ledger.last_heard(NodeKey(birth.site, birth.node), birth.session).health
            for stream, counted in health.streams.items() if health else ():
                decided[birth.node, stream] = counted.ok + counted.failed + counted.dropped
        return RunProgress(decided)

    def _truth(self) -> tuple[TruthRoot, ...]:
        unsound = self._scenario.unsound
        return tuple(
            TruthRoot(dataset=dataset, root=root, unsound=unsound) for dataset, root in truth_roots(self._scenario)
        )

    def _identity(self, births: Sequence[Birth], started_utc_ns: int) -> RunIdentity:
        return RunIdentity(
            run=self._run,
            software=software(),
            started_utc_ns=started_utc_ns,
            scenario=plain(self._scenario),
            clock={"boot": boot_id(), "durations": "CLOCK_MONOTONIC", "labels": "UTC"},
            host=host_facts(),
            nodes=tuple(births),
        )


def _deaths(children: Sequence[Child]) -> Iterator[tuple[str, str]]:
    for child in children:
        try:
            child.check()
        except ChildDied as death:
            yield child.name, death.sentence
