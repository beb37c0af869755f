"""Which reports of each stream are booked, and where there are holes in their numbers.

A hole opens as a row of its own when a later report comes, and closes when the last of its reports has come.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from edge.wire.spans import Range, Spans
from fleet.arrivals import ReportArrived, StreamKey
from fleet.ledger.schema import FRAMES, GAPS, ROLLED

STREAMS = 8192
"""So many streams are remembered; others are looked up in the ledger when they speak again."""


@dataclass(slots=True)
class _Gap:
    id: int
    missing: Spans


@dataclass(slots=True)
class _Stream:
    booked: Spans
    gaps: list[_Gap] = field(default_factory=list)
    """Those that are open."""


class Completeness:
    """Kept beside the rows, in their own transactions; used from one thread."""

    def __init__(self) -> None:
        self._streams: OrderedDict[StreamKey, _Stream] = OrderedDict()

    def book(self, connection: sa.Connection, reports: Iterable[ReportArrived]) -> list[ReportArrived]:
        """Note reports that are booked in the same transaction; where that fails, `forget`.

        Hands back those that were not booked before: of some that were, the row is not kept any more.
        """
        numbers: defaultdict[StreamKey, list[ReportArrived]] = defaultdict(list)
        for one in reports:
            numbers[one.key, one.report.stream].append(one)
        fresh: list[ReportArrived] = []
        for key, came in numbers.items():
            booked = self._of(connection, key).booked
            fresh += [one for one in came if one.report.n not in booked]
            self._book(connection, key, came)
        return fresh

    def booked(self, connection: sa.Connection, key: StreamKey) -> Spans:
        return self._of(connection, key).booked

    def forget(self) -> None:
        """What was noted may not be on the disk: look it up again."""
        self._streams.clear()

    def _book(self, connection: sa.Connection, key: StreamKey, came: Sequence[ReportArrived]) -> None:
        known = self._of(connection, key)
        top = known.booked.top
        fresh = Spans((one.report.n, one.report.n) for one in came)
        for first, last in fresh:
            known.booked.add(first, last)
        utc_ns = came[-1].received.utc_ns
        if fresh.top > top + 1:
            for hole in known.booked.holes(top + 1, fresh.top):
                known.gaps.append(_open(connection, key, hole, utc_ns))
        filled = fresh.within(0, top)
        touched = [gap for gap in known.gaps if any(gap.missing.within(*each) for each in filled)] if filled else []
        for gap in touched:
            for each in filled:
                gap.missing.remove(*each)
            _shrink(connection, gap, utc_ns)
            if not gap.missing:
                known.gaps.remove(gap)

    def _of(self, connection: sa.Connection, key: StreamKey) -> _Stream:
        known = self._streams.get(key)
        if known is None:
            known = self._streams[key] = _read(connection, key)
            if len(self._streams) > STREAMS:
                self._streams.popitem(last=False)
        self._streams.move_to_end(key)
        return known


def _read(connection: sa.Connection, key: StreamKey) -> _Stream:
    kept = connection.scalar(sa.select(sa.func.max(FRAMES.c.n)).where(*_is(FRAMES, key)))
    rolled = connection.scalar(sa.select(ROLLED.c.top).where(*_is(ROLLED, key)))
    top = max(-1 if kept is None else int(kept), -1 if rolled is None else int(rolled))
    known = _Stream(Spans() if top < 0 else Spans([(0, top)]))
    query = sa.select(GAPS.c.id, GAPS.c.missing).where(*_is(GAPS, key), GAPS.c.closed_utc_ns.is_(None))
    for number, text in connection.execute(query.order_by(GAPS.c.id)):
        gap = _Gap(int(number), Spans(msgspec.json.decode(text, type=list[Range])))
        known.gaps.append(gap)
        for first, last in gap.missing:
            known.booked.remove(first, last)
    return known


def _open(connection: sa.Connection, key: StreamKey, hole: Range, utc_ns: int) -> _Gap:
    missing = Spans([hole])
    row = {
        "site": key[0].site,
        "node": key[0].node,
        "session": key[0].id,
        "stream": key[1],
        "first": hole[0],
        "last": hole[1],
        "opened_utc_ns": utc_ns,
        "missing": _text(missing),
    }
    made = connection.execute(sa.insert(GAPS).returning(GAPS.c.id), row).scalar_one()
    return _Gap(int(made), missing)


def _shrink(connection: sa.Connection, gap: _Gap, utc_ns: int) -> None:
    new: dict[str, object] = {"missing": _text(gap.missing)}
    if not gap.missing:
        new["closed_utc_ns"] = utc_ns
    connection.execute(sa.update(GAPS).where(GAPS.c.id == gap.id).values(**new))


def _text(missing: Spans) -> str:
    return msgspec.json.encode(list(missing)).decode()


def _is(table: sa.Table, key: StreamKey) -> tuple[sa.ColumnElement[bool], ...]:
    session, stream = key
    own = (table.c.site == session.site, table.c.node == session.node, table.c.session == session.id)
    return (*own, table.c.stream == stream)
