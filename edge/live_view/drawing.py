"""Boxes drawn on a picture, for people."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.detections import Detections
from sensors.frame import Image

FOUND = (80, 220, 60)
BLACK = (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def with_boxes(image: Image, found: Detections, labels: Sequence[str], colour: tuple[int, int, int] = FOUND) -> Image:
    """A copy of `image` with each box, its label and its score; line and letters grow with the picture."""
    drawn: Image = np.array(image)
    size = max(image.shape[:2]) / 1000
    thickness, pen, scale = max(1, round(2 * size)), max(1, round(size)), max(0.3, 0.42 * size)
    for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
        left, top, right, bottom = (round(float(edge)) for edge in box)
        cv2.rectangle(drawn, (left, top), (right, bottom), colour, thickness)
        text = f"{labels[int(label)]} {score:.2f}"
        (width, height), _ = cv2.getTextSize(text, FONT, scale, pen)
        base = max(top, height + 2 * thickness)
        cv2.rectangle(drawn, (left, base - height - 2 * thickness), (left + width, base), colour, cv2.FILLED)
        cv2.putText(drawn, text, (left, base - thickness), FONT, scale, BLACK, pen, cv2.LINE_AA)
    return drawn
