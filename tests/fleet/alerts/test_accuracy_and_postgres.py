"""Rules that need more than a ledger in a file: a recording's truth, or a database."""

from pathlib import Path

import msgspec
import pytest

from edge.wire.messages import Findings, StreamBirth, encode
from fleet.alert_settings import Alert
from fleet.alerts.recent_accuracy import AGAIN_S, FRESH_S
from fleet.alerts.records import AlertEvent
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, ReportArrived
from fleet.config import HubConfig, LedgerAt, TruthRoot
from fleet.ledger.ledger import Ledger
from replay.recording import open_recorded
from tests.fakes import ManualClock
from tests.fleet.alerts.conftest import Fleet
from tests.fleet.alerts.test_rules import became, looks
from tests.postgres import database, postgres
from tests.speaker import Speaker
from tests.tiny import BOX, write_recording
from tests.waiting import wait_until

__all__ = ["database", "postgres"]
FRAMES = 120


def test_an_accuracy_that_falls_below_its_bar_is_told_once_and_clears(tmp_path: Path) -> None:
    root = write_recording(tmp_path / "mot", frames=2 * FRAMES)
    hub = HubConfig(store=tmp_path / "hub.db", truth=(TruthRoot(dataset="mot", root=root),), health_period_s=1000)
    fleet = Fleet(hub)
    replay(fleet, root, range(1, FRAMES + 1), right=False)
    with fleet.watching(Alert(rule="accuracy", below=0.2, clear_after_s=0)) as watch:
        events: list[AlertEvent] = []
        # The recording is read in a thread of its own.
        wait_until(lambda: events or events.__iadd__(watch.look()), "the recording to be read and scored")
        assert became(events) == [("raised", "accuracy", "pole")]
        (standing,) = watch.standing
        assert (standing.stream, standing.value, standing.bound) == ("camera", 0, 0.2)
        assert not looks(fleet, watch, int(AGAIN_S) + 1)
        # Half of the window's findings are right, and half of its objects found: .25.
        replay(fleet, root, range(FRAMES + 1, 2 * FRAMES + 1), right=True)
        assert became(looks(fleet, watch, int(AGAIN_S) + 1)) == [("cleared", "accuracy", "pole")]
        # Of a stream that says nothing any more there is no accuracy of late, right or wrong.
        fleet.passes(FRESH_S + AGAIN_S)
        assert not looks(fleet, watch, 2)


def replay(fleet: Fleet, root: Path, numbers: range, *, right: bool) -> None:
    speaker = Speaker(fleet.clock, node="pole")
    recording = open_recorded("mot", root, "WALK")
    stream = StreamBirth(
        name="camera", source="recording", pace="lockstep", fps=50.0, dataset="mot", recording="WALK",
        digest=recording.digest, labels=("person",),
    )  # fmt: skip
    model = msgspec.structs.replace(speaker.birth.model, labels=("person", "car"))
    birth = msgspec.structs.replace(speaker.birth, streams=(stream,), model=model)
    left, top, width, height = BOX if right else (0, 0, 4, 4)
    found = Findings(boxes=((left, top, left + width, top + height),), scores=(0.9,), labels=(0,))
    now, key = fleet.clock.now(), speaker.key
    words: list[Arrival] = [BirthArrived(key, birth, encode(birth), now), ConnArrived(key, "online", now)]
    for number in numbers:
        report = speaker.report(number - 1, seq=number, findings=found)
        words.append(ReportArrived(key, report, encode(report), now, 5))
    with Ledger(fleet.hub.where) as ledger:
        ledger.commit(words)


def test_in_postgresql_latency_is_of_the_last_minute_as_in_a_file(database: LedgerAt, tmp_path: Path) -> None:
    clock = ManualClock()
    fleet = Fleet(HubConfig(ledger=database, alerts_file=tmp_path / "alerts.json", health_period_s=1000), clock)
    fleet.say("pole", ok=150, total_ms=250, state="online")
    with fleet.watching(Alert(rule="latency", above=200, for_s=0), Alert(rule="books", for_s=0)) as watch:
        assert became(watch.look()) == [("raised", "latency", "pole")]
        assert watch.standing[0].value == pytest.approx(250)
