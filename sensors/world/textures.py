"""Surfaces made of seeded noise: asphalt, slabs, grass, façades by day and by night, and the sky."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""BGR, (height, width, 3)."""


def noise(draw: np.random.Generator, size: int, octaves: tuple[tuple[int, float], ...]) -> NDArray[np.float32]:
    """(size, size) of mean 0 that tiles seamlessly; each octave is (cells a side, strength)."""
    total: NDArray[np.float32] = np.zeros((size, size), np.float32)
    for cells, strength in octaves:
        grid = draw.standard_normal((cells, cells)).astype(np.float32)
        wrapped = np.pad(grid, 2, mode="wrap")
        step = size // cells
        large = cv2.resize(wrapped, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += strength * np.asarray(large[2 * step : 2 * step + size, 2 * step : 2 * step + size], np.float32)
    return total


FACADES = 8


def facade(draw: np.random.Generator, night: bool) -> Picture:
    """256×256 for 12 m × 12 m of wall: four floors of four windows, some of them lit at night."""
    walls = [
        (96, 110, 150),
        (150, 175, 195),
        (170, 175, 178),
        (120, 130, 140),
        (140, 165, 200),
        (200, 205, 208),
        (90, 96, 110),
        (150, 150, 140),
    ]
    wall = np.array(walls[int(draw.integers(len(walls)))], np.float32) * draw.uniform(0.85, 1.1)
    picture = np.tile(wall, (256, 256, 1)).astype(np.float32)
    picture *= 1 + 0.05 * noise(draw, 256, ((64, 0.7), (8, 0.8)))[..., None]
    if draw.random() < 0.5:
        picture[::8] *= 0.86
    wide, tall = int(draw.integers(24, 46)), int(draw.integers(30, 46))
    for row in range(4):
        if draw.random() < 0.4:
            picture[row * 64 : row * 64 + 3] *= 1.15
        for column in range(4):
            x, y = column * 64 + (64 - wide) // 2, row * 64 + (64 - tall) // 2
            shade = draw.uniform(35, 105)
            glass = np.array([shade * 1.15, shade * 1.05, shade * 0.95])
            lit = night and draw.random() < 0.3
            if lit:
                glass = np.array([110, 190, 235]) * draw.uniform(0.6, 1.0) * 4.0
            cv2.rectangle(picture, (x - 2, y - 2), (x + wide + 2, y + tall + 2), tuple((wall * 1.18).tolist()), -1)
            cv2.rectangle(picture, (x, y), (x + wide, y + tall), tuple(glass.tolist()), -1)
            if not lit:
                cv2.line(picture, (x, y + tall), (x + wide, y), tuple((glass * 1.35).tolist()), 4)
            cv2.line(picture, (x + wide // 2, y), (x + wide // 2, y + tall), tuple((wall * 0.9).tolist()), 2)
    return np.clip(picture, 0, 255).astype(np.uint8)


def shopfront(draw: np.random.Generator, night: bool) -> Picture:
    """256×64 for 16 m × 4 m of ground floor: windows, doors, signboards."""
    picture = np.full((64, 256, 3), draw.uniform(60, 130), np.float32)
    x = 2
    while x < 250:
        wide = int(draw.integers(34, 70))
        sign = draw.uniform(40, 220, 3)
        cv2.rectangle(picture, (x, 4), (x + wide - 4, 16), sign.tolist(), -1)
        pane = np.array([60.0, 60.0, 55.0]) * draw.uniform(0.5, 1.6)
        if night and draw.random() < 0.5:
            pane = np.array([150, 215, 245.0]) * draw.uniform(0.7, 1.0) * 3.0
        cv2.rectangle(picture, (x, 20), (x + wide - 4, 56), pane.tolist(), -1)
        cv2.line(picture, (x, 50), (x + wide - 8, 22), (pane * 1.3).tolist(), 3)
        x += wide
    picture *= 1 + 0.04 * noise(draw, 256, ((64, 0.8),))[:64, :, None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def sky(
    draw: np.random.Generator, top: tuple[float, float, float], low: tuple[float, float, float], clouds: float
) -> Picture:
    """512×512: x is the azimuth, y the elevation from the zenith (0) to just under the horizon."""
    ramp = np.linspace(0, 1, 512, dtype=np.float32)[:, None, None] ** 0.7
    picture = np.array(top, np.float32) * (1 - ramp) + np.array(low, np.float32) * ramp
    picture = np.repeat(picture, 512, axis=1)
    puffs = noise(draw, 512, ((4, 0.5), (8, 0.5), (16, 0.35), (64, 0.12)))
    cover = np.clip(puffs * 0.8 + (clouds - 0.5) * 1.6, 0, 1)[..., None] * (1 - 0.6 * ramp)
    cloud = np.array(low, np.float32) * 1.04
    return np.asarray(np.clip(picture * (1 - cover) + cloud * cover, 0, 255), np.uint8)
