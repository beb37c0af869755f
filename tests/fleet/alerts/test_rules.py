"""What each rule sees in a real ledger, and that what comes and goes is one alert."""

from pathlib import Path

import msgspec
import pytest

from fleet.alert_settings import Alert, AlertContradicts, check_names
from fleet.alerts import records
from fleet.alerts.alert_watch import GAP_S, PAST, SETTLES_S, AlertWatch
from fleet.alerts.records import AlertEvent
from fleet.alerts.rules import RULES
from fleet.config import HubConfig
from sensors.config import ConfigWrong, convert
from tests.fleet.alerts.conftest import Fleet


def became(events: list[AlertEvent]) -> list[tuple[str, str, str]]:
    return [(one.became, one.alert.name, one.alert.node) for one in events]


def looks(fleet: Fleet, watch: AlertWatch, seconds: int) -> list[AlertEvent]:
    """Once a second."""
    found: list[AlertEvent] = []
    for _ in range(seconds):
        fleet.passes(1)
        found += watch.look()
    return found


def test_a_lost_node_is_one_alert_however_often_it_flaps_and_clears_when_it_stays(fleet: Fleet) -> None:
    fleet.say("pole", state="online")
    fleet.say("mast", state="online")
    with fleet.watching(Alert(rule="lost", for_s=2, clear_after_s=20)) as watch:
        assert not watch.look()
        fleet.say("pole", state="lost")
        assert not looks(fleet, watch, 2)
        assert became(looks(fleet, watch, 1)) == [("raised", "lost", "pole")]
        for _ in range(3):
            fleet.say("pole", state="online")
            assert not looks(fleet, watch, 10)
            fleet.say("pole", state="lost")
            fleet.say("mast", state="online")
            assert not looks(fleet, watch, 3)
        (standing,) = watch.standing
        assert (standing.times, standing.site, standing.severity) == (4, "seoul", "warning")
        events: list[AlertEvent] = []
        for _ in range(5):
            fleet.say("pole", state="online")
            fleet.say("mast", state="online")
            events += looks(fleet, watch, 5)
        assert became(events) == [("cleared", "lost", "pole")]
        assert not watch.standing


def test_a_restart_neither_repeats_nor_forgets_an_alert(fleet: Fleet) -> None:
    rule = Alert(rule="hot", for_s=0, clear_after_s=5)
    fleet.say("pole", hot_c=91, state="online")
    with fleet.watching(rule) as watch:
        assert became(watch.look()) == [("raised", "hot", "pole")]
        first = records.read(watch.path)
    # Killed: nothing was said at the end, and the file is all there is.
    with fleet.watching(rule) as watch:
        assert not looks(fleet, watch, 3)
        assert [one.id for one in watch.standing] == [first.standing[0].id]
        fleet.say("pole", hot_c=82, state="online")
        # Between the bound and where it clears, it stays.
        assert not looks(fleet, watch, 8)
        fleet.say("pole", hot_c=79, state="online")
        assert became(looks(fleet, watch, 6)) == [("cleared", "hot", "pole")]
        fleet.say("pole", hot_c=99, state="online")
        assert became(looks(fleet, watch, 1)) == [("raised", "hot", "pole")]
    # A rule that is gone leaves nothing behind.
    with fleet.watching(Alert(rule="disk", below=0.001)) as watch:
        assert [(one.became, one.why) for one in watch.look()] == [("cleared", "no rule asks for it any more")]


def test_silence_is_not_held_against_nodes_of_a_hub_that_was_away(fleet: Fleet) -> None:
    fleet.say("pole", state="online")
    fleet.passes(3600)
    with fleet.watching(Alert(rule="lost", for_s=0)) as watch:
        assert not looks(fleet, watch, int(SETTLES_S))
        assert became(looks(fleet, watch, 2)) == [("raised", "lost", "pole")]


def test_how_long_something_was_wrong_outlasts_a_restart_of_the_hub_and_no_long_absence(fleet: Fleet) -> None:
    rule = Alert(rule="hot", for_s=30, clear_after_s=30)
    fleet.say("pole", hot_c=91, state="online")
    with fleet.watching(rule) as watch:
        watch.look()
        assert not looks(fleet, watch, 20)
    fleet.passes(GAP_S - 1)
    with fleet.watching(rule) as watch:
        assert not looks(fleet, watch, 10)
        assert became(looks(fleet, watch, 2)) == [("raised", "hot", "pole")]
        fleet.say("pole", hot_c=50, state="online")
        assert not looks(fleet, watch, 20)
    with fleet.watching(rule) as watch:
        assert not looks(fleet, watch, 9)
        assert became(looks(fleet, watch, 3)) == [("cleared", "hot", "pole")]
        fleet.say("pole", hot_c=91, state="online")
        assert not looks(fleet, watch, 29)
    fleet.passes(GAP_S + 1)
    with fleet.watching(rule) as watch:
        assert not looks(fleet, watch, 29)
    # What is well when it is looked at again begins anew.
    fleet.say("pole", hot_c=50, state="online")
    with fleet.watching(rule) as watch:
        assert not watch.look()
        fleet.say("pole", hot_c=91, state="online")
        assert not looks(fleet, watch, 29)


