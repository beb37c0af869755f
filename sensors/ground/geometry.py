"""What a survey says of one camera: its lens, where it hangs, where it looks, and how well all that is known."""

import math
from typing import Annotated, TypeAlias

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from sensors.config import ConfigWrong, Settings
from sensors.ranges import Metres, Name, Pixels

Points: TypeAlias = NDArray[np.float64]

FocalPixels: TypeAlias = Annotated[float, Meta(ge=1, le=1e6)]
CentrePixels: TypeAlias = Annotated[float, Meta(ge=-1e5, le=1e5)]
Height: TypeAlias = Annotated[float, Meta(ge=0.1, le=1000)]
Spread: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Bearing: TypeAlias = Annotated[float, Meta(ge=-360, le=360)]
Pitch: TypeAlias = Annotated[float, Meta(ge=-90, le=90)]
Roll: TypeAlias = Annotated[float, Meta(ge=-180, le=180)]
Coefficient: TypeAlias = Annotated[float, Meta(ge=-1000, le=1000)]
TERMS = (0, 4, 5, 8)


class CameraGeometry(Settings, frozen=True, kw_only=True):
    """One camera's lens and pose (docs/ground.md); without it, nobody knows where a finding stands in the world."""

    width_px: Pixels
    """Of the pictures that it was calibrated with; others have findings without a place."""
    height_px: Pixels
    fx_px: FocalPixels
    """Focal length, as OpenCV's calibration gives it."""
    fy_px: FocalPixels
    cx_px: CentrePixels
    """Principal point; the left edge of the picture is at 0, so OpenCV's plus a half."""
    cy_px: CentrePixels
    distortion: Annotated[tuple[Coefficient, ...], Meta(max_length=8)] = ()
    """OpenCV's k1 k2 p1 p2 [k3 [k4 k5 k6]]; none: the pictures are rectified."""
    x_m: Metres
    """East of the origin of the site's plan; of a vehicle, to the right of its own."""
    y_m: Metres
    """North of it; of a vehicle, ahead."""
    z_m: Height
    """Above the ground, which is taken as flat."""
    bearing_deg: Bearing
    """Where it looks, clockwise from north (of a vehicle: from ahead)."""
    pitch_deg: Pitch
    """Above the horizon; a camera that looks down has less than 0."""
    roll_deg: Roll = 0.0
    """Clockwise, seen from behind the camera."""
    on_ground: tuple[Name, ...] = ()
    """The model's labels of things that stand on the ground; none: all. A traffic light has no place there."""
    box_sd_px: Spread = 2.0
    """Standard deviation of a box's edges: how well the model's boxes fit."""
    position_sd_m: Spread = 0.1
    """Of x and y, each."""
    z_sd_m: Spread = 0.05
    angle_sd_deg: Spread = 0.2
    """Of bearing, pitch and roll, each: mostly what matters."""

    def __post_init__(self) -> None:
        if len(self.distortion) not in TERMS:
            what = f"distortion has {len(self.distortion)} coefficients; OpenCV's have 4, 5 or 8"
            raise ConfigWrong("camera", what)

    @property
    def matrix(self) -> Points:
        """(3, 3), for pixels whose left edge is at 0."""
        return np.array([[self.fx_px, 0.0, self.cx_px], [0.0, self.fy_px, self.cy_px], [0.0, 0.0, 1.0]])


def axes(bearing_deg: float, pitch_deg: float, roll_deg: float) -> Points:
    """(3, 3): rows are a camera's right, down and forward, east, north and up in the world."""
    cb, sb = math.cos(math.radians(bearing_deg)), math.sin(math.radians(bearing_deg))
    cp, sp = math.cos(math.radians(pitch_deg)), math.sin(math.radians(pitch_deg))
    cr, sr = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    right, up = np.array([cb, -sb, 0.0]), np.array([-sb * sp, -cb * sp, cp])
    return np.stack([cr * right - sr * up, -sr * right - cr * up, [sb * cp, cb * cp, sp]])
