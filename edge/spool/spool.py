"""The spool: every report of a node until a hub has committed it; in memory while the disk takes nothing."""

import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from edge.config import SpoolChoice
from edge.spool.store import Kept, Lane, Oldest, SpoolStore, StoreFailed
from edge.wire.messages import Spooled
from edge.wire.spans import Range, Spans
from sensors.clock import EARLIEST_UTC_NS, NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

BYTES_PER_MB = 1_000_000
NS_PER_H = 3600 * NS_PER_S
MEMORY_BYTES = 32 * BYTES_PER_MB
"""So much is kept in memory while the disk takes nothing, and without a disk."""
TEND_NS = NS_PER_S
REMIND_NS = 60 * NS_PER_S
CLOCK_SET_NS = 600 * NS_PER_S
"""So long after a node's start its wall clock may take to be set from the network."""
EVICTED_AT_ONCE = 64
MOVED_AT_ONCE = 512

Marks: TypeAlias = Mapping[Lane, Sequence[Range]]


class SpoolUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the node's spool {path} can't be used: {why}",
            'name a writable file as `path` of [spool], or say `durability = "off"`',
        )


class Spool:
    """Full or broken, it never stands in a node's way: what it can't keep it counts, and says so."""

    def __init__(self, path: Path, choice: SpoolChoice, clock: Clock, boot: str) -> None:
        """`path`: the file; `boot`: whose monotonic clock `clock` is. Raises SpoolUnusable."""
        self._clock = clock
        self._boot = boot
        self._on_disk = choice.durability != "off"
        self._paced = choice.durability == "process"
        self._most_bytes = choice.max_mb * BYTES_PER_MB if self._on_disk else MEMORY_BYTES
        self._most_ns = int(choice.max_age_h * NS_PER_H)
        self._path = path
        self._store = _opened(path, choice) if self._on_disk else SpoolStore(None)
        self._memory = SpoolStore(None)
        self._kept = self._store.contents()
        self._volatile: dict[Lane, Spans] = {}
        self._debts: dict[Lane, Spans] = {}
        """What is to be forgotten on a disk that took no change."""
        self._bytes = [self._store.bytes(), 0]
        self._counts = Counter({lane: spans.count for lane, spans in self._kept.items()})
        self._evicted: Counter[Lane] = Counter()
        self._own = ""
        self._opened_ns = clock.now().mono_ns
        self._closed = False
        self._trouble = ""
        self._unsynced = False
        self._tended_ns = self._reminded_ns = self._complained_ns = -REMIND_NS

    @property
    def kept(self) -> Mapping[Lane, Spans]:
        """Which numbers of each lane, the oldest lane first."""
        return self._kept

    def count(self, lane: Lane) -> int:
        """How many reports of a lane are kept. From any thread, as are `evicted` and `state`."""
        return self._counts[lane]

    def evicted(self, lane: Lane) -> int:
        return self._evicted[lane]

    def state(self) -> Spooled:
        return Spooled(
            reports=sum(self._counts.copy().values()),
            bytes=max(sum(self._bytes), 0),
            evicted=sum(self._evicted.copy().values()),
            unwritten=sum(spans.count for spans in list(self._volatile.values())) if self._on_disk else 0,
        )

    def introduce(self, session: str, birth: bytes) -> None:
        """Whose reports come from here on. Raises SpoolUnusable."""
        self._own = session
        try:
            self._store.introduce(session, self._boot, birth)
        except StoreFailed as error:
            raise SpoolUnusable(self._path, str(error)) from error

    def birth(self, session: str) -> bytes | None:
        """What an earlier session introduced itself with."""
        try:
            return self._store.birth(session)
        except StoreFailed as error:
            self._complain(error)
            return None

    def write(self, reports: Sequence[Kept], committed: Marks) -> None:
        """Keep `reports`, and forget what is committed; kept as `durability` has it when this returns."""
        forget = self._forgetting(committed)
        if not reports and not forget:
            return
        try:
            self._bytes[0] += self._store.write(reports, _joined(self._debts, forget))
            self._debts = {}
            self._unsynced = True
            if reports:
                self._recovered()
        except StoreFailed as error:
            self._complain(error)
            self._debts = _joined(self._debts, forget)
            self._bytes[1] += self._memory.write(reports, {})
            for one in reports:
                self._volatile.setdefault(one.lane, Spans()).add(one.n, one.n)
        for one in reports:
            if one.n not in self._kept.setdefault(one.lane, Spans()):
                self._kept[one.lane].add(one.n, one.n)
                self._counts[one.lane] += 1
        self._drop(forget)

    def read(self, lane: Lane, within: Range, most: int) -> list[Kept]:
        """Up to `most` reports with numbers `within`, in their order."""
        found: list[Kept] = []
        try:
            found = self._store.read(lane, within, most)
        except StoreFailed as error:
            self._complain(error)
        if lane in self._volatile:
            found = sorted([*found, *self._memory.read(lane, within, most)], key=lambda one: one.n)
        return found[:most]

    def tend(self) -> None:
        """Whenever there is time: hold the bounds, try the disk again, make a power cut cost a second at most."""
        now_ns = self._clock.now().mono_ns
        if now_ns - self._tended_ns < TEND_NS:
            return
        self._tended_ns = now_ns
        try:
            if self._volatile or self._debts:
                self._try_again()
            if self._paced and self._unsynced:
                self._store.sync()
            self._unsynced = False
            self._hold_bounds(self._store, 0, self._most_bytes)
        except StoreFailed as error:
            self._complain(error)
        self._hold_bounds(self._memory, 1, MEMORY_BYTES)

    def close(self) -> None:
        """Written to disk as far as it takes it. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._volatile or self._debts:
                self._try_again()
            if self._on_disk:
                self._store.sync()
                self._store.tidy(self._own if self._counts.total() else "")
        except StoreFailed as error:
            self._complain(error)
        self._memory.close()
        self._store.close()

    def _forgetting(self, committed: Marks) -> dict[Lane, Spans]:
        found: dict[Lane, Spans] = {}
        for lane, ranges in committed.items():
            kept = self._kept.get(lane)
            here = [part for first, last in ranges for part in kept.within(first, last)] if kept else []
            if here:
                found[lane] = Spans(here)
        return found

    def _drop(self, forget: Mapping[Lane, Spans]) -> None:
        """They are gone from the disk, or owed to it."""
        volatile: dict[Lane, Spans] = {}
        for lane, spans in forget.items():
            for first, last in spans:
                if lane in self._volatile and (parts := self._volatile[lane].within(first, last)):
                    volatile[lane] = Spans([*volatile.get(lane, Spans()), *parts])
                self._kept[lane].remove(first, last)
            self._counts[lane] -= spans.count
            if not self._kept[lane]:
                del self._kept[lane]
        self._forget_in_memory(volatile)

    def _forget_in_memory(self, gone: Mapping[Lane, Spans]) -> None:
        if gone:
            self._bytes[1] += self._memory.write([], gone)
        for lane, spans in gone.items():
            for first, last in spans:
                self._volatile[lane].remove(first, last)
            if not self._volatile[lane]:
                del self._volatile[lane]

    def _try_again(self) -> None:
        """Move what is in memory to the disk, some of it at a time."""
        lane, spans = next(iter(self._volatile.items()), (None, Spans()))
        if lane is None:
            moved: list[Kept] = []
        else:
            moved = self._memory.read(lane, (spans.ranges[0][0], spans.top), MOVED_AT_ONCE)
        self._bytes[0] += self._store.write(moved, self._debts)
        self._debts = {}
        if lane is not None:
            self._forget_in_memory({lane: Spans((one.n, one.n) for one in moved)})
            self._recovered()

    def _hold_bounds(self, store: SpoolStore, which: int, most_bytes: int) -> None:
        while True:
            excess, gone = self._bytes[which] - most_bytes, list[Oldest]()
            for one in store.oldest(EVICTED_AT_ONCE):
                if excess > 0 or self._too_old(one):
                    gone.append(one)
                    excess -= one.size
            if not gone:
                return
            forget: dict[Lane, Spans] = {}
            for one in gone:
                forget.setdefault(one.lane, Spans()).add(one.n, one.n)
            if which == 0:
                self._bytes[0] += store.write([], forget)
            self._drop(forget)
            self._evicted.update(one.lane for one in gone)
            self._remind(len(gone))

    def _too_old(self, one: Oldest) -> bool:
        """By the monotonic clock where it is the same one. Between two boots only the wall clock knows, unless it had
        not been set yet; one that wakes wrong has some time until it is believed.
        """
        now = self._clock.now()
        if one.boot == self._boot:
            return now.mono_ns - one.at.mono_ns > self._most_ns
        if one.at.utc_ns < EARLIEST_UTC_NS or now.mono_ns - self._opened_ns < CLOCK_SET_NS:
            return False
        return now.utc_ns - one.at.utc_ns > self._most_ns

    def _remind(self, count: int) -> None:
        now_ns = self._clock.now().mono_ns
        if now_ns - self._reminded_ns >= REMIND_NS:
            self._reminded_ns = now_ns
            log.error("the spool is full, or what it keeps too old: the oldest reports are given up (%d now)", count)

    def _complain(self, error: Exception) -> None:
        now_ns = self._clock.now().mono_ns
        if str(error) != self._trouble or now_ns - self._complained_ns >= REMIND_NS:
            self._complained_ns = now_ns
            log.error("the spool %s: %s; reports are kept in memory meanwhile", self._path, error)
        self._trouble = str(error)

    def _recovered(self) -> None:
        if self._trouble:
            log.warning("the spool %s can be written again", self._path)
        self._trouble = ""


def _joined(some: Mapping[Lane, Spans], more: Mapping[Lane, Spans]) -> dict[Lane, Spans]:
    return {lane: Spans([*some.get(lane, ()), *more.get(lane, ())]) for lane in [*some, *more]}


def _opened(path: Path, choice: SpoolChoice) -> SpoolStore:
    """The store at `path`; what is no spool is moved aside, for a person. Raises SpoolUnusable."""
    try:
        return SpoolStore(path, choice.durability)
    except sqlite3.OperationalError as error:
        raise SpoolUnusable(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged")
        log.error("the spool %s is unreadable (%s); it is moved to %s, and a new one begun", path, error, aside.name)
        try:
            path.replace(aside)
            return SpoolStore(path, choice.durability)
        except StoreFailed as failure:
            raise SpoolUnusable(path, str(failure)) from failure
    except OSError as error:
        raise SpoolUnusable(path, error.strerror or str(error)) from error