def test_reports_that_are_missing_are_told_and_those_on_their_way_are_not(fleet: Fleet) -> None:
    rule = Alert(rule="books", for_s=3)
    fleet.say("late", ok=10, booked=4, spooled=6, state="online")
    fleet.say("hole", ok=10, lost=(3, 4), state="online")
    fleet.say("tail", ok=10, booked=8, state="offline", final=True)
    fleet.say("well", ok=10, state="online")
    with fleet.watching(rule) as watch:
        assert not looks(fleet, watch, 3)
        assert became(looks(fleet, watch, 1)) == [("raised", "books", "hole"), ("raised", "books", "tail")]
        assert [one.value for one in watch.standing] == [2, 2]


def test_failures_refusals_a_full_spool_and_a_slow_stream(fleet: Fleet) -> None:
    rules = (
        Alert(rule="failing", above=5), Alert(rule="refused", above=2), Alert(rule="spool", above=50, for_s=0),
        Alert(rule="latency", above=100, for_s=0, severity="critical", nodes=("p*",)), Alert(rule="disk", below=1e6),
    )  # fmt: skip
    for node in ("pole", "mast"):
        fleet.say(node, ok=1, state="online")
    with fleet.watching(*rules) as watch:
        # What the disk has is below a million gigabytes, and nothing is known yet of a minute that wasn't seen.
        assert became(watch.look()) == [("raised", "disk", "")]
        fleet.passes(5)
        for node in ("pole", "mast"):
            fleet.say(node, ok=120, failed=30, refused=3, spooled=51, total_ms=150, state="online")
        raised = [("failing", "mast"), ("failing", "pole"), ("latency", "pole")]
        raised += [(rule, node) for rule in ("refused", "spool") for node in ("mast", "pole")]
        assert sorted(became(watch.look())) == [("raised", *one) for one in raised]
        slow = next(one for one in watch.standing if one.rule == "latency")
        assert (slow.stream, slow.severity) == ("camera", "critical")
        assert slow.what == "p99 of the last minute, capture to result, is 150.0 ms; the deadline is 100.0 ms"
        # A node that says goodbye takes its troubles along, but what was refused was refused.
        fleet.say("pole", ok=120, failed=30, spooled=51, state="offline")
        assert sorted(became(watch.look())) == [("cleared", rule, "pole") for rule in ("failing", "latency", "spool")]


def test_a_ledger_that_is_away_raises_and_clears_nothing(fleet: Fleet) -> None:
    fleet.say("pole", hot_c=91, state="online")
    with fleet.watching(Alert(rule="hot", for_s=0, clear_after_s=0)) as watch:
        assert watch.look()
        store = Path(fleet.hub.store)
        aside = store.rename(store.with_suffix(".aside"))
        assert not looks(fleet, watch, 3)
        aside.rename(store)
        assert not looks(fleet, watch, 1)
        assert len(watch.standing) == 1


def test_a_file_of_alerts_that_can_not_be_read_is_put_aside(fleet: Fleet) -> None:
    fleet.say("pole", hot_c=91, state="online")
    for wrong in (b"[]", b'{"version": 99}', b"\xff"):
        fleet.hub.alerts_at.write_bytes(wrong)
        with fleet.watching(Alert(rule="hot", for_s=0)) as watch:
            assert became(watch.look()) == [("raised", "hot", "pole")]
        assert fleet.hub.alerts_at.with_name("hub.db.alerts.json.unreadable").read_bytes() == wrong
    assert len(records.read(fleet.hub.alerts_at).past) <= PAST


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"rule": "lost", "above": 3}, "above is none of its keys"),
        ({"rule": "latency"}, "it has no bound"),
        ({"rule": "accuracy", "above": 0.2}, "above is none of its keys"),
        ({"rule": "hot", "above": 80, "clear_below": 90}, "it would clear at 90"),
        ({"rule": "disk", "below": 2, "clear_above": 1}, "it would clear at 1"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(table: dict[str, object], what: str) -> None:
    with pytest.raises(AlertContradicts, match=what):
        convert({"alert": [table]}, HubConfig, "HUB.toml")


def test_two_rules_of_one_name_and_a_rule_that_nobody_knows_are_refused() -> None:
    with pytest.raises(AlertContradicts, match="another alert is called 'lost'"):
        check_names((Alert(rule="lost"), Alert(rule="lost")))
    check_names((Alert(rule="lost"), Alert(rule="lost", name="lost-north", nodes=("north-*",))))
    with pytest.raises(ConfigWrong, match="expected one of 'latency'"):
        convert({"alert": [{"rule": "sad"}]}, HubConfig, "HUB.toml")


def test_the_page_says_every_rule_in_korean() -> None:
    words = (Path(__file__).parents[3] / "fleet" / "web" / "pages" / "korean" / "alerts.js").read_text(encoding="utf-8")
    for name, rule in RULES.items():
        assert f'"alert:{name}": "' in words
        assert msgspec.json.encode(rule.do).decode() in words
