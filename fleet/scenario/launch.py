"""A scenario run: broker, hub and nodes as processes, watched until they end, and told as one run."""

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.wire.messages import Birth
from fleet.broker import BrokerDied
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import notes, records, troubles, with_truth
from fleet.reporting.shadows import beside, shadows
from fleet.reporting.truth_index import TruthIndex
from fleet.scenario.loading import Loading, await_loaded
from fleet.scenario.parts import SESSION, Parts
from fleet.scenario.scenario import Scenario
from fleet.scenario.strangers import strangers
from fleet.scenario.supervised import infrastructure, nodes
from fleet.workers.supervisor import Supervisor
from replay.runs.joined import joined
from replay.runs.reports import write_reports
from replay.runs.runfolder import RunFolder, RunFolderTaken, RunIdentity
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import Summary, summarise
from replay.runs.unscored import without_truth
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, Clock, boot_id
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.host import host_facts, software
from sensors.processes.child import STOP_S
from sensors.signals import Postponable
from sensors.terminal.exit_status import INTERRUPTED
from sensors.terminal.foreign_text import without_surrogates

log = logging.getLogger(__name__)

WATCH_S = 0.25
SETTLE_S = 20.0
"""How long the hub may take to hear the last words of nodes that have ended."""
GOODBYES_S, HEARD_S, HUB_S = 0.7, 0.9, 1.1
"""After a signal: by when the nodes have said goodbye, the hub has heard them, and has ended itself."""
LOOK_S = 0.05
PARTS = "parts"


class NothingRan(GilmokError):
    """Stopped before its first frame; no folder is left."""

    def __init__(self) -> None:
        super().__init__("interrupted before the first frame; nothing was kept")
        self.exit_status = INTERRUPTED


