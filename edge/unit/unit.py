"""An installed node: its process kept alive, its model as desired, and all of it told to the hub when one is there.

One thread decides. Whatever happens comes to it as an event, becomes a new state (`decisions`), is on the disk before
anything is done about it, and is reported.
"""

import logging
import queue
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from edge.config import NodeConfig
from edge.session_name import ID_BYTES, claimed
from edge.unit import decisions
from edge.unit.attempt import Step
from edge.unit.deploying import Deploying
from edge.unit.hub_link import ConnectionUp, DesiredArrived, FromHub, HubLink, OrderArrived
from edge.unit.orders import carried_out
from edge.unit.process import overlay
from edge.unit.process.keeper import NodeKeeper
from edge.unit.process.node_process import NodeProcess, VitalsArrived
from edge.unit.process.vitals import Vitals
from edge.unit.reporting import reported
from edge.unit.repository import Repository
from edge.unit.state import Memory
from edge.unit.store import DeploymentStore
from edge.wire.deployments.states import Reported
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.service.systemd import Systemd

log = logging.getLogger(__name__)

STATE, CONFIG = "unit.json", "node.toml"
TICK_S = 0.1
REPORT_S = 60.0
BEAT_S = 1.0

Happened: TypeAlias = FromHub | Step | VitalsArrived | None


def folder_of(config: NodeConfig) -> Path:
    """Where a unit keeps what it knows, in its node's state folder."""
    return config.state / f"{config.name}.unit"


def memory_file(config: NodeConfig) -> Path:
    return folder_of(config) / STATE


class Unit:
    """Built from its configuration, run once; `stop` may come from a signal handler."""

    def __init__(
        self,
        config: NodeConfig,
        base: Path,
        clock: Clock,
        systemd: Systemd | None = None,
    ) -> None:
        """`base`: where the configuration's relative paths start. `systemd`: who hears its heartbeat."""
        self._config = config
        self._base = base
        self._clock = clock
        self._systemd = systemd or Systemd()
        self._folder = folder_of(config)
        self._id = secrets.token_hex(ID_BYTES)
        self._inbox: queue.SimpleQueue[Happened] = queue.SimpleQueue()
        self._stopping = False
        self.leaving = False
        """It says goodbye: that ends by itself."""
        self._beat_ns = self._reported_ns = 0
        self._trouble = ""
        self._reported: Reported | None = None
        self._sent: set[str] = set()

    def stop(self) -> None:
        self._stopping = self.leaving = True
        self._inbox.put(None)

    def run(self, ready: Callable[[], None]) -> None:
        """Work until it is stopped, or until the node has done its work; raises what keeps it from starting."""
        config, clock, hear = self._config, self._clock, self._inbox.put
        with claimed(config.state, f"{config.name}-unit"):
            store = self._store = DeploymentStore(self._folder)
            memory = self._memory = Memory(memory_file(config))
            keeper = self._keeper = NodeKeeper(self._start, clock)
            self._deploying = Deploying(config, memory, store, keeper, self._opened, hear, clock)
            self._deploying.wake()
            self._link = HubLink(config.broker, config.site, config.name, self._id, clock, hear)
            self._systemd.ready("it looks after its node")
            ready()
            try:
                while not self._stopping and not self._finished():
                    self._turn()
            finally:
                self.leaving = True
                self._systemd.stopping()
                keeper.end()
                self._deploying.end()
                self._say()
                self._link.close()

    def _finished(self) -> bool:
        """Whether the streams are over, and nobody wants them again."""
        if self._keeper.done and self._config.unit.streams_again:
            self._keeper.again(afresh=True)
        return self._keeper.done

    def _turn(self) -> None:
        try:
            happened = self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            happened = None
        try:
            self._take(happened)
            self._deploying.tend()
            self._trouble = ""
        except GilmokError as error:
            # A full disk, say: nothing is done that could not be written down, and the node drives on.
            if error.sentence != self._trouble:
                log.error("%s", error)
            self._trouble = error.sentence
        self._say()

    def _take(self, happened: Happened) -> None:
        match happened:
            case None:
                pass
            case VitalsArrived(life, vitals):
                if self._keeper.at_work(life):
                    self._deploying.hear(vitals)
            case DesiredArrived(desired):
                self._deploying.hurry()
                self._memory.become(decisions.heard(self._memory.state, desired, self._clock.now()))
            case OrderArrived():
                self._obey(happened)
            case ConnectionUp():
                self._reported = None
            case _:
                self._deploying.take(happened)

    def _obey(self, arrived: OrderArrived) -> None:
        before = self._memory.state
        recording = self._config.record is not None and self._keeper.told.state == "running"
        changed, receipt, effect = carried_out(
            before, arrived.verb, arrived.order, self._clock.now(), recording=recording
        )
        self._memory.become(changed)
        if receipt is not None and changed is before:
            self._link.answer(receipt)
        if effect == "restart":
            self._deploying.restart()
        elif effect == "record":
            self._keeper.mark()

    def _opened(self) -> Repository:
        return Repository(self._config.unit, self._base, self._folder, self._clock)

    def _start(self, before: Vitals | None) -> NodeProcess:
        active = self._memory.state.active
        bundle = None if active is None else self._store.folder(active.digest)
        config = overlay.resumed(overlay.with_bundle(self._config, bundle), before)
        path = overlay.write(self._folder / CONFIG, config)
        return NodeProcess(path, self._base, self._clock, self._inbox.put)

    def _say(self) -> None:
        """To the hub what has changed, or once a minute; to systemd that it lives."""
        now, node = self._clock.now(), self._keeper.told
        if now.mono_ns - self._beat_ns >= BEAT_S * NS_PER_S:
            self._beat_ns = now.mono_ns
            self._systemd.alive(self._keeper.status_line or f"its node: {node.state}")
        said = reported(self._memory.state, self._id, node, now, self._trouble)
        last = self._reported
        overdue = now.mono_ns - self._reported_ns > REPORT_S * NS_PER_S
        if last is None or overdue or replace(said, stamp=last.stamp) != last:
            self._link.report(said)
            self._reported, self._reported_ns = said, now.mono_ns
        self._answer()

    def _answer(self) -> None:
        """Each receipt until the broker has it, also after a restart in between."""
        state = self._memory.state
        for receipt in state.receipts:
            if receipt.id in state.unanswered and receipt.id not in self._sent and self._link.answer(receipt):
                self._sent.add(receipt.id)
        if self._sent and self._link.settled:
            left = tuple(one for one in state.unanswered if one not in self._sent)
            self._sent.clear()
            self._memory.become(replace(state, unanswered=left))
