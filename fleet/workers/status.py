"""How the hub's work stands."""

from collections import Counter
from typing import Self

import msgspec

from edge.wire.messages import Message
from fleet.ingest import Tally
from fleet.latency import LiveLatency
from sensors.service.heartbeat import Progress


class WorkerState(Message, frozen=True, kw_only=True):
    """One worker process, as the hub's state tells it."""

    pid: int
    """0: it is being started again."""
    restarts: int
    booked: int
    """In all of its lives."""
    waiting: int
    """Messages that it was handed and hasn't settled."""


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """A Tally that doesn't change any more; two of them can be added."""

    received: int = 0
    booked: int = 0
    repeats: int = 0
    refused: dict[str, int] = {}

    @classmethod
    def of(cls, tally: Tally) -> Self:
        return cls(tally.received, tally.booked, tally.repeats, dict(tally.refused))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.received + other.received,
            self.booked + other.booked,
            self.repeats + other.repeats,
            dict(Counter(self.refused) + Counter(other.refused)),
        )


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """At one moment; the counts are of this life of the hub."""

    counts: Counts = Counts()
    waiting: int = 0
    """Received and not yet taken up."""
    nodes: dict[str, str] = {}
    """"site/node" -> online, stale, offline, lost, unknown."""
    latency: dict[str, dict[str, LiveLatency]] = {}
    workers: tuple[WorkerState, ...] = ()
    rounds: tuple[int, ...] = ()
    """How often each thread that books has come round, with something to book or without."""

    @property
    def progress(self) -> dict[str, Progress]:
        """The next round is always begun: a store that refuses is an answer, one that hangs is none."""
        return {f"booking {number}": Progress(rounds + 1, rounds, rounds) for number, rounds in enumerate(self.rounds)}

    @property
    def line(self) -> str:
        """For `systemctl status`."""
        online, refused = sum(state == "online" for state in self.nodes.values()), sum(self.counts.refused.values())
        booked = f"{self.counts.booked} reports booked, {refused} messages refused"
        return f"{online} of {len(self.nodes)} nodes online; {booked}"
