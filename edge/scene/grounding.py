"""Where a stream's findings stand on the ground, by its camera's geometry."""

import logging
from collections.abc import Sequence

import numpy as np

from edge.wire.findings import GroundPoint
from models.detections import Detections
from sensors.config import ConfigWrong
from sensors.ground.footpoints import ground_points
from sensors.ground.geometry import CameraGeometry

log = logging.getLogger(__name__)

CENTIMETRES = 100


class Grounding:
    """Of one stream. Takes the middle of a box's lower edge for the point where a thing touches the ground."""

    def __init__(self, stream: str, camera: CameraGeometry, labels: Sequence[str]) -> None:
        """`labels`: the model's. Raises ConfigWrong where the geometry names another."""
        self._stream = stream
        self._camera = camera
        if strange := [name for name in camera.on_ground if name not in labels]:
            what = f"on_ground names {strange[0]!r}, which the model doesn't know: it has {', '.join(labels[:20])}"
            raise ConfigWrong(f"the camera of stream {stream!r}", what)
        wanted = camera.on_ground or labels
        self._on_ground = np.array([name in wanted for name in labels], bool)
        self._told = False

    def places(self, found: Detections, width: int, height: int) -> tuple[GroundPoint | None, ...]:
        """Of findings in a frame of that size. None is unknown: at the horizon, or the foot isn't in the picture."""
        camera = self._camera
        if (width, height) != (camera.width_px, camera.height_px):
            if not self._told:
                self._told = True
                told = self._stream, width, height, camera.width_px, camera.height_px
                log.warning("stream %s: its pictures are %dx%d, its camera's geometry is of %dx%d: no places", *told)
            return (None,) * len(found)
        boxes, edge = found.boxes.astype(np.float64), camera.box_sd_px
        left, right, bottom = boxes[:, 0], boxes[:, 2], boxes[:, 3]
        whole = (left > edge) & (right < width - edge) & (bottom < height - edge)
        known = whole & self._on_ground[found.labels] if len(found) else whole
        places: list[GroundPoint | None] = [None] * len(found)
        feet = ground_points(camera, np.column_stack([(left + right) / 2, bottom])[known])
        for place, point, spread in zip(np.flatnonzero(known).tolist(), feet.points, feet.covariance, strict=True):
            if np.isfinite(point).all():
                sd = np.sqrt(np.diagonal(spread))
                # Upwards: a deviation of 0 would be a claim.
                x_sd, y_sd = (float(np.ceil(one * CENTIMETRES + 1e-9) / CENTIMETRES) for one in sd)
                shared = float(spread[0, 1] / (sd[0] * sd[1])) if sd.all() else 0.0
                x, y = point.round(2).tolist()
                places[place] = (x, y, x_sd, y_sd, round(min(max(shared, -1.0), 1.0), 3))
        return tuple(places)
