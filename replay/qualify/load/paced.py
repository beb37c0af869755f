"""Queries on an absolute schedule that no late answer shifts: a stall is charged to everyone who waited for it."""

import threading
from collections.abc import Callable

from replay.qualify.load.serving import Serving
from sensors.clock import NS_PER_MS, NS_PER_S, Clock

LEAD_NS = 20 * NS_PER_MS
"""From the decision to begin to the first query."""


def constant_rate(
    serving: Callable[[Callable[[int], None]], Serving], samples: int, rate_fps: float, n: int, clock: Clock
) -> list[int]:
    """Latencies (ns) of `n` queries, from the instants at which they were due; raises the device's fault."""
    answered_ns = [0] * n
    left = threading.Semaphore(0)

    def done(query: int) -> None:
        answered_ns[query] = clock.now().mono_ns
        left.release()

    with serving(done) as served:
        due_ns = schedule(clock.now().mono_ns + LEAD_NS, rate_fps, n)
        for query, due in enumerate(due_ns):
            clock.sleep_until(due)
            served.ask(query, query % samples)
        for _ in range(n):
            left.acquire()
        served.check()
    return [answered - due for answered, due in zip(answered_ns, due_ns, strict=True)]


def schedule(start_ns: int, rate_fps: float, n: int, phase: float = 0.0) -> list[int]:
    """Each instant from the first one, so that no rounding adds up; `phase` in periods."""
    return [start_ns + round((k + phase) * NS_PER_S / rate_fps) for k in range(n)]
