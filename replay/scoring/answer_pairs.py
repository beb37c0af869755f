"""Average precision of one stream under many timings: each pair of a frame and what answers it is matched once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from replay.metrics.average_precision import precision_of
from replay.metrics.matching import IOU_THRESHOLDS, Matching
from replay.metrics.pool import Index
from replay.scoring.stream import ScoredStream


def pooled_figures(stream: ScoredStream, points: Sequence[Sequence[Index]]) -> list[dict[str, float]]:
    """AP, AP50, AP75, n_frames, n_truth and n_found of each point, its passes pooled as one set of images.

    A pass is (frames,) the row of the frame that each frame is answered from; -1: nothing answers it. Counts are those
    of a pass, on average. NaN where undefined; raises as `ScoredStream.classes` does.
    """
    rows = stream.images
    # One number for each pair: the frame, and the place of its answer among the frames (0: none).
    wide = len(stream.frames) + 1
    codes = [np.concatenate([rows * wide + answers[rows] + 1 for answers in passes]) for passes in points]
    pairs, place = np.unique(np.concatenate([np.empty(0, np.int64), *codes]), return_inverse=True)
    pool = _of_pairs(stream, pairs // wide, pairs % wide - 1).pool
    outcomes = Matching(pool.found, pool.labelled, len(pool.classes)).outcomes()
    found = np.bincount(pool.found.images, minlength=len(pairs))
    positives = np.bincount(outcomes.positive_images, minlength=len(pairs))
    figures, start = [], 0
    for passes, code in zip(points, codes, strict=True):
        weights = np.bincount(place[start : start + len(code)], minlength=len(pairs))
        start += len(code)
        precision = precision_of(outcomes, IOU_THRESHOLDS, weights=weights)
        figures.append(
            {
                "AP": precision.ap(),
                "AP50": precision.ap(0.5),
                "AP75": precision.ap(0.75),
                "n_frames": float(len(rows)),
                "n_truth": float(weights @ positives) / len(passes),
                "n_found": float(weights @ found) / len(passes),
            }
        )
    return figures


def _of_pairs(stream: ScoredStream, frames: Index, answers: Index) -> ScoredStream:
    return replace(
        stream,
        frames=[stream.frames[row] for row in frames.tolist()],
        truths=[stream.truths[row] for row in frames.tolist()],
        answers=[None if row < 0 else stream.answers[row] for row in answers.tolist()],
        tracks=(),
        reports=(),
    )
