"""The hub's work, done by several processes: each node's messages go to one of them, in order.

The process that hears the broker hands them over and acknowledges to the broker what a worker says is on the disk. A
worker that dies is started again, and handed anew what its predecessor had not settled.
"""

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from edge.wire.link import Delivery
from fleet.config import HubConfig
from fleet.ledger.ledger import Ledger
from fleet.workers.channel import Begin, GivesUp
from fleet.workers.partition import Partition
from fleet.workers.process import STOP_S, WorkerProcess
from fleet.workers.status import Counts, Status
from fleet.workers.supervisor import Part, Supervisor
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.config import plain
from sensors.errors import Defect, GilmokError
from sensors.processes.progress import Progress

log = logging.getLogger(__name__)

START_S = 60.0
"""So long a worker may do nothing before it begins."""
FINISH_S = 60.0
"""So long a worker may take to book the rest of what it was handed."""
POLL_S = 0.02


class WorkerGaveUp(GilmokError):
    """In the worker's own words."""

    def __init__(self, said: GivesUp) -> None:
        super().__init__(said.sentence, said.hint)
        self.exit_status = said.exit_status


class WorkerLost(Defect):
    def __init__(self, why: str) -> None:
        super().__init__(why, "the log above shows why; what wasn't booked stays at the broker")


class Team:
    """The same to its hub as `Booking` is. Started, tended and stopped from one thread; used with `with`."""

    def __init__(
        self,
        config: HubConfig,
        clock: Clock,
        boot: str,
        publish: Callable[[str, bytes], bool],
        on_fault: Callable[[], None],
    ) -> None:
        """Raises what a Ledger does: the store is opened once, so that it is made, or brought up to date, by one."""
        with Ledger(config.where):
            pass
        self.fault: GilmokError | None = None
        """Why it can't go on."""
        self._on_fault = on_fault
        self._clock = clock
        self._partition = Partition(config.workers)
        self._acknowledge: Callable[[Sequence[Delivery]], None] = lambda _: None
        self._received = 0
        self._stopped = False
        settings = plain(config)

        def begin(number: int, again: bool) -> Begin:
            return Begin(settings, number, config.workers, boot, again)

        self._workers = [
            WorkerProcess(number, begin, publish, lambda settled: self._acknowledge(settled), self._gives_up)
            for number in range(config.workers)
        ]
        self._supervisors = [Supervisor(_part(worker), clock) for worker in self._workers]

    def start(self, acknowledge: Callable[[Sequence[Delivery]], None]) -> None:
        """Return when every worker books, also where one died on its way there; `acknowledge` is called for deliveries
        whose fate is on the disk.

        Raises what kept one from starting.
        """
        self._acknowledge = acknowledge
        for worker in self._workers:
            worker.start()
        for worker in self._workers:
            progress, worked_ns = Progress(), 0
            while not worker.await_ready(POLL_S):
                self.tend()
                if self.fault is not None:
                    raise self.fault
                now_ns = self._clock.now().mono_ns
                if not worked_ns or progress.made(worker.state.pid):
                    worked_ns = now_ns
                elif now_ns - worked_ns > START_S * NS_PER_S:
                    why = f"{worker.name} did not begin, and did nothing for {START_S:g} s"
                    raise WorkerLost(worker.death() or why)

    def listens_since(self, mono_ns: int) -> None:
        """What was published before has waited at the broker, and is late. From any thread."""
        for worker in self._workers:
            worker.listens_since(mono_ns)

    def receive(self, delivery: Delivery, received: Stamp) -> None:
        """Waits for room. From one thread."""
        self._received += 1
        self._workers[self._partition.of_topic(delivery.topic)].put(delivery, received)

    def tend(self) -> None:
        """Due a few times a second: start again what died; raises WorkerLost where one dies over and over."""
        for care in self._supervisors:
            care.tend(heal=self.fault is None)
            if care.given_up and self.fault is None:
                raise WorkerLost(care.given_up)

    def status(self) -> Status:
        counts, stands = Counts(), [worker.status for worker in self._workers]
        for worker in self._workers:
            counts += worker.counts
        return Status(
            counts=Counts(self._received, counts.booked, counts.repeats, counts.refused),
            waiting=sum(worker.state.waiting for worker in self._workers),
            nodes={node: state for one in stands for node, state in sorted(one.nodes.items())},
            latency={stream: live for one in stands for stream, live in one.latency.items()},
            workers=tuple(worker.state for worker in self._workers),
            rounds=tuple(count for one in stands for count in one.rounds),
        )

    def stop(self) -> None:
        """Let them book what they were handed; later deliveries stay at the broker. Stopping twice is harmless."""
        if self._stopped:
            return
        self._stopped = True
        for worker in self._workers:
            worker.finish()
        for worker in self._workers:
            if not worker.join(FINISH_S):
                log.error("%s does not end; what it has not booked stays at the broker", worker.name)
                worker.kill()
                worker.join(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _gives_up(self, said: GivesUp) -> None:
        if self.fault is None:
            self.fault = WorkerGaveUp(said)
        self._on_fault()


def _part(worker: WorkerProcess) -> Part:
    progress = Progress()
    return Part(
        name=worker.name,
        death=worker.death,
        start=worker.start,
        ready=lambda: worker.ready,
        end=worker.kill,
        works=lambda: progress.made(worker.state.pid),
    )
