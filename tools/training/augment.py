"""Changes to a picture that leave its meaning alone: zoom, mirror, light, blur, noise, compression."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.training.frames import HEIGHT, PAD, PICTURE, WIDTH, Frames

FAIR_AREA = 100.0
"""Square pixels of the input: 20 x 20 of 640 x 360, as the truth's roles have it."""
KEPT = 0.45
"""A box of which the zoom leaves less than this is no longer asked for."""


@dataclass(frozen=True, slots=True)
class Sample:
    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    ignored: NDArray[np.float32]
    """(K, 4) areas about which nothing is taught."""


def plain(frames: Frames, index: int) -> Sample:
    mine = frames.owners == index
    asked = mine & (frames.roles == 0)
    return Sample(
        frames.images[index], frames.boxes[asked], frames.labels[asked], frames.boxes[mine & (frames.roles == 1)]
    )


def changed(sample: Sample, draw: np.random.Generator) -> Sample:
    image, boxes, ignored = sample.image, sample.boxes.copy(), sample.ignored.copy()
    labels = sample.labels
    if draw.random() < 0.7:
        zoom = float(np.exp(draw.uniform(np.log(0.75), np.log(1.6))))
        dx = draw.uniform(min(0.0, PICTURE[0] * (1 - zoom)), max(0.0, PICTURE[0] * (1 - zoom)))
        dy = draw.uniform(min(0.0, PICTURE[1] * (1 - zoom)), max(0.0, PICTURE[1] * (1 - zoom)))
        matrix = np.array([[zoom, 0, dx], [0, zoom, dy]], np.float32)
        edge = (PAD, PAD, PAD)
        moved = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=edge)
        moved[PICTURE[1] :] = PAD
        image = np.asarray(moved, np.uint8)
        whole = boxes * zoom + np.array([dx, dy, dx, dy], np.float32)
        boxes = _clipped(whole)
        area = _area(boxes)
        good = (area > KEPT * _area(whole)) & (area >= FAIR_AREA)
        ignored = _clipped(ignored * zoom + np.array([dx, dy, dx, dy], np.float32))
        ignored = np.concatenate([ignored, boxes[~good & (area > 1)]])
        boxes, labels = boxes[good], labels[good]
    if draw.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        boxes, ignored = _mirrored(boxes), _mirrored(ignored)
    return Sample(_tinted(image, draw), boxes, labels, ignored)


def _tinted(image: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    picture = image.astype(np.float32)
    if draw.random() < 0.8:
        gain = draw.uniform(0.6, 1.35) * (1 + draw.normal(0, 0.05, 3))
        picture = (picture - 110) * draw.uniform(0.7, 1.25) + 110
        picture = picture * gain.astype(np.float32)
    if draw.random() < 0.4:
        grey = picture.mean(axis=2, keepdims=True)
        picture = grey + (picture - grey) * np.float32(draw.uniform(0.2, 1.3))
    if draw.random() < 0.35:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.3, 1.1)), np.float32)
    if draw.random() < 0.35:
        picture = picture + draw.normal(0, draw.uniform(2, 9), picture.shape).astype(np.float32)
    flat = np.clip(picture, 0, 255).astype(np.uint8)
    if draw.random() < 0.3:
        _, packed = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, int(draw.integers(30, 80))])
        flat = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return flat


def _clipped(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    limit = np.array([PICTURE[0], PICTURE[1], PICTURE[0], PICTURE[1]], np.float32)
    return np.clip(boxes, 0, limit)


def _mirrored(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([WIDTH - boxes[:, 2], boxes[:, 1], WIDTH - boxes[:, 0], boxes[:, 3]], axis=1)


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
