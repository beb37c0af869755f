"""The spool on a real disk: what it keeps over restarts, what it gives up, and what it does when the disk is full."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config import SpoolChoice
from edge.spool import spool as spools
from edge.spool.spool import Spool, SpoolUnusable
from edge.spool.store import Kept, Lane
from edge.wire.spans import Spans
from sensors.clock import NS_PER_S, Stamp
from tests.fakes import ManualClock

HOUR_NS = 3600 * NS_PER_S
LANE = Lane("a" * 32, "camera")
OTHER = Lane("b" * 32, "camera")


class Rebooted(ManualClock):
    """Its monotonic clock began anew; the wall clock went on."""

    def __init__(self, later_ns: int) -> None:
        super().__init__()
        self._later_ns = later_ns

    def now(self) -> Stamp:
        now = super().now()
        return Stamp(now.mono_ns, now.utc_ns + self._later_ns)


class Opened:
    """Spools of one file, one after the other, as restarts have them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock: ManualClock = ManualClock()
        self._spools: list[Spool] = []

    def __call__(self, boot: str = "boot", **settings: object) -> Spool:
        spool = Spool(self.path, SpoolChoice(**settings), self.clock, boot)  # type: ignore[arg-type]
        self._spools.append(spool)
        return spool

    def close(self) -> None:
        for spool in self._spools:
            spool.close()

    def reports(self, lane: Lane, first: int, last: int, size: int = 100) -> list[Kept]:
        return [Kept(lane, n, b"%d " % n * (size // 4), self.clock.now()) for n in range(first, last + 1)]

    def tend(self, spool: Spool) -> None:
        self.clock.pass_ns(2 * NS_PER_S)
        spool.tend()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    one = Opened(tmp_path / "pole.spool")
    yield one
    one.close()


def test_what_was_not_committed_is_there_after_a_restart_with_its_birth(opened: Opened) -> None:
    spool = opened()
    spool.introduce(LANE.session, b"born")
    spool.write(opened.reports(LANE, 0, 9), {})
    spool.write([], {LANE: [(0, 3), (8, 8), (50, 99)], OTHER: [(0, 9)]})
    assert (spool.count(LANE), spool.state().reports) == (5, 5)
    # No goodbye: as a kill leaves it.
    again = opened()
    again.introduce(OTHER.session, b"born again")
    again.write(opened.reports(OTHER, 0, 0), {})
    assert dict(again.kept) == {LANE: Spans([(4, 7), (9, 9)]), OTHER: Spans([(0, 0)])}
    assert list(again.kept) == [LANE, OTHER]
    assert [one.n for one in again.read(LANE, (0, 8), 3)] == [4, 5, 6]
    assert again.read(LANE, (4, 4), 1)[0].payload == opened.reports(LANE, 4, 4)[0].payload
    assert again.birth(LANE.session) == b"born"
    assert opened.path.stat().st_mode & 0o777 == 0o600


def test_the_oldest_are_given_up_when_there_is_no_room(opened: Opened) -> None:
    spool = opened(max_mb=1)
    spool.write(opened.reports(LANE, 0, 149, 10_000), {})
    opened.tend(spool)
    kept = spool.kept[LANE]
    assert kept.top == 149
    assert spool.evicted(LANE) == 150 - kept.count > 30
    assert spool.state().bytes <= 1_000_000
    assert kept.ranges[0][1] == 149


def test_room_that_a_backlog_took_is_given_back(opened: Opened) -> None:
    spool = opened()
    spool.write(opened.reports(LANE, 0, 199, 10_000), {})
    spool.write([], {LANE: [(0, 199)]})
    assert opened.path.stat().st_size + opened.path.with_name("pole.spool-wal").stat().st_size > 1_000_000
    spool.close()
    assert opened.path.stat().st_size < 100_000


def test_what_is_too_old_is_given_up_by_the_clock_that_can_tell(opened: Opened) -> None:
    spool = opened(max_age_h=1)
    spool.introduce(LANE.session, b"")
    spool.write(opened.reports(LANE, 0, 4), {})
    opened.clock.pass_ns(HOUR_NS // 2)
    spool.write(opened.reports(LANE, 5, 9), {})
    opened.clock.pass_ns(HOUR_NS * 3 // 4)
    opened.tend(spool)
    assert spool.kept[LANE] == Spans([(5, 9)])
    spool.close()
    # After a boot the monotonic clock begins again: only the wall clock knows, and it says three quarters of an hour.
    opened.clock = Rebooted(HOUR_NS * 5 // 4)
    after = opened(boot="next", max_age_h=1)
    opened.tend(after)
    assert after.kept[LANE] == Spans([(5, 9)])
    opened.clock.pass_ns(HOUR_NS)
    opened.tend(after)
    assert after.kept == {}


def test_a_wall_clock_that_was_wrong_at_a_boot_costs_no_report(opened: Opened) -> None:
    spool = opened(max_age_h=1)
    spool.introduce(LANE.session, b"")
    never_set = [one._replace(at=Stamp(one.at.mono_ns, n)) for n, one in enumerate(opened.reports(LANE, 0, 4))]
    spool.write([*never_set, *opened.reports(LANE, 5, 9)], {})
    spool.close()
    # A year later, or a clock that wakes a year ahead: in some minutes it may have been set.
    opened.clock = Rebooted(8760 * HOUR_NS)
    after = opened(boot="next", max_age_h=1)
    opened.tend(after)
    assert after.kept[LANE] == Spans([(0, 9)])
    opened.clock.pass_ns(HOUR_NS)
    opened.tend(after)
    assert after.kept[LANE] == Spans([(0, 4)])


def test_while_the_disk_is_full_reports_are_kept_in_memory_and_written_later(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spool = opened()
    spool.write(opened.reports(LANE, 0, 0), {})
    _pages(spool, 1)
    spool.write(opened.reports(LANE, 1, 99, 5000), {LANE: [(0, 0)]})
    assert (spool.count(LANE), spool.state().unwritten) == (99, 99)
    assert "disk is full" in caplog.text
    spool.write([], {LANE: [(1, 9)]})
    assert [one.n for one in spool.read(LANE, (0, 99), 2)] == [10, 11]
    monkeypatch.setattr(spools, "MEMORY_BYTES", 50_000)
    opened.tend(spool)
    assert (spool.count(LANE) + spool.evicted(LANE), spool.kept[LANE].top) == (90, 99)
    left = spool.count(LANE)
    _pages(spool, 1_000_000)
    opened.tend(spool)
    assert (spool.count(LANE), spool.state().unwritten) == (left, 0)
    assert "can be written again" in caplog.text
    spool.close()
    assert opened().count(LANE) == left


def _pages(spool: Spool, most: int) -> None:
    """As large as the disk lets the file become."""
    spool._store._rows.execute(f"PRAGMA max_page_count={most}")


def test_without_a_disk_nothing_is_written(opened: Opened) -> None:
    spool = opened(durability="off")
    spool.write(opened.reports(LANE, 0, 9), {})
    assert (spool.count(LANE), spool.state().unwritten) == (10, 0)
    assert not opened.path.exists()


def test_a_file_that_is_no_spool_is_moved_aside_and_a_folder_is_one_clear_error(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened.path.write_bytes(b"no database at all" * 100)
    spool = opened(durability="power-loss")
    spool.write([Kept(LANE, 0, b"x", Stamp(1, 1))], {})
    assert spool.count(LANE) == 1
    assert (tmp_path / "pole.spool.damaged").read_bytes().startswith(b"no database")
    assert "pole.spool.damaged" in caplog.text
    with sqlite3.connect(opened.path) as rows:
        assert rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    rows.close()
    opened.path = tmp_path
    with pytest.raises(SpoolUnusable, match="can't be used"):
        opened()


def test_a_spool_cut_or_with_bits_turned_is_read_whole_or_moved_aside_and_the_node_goes_on(
    tmp_path: Path, opened: Opened
) -> None:
    spool = opened()
    spool.introduce(LANE.session, b"{}")
    spool.write(opened.reports(LANE, 0, 40), {})
    spool.close()
    whole, asides = opened.path.read_bytes(), 0
    for seed in range(40):
        chance, spoilt = random.Random(seed), bytearray(whole)
        if seed % 3:
            for _ in range(1 + 8 * (seed % 3)):
                spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        else:
            del spoilt[chance.randrange(len(spoilt)) :]
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        again = Opened(folder / "pole.spool")
        again.path.write_bytes(spoilt)
        try:
            spool = again()
        except SpoolUnusable:
            continue  # One clear line: a person decides.
        spool.birth(LANE.session)
        spool.write(again.reports(LANE, 50, 50), {LANE: [(0, 3)]})
        kept = spool.read(LANE, (0, 100), 100)
        assert kept[-1].n == 50
        assert all(isinstance(value, int) for one in kept for value in (one.n, one.at.mono_ns, one.at.utc_ns))
        assert all(isinstance(one.payload, bytes) for one in kept)
        again.tend(spool)
        again.close()
        asides += bool(list(folder.glob("*.damaged")))
    assert asides
