"""Kept busy without a pause: does it slow down as it warms up, does its memory grow, and what does it draw?"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from edge.device.backend import Session
from replay.metrics.percentiles import Percentiles, percentiles
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, pictures
from replay.qualify.load.serving import WARM_UP, Library, Serving
from replay.qualify.process import host_temperature_c, resident_bytes
from replay.qualify.progress import Tell
from sensors.clock import NS_PER_S, Clock, SystemClock
from sensors.record import Record

SAMPLES = 32
MINUTE_S = 60.0
LEAST_SOAK_S = 1800.0
"""A soak is thirty minutes; a shorter one is an indication."""
LEAST_WINDOWS = 10
LOOK_S = 1.0
"""Between two looks at memory, temperature and power."""


class Window(Record, frozen=True, kw_only=True):
    """A minute of the soak, or a tenth of a short one. NaN where nothing tells."""

    begin_s: float
    fps: float
    latency_ns: Percentiles
    temperature_c: float
    """The greatest, of the device where its SDK tells, else of the host."""
    power_w: float
    clock_mhz: float
    utilisation: float
    throttled: bool | None


class Soak(Record, frozen=True, kw_only=True):
    duration_s: float
    inferences: int
    window_s: float
    windows: tuple[Window, ...]
    ratio: float
    """Frames a second in the last third of the windows, over those of the first window."""
    temperature: str
    """Whose it is, or why there is none."""


class Memory(Record, frozen=True, kw_only=True):
    """Resident bytes of the process and its children; NaN where /proc doesn't tell."""

    before_load: float
    loaded: float
    first: float
    """After the first inferences."""
    end: float
    greatest: float
    growth_per_hour: float
    """Slope of a line through the second half of the soak; NaN where there are too few looks."""
    growth_share: float
    """Growth over the second half, as a share of what is resident."""
    looks: int


class Power(Record, frozen=True, kw_only=True):
    """As the device's SDK tells it: not at the wall."""

    mean_w: float
    joules_per_inference: float
    looks: int


class Endurance(Record, frozen=True, kw_only=True):
    soak: Soak
    memory: Memory
    power: Power | None
    """None: nothing here tells a power."""


@dataclass(slots=True)
class Look:
    """What was seen at one instant of the soak; NaN where nothing tells."""

    at_s: float
    """From the soak's start."""
    resident: float
    """Bytes, of the process and its children."""
    device_c: float
    host_c: float
    power_w: float
    clock_mhz: float
    utilisation: float
    throttled: bool | None


@dataclass(slots=True)
class Course:
    """The soak as it happened."""

    done_s: list[float] = field(default_factory=list)
    """When each inference was over, from the start."""
    took_ns: list[int] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Endurance:  # noqa: ARG001 (every part is called alike)
    clock = SystemClock()
    shown = pictures(campaign, SAMPLES)
    before = resident_bytes(os.getpid())
    with candidate(campaign) as parts:
        loaded = resident_bytes(os.getpid())
        library = Library(parts, shown)
        serving = Serving(parts, library, lambda _query: None)
        for place in range(WARM_UP):
            serving.answer(place % len(library))
        first = resident_bytes(os.getpid())
        course = _soak(serving, len(library), parts.session, campaign.budget.soak_s, clock, tell)
    return Endurance(
        soak=_told(course, campaign.budget.soak_s),
        memory=memory_of(course.looks, before, loaded, first),
        power=_power(course),
    )


def _soak(serving: Serving, samples: int, session: Session, soak_s: float, clock: Clock, tell: Tell) -> Course:
    course = Course()
    begun = last = clock.now().mono_ns
    next_look_s = 0.0
    while (at_s := (last - begun) / NS_PER_S) < soak_s:
        if at_s >= next_look_s:
            course.looks.append(_look(at_s, session))
            next_look_s = at_s + LOOK_S
            tell(at_s / soak_s, f"{at_s:.0f} s")
            last = clock.now().mono_ns
        serving.answer(len(course.took_ns) % samples)
        now = clock.now().mono_ns
        course.took_ns.append(now - last)
        course.done_s.append((now - begun) / NS_PER_S)
        last = now
    course.looks.append(_look((last - begun) / NS_PER_S, session))
    return course


