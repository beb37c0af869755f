"""A submission as arrays: the truth of a set of sequences, and what any program found in them."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from replay.metrics.pool import Found, Index, Labelled, Mask
from replay.metrics.streaming import AnswerTimeline, in_force, own_answers
from replay.scoring.submission_files import AnnotationRow, DetectionRow, Id, OutputsFile, TruthFile
from replay.truth import Role


class Submission:
    """Truth and outputs as arrays. Images are frames in the order of their ids, as pycocotools sorts them."""

    def __init__(self, truth: TruthFile, outputs: OutputsFile) -> None:
        self.truth, self.outputs = truth, outputs
        self.frames = sorted(truth.frames, key=lambda row: row.image_id)
        self.categories = sorted(truth.categories, key=lambda row: row.id)
        self._label_of = {row.id: i for i, row in enumerate(self.categories)}
        image_of: dict[Id, int] = {row.image_id: i for i, row in enumerate(self.frames)}
        taken = {(row.sequence, row.frame): i for i, row in enumerate(self.frames)}
        self.annotations: list[AnnotationRow] = truth.annotations
        self.annotation_images = ints([image_of[row.image_id] for row in truth.annotations])
        self.inputs = ints([taken[row.sequence, row.input_frame] for row in outputs.outputs])
        """(outputs,) the image each output was computed from."""
        self.detections: list[DetectionRow] = [row for output in outputs.outputs for row in output.detections]

    def let_rows_go(self) -> None:
        """The files' rows are four times their size; who scores by `labelled` and `found` alone needs none of them."""
        _ = self.labelled, self.found
        self.annotations, self.detections = [], []
        self.truth = replace(self.truth, annotations=[])
        self.outputs = replace(self.outputs, outputs=[replace(row, detections=[]) for row in self.outputs.outputs])

    @cached_property
    def labelled(self) -> Labelled:
        boxes = np.array([row.bbox for row in self.annotations], np.float64).reshape(-1, 4)
        areas = [row.bbox[2] * row.bbox[3] if row.area is None else row.area for row in self.annotations]
        return Labelled(
            images=self.annotation_images,
            labels=ints([self._label_of[row.category_id] for row in self.annotations]),
            boxes=boxes,
            areas=np.array(areas, np.float64),
            roles=ints([Role.REGION if row.iscrowd else Role.POSITIVE for row in self.annotations]),
        )

    @cached_property
    def found(self) -> Found:
        """`images` are outputs."""
        counts = [len(output.detections) for output in self.outputs.outputs]
        return Found(
            images=np.repeat(np.arange(len(counts)), counts),
            labels=ints([self._label_of[row.category_id] for row in self.detections]),
            boxes=np.array([row.bbox for row in self.detections], np.float64).reshape(-1, 4),
            scores=np.array([row.score for row in self.detections], np.float64),
        )

    @cached_property
    def is_labelled(self) -> Mask:
        """(images,) marks those that are scored."""
        return np.array([row.labelled for row in self.frames], np.bool_)

    def timelines(self) -> list[tuple[AnswerTimeline, Index, Index]]:
        """Every sequence with its images and its outputs; outputs without an emission time count as emitted at once."""
        times = ints([row.t_ns for row in self.frames])
        emitted = [
            int(times[image]) if row.emit_ns is None else row.emit_ns
            for row, image in zip(self.outputs.outputs, self.inputs.tolist(), strict=True)
        ]
        parts = []
        for name in dict.fromkeys(row.sequence for row in self.frames):
            images = np.flatnonzero([row.sequence == name for row in self.frames])
            rows = np.flatnonzero([row.sequence == name for row in self.outputs.outputs])
            timeline = AnswerTimeline(
                frames=ints([self.frames[image].frame for image in images]),
                captured_ns=times[images],
                labelled=self.is_labelled[images],
                inputs=np.searchsorted(images, self.inputs[rows]),
                emitted_ns=ints([emitted[row] for row in rows]),
            )
            parts.append((timeline, images, rows))
        return parts

    def answers(self, streamed: bool) -> Index:
        """(images,) the output that answers each: the newest out by then, or the one computed from it; -1 = none."""
        answers = np.full(len(self.frames), -1, np.int64)
        for timeline, images, rows in self.timelines():
            chosen = in_force(timeline) if streamed else own_answers(timeline)
            answers[images] = np.append(rows, -1)[chosen]
        return np.where(self.is_labelled, answers, -1)


def ints(values: Sequence[int]) -> Index:
    return np.array(values, np.int64).reshape(-1)
