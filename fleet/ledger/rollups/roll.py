"""What is booked, added to the rollups, each report once however late it comes, and however often this is broken off.

In one transaction go the sums of a batch and the numbers of its reports: what is not among those numbers is still to
be added. Rows are read and summed before it, so that it is short: the hub commits beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa

from edge.wire.messages import Birth, FrameReport, Health, MessageWrong, StreamCounters, decode
from edge.wire.spans import Range, Spans
from fleet.ledger.inserting import replace
from fleet.ledger.rollups.keys import OF_SESSION, OF_STREAM, distinct, is_
from fleet.ledger.rollups.sums import Sums
from fleet.ledger.schema import FRAMES, HEALTH, ROLLED, ROLLED_HEALTH, ROLLUPS, SESSIONS
from fleet.ledger.store import Store, Where
from sensors.clock import NS_PER_S

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
STEPS_S = (MINUTE_S, HOUR_S, DAY_S)
BATCH = 1000
"""Reports, or health messages, that are added in one transaction."""
STREAMS = 25
"""Whose they are at most."""

Key: TypeAlias = tuple[str, ...]
Place: TypeAlias = tuple[int, str, str, str, int]
"""A rollup's key: step_s, site, node, stream, begin_utc_s."""

_RANGES = msgspec.json.Decoder(list[Range])
_COUNTERS = msgspec.json.Decoder(dict[str, StreamCounters])


class _Overtaken(Exception):
    """Somebody else has added some of it meanwhile."""


@dataclass(slots=True)
class _Batch:
    """What is to be added, all or nothing."""

    rollups: dict[Place, Sums] = field(default_factory=dict)
    streams: dict[Key, "_Numbers"] = field(default_factory=dict)
    healths: dict[Key, "_Heard"] = field(default_factory=dict)
    size: int = 0

    @property
    def full(self) -> bool:
        return self.size >= BATCH or len(self.streams) + len(self.healths) >= STREAMS

    def at(self, utc_ns: int, site: str, node: str, stream: str) -> list[Sums]:
        utc_s = utc_ns // NS_PER_S
        return [self.rollups.setdefault((step, site, node, stream, utc_s - utc_s % step), Sums()) for step in STEPS_S]


@dataclass(slots=True)
class _Numbers:
    before: str
    """The spans that it was made beside."""
    added: Spans = field(default_factory=Spans)
    sums: Sums = field(default_factory=Sums)


@dataclass(slots=True)
class _Heard:
    before: int
    """Up to where it had been heard."""
    top: int
    counters: dict[str, StreamCounters]


class Rollups:
    """Made by the hub beside its commits, or by hand; several at once do no harm. Used by `with`."""

    def __init__(self, where: Where) -> None:
        """Raises what opening a ledger to write raises."""
        self._store = Store(where, write=True)
        self._labels: dict[Key, tuple[str, ...]] = {}

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> "Rollups":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def roll(self, rest: Callable[[], bool] = lambda: True) -> int:
        """Add all that is booked and not in them; how many reports that were.

        `rest` is called after each batch, and may take its time; False: leave the others for later. Raises StoreBroken.
        """
        reports, batch = 0, _Batch()
        try:
            for key in distinct(self._store, FRAMES, OF_STREAM):
                while True:
                    found = self._read_reports(key, batch)
                    reports += found
                    if batch.full:
                        self._book(batch)
                        batch = _Batch()
                        if not rest():
                            return reports
                    if found < BATCH:
                        break
            for key in distinct(self._store, HEALTH, OF_SESSION):
                while self._read_healths(key, batch) == BATCH or batch.full:
                    self._book(batch)
                    batch = _Batch()
                    if not rest():
                        return reports
            self._book(batch)
        except _Overtaken:
            return reports - sum(one.added.count for one in batch.streams.values())
        return reports

    def _read_reports(self, key: Key, batch: _Batch) -> int:
        """How many of a stream's there were, BATCH at most: then there may be more."""
        with self._store.reading() as connection:
            text = connection.scalar(sa.select(ROLLED.c.spans).where(is_(ROLLED, OF_STREAM, key))) or "[]"
            rows = _missing(connection, key, Spans(_RANGES.decode(text)))
            if not rows:
                return 0
            labels = self._labels_of(connection, key[:3])
        site, node, _, stream = key
        numbers = batch.streams.setdefault(key, _Numbers(text))
        for row in rows:
            numbers.added.add(row.n, row.n)
            for sums in (numbers.sums, *batch.at(row.label_utc_ns, site, node, stream)):
                _add_report(sums, row, labels)
        batch.size += len(rows)
        return len(rows)

    def _read_healths(self, key: Key, batch: _Batch) -> int:
        with self._store.reading() as connection:
            known = connection.execute(sa.select(ROLLED_HEALTH).where(is_(ROLLED_HEALTH, OF_SESSION, key))).first()
            top = -1 if known is None else int(known.top_mono_ns)
            query = sa.select(HEALTH.c.stamp_mono_ns, HEALTH.c.received_utc_ns, HEALTH.c.payload)
            query = query.where(is_(HEALTH, OF_SESSION, key), HEALTH.c.stamp_mono_ns > top)
            rows = connection.execute(query.order_by(HEALTH.c.stamp_mono_ns).limit(BATCH)).all()
        if not rows:
            return 0
        counters = {} if known is None else _COUNTERS.decode(known.counters)
        heard = batch.healths.setdefault(key, _Heard(top, top, counters))
        site, node, _ = key
        for row in rows:
            heard.top = row.stamp_mono_ns
            try:
                health = decode(row.payload, Health)
            except MessageWrong:
                continue
            for sums in batch.at(row.received_utc_ns, site, node, ""):
                sums.add_health(health)
            for stream, counted in health.streams.items():
                before = heard.counters.get(stream, StreamCounters())
                for sums in batch.at(row.received_utc_ns, site, node, stream):
                    sums.add_counters(counted, before)
                heard.counters[stream] = counted
        batch.size += len(rows)
        return len(rows)

    def _book(self, batch: _Batch) -> None:
        """Raises _Overtaken, and nothing was added."""
        if not batch.size:
            return
        with self._store.writing(alone=True) as connection:
            for key, numbers in batch.streams.items():
                _note_reports(connection, key, numbers)
            for key, heard in batch.healths.items():
                _note_healths(connection, key, heard)
            _add_rollups(connection, batch.rollups)

    def _labels_of(self, connection: sa.Connection, key: Key) -> tuple[str, ...]:
        if key not in self._labels:
            payload = connection.scalar(sa.select(SESSIONS.c.payload).where(is_(SESSIONS, OF_SESSION, key)))
            try:
                self._labels = {**self._labels, key: decode(payload, Birth).model.labels} if payload else self._labels
            except MessageWrong:
                return ()
        return self._labels.get(key, ())


