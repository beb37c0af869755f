"""Streaming accuracy: at each annotated instant the truth meets the newest answer that had left the stack by then.

After Li, Wang and Ramanan, "Towards Streaming Perception" (ECCV 2020). Which answer is in force, in every case that
can arise, and what is counted beside it: docs/metrics/streaming.md. Instants are integer nanoseconds of
one clock: the capture clock.
"""

from dataclasses import dataclass, replace

import numpy as np

from replay.metrics.pool import Found, Index, Mask, ramps


@dataclass(frozen=True, slots=True, eq=False)
class AnswerTimeline:
    """One sequence: its frames, and what left the stack when."""

    frames: Index
    """(F,) the sequence's own frame numbers."""
    captured_ns: Index
    """(F,) when each frame was there to be worked on."""
    labelled: Mask
    """(F,) marks the frames that have a truth: their instants are scored."""
    inputs: Index
    """(E,) the row in `frames` that each output was computed from; in order of arrival."""
    emitted_ns: Index
    """(E,) when each output left the stack. A failed frame has no output; an empty answer is one."""

    def __post_init__(self) -> None:
        n, e = len(self.frames), len(self.inputs)
        if self.captured_ns.shape != (n,) or self.labelled.shape != (n,) or self.emitted_ns.shape != (e,):
            raise ValueError("the arrays of a timeline don't belong together")
        if np.any((self.inputs < 0) | (self.inputs >= n)):
            raise ValueError("an output was computed from a frame that isn't there")
        if np.any(self.emitted_ns < self.captured_ns[self.inputs]):
            raise ValueError("an output left before its frame was taken")


def in_force(timeline: AnswerTimeline) -> Index:
    """(F,) the output that answers at each frame's instant; -1 = none yet.

    It is the one with the latest emission not after the instant; of equal ones the last to arrive. So an output
    of an older frame that comes late replaces a newer frame's.
    """
    by_time = np.argsort(timeline.emitted_ns, kind="stable")
    last = np.searchsorted(timeline.emitted_ns[by_time], timeline.captured_ns, "right") - 1
    return _pick_or_none(by_time, last)


def own_answers(timeline: AnswerTimeline) -> Index:
    """(F,) the output computed from each frame itself, the latest emitted of several; -1 = none (dropped, failed)."""
    own = np.full(len(timeline.frames), -1, np.int64)
    by_time = np.argsort(timeline.emitted_ns, kind="stable")
    own[timeline.inputs[by_time]] = by_time
    return own


def answered(found: Found, answers: Index) -> Found:
    """What was found, by question instead of by output.

    `found.images` are outputs; row q of the result's images is question q, which `answers[q]` answers (-1: nothing).
    """
    rows, questions = answering_rows(found.images, answers)
    return replace(found.pick(rows), images=questions)


def answering_rows(outputs: Index, answers: Index) -> tuple[Index, Index]:
    """For rows that belong to `outputs`: those that answer something, as often as they do, and the question each."""
    by_output = np.argsort(outputs, kind="stable")
    questions = np.flatnonzero(answers >= 0)
    start = np.searchsorted(outputs[by_output], answers[questions], "left")
    count = np.searchsorted(outputs[by_output], answers[questions], "right") - start
    return by_output[start.repeat(count) + ramps(count)], questions.repeat(count)


def _pick_or_none(values: Index, rows: Index) -> Index:
    if not len(values):
        return np.full(len(rows), -1, np.int64)
    picked: Index = np.where(rows >= 0, values[np.maximum(rows, 0)], -1)
    return picked
