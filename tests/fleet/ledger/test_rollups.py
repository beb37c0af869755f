"""What a fleet did, once its reports are not kept any more: in a file and in a database alike."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from edge.wire.messages import encode
from fleet.arrivals import HealthArrived, ReportArrived
from fleet.cli import hub
from fleet.config import HubConfig, Retention
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rollups import roll
from fleet.ledger.rollups.history import History, StepWrong
from fleet.ledger.rollups.prune import prune_minutes, prune_reports
from fleet.ledger.rollups.retention import RetentionThread
from fleet.ledger.rollups.roll import Rollups
from fleet.ledger.schema import ROLLUPS
from fleet.ledger.store import Store, Where
from sensors.clock import NS_PER_S, Stamp
from tests.fakes import EPOCH_NS, ManualClock
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, report_of
from tests.speaker import TOTAL_NS, Speaker

HOUR_S = EPOCH_NS // NS_PER_S // 3600 * 3600
ALWAYS = 0, 2**40
LATER_NS = (HOUR_S + 10**9) * NS_PER_S


@pytest.fixture(params=["file", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    if request.param == "file":
        return tmp_path / "hub.db"
    database: Where = request.getfixturevalue("database")
    return database


def _at(speaker: Speaker, n: int, second: int, **changes: Any) -> ReportArrived:
    """Report n, taken so many seconds into the hour."""
    one = report_of(speaker, n, latency_ns=2 * TOTAL_NS)
    stamp = Stamp(one.report.stamp.mono_ns, (HOUR_S + second) * NS_PER_S)
    report = msgspec.structs.replace(one.report, stamp=stamp, **changes)
    return ReportArrived(KEY, report, encode(report), stamp, one.hub_latency_ns)


def _health(speaker: Speaker, ok: int, dropped: int, second: int, temperature: float) -> HealthArrived:
    said = msgspec.structs.replace(
        speaker.health(ok=ok, dropped=dropped), stamp=Stamp(second, 0), temperature_c=temperature
    )
    return HealthArrived(KEY, said, encode(said), Stamp(second, (HOUR_S + second) * NS_PER_S))


def _roll(store: Where) -> int:
    with Rollups(store) as rollups:
        return rollups.roll()


def test_what_comes_late_is_added_to_its_minute_once_and_nothing_twice(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), *(_at(speaker, n, n) for n in (0, 1, 5, 70))])
        assert (_roll(store), _roll(store)) == (4, 0)
        ledger.commit([_at(speaker, 3, 3, status="failed", findings=None), _at(speaker, 5, 5)])
        assert (_roll(store), _roll(store)) == (1, 0)
    with History(store) as history:
        minutes, (hour,) = history.streams(*ALWAYS, 60), history.streams(*ALWAYS, 3600)
    assert [(point.begin_utc_s - HOUR_S, point.ok, point.failed) for point in minutes] == [(0, 3, 1), (60, 1, 0)]
    assert (hour.ok, hour.failed, hour.captured) == (4, 1, None)
    assert hour.latency["total"].p50_ns == pytest.approx(TOTAL_NS, rel=0.01)
    assert hour.latency["hub"].n == 4
    assert {label: found.n for label, found in hour.classes.items()} == {"car": 24, "bus": 24}
    assert hour.classes["car"].mean_score == pytest.approx(0.85)


def test_what_health_counts_is_told_by_difference_and_a_node_by_its_range(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), _health(speaker, 10, 1, 1, 40.0), _health(speaker, 30, 5, 2, 44.0)])
        _roll(store)
        ledger.commit([_health(speaker, 50, 6, 3, 42.0)])
        _roll(store)
    with History(store) as history:
        (point,), (node,) = history.streams(*ALWAYS, 3600), history.nodes(*ALWAYS, 3600)
    assert (point.captured, point.dropped, point.ok) == (56, 6, 0)
    measured = node.measures["temperature_c"]
    assert (measured.least, measured.mean, measured.most) == (40.0, 42.0, 44.0)
    assert "power_w" not in node.measures


def test_books_balance_over_what_is_kept_and_what_is_not_and_a_repeat_stays_one(store: Where) -> None:
    speaker = Speaker(CLOCK)
    sent = [_at(speaker, n, n) for n in range(6)]
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), *sent[:4]])
        assert prune_reports(store, LATER_NS) == 0, "nothing that is not in the rollups"
        _roll(store)
        ledger.commit([sent[5]])
        assert prune_reports(store, (HOUR_S + 2) * NS_PER_S) == 2
        assert prune_reports(store, LATER_NS) == 2
    with Ledger(store) as again:
        assert again.commit(sent) == Booked(frames=1, repeats=5, refused=0)
        assert _roll(store) == 2
        assert prune_reports(store, LATER_NS) == 2
        assert (again.count(KEY), again.count(KEY, "camera"), again.pruned(KEY)) == (6, 6, {"camera": 6})
        assert [run.frames for run in again.runs()] == [6]
        assert list(again.frames(KEY, "camera")) == []
    with Ledger(store) as again:
        assert again.booked([(KEY, "camera")])[KEY, "camera"].ranges == [(0, 5)]
        assert again.commit(sent) == Booked(frames=0, repeats=6, refused=0)
    with History(store) as history:
        assert [point.ok for point in history.streams(*ALWAYS, 3600)] == [6]


def test_a_session_s_last_word_is_kept_and_so_are_hours(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), _at(speaker, 0, 0), *(_health(speaker, n, 0, n, 40.0) for n in range(1, 5))])
    _roll(store)
    prune_reports(store, LATER_NS)
    assert prune_minutes(store, LATER_NS) == 2
    with LedgerReader(store) as reader:
        assert [health.streams["camera"].ok for health in reader.healths(KEY)] == [4]
    with History(store) as history:
        assert history.minutes_since() is None
        assert history.streams(*ALWAYS, 60) == []
        assert [point.captured for point in history.streams(*ALWAYS, 3600)] == [4]
        with pytest.raises(StepWrong, match="90 s"):
            history.streams(*ALWAYS, 90)


def test_a_batch_that_breaks_off_leaves_nothing_and_is_made_again(
    store: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), *(_at(speaker, n, n) for n in range(5))])
    monkeypatch.setattr(roll, "BATCH", 2)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(roll, "_add_rollups", die)
        with pytest.raises(KeyboardInterrupt):
            _roll(store)
    assert _roll(store) == 5
    own = Store(store, write=False)
    with own.reading() as connection:
        rows = connection.execute(sa.select(ROLLUPS.c.ok)).scalars().all()
    own.close()
    assert rows == [5, 5, 5], "of a minute, an hour and a day"


def test_two_that_roll_at_once_add_everything_once(store: Where) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), *(_at(speaker, n, n) for n in range(5))])
    with Rollups(store) as one:
        batch = roll._Batch()
        one._read_reports((KEY.site, KEY.node, KEY.id, "camera"), batch)
        assert _roll(store) == 5
        with pytest.raises(roll._Overtaken):
            one._book(batch)
        assert one.roll() == 0
    with History(store) as history:
        assert [point.ok for point in history.streams(*ALWAYS, 3600)] == [5]


def test_days_are_what_their_hours_add_up_to_also_where_an_older_gilmok_made_those(
    store: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker, day = Speaker(CLOCK), HOUR_S // 86_400 * 86_400
    hours = [9, 20, 30, 31, 40, 55, 80]
    times = [day - HOUR_S + 3600 * hour for hour in hours]
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker), *(_at(speaker, n, second) for n, second in enumerate(times[:4]))])
        with monkeypatch.context() as older:
            older.setattr(roll, "STEPS_S", (60, 3600))
            _roll(store)
        ledger.commit([_at(speaker, n, second) for n, second in enumerate(times) if n > 3])
        _roll(store)
    with History(store) as history:
        for since, until in ((day, day + 4 * 86_400), (day + 10 * 3600, day + 41 * 3600), (day + 3600, day + 7200)):
            told = [
                (one.begin_utc_s, one.ok, one.latency, one.classes) for one in history.streams(since, until, 86_400)
            ]
            monkeypatch.setattr("fleet.ledger.rollups.history.DAY_S", 2**40)
            hourly = history.streams(since, until, 86_400)
            monkeypatch.undo()
            assert told == [(one.begin_utc_s, one.ok, one.latency, one.classes) for one in hourly]
        points = history.streams(day, day + 4 * 86_400, 86_400)
        assert [((one.begin_utc_s - day) // 86_400, one.ok) for one in points] == [(0, 2), (1, 3), (2, 1), (3, 1)]
    own = Store(store, write=False)
    with own.reading() as connection:
        rows = connection.execute(sa.select(ROLLUPS.c.ok).where(ROLLUPS.c.step_s == 86_400)).scalars().all()
    own.close()
    assert sorted(rows) == [1, 1, 3], "of the first day there are hours alone"


class SetClock(ManualClock):
    """Its wall clock is `ahead_ns` ahead."""

    ahead_ns = 0

    def now(self) -> Stamp:
        now = super().now()
        return Stamp(now.mono_ns, now.utc_ns + self.ahead_ns)


def test_a_hub_whose_wall_clock_is_set_by_a_year_takes_nothing_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, speaker, clock = tmp_path / "hub.db", Speaker(CLOCK), SetClock()
    retention = RetentionThread(HubConfig(store=path, retention=Retention(reports_days=30, minutes_days=30)), clock)
    with Ledger(path) as ledger:
        ledger.commit([birth_of(speaker), *(report_of(speaker, n) for n in range(3))])
        clock.ahead_ns = 365 * 86_400 * NS_PER_S
        for _ in range(2):
            retention._work()
        assert len(list(ledger.frames(KEY, "camera"))) == 3
        assert [record.message.count("+365.0 days") for record in caplog.records] == [1]
        clock.ahead_ns = 0
        clock.pass_ns(40 * 86_400 * NS_PER_S)
        retention._work()
        assert list(ledger.frames(KEY, "camera")) == []


def test_a_run_s_report_and_history_tell_what_is_left_and_never_zero_for_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaker, path = Speaker(CLOCK), tmp_path / "hub.db"
    with Ledger(path) as ledger:
        ledger.commit([birth_of(speaker), *(_at(speaker, n, n) for n in range(5))])
        ledger.commit([report_of(speaker, n) for n in (6, 9)])
        ledger.commit([report_of(speaker, 5)])
    at = ["--store", str(path)]
    assert hub.main(["rollup", *at]) == 0
    assert hub.main(["prune", *at, "--days", "0"]) == 0
    assert "8 reports added" in capsys.readouterr().out
    assert hub.main(["report", speaker.birth.run, *at, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["streams"]
    assert (told["not_kept"], row["booked"], row["ok"]) == (8, 8, 8)
    assert row["captured"] is row["dropped"] is row["accuracy"] is None
    asked = ["history", *at, "--since", "2000-01-01", "--until", "2099-01-01"]
    assert hub.main(asked) == 0
    told = capsys.readouterr().out
    assert " ms" in told
    assert "2 holes in the reports of that time, 1 still open" in told
    assert hub.main([*asked, "--json"]) == 0
    holes = json.loads(capsys.readouterr().out)["holes"]
    assert [(one["first"], one["last"], one["closed_utc_ns"] is None) for one in holes] == [
        (5, 5, False),
        (7, 8, True),
    ]
