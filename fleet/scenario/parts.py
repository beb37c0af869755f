"""The parts of a scenario as processes: the broker, the hub, the nodes; what each was started with stays."""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import tomli_w

from edge.config import NodeConfig, NodePlan
from edge.wire.address import BrokerAt
from fleet.arrivals import SessionKey
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig, TruthRoot
from fleet.scenario.children import Child, ChildDied
from fleet.scenario.scenario import Scenario, truth_roots
from sensors import atomic_files
from sensors.clock import NS_PER_S, Clock
from sensors.config import plain

LOAD_S = 120.0
"""How long a node may take to load its model and its recording."""
READY, SESSION = "ready", "session"
"""What a part prints: a line when it is ready, and a node before that its session's id."""
HUB_DIGITS = 8


class Parts:
    """Started once, stopped in the order of the books: the nodes, then the hub, then the broker."""

    def __init__(self, scenario: Scenario, run: str, folder: Path, clock: Clock) -> None:
        """`folder` gets each part's configuration, log and state; nothing is started yet."""
        self._scenario = scenario
        self._run = run
        self._folder = folder
        self._clock = clock
        self._stack = ExitStack()
        self.store = folder / "hub.sqlite"
        self.hub: Child | None = None
        self.nodes: dict[str, Child] = {}

    @property
    def truth(self) -> tuple[TruthRoot, ...]:
        unsound = self._scenario.unsound
        roots = truth_roots(self._scenario)
        return tuple(TruthRoot(dataset=dataset, root=root, unsound=unsound) for dataset, root in roots)

    @property
    def sessions(self) -> dict[SessionKey, str]:
        """Each node's session, and which node of the scenario it is."""
        found = {name: node.printed(SESSION) for name, node in self.nodes.items()}
        return {SessionKey(self._scenario.site, name, session): name for name, session in found.items() if session}

    def start(self, stop: threading.Event) -> None:
        """Return when all are loaded and hold, or when `stop` is set.

        Raises what kept one from starting; what was started is then for `close` to end.
        """
        at = self._broker()
        hub = self.hub = self._start_hub(at)
        hub.await_line(READY, LOAD_S, stop)
        for plan in self._scenario.nodes:
            if stop.is_set():
                return
            self.nodes[plan.name] = self._start_node(plan, at)
        for node in self.nodes.values():
            node.await_line(READY, LOAD_S, stop)

    def end_nodes(self, patience_s: float) -> None:
        """End the nodes with what they have; those that take longer than that are killed."""
        deadline_ns = self._clock.now().mono_ns + int(patience_s * NS_PER_S)
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            node.stop(max((deadline_ns - self._clock.now().mono_ns) / NS_PER_S, 0.0))

    def end_hub(self, patience_s: float) -> None:
        """When the nodes have ended: it books what it has received."""
        if self.hub is not None:
            self.hub.stop(patience_s)

    def deaths(self) -> Iterator[tuple[str, str]]:
        """(name, sentence) of every part that has ended with trouble."""
        for child in filter(None, [self.hub, *self.nodes.values()]):
            try:
                child.check()
            except ChildDied as death:
                yield child.name, death.sentence

    def close(self) -> None:
        """End what still runs, the nodes first."""
        self._stack.close()

    def _broker(self) -> BrokerAt:
        if self._scenario.broker is not None:
            return self._scenario.broker
        embedded = EmbeddedBroker(self._scenario.broker_port, self._folder / "broker", self._clock)
        return BrokerAt(url=self._stack.enter_context(embedded).url)

    def _start_hub(self, at: BrokerAt) -> Child:
        config = HubConfig(
            # Another run on this broker has a hub, too, and the one that came last would throw the other out.
            name=f"run-{secrets.token_hex(HUB_DIGITS // 2)}",
            for_one_run=True,
            broker=at,
            site=self._scenario.site,
            store=self.store,
            truth=self.truth,
        )
        return self._start("hub", "hub", ["hub", "run"], config)

    def _start_node(self, plan: NodePlan, at: BrokerAt) -> Child:
        config = NodeConfig(
            **msgspec.structs.asdict(plan),
            site=self._scenario.site,
            run=self._run,
            broker=at,
            state=self._folder / "state",
        )
        return self._start(plan.name, f"node {plan.name}", ["node", "run", "--hold"], config)

    def _start(self, stem: str, name: str, verb: Sequence[str], config: HubConfig | NodeConfig) -> Child:
        path = atomic_files.write(self._folder / f"{stem}.toml", tomli_w.dumps(plain(config)))
        child = Child(name, [*verb, str(path)], self._folder / f"{stem}.log")
        self._stack.callback(child.stop)
        return child
