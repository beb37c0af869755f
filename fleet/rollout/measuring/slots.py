"""Slots of time: the same at every hub, whenever it looks."""

from sensors.clock import NS_PER_S

SETTLE_S = 3.0
"""After its end, what a slot holds may still be on its way."""


def slot_ns(look_s: float) -> int:
    return int(look_s * NS_PER_S)


def slot_at(utc_ns: int, look_s: float) -> int:
    return utc_ns // slot_ns(look_s)


def newest_over(now_utc_ns: int, look_s: float) -> int:
    """The newest slot of which everything has come."""
    return slot_at(now_utc_ns - int(SETTLE_S * NS_PER_S), look_s) - 1


def span(slot: int, look_s: float, count: int = 1) -> tuple[int, int]:
    """UTC nanoseconds from the beginning of `slot` to the end of the last of `count`."""
    return slot * slot_ns(look_s), (slot + count) * slot_ns(look_s)
