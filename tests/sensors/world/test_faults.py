"""Faults do what they are called, when they are told to."""

import numpy as np
import pytest

from sensors.world.faults import FaultWrong, FaultyCamera, parse
from sensors.world.textures import Picture

SECOND = 1_000_000_000


def picture(level: int) -> Picture:
    image = np.full((20, 20, 3), level, np.uint8)
    image[5:15, 5:15] = 255 - level
    return image


def camera(*texts: str) -> FaultyCamera:
    return FaultyCamera([parse(text, 200.0) for text in texts], np.random.default_rng(1))


def test_a_sound_camera_hands_over_what_it_saw() -> None:
    got = camera().deliver(picture(9), 5)
    assert got is not None
    assert (got.image == picture(9)).all()
    assert (got.stamped_ns, got.faults) == (5, ())


def test_a_frozen_camera_repeats_its_last_picture_until_it_thaws() -> None:
    frozen = camera("freeze@1-3")
    shown = [frozen.deliver(picture(level), level * SECOND) for level in range(5)]
    assert [int(one.image[0, 0, 0]) for one in shown if one] == [0, 0, 0, 3, 4]
    assert [one.faults for one in shown if one] == [(), ("freeze",), ("freeze",), (), ()]


def test_black_is_black() -> None:
    got = camera("black@0-1").deliver(picture(9), 0)
    assert got is not None
    assert not got.image.any()


def test_loss_loses_about_its_share_and_nothing_outside_its_time() -> None:
    lossy = camera("loss@0-100:0.3")
    lost = sum(lossy.deliver(picture(1), i * SECOND // 10) is None for i in range(1000))
    assert 240 < lost < 360
    assert lossy.deliver(picture(1), 101 * SECOND) is not None


def test_a_clock_step_shifts_every_later_stamp() -> None:
    stepped = camera("clock@2:0.5")
    got = [stepped.deliver(picture(1), i * SECOND) for i in range(4)]
    assert [one.stamped_ns / SECOND for one in got if one] == [0.0, 1.0, 2.5, 3.5]


def test_jitter_delays_and_never_hastens() -> None:
    late = camera("jitter@0-9:8")
    delays = [one.stamped_ns for _ in range(50) if (one := late.deliver(picture(1), 0))]
    assert min(delays) >= 0
    assert 2e6 < np.mean(delays) < 2e7


def test_blur_softens_edges() -> None:
    got = camera("blur@0-1").deliver(picture(0), 0)
    assert got is not None
    assert 0 < int(got.image[5, 5, 0]) < 255


@pytest.mark.parametrize("text", ["melt@1-2", "freeze", "freeze@x", "loss@1-2:", "freeze@1.2.3", "blur@1-٣"])
def test_what_is_no_fault_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(FaultWrong, match="freeze, black, loss"):
        parse(text, 10.0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("freeze@5-3", "ends before it begins"),
        ("freeze@5-5", "ends before it begins"),
        ("black@10-12", "begins when the drive of 10 s is over"),
        ("loss@1-2:1.5", "amount of loss is a number from 0 to 1"),
        ("loss@1-2:-0.5", "amount of loss"),
        ("blur@1-2:0", "amount of blur is a number from 0.1 to 100"),
        ("jitter@1-2:-8", "amount of jitter"),
        (f"clock@1:{'9' * 400}", "amount of clock"),
        ("freeze@1-2:3", "freeze has no amount"),
    ],
)
def test_a_fault_that_would_do_nothing_or_nonsense_is_refused(text: str, why: str) -> None:
    with pytest.raises(FaultWrong, match=why):
        parse(text, 10.0)
