"""A recording's picture as it may be shown elsewhere: without faces and plates where the recording is one's own."""

from collections.abc import Sequence

from edge.privacy.blurring import blurred, parts_of
from edge.wire.findings import Findings
from models.detections import Detections
from replay.recording import Recording
from replay.truth import Role, Truth
from sensors.frame import Image

OWN = "mcap"
"""Its makers published what any other data set shows; an MCAP file may come from a street of one's own."""
LEAST_SCORE = 0.05


def unrecognisable(
    recording: Recording, picture: Image, truth: Truth | None, answer: Detections | None, model_labels: Sequence[str]
) -> Image:
    """`picture` as it is, or, of an MCAP recording, blurred by the truth's boxes and the answer's.

    All of it is blurred where there is no answer: nobody knows what else is there.
    """
    if recording.dataset != OWN:
        return picture
    if answer is None:
        return blurred(picture, None, (), LEAST_SCORE)
    labels, names = [*answer.labels.tolist()], [*model_labels]
    boxes, scores = [*map(tuple, answer.boxes.tolist())], [*answer.scores.tolist()]
    rows = [] if truth is None else zip(truth.boxes.tolist(), truth.labels.tolist(), truth.roles.tolist(), strict=True)
    for box, label, role in rows:
        if role != Role.INVISIBLE and label >= 0:
            boxes.append(tuple(box))
            scores.append(1.0)
            labels.append(len(names) + label)
    there = Findings(boxes=tuple(boxes), scores=tuple(scores), labels=tuple(labels))
    return blurred(picture, there, parts_of([*names, *recording.labels]), LEAST_SCORE)