def _look(at_s: float, session: Session) -> Look:
    told = session.telemetry()
    return Look(
        at_s=at_s,
        resident=resident_bytes(os.getpid()),
        device_c=told.temperature_c if told else math.nan,
        host_c=host_temperature_c(),
        power_w=told.power_w if told else math.nan,
        clock_mhz=told.clock_mhz if told else math.nan,
        utilisation=told.utilisation if told else math.nan,
        throttled=told.throttled if told else None,
    )


def _told(course: Course, soak_s: float) -> Soak:
    window_s = min(MINUTE_S, soak_s / LEAST_WINDOWS)
    windows = windows_of(course, window_s)
    return Soak(
        duration_s=course.done_s[-1],
        inferences=len(course.took_ns),
        window_s=window_s,
        windows=windows,
        ratio=steady_ratio([window.fps for window in windows]),
        temperature=_whose(course.looks),
    )


def windows_of(course: Course, window_s: float) -> tuple[Window, ...]:
    """Whole windows only: what is left over at the end is in no window."""
    done = np.array(course.done_s)
    took = np.array(course.took_ns, np.int64)
    windows = []
    for n in range(int(done[-1] / window_s + 1e-9)):
        begin, end = n * window_s, (n + 1) * window_s
        mine = (done > begin) & (done <= end)
        looks = [look for look in course.looks if begin <= look.at_s < end]
        throttled = [look.throttled for look in looks if look.throttled is not None]
        windows.append(
            Window(
                begin_s=begin,
                fps=int(mine.sum()) / window_s,
                latency_ns=percentiles(took[mine].tolist()),
                temperature_c=_known([_temperature(look) for look in looks], max),
                power_w=_known([look.power_w for look in looks], fmean),
                clock_mhz=_known([look.clock_mhz for look in looks], fmean),
                utilisation=_known([look.utilisation for look in looks], fmean),
                throttled=any(throttled) if throttled else None,
            )
        )
    return tuple(windows)


def steady_ratio(fps: Sequence[float]) -> float:
    """The last third's mean over the first window; NaN with fewer than three windows."""
    if len(fps) < 3 or fps[0] == 0:
        return math.nan
    steady = fps[-(len(fps) // 3) :]
    return sum(steady) / len(steady) / fps[0]


def memory_of(looks: Sequence[Look], before: float, loaded: float, first: float) -> Memory:
    resident = [look.resident for look in looks]
    half = looks[len(looks) // 2 :]
    slope = growth = math.nan
    if len(half) >= 3:
        times, sizes = [look.at_s for look in half], [look.resident for look in half]
        slope = float(np.polyfit(times, sizes, 1)[0])
        growth = slope * (times[-1] - times[0]) / sizes[0]
    return Memory(
        before_load=before,
        loaded=loaded,
        first=first,
        end=resident[-1],
        greatest=max(resident),
        growth_per_hour=slope * 3600,
        growth_share=growth,
        looks=len(looks),
    )


def _power(course: Course) -> Power | None:
    known = [look.power_w for look in course.looks if not math.isnan(look.power_w)]
    if not known:
        return None
    mean = sum(known) / len(known)
    return Power(mean_w=mean, joules_per_inference=mean * course.done_s[-1] / len(course.took_ns), looks=len(known))


def _temperature(look: Look) -> float:
    return look.host_c if math.isnan(look.device_c) else look.device_c


def _whose(looks: Sequence[Look]) -> str:
    if any(not math.isnan(look.device_c) for look in looks):
        return "of the device, as its SDK tells"
    if any(not math.isnan(look.host_c) for look in looks):
        return "of the host's hottest zone; the device's SDK tells none"
    return "not measured: neither the device's SDK nor the host tells one"


def _known(values: Sequence[float], of: Callable[[list[float]], float]) -> float:
    """`of` those that are known; NaN where none is."""
    known = [value for value in values if not math.isnan(value)]
    return of(known) if known else math.nan
