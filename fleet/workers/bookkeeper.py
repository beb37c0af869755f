"""What a hub asks of whoever books what it hears: itself, or several workers."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from edge.wire.link import Delivery
from fleet.workers.status import Status
from sensors.clock import Stamp
from sensors.errors import GilmokError


class Bookkeeper(Protocol):
    """Used with `with`; its store is open from the beginning."""

    @property
    def fault(self) -> GilmokError | None:
        """Why it can't go on."""

    def start(self, acknowledge: Callable[[Sequence[Delivery]], None]) -> None:
        """Return when it books; `acknowledge` is called for deliveries whose fate is on the disk."""

    def listens_since(self, mono_ns: int) -> None:
        """What was published before has waited at the broker, and is late. From any thread."""

    def receive(self, delivery: Delivery, received: Stamp) -> None:
        """Waits for room. From one thread."""

    def tend(self) -> None:
        """Due a few times a second; raises what ends a hub."""

    def status(self) -> Status: ...

    def stop(self) -> None:
        """Book what was received, and tell it the nodes; later deliveries stay at the broker. Twice is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
