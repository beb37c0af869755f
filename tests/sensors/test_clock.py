import errno
import time

import pytest

from sensors.clock import Stamp, SystemClock


def test_a_wall_clock_before_1970_is_a_label_that_messages_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: -5)
    assert SystemClock().now().utc_ns == 0
    assert Stamp(100, 7).shifted_to(90) == Stamp(90, 0)


def test_a_sleep_that_the_system_refuses_is_slept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: float) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(time, "sleep", refused)
    clock = SystemClock()
    until_ns = clock.now().mono_ns + 2_000_000
    clock.sleep_until(until_ns)
    assert clock.now().mono_ns >= until_ns
