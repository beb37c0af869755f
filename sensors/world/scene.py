"""One world: a layout, a seed and a stretch of traffic, with its scenery and its road users' shapes."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sensors.errors import GilmokError
from sensors.world import bodies, layouts, network, scenery, traffic
from sensors.world.network import Network
from sensors.world.traffic import Demand, Track

Progress = Callable[[float], None]
NEEDED = ("libsumo", "sumo", "sumo_data", "panda3d")


class WorldUnavailable(GilmokError):
    def __init__(self, missing: str) -> None:
        super().__init__(
            f"the built-in world needs '{missing}', which is not installed", hint="pip install 'gilmok[world]'"
        )


@dataclass(frozen=True)
class World:
    """Everything that all cameras of one scene have in common."""

    layout: str
    seed: int
    duration_s: float
    network: Network
    tracks: tuple[Track, ...]
    scenery: scenery.Scenery
    _bodies: dict[int, bodies.Body] = field(default_factory=dict, repr=False, compare=False)

    def body(self, track: Track) -> bodies.Body:
        if track.id not in self._bodies:
            self._bodies[track.id] = bodies.body(track, self.seed)
        return self._bodies[track.id]

    @cached_property
    def by_id(self) -> dict[int, Track]:
        return {track.id: track for track in self.tracks}


def build(
    layout: str, seed: int, duration_s: float, demand: Demand | None = None, progress: Progress = lambda _: None
) -> World:
    """Build the roads and run the traffic. Raises WorldUnavailable, LayoutUnknown, NetworkRefused or TrafficFailed."""
    for name in NEEDED:
        if find_spec(name) is None:
            raise WorldUnavailable(name)
    plan = layouts.named(layout)
    with tempfile.TemporaryDirectory() as folder:
        net = network.build(plan, Path(folder))
        tracks: tuple[Track, ...] = ()
        # A camera's last frame may be taken up to a frame's length, its phase, after the end.
        for news in traffic.simulate(plan, net, demand or Demand(), seed, duration_s + 1.0, Path(folder)):
            if isinstance(news, float):
                progress(news)
            else:
                tracks = news
    draw = np.random.default_rng([seed, 1])
    return World(layout, seed, duration_s, net, tracks, scenery.furnish(plan, draw))
