"""Numbers as people read them in a terminal; the undefined (None, NaN) is a dash, never a nought."""

import math

NS_PER_MS = 1_000_000
UNKNOWN = "-"
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
