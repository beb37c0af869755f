"""What the kernel tells of its machine: the clock and who sets it, room and speed of the disk, heat, cores, memory."""

import contextlib
import ctypes
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from edge.install.doctor.finding import Finding, ok, unknown, wrong
from sensors.clock import EARLIEST_UTC_NS, NS_PER_MS, Clock
from sensors.terminal.figures import size

SETTERS = ("chronyd", "systemd-timesyn", "ntpd", "ptp4l", "phc2sys")
"""Programs that keep a clock right, as the kernel shortens their names."""
BOUND_MS = 1000.0
"""Further off, two units' labels of one instant are no longer of the same second."""
UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2)."""
LEAST_BYTES = 1_000_000_000
LEAST_MEMORY_BYTES = 500_000_000
FSYNC_MS = 100.0
"""A disk that takes longer for one small write holds up what is kept from a power cut."""
WRITES, WRITE_BYTES = 5, 4096
HEADROOM_C = 10.0
TRIPS = ("passive", "hot", "critical")
"""Where the kernel slows the machine down, warns, or switches it off."""


class Timex(ctypes.Structure):
    """struct timex of adjtimex(2); what it holds after `status` isn't read."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


def clock(now: Clock, proc: Path = Path("/proc")) -> Finding:
    told = Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told)) < 0:
        return unknown("clock", f"the kernel doesn't tell: {os.strerror(ctypes.get_errno())}")
    return judged_clock(
        set_by=_setters(proc),
        synchronised=not told.status & UNSYNCHRONISED,
        bound_ms=told.maxerror / 1000,
        utc_ns=now.now().utc_ns,
    )


def judged_clock(*, set_by: str, synchronised: bool, bound_ms: float, utc_ns: int) -> Finding:
    hint = "apt-get install chrony; without a network a GPS or a clock chip that holds (`hwclock`)"
    if utc_ns < EARLIEST_UTC_NS:
        return wrong("clock", "it was never set: it says a year before 2020", hint)
    if not synchronised:
        return wrong("clock", f"nobody keeps it right ({set_by or 'no such program runs'})", hint)
    told = f"kept by {set_by or 'somebody unknown'}, within {bound_ms:.1f} ms by the kernel's bound"
    return ok("clock", told) if bound_ms <= BOUND_MS else wrong("clock", told, "`chronyc sources` tells who is heard")


def _setters(proc: Path) -> str:
    running = set()
    for path in proc.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            running.add(path.read_text().strip())
    return ", ".join(name for name in SETTERS if name in running)


def disk(folder: Path, wanted_bytes: int, now: Clock) -> Finding:
    """`folder`: where the node keeps its state; `wanted_bytes`: what its spool may grow to."""
    about = os.statvfs(folder)
    free = about.f_bavail * about.f_frsize
    needed = max(LEAST_BYTES, wanted_bytes)
    try:
        took_ms = statistics.median(_writes(folder / ".doctor", now))
    except OSError as error:
        return wrong(
            "disk", f"{folder} can't be written: {error.strerror}", "is it mounted read-only, full, or another's?"
        )
    told = f"{size(free)} free at {folder}, a write is on the disk after {took_ms:.1f} ms (median of {WRITES})"
    if free < needed:
        return wrong("disk", told, f"make room: the spool may take {size(wanted_bytes)} (`max_mb` of [spool])")
    if took_ms > FSYNC_MS:
        return wrong("disk", told, 'an SSD or eMMC; or no durability = "power-loss" in [spool]')
    return ok("disk", told)


def _writes(path: Path, now: Clock) -> list[float]:
    """How long each took to be on the disk, in milliseconds."""
    took = []
    with path.open("wb") as file:
        path.unlink()  # gone with the process, whatever becomes of that
        for _ in range(WRITES):
            begun_ns = now.now().mono_ns
            file.write(bytes(WRITE_BYTES))
            file.flush()
            os.fsync(file.fileno())
            took.append((now.now().mono_ns - begun_ns) / NS_PER_MS)
    return took


def heat(thermal: Path = Path("/sys/class/thermal")) -> Finding:
    zones = list(_zones(thermal))
    if not zones:
        return unknown("heat", "the kernel knows no sensor")
    headroom, name, now_c, trip_c = min(zones)
    told = f"{name} has {now_c:.0f} °C, {headroom:.0f} below where the kernel acts ({trip_c:.0f} °C)"
    if headroom < HEADROOM_C:
        return wrong("heat", told, "a heat sink, a fan, shade; or a smaller load: what is throttled is slow")
    return ok("heat", told)


def _zones(thermal: Path) -> Iterator[tuple[float, str, float, float]]:
    for zone in thermal.glob("thermal_zone*"):
        with contextlib.suppress(OSError, ValueError):
            now_c = int((zone / "temp").read_text()) / 1000
            kinds = [path for path in zone.glob("trip_point_*_type") if path.read_text().strip() in TRIPS]
            trips = [int(Path(str(path).removesuffix("type") + "temp").read_text()) / 1000 for path in kinds]
            trip_c = min((trip for trip in trips if trip > 0), default=None)
            if trip_c is not None:
                yield trip_c - now_c, (zone / "type").read_text().strip(), now_c, trip_c


def cores(cpu: Path = Path("/sys/devices/system/cpu")) -> Finding:
    paths = cpu.glob("cpu[0-9]*/cpufreq/scaling_governor")
    governors = sorted({path.read_text().strip() for path in paths})
    if not governors:
        return unknown("cores", "the kernel doesn't tell at what clock they run (a virtual machine?)")
    told = f"governor {', '.join(governors)}"
    if "powersave" in governors:
        return wrong(
            "cores", told, "cpupower frequency-set -g performance, or schedutil: latencies are of a sleeping CPU"
        )
    return ok("cores", told if governors == ["performance"] else f"{told}: the clock follows the load, and so does p99")


def memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    told = {name: value for name, _, value in (line.partition(":") for line in meminfo.read_text().splitlines())}
    available = int(told["MemAvailable"].split()[0]) * 1024
    total = int(told["MemTotal"].split()[0]) * 1024
    said = f"{size(available)} of {size(total)} available"
    if available < LEAST_MEMORY_BYTES:
        return wrong("memory", said, "end what else runs; a service's limit is --memory of `gilmok unit install`")
    return ok("memory", said)
