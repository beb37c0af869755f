"""What a process costs: its resident memory with that of its children, and the host's temperature."""

import math
import os
from pathlib import Path

PROC = Path("/proc")
ZONES = Path("/sys/class/thermal")
PARENT = 1
"""Its place in /proc/PID/stat after the name, which may hold spaces and brackets itself."""


def resident_bytes(pid: int) -> float:
    """Of the process and all its descendants (a backend may run in one); NaN where /proc doesn't tell."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        parent = _parent(entry)
        if parent is not None:
            children.setdefault(parent, []).append(int(entry.name))
    family = [pid]
    for one in family:
        family += children.get(one, [])
    sizes = [_resident(one) for one in family]
    # A child that ended meanwhile has no size; the process itself must have one.
    return sizes[0] + sum(size for size in sizes[1:] if not math.isnan(size))


def host_temperature_c() -> float:
    """Of the hottest zone that the kernel tells of; NaN where it tells none, as in most virtual machines."""
    found = []
    for zone in ZONES.glob("thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text(encoding="ascii")) / 1000)
        except (OSError, ValueError):
            continue
    return max(found, default=math.nan)


def load_average() -> float:
    """How many processes wanted a core in the last minute; NaN where the system doesn't tell."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return math.nan


def memory_total_bytes() -> float:
    """Of the machine; NaN where the system doesn't tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (OSError, ValueError):
        return math.nan


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[PARENT])
    except (OSError, ValueError, IndexError):
        return None


def _resident(pid: int) -> float:
    try:
        pages = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return math.nan
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
