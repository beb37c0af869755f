"""The two best contracts on one frame, side by side: what a person believes sooner than a figure."""

import cv2
import numpy as np

from edge.live_view.drawing import with_boxes
from models.detections import Detections
from replay.doctor.trial import LabelledFrame, Trial
from replay.truth import Role
from sensors.frame import Image

SCORE = 0.3
TRUTH = (0, 215, 255)
STRIP_PX = 28
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def side_by_side(trials: tuple[Trial, Trial], titles: tuple[str, str], frames: list[LabelledFrame]) -> Image:
    """The frame with the most labelled objects, once a trial: what was found over the truth."""
    place = max(range(len(frames)), key=lambda i: int(frames[i].truth.of_role(Role.POSITIVE).sum()))
    halves = [_half(trial, title, frames[place], place) for trial, title in zip(trials, titles, strict=True)]
    return np.hstack(halves)


def _half(trial: Trial, title: str, frame: LabelledFrame, place: int) -> Image:
    found = trial.stream.answers[place]
    assert found is not None
    positive = frame.truth.boxes[frame.truth.of_role(Role.POSITIVE)]
    drawn = np.array(frame.picture)
    for box in np.rint(positive).astype(int).tolist():
        cv2.rectangle(drawn, box[:2], box[2:], TRUTH, 1)
    drawn = with_boxes(drawn, _sure(found), trial.stream.model_labels)
    strip = np.full((STRIP_PX, drawn.shape[1], 3), WHITE, np.uint8)
    text = f"AP {trial.ap:.3f}  {title}"
    cv2.putText(strip, text, (6, STRIP_PX - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.5, BLACK, 1, cv2.LINE_AA)
    return np.vstack([strip, drawn])


def _sure(found: Detections) -> Detections:
    return found.pick(found.scores >= SCORE)
