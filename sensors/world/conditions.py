"""Light and weather: what each condition does to the scene and to the camera."""

from dataclasses import dataclass

from sensors.errors import GilmokError
from sensors.ranges import quoted

Bgr = tuple[float, float, float]


class ConditionUnknown(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no condition {quoted(name)}", hint=f"choose one of {', '.join(CONDITIONS)}")


@dataclass(frozen=True, slots=True)
class Condition:
    """Colours are BGR factors, 1 = a neutral grey day."""

    name: str
    sun_elevation_deg: float
    sun: Bgr
    """Strength of the direct light."""
    ambient: Bgr
    sky_top: Bgr
    sky_low: Bgr
    """0..255."""
    clouds: float
    """0 clear .. 1 overcast."""
    shadow: float
    """How much darker the ground is in a sun shadow, 0..1."""
    light: Bgr = (1.0, 1.0, 1.0)
    """What is left of the daylight."""
    lamps: float = 0.0
    """Strength of street lamps and headlamps on what they reach."""
    fog_per_m: float = 0.0
    rain: float = 0.0
    """0 dry .. 1 heavy: streaks, wet road, drops on the lens."""
    noise: float = 1.6
    """Standard deviation of the sensor's noise at mid grey, levels of 255."""
    glare: float = 0.0
    """Veil of a low sun or of lamps, 0..1."""
    exposure_s: float = 0.003

    @property
    def night(self) -> bool:
        return self.lamps > 0.5


CONDITIONS: dict[str, Condition] = {
    c.name: c
    for c in (
        Condition("day", 48, (0.70, 0.78, 0.84), (0.62, 0.59, 0.56), (205, 150, 96), (232, 222, 208), 0.35, 0.50),
        Condition("overcast", 60, (0.16, 0.16, 0.16), (0.86, 0.85, 0.83), (198, 190, 182), (222, 219, 215), 0.9, 0.0),
        Condition(
            "lowsun", 13, (0.62, 0.88, 1.12), (0.66, 0.61, 0.58), (190, 140, 100), (170, 205, 240), 0.3, 0.5,
            glare=0.35,
        ),
        Condition(
            "dusk", 20, (0.12, 0.10, 0.12), (0.80, 0.74, 0.70), (112, 72, 54), (126, 132, 158), 0.6, 0.0,
            light=(0.52, 0.44, 0.41), lamps=0.38, noise=3.2, exposure_s=0.010,
        ),
        Condition(
            "night", 60, (0.05, 0.05, 0.05), (0.90, 0.88, 0.86), (26, 18, 14), (44, 40, 46), 0.6, 0.0,
            light=(0.15, 0.12, 0.11), lamps=1.0, noise=5.5, exposure_s=0.016,
        ),
        Condition(
            "rain", 60, (0.10, 0.10, 0.10), (0.82, 0.80, 0.77), (150, 145, 138), (172, 168, 162), 0.95, 0.0,
            light=(0.74, 0.72, 0.70), lamps=0.12, fog_per_m=0.006, rain=1.0, noise=3.0, exposure_s=0.008,
        ),
        Condition(
            "fog", 60, (0.08, 0.08, 0.08), (0.90, 0.90, 0.89), (196, 194, 190), (200, 198, 195), 1.0, 0.0,
            light=(0.92, 0.92, 0.91), fog_per_m=0.026, noise=2.2,
        ),
    )
}  # fmt: skip


def named(name: str) -> Condition:
    """Raises ConditionUnknown."""
    try:
        return CONDITIONS[name]
    except KeyError:
        raise ConditionUnknown(name) from None
