"""The camera after the scene: exposure, veil, vignette, drops, blur, noise, JPEG. Levels are 0..255, BGR."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.world.conditions import Condition
from sensors.world.textures import Picture

Linear = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lens:
    """What is particular to one camera: fixed for all its frames."""

    vignette: NDArray[np.float32]
    dirt: NDArray[np.float32]
    balance: NDArray[np.float32]
    gain: float
    jpeg_quality: int


def lens(draw: np.random.Generator, width: int, height: int, rain: float) -> Lens:
    x = (np.arange(width) - width / 2) / (width / 2)
    y = (np.arange(height) - height / 2) / (width / 2)
    radius = x[None, :] ** 2 + y[:, None] ** 2
    vignette = (1 - draw.uniform(0.08, 0.26) * radius).astype(np.float32)[..., None]
    dirt = np.zeros((height, width), np.float32)
    for _ in range(int(draw.integers(2, 7)) + int(18 * rain)):
        at = (int(draw.integers(width)), int(draw.integers(height)))
        cv2.circle(dirt, at, int(draw.integers(3, 12)), float(draw.uniform(0.2, 0.7)), -1)
    drops = np.asarray(cv2.GaussianBlur(dirt, (0, 0), 4.0 - 1.5 * rain)[..., None], np.float32)
    balance = (1 + draw.normal(0, 0.025, 3)).astype(np.float32)
    return Lens(vignette, drops, balance, float(draw.uniform(0.92, 1.12)), int(draw.integers(80, 95)))


def expose(
    scene: Linear, glass: Lens, condition: Condition, draw: np.random.Generator, drift_px: tuple[float, float]
) -> Picture:
    """One frame as the camera hands it over; `drift_px` is how far the picture moves while the shutter is open."""
    picture: NDArray[Any] = scene * (glass.gain * glass.balance) * glass.vignette
    if condition.glare > 0:
        veil = cv2.GaussianBlur(np.maximum(picture - 170, 0), (0, 0), picture.shape[1] / 16)
        picture = picture + 2.5 * condition.glare * veil + 14 * condition.glare
    if condition.rain > 0:
        picture = _streaks(picture, condition.rain, draw)
    length = float(np.hypot(*drift_px))
    if length > 1.0:
        picture = cv2.filter2D(picture, -1, _kernel(drift_px, length))
    smeared = cv2.GaussianBlur(picture, (0, 0), 5.0)
    picture = picture + glass.dirt * (smeared - picture + 6.0)
    picture = _toned(picture)
    grain = draw.standard_normal(picture.shape[:2], dtype=np.float32)[..., None]
    tint = cv2.resize(
        draw.standard_normal((picture.shape[0] // 2, picture.shape[1] // 2, 3), dtype=np.float32), picture.shape[1::-1]
    )
    strength = condition.noise * (0.7 + 0.5 * (picture / 255) ** 0.5)
    picture = picture + strength * (grain + 0.5 * tint)
    flat = np.clip(picture, 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, glass.jpeg_quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _toned(picture: Linear) -> Linear:
    # A shoulder instead of a hard clip: lamps and sky roll off as they do in a sensor's tone curve.
    high = np.maximum(picture - 190.0, 0.0)
    return np.asarray(np.minimum(picture, 190.0) + 65.0 * (1 - np.exp(-high / 65.0)), np.float32)


def _kernel(drift_px: tuple[float, float], length: float) -> NDArray[np.float32]:
    size = int(np.ceil(min(length, 15))) | 1
    kernel = np.zeros((size + 2, size + 2), np.float32)
    middle = (size + 2) // 2
    dx, dy = drift_px[0] / length * size / 2, drift_px[1] / length * size / 2
    start, end = (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))
    cv2.line(kernel, start, end, 1.0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _streaks(picture: Linear, rain: float, draw: np.random.Generator) -> Linear:
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    slant = float(draw.normal(0.08, 0.02))
    for _ in range(int(260 * rain)):
        x, y = int(draw.integers(-20, width + 20)), int(draw.integers(-30, height))
        long = int(draw.integers(8, 34))
        cv2.line(layer, (x, y), (x + round(slant * long), y + long), int(draw.integers(30, 110)), 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.7).astype(np.float32)[..., None] / 255
    return np.asarray(picture + soft * (205 - picture) * 0.8, np.float32)
