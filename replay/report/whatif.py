"""What the same findings would be worth if they came later: streaming accuracy under other latencies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detections import Detections
from replay.metrics.average_precision import precision_of
from replay.metrics.matching import Matching
from replay.metrics.streaming import Stream, in_force, what_if
from replay.recording import Recording
from replay.report.evidence import IOU
from replay.report.material import StreamMaterial
from replay.score import asked, pooled
from sensors.clock import NS_PER_MS, NS_PER_S

ADDED_MS = (0.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0)
MOST_UNANSWERED = 0.01
"""A frame without an answer can't be worked on: with more of them the curve would tell of the run, not of the model."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    added_ms: tuple[float, ...]
    ap50: tuple[float, ...]
    offline: float
    """With every frame answered at once, by its own output."""
    n: int
    """Annotated instants."""


def accuracy_if_later(stream: StreamMaterial, recording: Recording) -> WhatIf | None:
    """As a node that takes the newest frame when it is free; None where too many frames have no answer."""
    numbers, pairs = asked(stream.reports, recording, stream.summary.frames.captured)
    answers = [found for _, found in pairs]
    answered = [place for place, found in enumerate(answers) if found is not None]
    if not answered or len(answered) < (1 - MOST_UNANSWERED) * len(pairs) or not recording.fps > 0:
        return None
    busy_ns = {report.seq: report.total_ns - report.stages.get("wait", 0) for report in stream.reports}
    service_ns = np.array([busy_ns[numbers[place]] for place in answered])
    captured_ns = np.array([round(place * NS_PER_S / recording.fps) for place in range(len(numbers))])
    inputs = np.array(answered, np.int64)
    recorded = Stream(
        frames=np.array(numbers, np.int64),
        captured_ns=captured_ns,
        asked=np.array([truth is not None for truth, _ in pairs]),
        inputs=inputs,
        emitted_ns=captured_ns[inputs],
    )

    def ap50(outputs: Sequence[Detections | None]) -> float:
        # Pooled anew: which findings lie in unlabelled areas is a matter of the instant that they answer.
        shown = [(truth, found) for (truth, _), found in zip(pairs, outputs, strict=True)]
        pool = pooled(shown, recording, stream.birth.model.labels, stream.stream.labels)
        outcomes = Matching(pool.found, pool.labelled, len(pool.classes), thresholds=[IOU]).outcomes()
        return precision_of(outcomes, np.array([IOU])).ap()

    def streamed(added_ms: float) -> float:
        simulated, _ = what_if(recorded, service_ns + round(added_ms * NS_PER_MS), "one-at-a-time")
        in_time = in_force(simulated)
        return ap50([answers[int(simulated.inputs[output])] if output >= 0 else None for output in in_time])

    return WhatIf(ADDED_MS, tuple(map(streamed, ADDED_MS)), ap50(answers), int(recorded.asked.sum()))
