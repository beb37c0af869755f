"""Which of the kept reports are on their way over this connection, and which go out next: the backlog."""

from edge.spool.spool import Spool
from edge.spool.store import Kept, Lane
from edge.wire.spans import Range, Spans
from sensors.clock import NS_PER_S

RESEND_NS = 3 * NS_PER_S
"""A hub that answers and hasn't committed a report after so long never had it: it goes out again."""
RESEND_MAX_NS = 300 * NS_PER_S
"""Each time in vain, the patience doubles, up to this."""
WINDOW = 2000
"""So many reports of the backlog may be on their way to the ledger at once."""


class Backlog:
    """Used from the publisher's thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._on_way: dict[Lane, Spans] = {}
        self._older: dict[Lane, Spans] = {}
        self._recent: dict[Lane, Spans] = {}
        self._late: dict[Lane, Spans] = {}
        self._aside: dict[Lane, Spans] = {}
        self._patience_ns = RESEND_NS
        self._turned_ns = 0

    @property
    def aside(self) -> int:
        """How many of the kept reports can't be sent."""
        return self._kept_of(self._aside)

    def connected(self, now_ns: int) -> None:
        """A fresh connection: nothing is on its way, and what one broker didn't take the next one may."""
        for each in (self._on_way, self._older, self._recent, self._late, self._aside):
            each.clear()
        self._turned_ns = now_ns

    def sent(self, lane: Lane, numbers: Range, *, late: bool = False) -> None:
        for each in (self._on_way, self._recent, *([self._late] if late else [])):
            each.setdefault(lane, Spans()).add(*numbers)

    def set_aside(self, lane: Lane, n: int) -> None:
        """It can't be sent over this connection."""
        for each in (self._on_way, self._aside):
            each.setdefault(lane, Spans()).add(n, n)

    def progressed(self) -> None:
        """The hub has committed something."""
        self._patience_ns = RESEND_NS

    def refused(self) -> None:
        """To say again soon what a hub refuses is no use; it may be set right, some day."""
        self._patience_ns = RESEND_MAX_NS

    def turn(self, now_ns: int, hub_answers: bool) -> None:
        """What has been on its way for longer than the patience is taken for lost; time without a hub doesn't count."""
        if not hub_answers:
            self._turned_ns = now_ns
        if now_ns - self._turned_ns < self._patience_ns:
            return
        self._turned_ns = now_ns
        if self._kept_of(self._older):
            self._patience_ns = min(2 * self._patience_ns, RESEND_MAX_NS)
        for lane, spans in self._older.items():
            for each in (self._on_way, self._late):
                if lane in each:
                    for first, last in spans:
                        each[lane].remove(first, last)
        self._older, self._recent = self._recent, {}

    def next(self, most: int) -> list[Kept]:
        """Reports of one lane, oldest first, that are not on their way; as many as the window has room for."""
        room = min(most, WINDOW - self._kept_of(self._late))
        if room <= 0:
            return []
        for lane, kept in self._spool.kept.items():
            on_way = self._on_way.get(lane, Spans())
            for first, last in kept:
                if holes := on_way.holes(first, last):
                    return self._spool.read(lane, holes[0], room)
        return []

    def _kept_of(self, spans: dict[Lane, Spans]) -> int:
        nothing = Spans()
        return sum(
            last - first + 1
            for lane, each in spans.items()
            for span in each
            for first, last in self._spool.kept.get(lane, nothing).within(*span)
        )
