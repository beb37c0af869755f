"""Numbers as people read them in a terminal; the undefined (None, NaN) is a dash, never a nought."""

import math
from collections.abc import Container, Mapping

NS_PER_MS = 1_000_000
UNKNOWN = "-"
ENDS = ("_low", "_high")
"""What the ends of a figure's interval are called, after it."""
BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def number(value: float | None, digits: int = 4, *, thousands: bool = False, unknown: str = UNKNOWN) -> str:
    """To so many places; no "-0.00". `thousands`: groups of three apart, for pages."""
    if value is None or math.isnan(value):
        return unknown
    # Adding zero turns the minus of a rounded nought into a plus.
    return f"{round(value, digits) + 0.0 if math.isfinite(value) else value:{',' if thousands else ''}.{digits}f}"


def signed(value: float | None, digits: int = 4, *, unknown: str = UNKNOWN) -> str:
    """With its sign; nought has none."""
    if value is None or math.isnan(value):
        return unknown
    return f"{value:+.{digits}f}" if round(value, digits) else f"{0:.{digits}f}"


def between(low: float | None, high: float | None, digits: int = 3, *, to: str = "..", unknown: str = UNKNOWN) -> str:
    """An interval, `0.428..0.569`; `to`: what stands between its ends."""
    ends = [number(end, digits, unknown="") for end in (low, high)]
    return to.join(ends) if all(ends) else unknown


def is_end(name: str, among: Container[str]) -> bool:
    """Whether it is an end of the interval of another one of these figures: `AP_low` of `AP`."""
    return any(name.endswith(end) and name.removesuffix(end) in among for end in ENDS)


def sure(of: Mapping[str, float | None], name: str, *, to: str = "..", unknown: str = UNKNOWN) -> str:
    """A figure of a score, with its interval where it has one: `0.4988 (0.428..0.569)`, `(-)` if none can be told."""
    value, low, high = (of.get(f"{name}{end}") for end in ("", *ENDS))
    if isinstance(value, int):
        return str(value)
    told = number(value, unknown=unknown)
    if not any(f"{name}{end}" in of for end in ENDS) or told == unknown:
        return told
    return f"{told} ({between(low, high, to=to, unknown=unknown)})"


def of_set(pictures: float | None, boxes: float | None) -> str:
    """How small a set is: `1,544 boxes in 250 pictures`; empty where nobody knows."""
    if pictures is None or boxes is None or math.isnan(pictures) or math.isnan(boxes):
        return ""
    of_boxes, of_pictures = ("" if n == 1 else end for n, end in ((boxes, "es"), (pictures, "s")))
    return f"{boxes:,.0f} box{of_boxes} in {pictures:,.0f} picture{of_pictures}"


def short(value: float | None, *, unknown: str = UNKNOWN) -> str:
    """As short as it goes: rates, factors, settings."""
    return unknown if value is None or math.isnan(value) else f"{value:g}"


def ms(value_ns: float | None, digits: int = 2, *, thousands: bool = False, unknown: str = UNKNOWN) -> str:
    """Nanoseconds as milliseconds."""
    return number(None if value_ns is None else value_ns / NS_PER_MS, digits, thousands=thousands, unknown=unknown)


def size(n_bytes: float) -> str:
    """Bytes in the largest decimal unit that leaves a whole number before the point: `1.2 MB`."""
    value, units = float(n_bytes), iter(BYTE_UNITS)
    unit = next(units)
    while value >= 999.5 and unit != BYTE_UNITS[-1]:
        value, unit = value / 1000, next(units)
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 99.95 else f"{value:.1f} {unit}"