def _missing(connection: sa.Connection, key: Key, rolled: Spans) -> list[Any]:
    """Rows that are not among the numbers that are in the rollups, the first BATCH of them."""
    columns = ("n", "status", "label_utc_ns", "clock_known", "hub_latency_ns", "late", "payload")
    query = sa.select(*(FRAMES.c[name] for name in columns)).where(is_(FRAMES, OF_STREAM, key)).order_by(FRAMES.c.n)
    found: list[Any] = []
    for first, last in rolled.holes(0, rolled.top):
        found += connection.execute(query.where(FRAMES.c.n.between(first, last)).limit(BATCH - len(found))).all()
        if len(found) == BATCH:
            return found
    found += connection.execute(query.where(FRAMES.c.n > rolled.top).limit(BATCH - len(found))).all()
    return found


def _add_report(sums: Sums, row: Any, labels: tuple[str, ...]) -> None:
    try:
        report = decode(row.payload, FrameReport)
    except MessageWrong:
        # An older gilmok admitted what this one would refuse: its fate is known all the same.
        sums.counts.update({row.status: 1, "late": int(row.late), "unlabelled": int(not row.clock_known)})
        return
    sums.add_report(
        report, labels, hub_latency_ns=row.hub_latency_ns, late=row.late, labelled=row.clock_known
    )  # fmt: skip


def _note_reports(connection: sa.Connection, key: Key, numbers: _Numbers) -> None:
    row = connection.execute(sa.select(ROLLED).where(is_(ROLLED, OF_STREAM, key))).first()
    if ("[]" if row is None else row.spans) != numbers.before:
        raise _Overtaken
    spans, sums = Spans(_RANGES.decode(numbers.before)), Sums() if row is None else Sums.of_row(row)
    for first, last in numbers.added:
        spans.add(first, last)
    sums.merge(numbers.sums)
    text = msgspec.json.encode(list(spans)).decode()
    own = dict(zip(OF_STREAM, key, strict=True))
    pruned = 0 if row is None else row.pruned
    replace(connection, ROLLED, [{**own, "top": spans.top, "spans": text, "pruned": pruned, **sums.row()}])


def _note_healths(connection: sa.Connection, key: Key, heard: _Heard) -> None:
    top = connection.scalar(sa.select(ROLLED_HEALTH.c.top_mono_ns).where(is_(ROLLED_HEALTH, OF_SESSION, key)))
    if (-1 if top is None else int(top)) != heard.before:
        raise _Overtaken
    own = dict(zip(OF_SESSION, key, strict=True))
    said = msgspec.json.encode(heard.counters)
    replace(connection, ROLLED_HEALTH, [{**own, "top_mono_ns": heard.top, "counters": said}])


def _add_rollups(connection: sa.Connection, added: dict[Place, Sums]) -> None:
    names = [column.name for column in ROLLUPS.primary_key]
    rows: list[dict[str, Any]] = []
    for place, sums in added.items():
        own = dict(zip(names, place, strict=True))
        query = sa.select(ROLLUPS).where(*(ROLLUPS.c[name] == value for name, value in own.items()))
        if (row := connection.execute(query).first()) is not None:
            sums.merge(Sums.of_row(row))
        elif own["step_s"] == DAY_S:
            # Of a day that an older gilmok made hours of: what is there of a day is whole.
            for hour in connection.execute(_hours_of(own)):
                sums.merge(Sums.of_row(hour))
        rows.append({**own, **sums.row()})
    replace(connection, ROLLUPS, rows)


def _hours_of(day: dict[str, Any]) -> sa.Select[Any]:
    """Those that are booked already; this batch's are not."""
    place = (ROLLUPS.c[name] == day[name] for name in ("site", "node", "stream"))
    began = ROLLUPS.c.begin_utc_s.between(day["begin_utc_s"], day["begin_utc_s"] + DAY_S - HOUR_S)
    return sa.select(ROLLUPS).where(ROLLUPS.c.step_s == HOUR_S, *place, began)
