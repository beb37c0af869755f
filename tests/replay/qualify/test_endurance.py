import math

import pytest

from replay.qualify.parts.endurance import Course, Look, memory_of, steady_ratio, windows_of

NAN = math.nan


def look(at_s: float, resident: float, **more: float) -> Look:
    told = {"device_c": NAN, "host_c": NAN, "power_w": NAN, "clock_mhz": NAN, "utilisation": NAN} | more
    return Look(at_s=at_s, resident=resident, throttled=None, **told)


@pytest.mark.parametrize(
    ("fps", "ratio"),
    [([10, 10, 10], 1.0), ([10, 9, 8], 0.8), ([10, 0, 0, 0, 9, 8], 0.85), ([10, 9], NAN), ([0, 1, 1], NAN)],
)
def test_steady_is_the_last_third_over_the_first_window(fps: list[float], ratio: float) -> None:
    assert steady_ratio(fps) == pytest.approx(ratio, nan_ok=True)


def test_windows_count_what_was_done_in_them_and_keep_the_hottest() -> None:
    course = Course(
        done_s=[0.5, 1.0, 1.5, 2.5],
        took_ns=[500, 500, 500, 1000],
        looks=[look(0.0, 1, device_c=40.0, power_w=2.0), look(0.9, 1, device_c=45.0, power_w=4.0), look(1.1, 1)],
    )
    first, second = windows_of(course, 1.0)
    assert (first.fps, second.fps) == (2, 1)
    assert (first.temperature_c, first.power_w) == (45.0, 3.0)
    assert math.isnan(second.temperature_c)


def test_the_hosts_heat_stands_in_where_the_device_tells_none() -> None:
    course = Course(done_s=[1.0], took_ns=[1], looks=[look(0.0, 1, host_c=60.0)])
    assert windows_of(course, 1.0)[0].temperature_c == 60.0


def test_growth_is_the_slope_of_the_second_half() -> None:
    sizes = [50, 80, 100, 101, 102, 103]
    memory = memory_of([look(float(second), size) for second, size in enumerate(sizes)], 10, 20, 30)
    assert memory.growth_per_hour == pytest.approx(3600)
    assert memory.growth_share == pytest.approx(2 / 101)
    assert (memory.greatest, memory.end, memory.looks) == (103, 103, 6)


def test_two_looks_tell_no_growth() -> None:
    assert math.isnan(memory_of([look(0, 1), look(1, 2)], 0, 0, 0).growth_share)
