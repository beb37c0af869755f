"""The parts of a scenario as processes: the broker, the hub, the nodes; what each was started with stays."""

import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import tomli_w

from edge.config import NodeConfig, NodePlan, Resume
from edge.wire.address import BrokerAt
from fleet.arrivals import SessionKey
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig, TruthRoot
from fleet.scenario.scenario import Scenario, truth_roots
from fleet.web.listening import WebPortTaken, WebUnreachable, listen
from sensors import atomic_files
from sensors.clock import Clock
from sensors.config import plain
from sensors.processes.child import Child

LOAD_S = 120.0
"""How long a part may do nothing before it is ready: a slow one that works may take as long as it likes."""
READY, SESSION, DASHBOARD = "ready", "session", "dashboard"
"""What a part prints: a line when it is ready, and before that a node its session's id, a hub its page's address."""
HUB = "the hub"
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
        # Another run on this broker has a hub, too, and the one that came last would throw the other out.
        self._hub_name = f"run-{secrets.token_hex(HUB_DIGITS // 2)}"
        self.store = folder / "hub.sqlite"
        self.hub: Child | None = None
        self.door: socket.socket | None = None
        """Where the dashboard listens, whichever hub is behind it: who comes between two waits. None: nowhere."""
        self.broker: EmbeddedBroker | None = None
        self.nodes: dict[str, Child] = {}
        """Those that are at work; a node that died and was started again is"""
        self.former: dict[str, list[Child]] = {}
        """its earlier lives, too."""
        self.holding = True
        """Whether nodes that have loaded wait for the others."""
        self._at = BrokerAt()

    @property
    def truth(self) -> tuple[TruthRoot, ...]:
        unsound = self._scenario.unsound
        roots = truth_roots(self._scenario)
        return tuple(TruthRoot(dataset=dataset, root=root, unsound=unsound) for dataset, root in roots)

    @property
    def sessions(self) -> dict[SessionKey, str]:
        """Each node's sessions, in the order of their lives, and which node of the scenario each is of."""
        found = [
            (name, life.printed(SESSION))
            for name, node in self.nodes.items()
            for life in [*self.former.get(name, ()), node]
        ]
        return {SessionKey(self._scenario.site, name, session): name for name, session in found if session}

    @property
    def dashboard(self) -> str:
        """Its address; empty where there is none."""
        return "" if self.hub is None else self.hub.printed(DASHBOARD)

    def start_base(self, stop: threading.Event) -> None:
        """Return when broker and hub work, or when `stop` is set.

        Raises what kept one from starting; what was started is then for `close` to end.
        """
        self._at = self._start_broker()
        hub = self.hub = self._start_hub()
        hub.await_line(READY, LOAD_S, stop)

    def start_nodes(self) -> None:
        """They load, and hold."""
        for plan in self._scenario.nodes:
            self.nodes[plan.name] = self._start_node(plan)

    def let_go(self) -> None:
        """All that hold, and from now on each as soon as it has loaded."""
        self.holding = False
        for node in self.nodes.values():
            node.go()

    def start_hub_again(self) -> None:
        """With its store and its place at the broker; waits for nothing."""
        assert self.hub is not None
        self.hub.stop()
        self.hub = self._start_hub_process()

    def start_node_again(self, name: str, resume: Resume | None) -> None:
        """In a session of its own, that goes on where `resume` says; it holds when it has loaded."""
        plan = next(plan for plan in self._scenario.nodes if plan.name == name)
        before = self.former.get(name, [])
        node = self._start_node(plan, resume, life=len(before) + 2)
        self.nodes[name].stop()
        self.former[name] = [*before, self.nodes[name]]
        self.nodes[name] = node

    def end_nodes(self, patience_s: Callable[[], float]) -> None:
        """End the nodes with what they have; those that take longer than that are killed."""
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            node.stop(patience_s)

    def end_hub(self, patience_s: Callable[[], float]) -> None:
        """When the nodes have ended: it books what it has received."""
        if self.hub is not None:
            self.hub.stop(patience_s)

    def close(self, *, hurried: bool = False) -> None:
        """End what still runs, the nodes first; a broker that is `hurried` says no goodbye."""
        for child in filter(None, [*self.nodes.values(), self.hub]):
            child.stop()
        if hurried and self.broker is not None:
            self.broker.kill()
        self._stack.close()

    def _listen(self) -> None:
        """Where it can't be, the hub itself tells why."""
        if self._scenario.web.enabled:
            with suppress(WebPortTaken, WebUnreachable):
                self.door = self._stack.enter_context(listen(self._scenario.web))

    def _start_broker(self) -> BrokerAt:
        if self._scenario.broker is not None:
            return self._scenario.broker
        self.broker = EmbeddedBroker(self._scenario.broker_port, self._folder / "broker", self._clock)
        return BrokerAt(url=self._stack.enter_context(self.broker).url)

    def _start_hub(self) -> Child:
        config = HubConfig(
            name=self._hub_name,
            for_one_run=True,
            broker=self._at,
            site=self._scenario.site,
            store=self.store,
            truth=self.truth,
            web=self._scenario.web,
            alert=self._scenario.alert,
            webhook=self._scenario.webhook,
            otel=self._scenario.otel,
        )
        self._write("hub", config)
        self._listen()
        return self._start_hub_process()

    def _start_hub_process(self) -> Child:
        if self.door is None:
            return self._start("hub", HUB, ["hub", "run"])
        at = self.door.fileno()
        return self._start("hub", HUB, ["hub", "run", "--door", str(at)], [at])

    def _start_node(self, plan: NodePlan, resume: Resume | None = None, life: int = 1) -> Child:
        config = NodeConfig(
            **{**msgspec.structs.asdict(plan), "otel": plan.otel or self._scenario.otel},
            site=self._scenario.site,
            run=self._run,
            broker=self._at,
            state=self._folder / "state",
            resume=resume,
            hub=self._hub_name,
        )
        stem = plan.name if life == 1 else f"{plan.name}.life-{life}"
        self._write(stem, config)
        return self._start(stem, f"node {plan.name}", ["node", "run", "--hold"])

    def _write(self, stem: str, config: HubConfig | NodeConfig) -> None:
        atomic_files.write(self._folder / f"{stem}.toml", tomli_w.dumps(plain(config)))

    def _start(self, stem: str, name: str, verb: Sequence[str], inherits: Sequence[int] = ()) -> Child:
        return Child(name, [*verb, str(self._folder / f"{stem}.toml")], self._folder / f"{stem}.log", inherits)
