"""Pictures of a page without faces and plates, where the recording is one that somebody's camera made."""

from edge.privacy.blurring import blurred, parts_of
from edge.wire.findings import Findings
from replay.report.evidence import Evidence
from replay.truth import Role
from sensors.frame import Image

OWN = "mcap"
"""Its makers published what any other data set shows; an MCAP file may come from a street of one's own."""
LEAST_SCORE = 0.05
NOTE = (
    "The frames are from an MCAP recording: people's upper halves and all of vehicles are blurred, by the truth's and "
    "the model's boxes."
)


def may_be_shown(evidence: Evidence, image: int, picture: Image) -> Image:
    """`picture` of the scored frame `image`, blurred where it has to be."""
    if evidence.recording.dataset != OWN:
        return picture
    stream = evidence.stream
    row = int(stream.images[image])
    truth, answer = stream.truths[row], stream.answers[row]
    if truth is None or answer is None:
        return blurred(picture, None, (), LEAST_SCORE)
    labels, names = [*answer.labels.tolist()], [*stream.model_labels]
    boxes, scores = [*map(tuple, answer.boxes.tolist())], [*answer.scores.tolist()]
    for box, label, role in zip(truth.boxes.tolist(), truth.labels.tolist(), truth.roles.tolist(), strict=True):
        if role != Role.INVISIBLE and label >= 0:
            boxes.append(tuple(box))
            scores.append(1.0)
            labels.append(len(names) + label)
    there = Findings(boxes=tuple(boxes), scores=tuple(scores), labels=tuple(labels))
    return blurred(picture, there, parts_of([*names, *evidence.recording.labels]), LEAST_SCORE)
