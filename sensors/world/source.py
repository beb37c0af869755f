"""The source plugin `world`: a camera of the built-in world, drawn while it runs.

Drawing takes longer than looking: on two cores some ten frames a second. For real time, write a recording first.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sensors.clock import Clock
from sensors.config import Settings
from sensors.frame import NO_IMAGE, Frame, FrameId
from sensors.ranges import DriveSeconds, Fps, Name, Seed, Side
from sensors.sources.source import Origin, SourceUnusable

if TYPE_CHECKING:
    from sensors.world.render import Renderer


class WorldSource:
    class Options(Settings, frozen=True, kw_only=True):
        layout: Name = "crossing"
        seed: Seed = 7
        condition: Name = "day"
        camera: Name = "rsu-1"
        """`rsu-N` hangs at the N-th corner, `vehicle-N` rides on the N-th best car."""
        fps: Fps = 10.0
        seconds: DriveSeconds = 40.0
        width: Side = 640
        height: Side = 360
        faults: tuple[Name, ...] = ()
        """As `sensors.world.faults` writes them: `freeze@10-12`, `loss@5-9:0.3`."""

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        """Runs the traffic; raises WorldUnavailable, or what is wrong with the options."""
        from sensors.world import conditions, faults, layouts, rig, scene

        self.fps = options.fps
        self.origin = Origin("world", f"{options.layout}-{options.seed}-{options.condition}-{options.camera}")
        self._options = options
        self._stream = stream
        self._clock = clock
        self._condition = conditions.named(options.condition)
        self._faults = [faults.parse(text, options.seconds) for text in options.faults]
        layouts.named(options.layout)
        rig.check_names(options.layout, [options.camera])
        if int(options.seconds * options.fps) < 1:
            raise SourceUnusable(f"{self.origin.name} holds not a single frame", "give it more seconds or a higher fps")
        self._world = scene.build(options.layout, options.seed, options.seconds)
        (self._camera,) = rig.named(
            self._world, [options.camera], width=options.width, height=options.height, fps=options.fps
        )
        self._renderer: Renderer | None = None

    def frames(self) -> Iterator[Frame]:
        """A lost frame is missing; one that its carrier could not take is a frame with a fault."""
        import numpy as np

        from sensors.world.faults import FaultyCamera
        from sensors.world.render import Renderer

        options = self._options
        faulty = FaultyCamera(self._faults, np.random.default_rng([options.seed, 9]))
        self._renderer = Renderer(self._world, self._condition, options.width, options.height)
        for seq in range(int(options.seconds * options.fps)):
            shot = self._renderer.shoot(self._camera, seq)
            identity = FrameId(self._stream, seq)
            if shot is None:
                yield Frame(identity, self._clock.now(), "arrival", NO_IMAGE, "the camera's carrier has left the road")
                continue
            delivered = faulty.deliver(shot.image, self._camera.instant_ns(seq))
            if delivered is not None:
                image = delivered.image.copy()
                image.flags.writeable = False
                yield Frame(identity, self._clock.now(), "arrival", image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
