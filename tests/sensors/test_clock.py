import time

import pytest

from sensors.clock import Stamp, SystemClock


def test_a_wall_clock_before_1970_is_a_label_that_messages_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: -5)
    assert SystemClock().now().utc_ns == 0
    assert Stamp(100, 7).shifted_to(90) == Stamp(90, 0)