class RunUnfinished(GilmokError):
    def __init__(self, folder: Path, error: FileUnwritable, left: Sequence[str]) -> None:
        super().__init__(
            f"{error.sentence}; the run is over, and what is left of it is valid: {', '.join(left) or 'nothing'}",
            f"make room, then `gilmok hub report {folder.name} --hub {folder / PARTS / 'hub.toml'}` tells its figures",
        )


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Frames whose fate is decided, by (node, stream), as far as the hub has heard."""

    decided: dict[tuple[str, str], int]
    dashboard: str = ""
    """Its address; empty where there is none."""


class ScenarioRun:
    """One run of a scenario; `stop` may come from a signal handler, and the run ends with what it has."""

    def __init__(self, scenario: Scenario, out: Path, clock: Clock, *, strict: bool = False) -> None:
        """Makes the run folder, and makes sure that it is nobody else's; raises RunFolderTaken or FileUnwritable.

        `strict`: what dies stays dead, and where it was the hub or its broker, the run ends.
        """
        self._scenario = scenario
        self._clock = clock
        self._strict = strict
        self._folder = RunFolder(out)
        self._run = without_surrogates(out.name)
        self._stop = threading.Event()
        self._stopped_ns = 0
        self.scoring = Postponable()
        self.ending = False
        """Whether it is on its last steps: goodbyes, figures, files; none of them can hang."""
        folder = out.absolute() / PARTS
        try:
            # What parts say and keep is their owner's alone, as it is elsewhere.
            folder.mkdir(0o700)
        except FileExistsError:
            raise RunFolderTaken(out) from None
        except OSError as error:
            raise FileUnwritable(folder, error, "name another folder with --out") from error
        self._parts = Parts(scenario, self._run, folder, clock)
        self._base: list[Supervisor] = []
        """Of the broker and the hub."""
        self._nodes: list[Supervisor] = []

    def stop(self) -> None:
        """Cut it short, wherever it is."""
        if not self._stop.is_set():
            self._stopped_ns = self._clock.now().mono_ns
            self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    @property
    def door(self) -> socket.socket | None:
        """Where the dashboard listens, until `run` has called `hub_ended`; None: nowhere."""
        return self._parts.door

    def run(self, watch: Callable[[RunProgress], None], hub_ended: Callable[[], None] = lambda: None) -> Summary:
        """Run to the end and write the run folder; `watch` is told what the hub has heard, a few times a second;
        `hub_ended` is called when that can be no more, before the figures are worked out.

        Raises what kept a part from starting, NothingRan where it was stopped before, or RunUnfinished where the disk
        has no room for the results. A part that dies is started again (`Summary.restarts`); one that stays dead
        is a trouble of the summary.
        """
        started_utc_ns = self._clock.now().utc_ns
        self._start()
        try:
            with LedgerReader(self._parts.store) as ledger:
                self._watch(ledger, watch, started_utc_ns)
                # Stopped later, it has all that there is.
                interrupted = self._stop.is_set()
                self.ending = True
                self._settle(ledger)
            self._parts.end_hub(self._patience(STOP_S, HUB_S))
            if not self.stopped:
                hub_ended()
        finally:
            self._parts.close(hurried=self.stopped)
        try:
            return self._finish(started_utc_ns, interrupted)
        except FileUnwritable as error:
            left = [path.name for path in sorted(self._folder.path.iterdir()) if path.is_file()]
            raise RunUnfinished(self._folder.path, error, [*left, f"{PARTS}/{self._parts.store.name}"]) from error

    def _start(self) -> None:
        """All loaded and let go; where one can't start, or it was stopped, nothing is left behind."""
        try:
            self._parts.start_base(self._stop)
            self._base = [Supervisor(part, self._clock) for part in infrastructure(self._parts)]
            self._parts.start_nodes()
            self._nodes = [Supervisor(part, self._clock) for part in nodes(self._parts)]
            loading = Loading(self._parts, self._nodes, self._clock, strict=self._strict)
            await_loaded(loading, self._stop, self._tend_base)
            if self._stop.is_set():
                raise NothingRan
        except BaseException as error:
            if isinstance(error, BrokerDied):
                # Its log goes with the folder of a run that never began.
                error.hint = "mend what it says, and run it again; nothing was kept of this run"
            self._parts.end_nodes(lambda: 0.0)
            self._parts.end_hub(lambda: 0.0)
            self._parts.close(hurried=True)
            self._folder.discard(PARTS)
            raise
        self._parts.let_go()

    def _watch(self, ledger: LedgerReader, watch: Callable[[RunProgress], None], started_utc_ns: int) -> None:
        """Until every node has ended, and none is to be started again."""
        begin_ns = self._clock.now().mono_ns
        introduced = False
        while any(care.ill for care in self._nodes) or any(node.running for node in self._parts.nodes.values()):
            if self._stop.wait(WATCH_S):
                self.ending = True
                # Before that: what we end ourselves has not died.
                self._tend(heal=False)
                self._parts.end_nodes(self._patience(STOP_S, GOODBYES_S))
                return
            if not introduced and len(births := self._births(ledger)) >= len(self._parts.nodes):
                # Whatever comes, the folder says what ran.
                self._folder.write_identity(self._identity(births, started_utc_ns))
                introduced = True
            over = self._late(begin_ns) or any(care.given_up for care in self._base)
            if over:
                for node in self._parts.nodes.values():
                    node.terminate()
            watch(self._progress(ledger))
            self._tend(nodes_too=not over)
        self._tend()

    def _tend(self, *, heal: bool = True, nodes_too: bool = False) -> None:
        """Start again what has died; `nodes_too`: unless they are at their end."""
        self._tend_base(heal=heal)
        for care in self._nodes:
            care.tend(heal=nodes_too and not self._strict)

    def _tend_base(self, *, heal: bool = True) -> None:
        for care in self._base:
            care.tend(heal=heal and not self._strict)

    def _late(self, begin_ns: int) -> bool:
        seconds = self._scenario.seconds
        return seconds is not None and self._clock.now().mono_ns - begin_ns > seconds * NS_PER_S

    def _settle(self, ledger: LedgerReader) -> None:
        """Wait until the hub has heard the last word of every node that could still say one."""
        patience_s = self._patience(SETTLE_S, HEARD_S)
        dead = {care.part.name for care in self._nodes if care.given_up}
        now = {name: node.printed(SESSION) for name, node in self._parts.nodes.items() if node.name not in dead}
        well = [key for key, name in self._parts.sessions.items() if now.get(name) == key.id]
        while patience_s() > 0 and not any(care.given_up for care in self._base):
            last = [ledger.last_heard(key) for key in well]
            if all(one.state == "offline" and one.health is not None and one.health.final for one in last):
                return
            self._clock.sleep_until(self._clock.now().mono_ns + int(LOOK_S * NS_PER_S))
            if not self._stop.is_set():
                self._tend()

    def _patience(self, usual_s: float, stopped_s: float) -> Callable[[], float]:
        """Seconds that are left: `usual_s` from now on, or until `stopped_s` after the signal, whenever that comes."""
        begin_ns = self._clock.now().mono_ns

        def left_s() -> float:
            since_ns, most_s = (self._stopped_ns, stopped_s) if self._stop.is_set() else (begin_ns, usual_s)
            return most_s - (self._clock.now().mono_ns - since_ns) / NS_PER_S

        return left_s

    def _finish(self, started_utc_ns: int, interrupted: bool) -> Summary:
        with LedgerReader(self._parts.store) as ledger:
            births = self._births(ledger)
            self._folder.write_identity(self._identity(births, started_utc_ns))
            found = list(records(ledger, births))
            besides = beside(ledger, found)
            write_reports(self._folder, ((one.birth.node, one.stream.name, one.reports) for one in joined(found)))
            absent = self._parts.nodes.keys() - {birth.node for birth in births}
            cares = [*self._base, *self._nodes]
            wrong = [care.given_up for care in cares if care.given_up]
            wrong += troubles(ledger, births)
            wrong += [f"node {name} never introduced itself to the hub" for name in sorted(absent)]
            others = strangers(ledger, self._scenario.site, self._parts.sessions)
            others += notes(ledger, births)
            restarts = sorted((one for care in cares for one in care.restarts), key=lambda one: one.utc_ns)

        def told(of: list[StreamRecord]) -> Summary:
            return summarise(
                self._run,
                joined(of),
                wrong,
                interrupted=interrupted,
                restarts=restarts,
                notes=others,
                same_frames=shadows(of, besides),
            )

        summary = self.scoring.done(
            lambda: told(with_truth(found, TruthIndex(self._parts.truth))), lambda: told(without_truth(found))
        )
        self._folder.write_summary(summary)
        return summary

    def _births(self, ledger: LedgerReader) -> list[Birth]:
        """Of the run's own sessions, as far as the hub has heard of them, in the scenario's order."""
        return [birth for key in self._parts.sessions if (birth := ledger.birth(key)) is not None]

    def _progress(self, ledger: LedgerReader) -> RunProgress:
        decided: dict[tuple[str, str], int] = {}
        for key, node in self._parts.sessions.items():
            health = ledger.last_heard(key).health
            for stream, counted in health.streams.items() if health else ():
                decided[node, stream] = counted.ok + counted.failed + counted.dropped
        return RunProgress(decided, self._parts.dashboard)

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
