"""Whether a hub goes on telling its state, each second, as long as nothing keeps it from speaking."""

import time
from types import TracebackType
from typing import Self

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery, Link
from edge.wire.topics import ROOT
from sensors.clock import SystemClock

ONLINE = b'"state":"online"'


class Answers:
    """Hears the state of the hub of a site. Used by `with`."""

    def __init__(self, broker_port: int, site: str) -> None:
        self.longest_s = 0.0
        """Of all silences of a hub that ran, with all that it needs; its start and its way back count, the time that it
        waited for a core doesn't: that is the machine's."""
        self.longest_waited_s = 0.0
        """How long it did that in the longest one."""
        self.longest_until = ""
        """When that ended, by the wall clock: what the logs say then."""
        self.heard = 0
        self._last = self._able_since = 0.0
        self._able = self._spoke = False
        self._waited_then_s = 0.0
        """How long it had waited for a core when its present silence began."""
        self._link = Link(
            BrokerAt(url=f"mqtt://127.0.0.1:{broker_port}"),
            "chaos-ear",
            clock=SystemClock(),
            subscriptions=[(f"{ROOT}/{site}/hub/+/state", 0)],
            on_delivery=self._hear,
        )

    def __enter__(self) -> Self:
        self._link.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close(1.0)

    def look(self, *, able: bool, waited_s: float) -> None:
        """To be asked often; `able`: the hub runs, and broker and database are there; `waited_s`: for a core, in its
        present life.
        """
        now = time.monotonic()
        began = able and not self._able
        if began:
            self._able_since = now
        self._able = able
        if began or self._spoke:
            self._spoke = False
            self._waited_then_s = waited_s
        if able:
            waited_s = max(waited_s - self._waited_then_s, 0.0)
            silent_s = now - max(self._last, self._able_since) - waited_s
            if silent_s > self.longest_s:
                self.longest_s, self.longest_waited_s = silent_s, waited_s
                self.longest_until = time.strftime("%H:%M:%S")

    def _hear(self, delivery: Delivery) -> None:
        if not delivery.retained and ONLINE in delivery.payload:
            self.heard += 1
            self._last = time.monotonic()
            self._spoke = True
