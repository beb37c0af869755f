"""What every tracker promises, over every one that is registered, with its own defaults."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.tracking import Tracker
from models.detections import Detections, nothing
from sensors import plugins
from sensors.clock import NS_PER_S, Stamp

FPS = 25
NO_TRACK = -1

Finding = tuple[float, float, int, float]
"""Centre x and y in pixels, label, score."""


def tracker(name: str) -> Tracker:
    try:
        plugin = plugins.load("trackers", name)
    except plugins.PluginBroken as broken:
        pytest.skip(broken.sentence)
    made: Tracker = plugin(plugin.Options())
    return made


@pytest.fixture(params=plugins.names("trackers"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def at(k: int) -> Stamp:
    return Stamp(k * NS_PER_S // FPS, k)


def found(findings: Sequence[Finding], size_px: float = 40) -> Detections:
    """Squares, in the order given: the protocol's "best first" is the caller's business here."""
    centres = np.array([finding[:2] for finding in findings], np.float32).reshape(-1, 2)
    return Detections(
        np.hstack([centres - size_px / 2, centres + size_px / 2]),
        np.array([score for *_, score in findings], np.float32),
        np.array([label for _, _, label, _ in findings], np.int64),
    )


def crowd(seed: int, frames: int = 60) -> list[Detections]:
    """Things that walk about, hide, jitter and change their class, and false alarms among them."""
    chance = np.random.default_rng(seed)
    places, speeds = chance.uniform(0, 600, (12, 2)), chance.normal(0, 4, (12, 2))
    told = []
    for k in range(frames):
        seen = np.flatnonzero(chance.random(12) < 0.85)
        now = places[seen] + k * speeds[seen] + chance.normal(0, 1, (len(seen), 2))
        now = np.concatenate([now, chance.uniform(0, 600, (chance.integers(0, 4), 2))])
        scores = np.sort(chance.uniform(0.02, 0.98, len(now)))[::-1]
        told.append(found([(x, y, int(chance.integers(0, 3)), s) for (x, y), s in zip(now, scores, strict=True)]))
    return told


def test_two_things_keep_their_ids_however_they_are_listed(name: str) -> None:
    steps = tracker(name)
    listed: dict[str, set[int]] = {"left": set(), "right": set()}
    for k in range(30):
        rows: list[tuple[str, Finding]] = [("left", (100 + 3 * k, 100, 2, 0.9)), ("right", (500 - 3 * k, 300, 0, 0.9))]
        if k % 2:
            rows.reverse()
        ids = list(steps.update(found([finding for _, finding in rows]), at(k)))
        assert len(ids) == 2
        for (which, _), number in zip(rows, ids, strict=True):
            listed[which].add(number)
    left, right = listed["left"] - {NO_TRACK}, listed["right"] - {NO_TRACK}
    assert len(left) == len(right) == 1
    assert left != right


def test_an_id_is_a_small_number_and_stands_once_in_a_frame(name: str) -> None:
    steps = tracker(name)
    begun: set[int] = set()
    for k, findings in enumerate(crowd(seed=4)):
        ids = list(steps.update(findings, at(k)))
        assert len(ids) == len(findings)
        tracked = [number for number in ids if number != NO_TRACK]
        assert len(set(tracked)) == len(tracked)
        assert all(isinstance(number, int) and 0 <= number < 10_000 for number in tracked)
        begun.update(tracked)
    assert begun


def test_the_same_findings_have_the_same_ids_and_a_fresh_tracker_begins_anew(name: str) -> None:
    findings = crowd(seed=11)
    first, second = tracker(name), tracker(name)
    # In turn, then one alone: no count is shared between streams, nor kept from the stream before.
    together = [(list(first.update(one, at(k))), list(second.update(one, at(k)))) for k, one in enumerate(findings)]
    assert [ids for ids, _ in together] == [ids for _, ids in together]
    later = tracker(name)
    assert [list(later.update(one, at(k))) for k, one in enumerate(findings)] == [ids for ids, _ in together]


def test_nothing_found_is_no_ids_and_no_trouble(name: str) -> None:
    steps = tracker(name)
    assert list(steps.update(nothing(), at(0))) == []
    steps.update(found([(100, 100, 0, 0.9)]), at(1))
    assert list(steps.update(nothing(), at(2))) == []


def test_a_thing_that_hides_for_three_frames_keeps_its_id(name: str) -> None:
    steps = tracker(name)
    ids = [steps.update(found([(100 + 2 * k, 100, 0, 0.9)]), at(k))[0] for k in range(10)]
    for k in range(10, 13):
        steps.update(nothing(), at(k))
    assert ids[-1] != NO_TRACK
    assert steps.update(found([(126, 100, 0, 0.9)]), at(13))[0] == ids[-1]


def test_boxes_without_an_area_are_no_trouble(name: str) -> None:
    steps = tracker(name)
    for k in range(3):
        ids = steps.update(found([(100, 100, 0, 0.9), (100, 100, 0, 0.9), (300, 100, 0, 0.8)], size_px=0), at(k))
        assert len(ids) == 3
