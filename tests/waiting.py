"""Waiting for what another process or thread will do, without sleeping through it."""

import threading
from collections.abc import Callable

from sensors.clock import NS_PER_S, SystemClock

POLL_S = 0.01


def wait_until(condition: Callable[[], object], what: str, patience_s: float = 60.0) -> None:
    """Return when `condition()` is true; fails with `what` was awaited when that takes longer than `patience_s`."""
    clock = SystemClock()
    deadline_ns = clock.now().mono_ns + int(patience_s * NS_PER_S)
    while not condition():
        if clock.now().mono_ns > deadline_ns:
            raise AssertionError(f"waited {patience_s:g} s in vain for {what}")
        threading.Event().wait(POLL_S)
