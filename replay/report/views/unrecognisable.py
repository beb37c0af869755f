"""Pictures of a page without faces and plates, where the recording is one that somebody's camera made."""

from replay.datasets.unrecognisable import unrecognisable
from replay.report.evidence import Evidence
from sensors.frame import Image

NOTE = (
    "The frames are from an MCAP recording: people's upper halves and all of vehicles are blurred, by the truth's and "
    "the model's boxes."
)


def may_be_shown(evidence: Evidence, image: int, picture: Image) -> Image:
    """`picture` of the scored frame `image`, blurred where it has to be."""
    stream = evidence.stream
    row = int(stream.images[image])
    return unrecognisable(evidence.recording, picture, stream.truths[row], stream.answers[row], stream.model_labels)
