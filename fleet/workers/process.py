"""A worker as its hub has it: a process, and what it was handed and hasn't settled, which outlives it."""

import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

from edge.wire.link import Delivery
from fleet.intake.inbox import room_of
from fleet.workers.channel import (
    Begin,
    Channel,
    Finish,
    GivesUp,
    Letter,
    Letters,
    ListensSince,
    Ready,
    Say,
    Settled,
    Stands,
)
from fleet.workers.status import Counts, Status, WorkerState
from sensors.clock import Stamp
from sensors.processes.die_with_parent import tied_to_parent

PENDING = 20_000
PENDING_BYTES = 32_000_000
"""So much a worker may have unsettled, twice what its inbox holds; beyond, the network waits for it."""
LETTERS = 1000
LETTERS_BYTES = 4_000_000
"""So much goes over in one piece."""
STOP_S = 5.0


class WorkerProcess:
    """Handed deliveries by one thread, tended by another, with which the process ends."""

    def __init__(
        self,
        number: int,
        begin: Callable[[int, bool], Begin],
        publish: Callable[[str, bytes], bool],
        acknowledge: Callable[[Sequence[Delivery]], None],
        on_fault: Callable[[GivesUp], None],
    ) -> None:
        """Starts nothing yet. What it calls, it calls in threads of its own."""
        self.number = number
        self._begin = begin
        self._publish, self._acknowledge, self._on_fault = publish, acknowledge, on_fault
        self._pending: dict[int, tuple[Letter, Delivery]] = {}
        self._outbox: deque[Letter] = deque()
        self._pending_bytes = 0
        self._handed = 0
        self._listens_ns = 0
        self._before = Counts()
        """Of its earlier lives."""
        self._counts = Counts()
        self._status = Status()
        self._lives = 0
        self._closed = False
        self.ready = False
        self._gone = True
        """It says and hears nothing any more."""
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._threads: list[threading.Thread] = []

    @property
    def name(self) -> str:
        return f"worker {self.number}"

    @property
    def status(self) -> Status:
        return self._status

    @property
    def counts(self) -> Counts:
        """Of all of its lives."""
        with self._changed:
            return self._before + self._counts

    @property
    def state(self) -> WorkerState:
        alive = self._process is not None and self._process.poll() is None
        return WorkerState(
            pid=self._process.pid if alive and self._process is not None else 0,
            restarts=max(self._lives - 1, 0),
            booked=self.counts.booked,
            waiting=len(self._pending),
        )

    def await_ready(self, patience_s: float) -> bool:
        """Whether it books."""
        with self._changed:
            self._changed.wait_for(lambda: self.ready, patience_s)
        return self.ready

    def start(self) -> None:
        """Begin a life; what was handed over and isn't settled goes to it first, in its order."""
        self._end_life()
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            command = [sys.executable, "-P", "-m", "fleet.workers.worker", str(descriptor)]
            self._process = subprocess.Popen(
                tied_to_parent(command), stdin=subprocess.DEVNULL, pass_fds=(descriptor,), start_new_session=True
            )
        self._lives += 1
        channel = self._channel = Channel(ours)
        channel.say(self._begin(self.number, self._lives > 1), ListensSince(self._listens_ns))
        with self._changed:
            self._gone = False
            self._outbox = deque(letter for letter, _ in self._pending.values())
        self._threads = [
            threading.Thread(target=self._hear, args=(channel,), name=f"{self.name} says"),
            threading.Thread(target=self._hand_over, args=(channel,), name=f"{self.name} is handed"),
        ]
        for thread in self._threads:
            thread.start()

    def death(self) -> str:
        """What it died of, as a sentence; empty while it lives."""
        if self._process is None or (status := self._process.poll()) is None:
            return ""
        if status < 0:
            return f"{self.name} was killed by {signal.Signals(-status).name}"
        return f"{self.name} ended with status {status}"

    def put(self, delivery: Delivery, received: Stamp) -> None:
        """Hand over, as soon as there is room. Once it finishes, the delivery is dropped: it is the broker's."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return
            self._handed += 1
            letter = Letter.of(self._handed, delivery, received)
            self._pending[self._handed] = letter, delivery
            self._pending_bytes += room_of(delivery)
            self._outbox.append(letter)
            if len(self._outbox) == 1:
                self._changed.notify_all()

    def listens_since(self, mono_ns: int) -> None:
        self._listens_ns = mono_ns
        if self._channel is not None:
            self._channel.say(ListensSince(mono_ns))

    def finish(self) -> None:
        """Let it book what it was handed, and end; `join` waits for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self, patience_s: float | None = None) -> bool:
        """Whether it has ended."""
        if self._process is not None:
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                return False
        self._end_life()
        return True

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _end_life(self) -> None:
        """What the last one still had to say is heard first."""
        for thread in self._threads:
            thread.join()
        self._threads = []
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        with self._changed:
            self.ready = False
            self._before, self._counts = self._before + self._counts, Counts()

    def _hear(self, channel: Channel) -> None:
        while (said := channel.heard_from_worker()) is not None:
            match said:
                case Settled():
                    self._settle(said)
                case Say():
                    self._publish(said.topic, said.payload)
                case Stands():
                    self._status = said.status
                case GivesUp():
                    self._on_fault(said)
                case Ready():
                    with self._changed:
                        self.ready = True
                        self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _settle(self, said: Settled) -> None:
        with self._changed:
            settled = [self._pending.pop(number)[1] for number in said.numbers if number in self._pending]
            self._pending_bytes -= sum(room_of(one) for one in settled)
            self._counts = said.counts
            self._changed.notify_all()
        self._acknowledge(settled)

    def _hand_over(self, channel: Channel) -> None:
        """In as large pieces as have come together meanwhile."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._outbox or self._closed or self._gone)
                letters: list[Letter] = []
                size = 0
                while self._outbox and len(letters) < LETTERS and size < LETTERS_BYTES:
                    letters.append(self._outbox.popleft())
                    size += len(letters[-1].payload)
            if not letters:
                channel.say(Finish())
                return
            if not channel.say(Letters(letters)):
                return

    def _has_room(self) -> bool:
        return len(self._pending) < PENDING and self._pending_bytes < PENDING_BYTES
