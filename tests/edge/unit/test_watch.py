import msgspec
import pytest

from edge.config import UnitChoice
from edge.unit.process.vitals import StreamVitals, Vitals
from edge.unit.state import Baseline
from edge.unit.watch import Pace, Watch
from edge.wire.messages import BackendBirth
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp

BACKEND = BackendBirth(name="onnxruntime", device="cpu", device_kind="cpu", facts={})
BOUNDS = UnitChoice(watch_s=10, p99_ratio=1.5)
BEFORE = Baseline(p99_ms=20.0, n=1000)


def second(at_s: int, *, ok: int, failed: int = 0, ms: float = 20.0, session: str = "ab", frames: int = 25) -> Vitals:
    stream = StreamVitals(captured=ok + failed, ok=ok, failed=failed, skipped=0)
    return Vitals(
        stamp=Stamp(at_s * NS_PER_S, 1),
        session_id=session,
        backend=BACKEND,
        streams={"north": stream},
        times_ns=(int(ms * NS_PER_MS),) * frames,
        why_failed="its outputs are not finite" if failed else "",
    )


def verdict(watch: Watch, seconds: int = 30, *, failed: int = 0, ms: float = 20.0) -> tuple[int, str | None]:
    """After how many seconds it says what, of a stream of 25 frames a second."""
    for at_s in range(seconds):
        found = watch.heard(second(at_s, ok=25 * at_s, failed=failed * at_s, ms=ms))
        if found is not None:
            return at_s, found
    return seconds, None


def test_a_deployment_that_does_well_is_kept_when_the_time_is_over() -> None:
    watch = Watch(BOUNDS, BEFORE)
    assert verdict(watch) == (10, "")
    assert watch.seen == "watched for 10 s: 250 frames ok, 0 failed, p99 20.0 ms (n = 275)"


def test_one_that_is_half_again_as_slow_is_not() -> None:
    assert verdict(Watch(BOUNDS, BEFORE), ms=29.9) == (10, "")
    _, why = verdict(Watch(BOUNDS, BEFORE), ms=31.0)
    assert why == "p99 is 31.0 ms (n = 275), it was 20.0 ms (n = 1000): 1.55 times, allowed are 1.5"


def test_a_bound_in_milliseconds_holds_also_where_nothing_was_before() -> None:
    bounds = msgspec.structs.replace(BOUNDS, p99_ms=25)
    assert verdict(Watch(bounds, None), ms=24.0) == (10, "")
    assert verdict(Watch(bounds, None), ms=26.0) == (10, "p99 is 26.0 ms (n = 275), allowed are 25 ms")


@pytest.mark.parametrize("before", [None, Baseline(p99_ms=None, n=12)])
def test_an_unknown_pace_before_is_no_bound(before: Baseline | None) -> None:
    assert verdict(Watch(BOUNDS, before), ms=500.0) == (10, "")


def test_one_whose_frames_fail_is_not_kept_and_one_that_answers_none_is_not_even_watched_on() -> None:
    _, why = verdict(Watch(BOUNDS, BEFORE), failed=1)
    assert why == "10 of 260 frames failed, allowed is a share of 0.01: its outputs are not finite"
    watch = Watch(BOUNDS, BEFORE)
    assert watch.heard(second(0, ok=0, failed=29)) is None
    assert watch.heard(second(1, ok=0, failed=30)) == "all of 30 frames failed: its outputs are not finite"


def test_a_camera_that_shows_nothing_keeps_the_watch_waiting() -> None:
    watch = Watch(BOUNDS, BEFORE)
    assert all(watch.heard(second(at_s, ok=0, frames=0)) is None for at_s in range(1000))


def test_frames_of_a_node_that_was_started_again_meanwhile_are_added_up() -> None:
    watch = Watch(BOUNDS, BEFORE)
    assert [watch.heard(second(at_s, ok=25 * at_s)) for at_s in range(5)] == [None] * 5
    verdicts = [watch.heard(second(10 + at_s, ok=25 * at_s, session="cd")) for at_s in range(7)]
    assert verdicts == [None] * 6 + [""]
    assert watch.seen.startswith("watched for 10 s: 250 frames ok")


def test_the_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace(10)
    for at_s in range(30):
        pace.heard(second(at_s, ok=0, ms=50.0 if at_s < 15 else 20.0))
    assert pace.baseline() == Baseline(p99_ms=20.0, n=11 * 25)
