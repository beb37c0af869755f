"""Rules over findings, frame by frame at ten frames a second: when an event begins, and when it ends."""

from typing import Any

import pytest

from edge.scene.rules import EventRule, Rules
from edge.scene.watch import Watch
from edge.wire.findings import Findings, GroundPoint
from sensors.clock import NS_PER_S, Stamp
from sensors.config import ConfigWrong, convert
from sensors.pace.pacing import Schedule

LABELS = ("person", "car")
SQUARE = ((100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0))
PERSON, CAR = 0, 1


def found(*feet: tuple[float, float], label: int = PERSON, score: float = 0.9, track: int = 7) -> Findings:
    """Boxes whose lower edges have their middles there."""
    n = len(feet)
    return Findings(
        boxes=tuple((x - 10, y - 40, x + 10, y) for x, y in feet),
        scores=(score,) * n,
        labels=(label,) * n,
        tracks=tuple(range(track, track + n)),
    )


NOBODY, INSIDE, OUTSIDE = found(), found((150, 150)), found((150, 220))


def marked(frames: list[Findings | None], **rule: Any) -> list[int]:
    """The frames that the rule marks."""
    told = EventRule(**{"name": "e", "kind": "inside", "on_s": 0.0, "off_s": 0.0, **rule})
    watch = Watch([told], "north", LABELS, tracked=True, placed=True)
    stamps = (Stamp(n * NS_PER_S // 10, 0) for n in range(len(frames)))
    return [n for n, (at, one) in enumerate(zip(stamps, frames, strict=True)) if watch.events(n, at, one)]


def test_a_foot_in_the_zone_is_an_event_from_that_frame_on() -> None:
    frames = [NOBODY, INSIDE, OUTSIDE, INSIDE, found((150, 150), label=CAR), found((150, 150), score=0.2)]
    assert marked([*frames], zone_px=SQUARE, labels=("person",)) == [1, 3]
    assert marked([*frames], labels=("person",)) == [1, 2, 3]
    assert marked([*frames], zone_px=SQUARE, at_least=2) == []


def test_it_begins_late_and_ends_late_and_a_failed_frame_changes_nothing() -> None:
    frames = [INSIDE, NOBODY, INSIDE, INSIDE, INSIDE, NOBODY, INSIDE, None, NOBODY, None, NOBODY, NOBODY, NOBODY, None]
    # From the third in a row on (.2 s); until nobody was there for .3 s.
    assert marked([*frames], zone_px=SQUARE, on_s=0.2, off_s=0.3) == [4, 5, 6, 7, 8, 9, 10]
    assert marked([None, None, NOBODY]) == []


def test_a_zone_in_metres_goes_by_places_and_what_has_none_is_in_no_zone() -> None:
    def at(place: GroundPoint | None) -> Findings:
        return Findings(boxes=((0, 0, 1, 1),), scores=(0.9,), labels=(0,), tracks=(1,), ground=(place,))

    # Of a plan in a national grid: float32 would be half a metre off.
    zone = [(3e6 + east, 4e6 + north) for east, north in ((0, 0), (2, 0), (2, 2), (0, 2))]
    frames = [at((3_000_001.8, 4_000_001.8, 0.1, 0.1, 0.0)), at((3_000_002.2, 4_000_001.0, 0.1, 0.1, 0.0)), at(None)]
    assert marked([*frames], zone_m=tuple(zone)) == [0]


def test_one_track_that_stays_dwells_and_two_that_follow_each_other_do_not() -> None:
    stays = [found((150, 150)) for _ in range(20)]
    assert marked([*stays], kind="dwell", zone_px=SQUARE, dwell_s=1.0) == list(range(10, 20))
    follow = [found((150, 150), track=n // 8) for n in range(24)]
    assert marked([*follow], kind="dwell", zone_px=SQUARE, dwell_s=1.0) == []


def test_a_count_jumps_against_what_is_usual_once_that_is_known() -> None:
    two, five = found((1, 50), (2, 50)), found(*((n, 50) for n in range(5)))
    assert marked([five, two, five, *[two] * 20, five, two], kind="jump", at_least=3, window_s=1.0) == [23]


def test_a_score_flickers_by_its_own_track() -> None:
    flickers = [found((150, 150), score=0.5 if n % 2 else 0.1) for n in range(10)]
    steady = [found((150, 150), score=0.5 if n % 2 else 0.4) for n in range(10)]
    others = [found((150, 150), score=0.5 if n % 2 else 0.1, track=n) for n in range(10)]
    assert marked([*flickers], kind="flicker", at_least=4, window_s=1.0) == [4, 5, 6, 7, 8, 9]
    assert marked([*steady], kind="flicker", at_least=4, window_s=1.0) == []
    assert marked([*others], kind="flicker", at_least=4, window_s=1.0) == []


def test_in_lockstep_time_is_the_recordings_own_and_backwards_it_begins_anew() -> None:
    rule = EventRule(name="e", kind="inside", on_s=0.2)
    watch = Watch([rule], "north", LABELS, tracked=False, placed=False, schedule=Schedule(0, 10.0))
    slow = [bool(watch.events(seq, Stamp(seq * NS_PER_S, 0), INSIDE)) for seq in (0, 1, 2, 0)]
    assert slow == [False, False, True, False]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"kind": "dwell"}, "has no tracker"),
        ({"zone_m": SQUARE}, "no geometry"),
        ({"labels": ("persn",)}, "no label 'persn'"),
    ],
)
def test_what_a_stream_hasnt_is_told_before_the_first_frame(rule: dict[str, Any], what: str) -> None:
    told = EventRule(**{"name": "e", "kind": "inside", **rule})
    with pytest.raises(ConfigWrong, match=what):
        Watch([told], "north", LABELS, tracked=False, placed=False)
    # Of other streams it may ask what it wants.
    elsewhere = EventRule(**{"name": "e", "kind": "inside", "streams": ("south",), **rule})
    assert Watch([elsewhere], "north", LABELS, tracked=False, placed=False).events(0, Stamp(0, 0), INSIDE) == ()


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ([], "events"),
        ([{"name": "a", "kind": "inside"}] * 2, "called 'a'"),
        ([{"name": "a", "kind": "inside", "zone_px": [[0, 0], [1, 1]]}], "three corners"),
        ([{"name": "a", "kind": "inside", "zone_px": SQUARE, "zone_m": SQUARE}], "one of them"),
        ([{"name": "a", "kind": "inside", "zone_px": [[0, 0], [1, 1], [2, float("nan")]]}], "zone_px"),
        ([{"name": "a", "kind": "often"}], "kind"),
        ([{"name": "a", "kind": "inside", "at_least": 0}], "at_least"),
    ],
)
def test_rules_that_cant_be_meant_are_refused(rules: list[dict[str, Any]], what: str) -> None:
    with pytest.raises(ConfigWrong, match=what):
        convert({"events": rules}, Rules, "RULES.toml")
