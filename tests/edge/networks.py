"""Networks that delay, and two clocks that run apart: what the clock exchange's arithmetic is tested on."""

from dataclasses import dataclass

import numpy as np

from sensors.clock import NS_PER_MS, NS_PER_S

HUB_AHEAD_NS = 1_700_000_000 * NS_PER_S
HELD_NS = 50_000
"""From the hub's receipt to its answer."""


@dataclass(frozen=True)
class Network:
    """One-way delays in ms: a floor each way, exponential jitter, and now and then a burst that triples it."""

    forward_ms: float
    back_ms: float
    jitter_forward_ms: float
    jitter_back_ms: float
    bursts: bool = False

    def delays_ns(self, rng: np.random.Generator, n: int) -> tuple[list[int], list[int]]:
        bursty = np.where((np.arange(n) // 20) % 7 == 3, 3.0, 1.0) if self.bursts else np.ones(n)
        there = self.forward_ms + bursty * rng.exponential(self.jitter_forward_ms, n)
        back = self.back_ms + bursty * rng.exponential(self.jitter_back_ms, n)
        return (there * NS_PER_MS).astype(np.int64).tolist(), (back * NS_PER_MS).astype(np.int64).tolist()


NETWORKS = {
    "bursty": Network(1, 1, 8, 3, bursts=True),
    "lopsided": Network(3, 1, 8, 3, bursts=True),
    "wifi-like": Network(1, 1, 20, 20),
    "wired": Network(0.2, 0.2, 0.1, 0.1),
}


def hub_time(edge_ns: int, skew_ppm: int = 20) -> int:
    return edge_ns + HUB_AHEAD_NS + edge_ns * skew_ppm // 1_000_000


def exchanges(
    network: Network, rng: np.random.Generator, seconds: int, skew_ppm: int = 20
) -> list[tuple[int, int, int, int]]:
    """One a second, from second 1 on."""
    there, back = network.delays_ns(rng, seconds)
    found = []
    for second in range(seconds):
        t1 = (second + 1) * NS_PER_S
        arrives = t1 + there[second]
        answered = arrives + HELD_NS
        found.append((t1, hub_time(arrives, skew_ppm), hub_time(answered, skew_ppm), answered + back[second]))
    return found
