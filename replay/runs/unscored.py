"""A run whose scoring, the one last step that may take long, a signal has put off: it is scored when it is read."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.recording import Recording, remarks
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import StreamSummary, not_sound
from replay.scoring.summary import accuracy_summary, no_accuracy

UNSCORED = "a signal put its scoring off: whatever reads the run folder scores it, as `gilmok replay report` does"
NO_RECEIPTS = "the run was scored when it had ended, without the hub's receipts"


def without_truth(records: Sequence[StreamRecord]) -> list[StreamRecord]:
    """The same runs, to be scored when they are read."""
    return [replace(record, recording=None, truth_unknown=UNSCORED) for record in records]


def is_unscored(one: StreamSummary) -> bool:
    return one.accuracy.unknown == UNSCORED


def scored_now(
    one: StreamSummary,
    birth: Birth,
    stream: StreamBirth,
    reports: Sequence[FrameReport],
    recording: Recording | None,
    absent: str,
) -> StreamSummary:
    """An unscored stream's summary with the figures that the recording gives; `absent` says why there is none."""
    if recording is None:
        return msgspec.structs.replace(one, accuracy=no_accuracy(absent))
    accuracy = accuracy_summary(
        birth,
        stream,
        reports,
        recording,
        captured=one.frames.captured,
        hub_latency_ns=None,
        hub_unknown=NO_RECEIPTS if "hub" in one.latency_ns else "",
        unreported=one.unreported,
    )
    because = (*one.invalid_because, *not_sound(recording))
    return msgspec.structs.replace(
        one, accuracy=accuracy, invalid_because=because, valid=not because, remarks=tuple(remarks(recording))
    )
