"""How right each side was, on the same resamples of whole recordings."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from replay.comparison.pairing import Pair
from replay.metrics.matching import Matching, Outcomes
from replay.metrics.pool import Index, Numbers
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.runs.loaded import LoadedStream
from replay.scoring.by_score import ScoreTable, score_table
from replay.scoring.pool import Pool, pooled_together
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import answer_timeline, streamed
from replay.statistics.bootstrap import Statistic, once

HEADS = ("AP", "AP50", "AP75")
_AT_75 = 5
"""Of the thresholds .50, .55, ..."""
CHUNK = 50
"""Draws worked out between two words of progress."""

Answering = Callable[[ScoredStream], ScoredStream]
"""The same frames, with what answers each of them."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One side's findings, matched."""

    classes: tuple[str, ...]
    outcomes: Outcomes
    column_of_image: Index
    sequence_of_column: Index
    """A column is one stream's pass over a recording."""
    weight_of_column: Index
    """Whole numbers that make every recording weigh the same, however often it was played."""
    image_in_pass: Index
    """(images,) which of its pass's labelled frames each image is, 0.."""

    @property
    def n_frames(self) -> int:
        """Labelled ones, each pass of a recording weighing less the more there are."""
        return round(self._in_one_pass(np.arange(len(self.column_of_image))))

    @property
    def n_truth(self) -> dict[str, int]:
        """Objects on them, by class."""
        positive, labels = self.outcomes.positive_images, self.outcomes.positive_labels
        return {name: round(self._in_one_pass(positive[labels == label])) for label, name in enumerate(self.classes)}

    @property
    def by_score(self) -> ScoreTable:
        """Every pass of a recording weighs less the more there are."""
        passes = np.bincount(self.sequence_of_column)[self.sequence_of_column]
        return score_table(self.outcomes, self.classes, (1 / passes)[self.column_of_image])

    def _in_one_pass(self, images: Index) -> float:
        passes = np.bincount(self.sequence_of_column)[self.sequence_of_column]
        return float((1 / passes)[self.column_of_image[images]].sum())

    @property
    def figures(self) -> tuple[str, ...]:
        """What each of the columns of `figures_of_draws` is: HEADS, then the AP of each class."""
        return (*HEADS, *self.classes)

    def figures_of_draws(self, draws: Index, progress: Progress = lambda _: None) -> Numbers:
        """(draws, figures), NaN where a draw can't tell; `draws` (draws, recordings) counts."""
        # Of few recordings many draws are the same one: each is worked out once.
        different, places = np.unique(draws, axis=0, return_inverse=True)
        columns = different[:, self.sequence_of_column] * self.weight_of_column
        parts = []
        for start in range(0, len(columns), CHUNK):
            drawn = resampled_ap(self.outcomes, self.column_of_image, columns[start : start + CHUNK])
            heads = [mean_ap(drawn), mean_ap(drawn[:, :1]), mean_ap(drawn[:, _AT_75 : _AT_75 + 1])]
            parts.append(np.column_stack([*heads, drawn.mean(axis=1)]))
            progress(len(drawn))
        progress(len(draws) - len(different))
        figures: Numbers = np.concatenate(parts)[places]
        return figures

    def of_draws(self, draws: Index, progress: Progress) -> Statistic:
        """`figures_of_draws`, each once; `progress` hears of `draws`."""

        def figures(some: Index) -> Numbers:
            return self.figures_of_draws(some, progress) if some is draws else self.figures_of_draws(some)

        return once(figures)

    def by_blocks(self, block_of_frame: Index) -> "Scored":
        """One recording cut into blocks of time, in the place of many: `block_of_frame` by labelled frame, from 0."""
        blocks: Index = np.arange(int(block_of_frame.max(initial=-1)) + 1)
        # Every pass of one side weighs the same, so no weight is needed.
        return replace(
            self,
            column_of_image=block_of_frame[self.image_in_pass],
            sequence_of_column=blocks,
            weight_of_column=np.ones_like(blocks),
        )

    def objects(self, part_of_frame: Index) -> Numbers:
        """(parts,) labelled objects a frame in each part of the recording."""
        counts = np.bincount(self.image_in_pass[self.outcomes.positive_images], minlength=len(part_of_frame))
        a_part: Numbers = np.bincount(part_of_frame, counts) / np.bincount(part_of_frame)
        return a_part


def own_answers(stream: ScoredStream) -> ScoredStream:
    """Each frame answered by what was computed from it: offline accuracy."""
    return stream


def streamed_answers(stream: ScoredStream) -> ScoredStream:
    """Each frame answered by the newest thing published by then; raises replay.scoring.streaming.Unstreamable."""
    return streamed(stream, answer_timeline(stream, scheduled=True))


def scored(pairs: Sequence[Pair], sides: Sequence[Sequence[LoadedStream]], answering: Answering) -> Scored:
    """One side: `sides` holds its streams of each pair. Raises what `answering` raises."""
    pools, sequence_of_column = [], []
    for place, (pair, streams) in enumerate(zip(pairs, sides, strict=True)):
        for stream in streams:
            # Not kept: what many runs found, as arrays, would fill the memory.
            one = pair.scored(stream)
            pools.append(answering(one).pool)
            sequence_of_column.append(place)
    return matched(pools, sequence_of_column, [len(streams) for streams in sides])


def matched(pools: Sequence[Pool], sequence_of_column: Sequence[int], times: Sequence[int]) -> Scored:
    """Of passes over recordings: `sequence_of_column` says of which each pool is, `times` how often each was played."""
    joint = pooled_together(pools)
    whole = math.lcm(*times)
    sequences: Index = np.array(sequence_of_column, np.int64)
    return Scored(
        classes=joint.classes,
        outcomes=Matching(joint.found, joint.labelled, len(joint.classes)).outcomes(),
        column_of_image=joint.sequence_of_image,
        sequence_of_column=sequences,
        weight_of_column=np.array([whole // n for n in times], np.int64)[sequences],
        image_in_pass=np.concatenate([np.arange(pool.n_images) for pool in pools]),
    )


def labelled_boxes(scored: Scored) -> dict[str, int]:
    """Positives by class, every pass of a recording counted."""
    counts = np.bincount(scored.outcomes.positive_labels, minlength=len(scored.classes))
    return dict(zip(scored.classes, counts.tolist(), strict=True))
