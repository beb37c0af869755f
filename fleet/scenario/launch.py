"""A scenario run: broker, hub and nodes as processes, watched until they end, and told as one run."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.wire.messages import Birth
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import notes, records, troubles
from fleet.scenario.children import STOP_S
from fleet.scenario.parts import Parts
from fleet.scenario.scenario import Scenario
from fleet.scenario.strangers import strangers
from replay.runs.reports import write_reports
from replay.runs.runfolder import RunFolder, RunFolderTaken, RunIdentity
from replay.runs.summary import Summary, summarise
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, Clock, boot_id
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.host import host_facts, software
from sensors.terminal.exit_status import INTERRUPTED
from sensors.terminal.foreign_text import without_surrogates

log = logging.getLogger(__name__)

WATCH_S = 0.25
SETTLE_S = 20.0
"""How long the hub may take to hear the last words of nodes that have ended."""
INTERRUPTED_S = 0.8
"""How long each, the nodes' goodbyes and the hub's hearing them, may take once the run is being cut short."""
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


class ScenarioRun:
    """One run of a scenario; `stop` may come from a signal handler, and the run ends with what it has."""

    def __init__(self, scenario: Scenario, out: Path, clock: Clock) -> None:
        """Makes the run folder, and makes sure that it is nobody else's; raises RunFolderTaken or FileUnwritable."""
        self._scenario = scenario
        self._clock = clock
        self._folder = RunFolder(out)
        self._run = without_surrogates(out.name)
        self._stop = threading.Event()
        self.ending = False
        """Whether it is on its last steps: goodbyes, figures, files; none of them can hang."""
        folder = out.absolute() / PARTS
        try:
            folder.mkdir()
        except FileExistsError:
            raise RunFolderTaken(out) from None
        except OSError as error:
            raise FileUnwritable(folder, error, "name another folder with --out") from error
        self._parts = Parts(scenario, self._run, folder, clock)

    def stop(self) -> None:
        """Cut it short, wherever it is."""
        self._stop.set()

    def run(self, watch: Callable[[RunProgress], None]) -> Summary:
        """Run to the end and write the run folder; `watch` is told what the hub has heard, a few times a second.

        Raises what kept a part from starting, NothingRan where it was stopped before, or RunUnfinished where the disk
        has no room for the results. A part that dies later is a trouble of the summary.
        """
        started_utc_ns = self._clock.now().utc_ns
        self._start()
        try:
            with LedgerReader(self._parts.store) as ledger:
                wrong = self._watch(ledger, watch, started_utc_ns)
                # Stopped later, it has all that there is.
                interrupted = self._stop.is_set()
                self.ending = True
                self._settle(ledger)
            self._parts.end_hub(INTERRUPTED_S if interrupted else STOP_S)
        finally:
            self._parts.close()
        try:
            return self._finish(wrong, started_utc_ns, interrupted)
        except FileUnwritable as error:
            left = [path.name for path in sorted(self._folder.path.iterdir()) if path.is_file()]
            raise RunUnfinished(self._folder.path, error, [*left, f"{PARTS}/{self._parts.store.name}"]) from error

    def _start(self) -> None:
        """All loaded and let go; where one can't start, or it was stopped, nothing is left behind."""
        try:
            self._parts.start(self._stop)
            if self._stop.is_set():
                raise NothingRan
        except BaseException:
            self._parts.end_nodes(0.0)
            self._parts.close()
            self._folder.discard(PARTS)
            raise
        for node in self._parts.nodes.values():
            node.go()

    def _watch(self, ledger: LedgerReader, watch: Callable[[RunProgress], None], started_utc_ns: int) -> list[str]:
        """Until every node has ended; what died unasked, in its last words."""
        begin_ns = self._clock.now().mono_ns
        deaths: dict[str, str] = {}
        introduced = False
        nodes = self._parts.nodes.values()
        while any(node.running for node in nodes):
            if self._stop.wait(WATCH_S):
                self.ending = True
                self._parts.end_nodes(INTERRUPTED_S)
                return list(deaths.values())
            if not introduced and len(births := self._births(ledger)) == len(nodes):
                # Whatever comes, the folder says what ran.
                self._folder.write_identity(self._identity(births, started_utc_ns))
                introduced = True
            if self._late(begin_ns) or "hub" in deaths:
                for node in nodes:
                    node.terminate()
            watch(self._progress(ledger))
            deaths.update(self._parts.deaths())
        deaths.update(self._parts.deaths())
        return list(deaths.values())

    def _late(self, begin_ns: int) -> bool:
        seconds = self._scenario.seconds
        return seconds is not None and self._clock.now().mono_ns - begin_ns > seconds * NS_PER_S

    def _settle(self, ledger: LedgerReader) -> None:
        """Wait until the hub has heard the last word of every node that could still say one."""
        patience_s = INTERRUPTED_S if self._stop.is_set() else SETTLE_S
        deadline_ns = self._clock.now().mono_ns + int(patience_s * NS_PER_S)
        dead = {name for name, _ in self._parts.deaths()}
        well = [key for key, name in self._parts.sessions.items() if f"node {name}" not in dead]
        while "hub" not in dead and self._clock.now().mono_ns < deadline_ns:
            last = [ledger.last_heard(key) for key in well]
            if all(one.state == "offline" and one.health is not None and one.health.final for one in last):
                return
            self._clock.sleep_until(self._clock.now().mono_ns + int(WATCH_S * NS_PER_S))

    def _finish(self, wrong: Sequence[str], started_utc_ns: int, interrupted: bool) -> Summary:
        with LedgerReader(self._parts.store) as ledger:
            births = self._births(ledger)
            self._folder.write_identity(self._identity(births, started_utc_ns))
            found = list(records(ledger, births, self._parts.truth))
            write_reports(self._folder, ((one.birth.node, one.stream.name, one.reports) for one in found))
            absent = self._parts.nodes.keys() - {birth.node for birth in births}
            wrong = [*wrong, *troubles(ledger, births)]
            wrong += [f"node {name} never introduced itself to the hub" for name in sorted(absent)]
            others = strangers(ledger, self._scenario.site, self._parts.sessions)
            summary = summarise(
                self._run, found, wrong, interrupted=interrupted, notes=[*others, *notes(ledger, births)]
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
        return RunProgress(decided)

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
