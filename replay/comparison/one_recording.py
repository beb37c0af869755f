"""Is B worse than A on one recording by itself? By blocks of its time (docs/metrics/comparison.md, "On one recording").

What holds here holds for more traffic like this at this place and hour; other roads are other recordings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from replay.comparison.accuracy import Answering, Progress, Scored, scored
from replay.comparison.pairing import Pair
from replay.comparison.result import HereRow, Margins
from replay.metrics.pool import Index
from replay.statistics.blocks import LEAST_BLOCKS, Blocks, blocks_of, cells_of, influences
from replay.statistics.bootstrap import Estimate, Statistic, draws_of, nothing, paired_differences
from replay.statistics.verdicts import HereVerdict, judge_unless


@dataclass(frozen=True, slots=True)
class Asked:
    figure: str
    """What AP is called, by what answers a frame: AP, or sAP_edge."""
    answering: Answering
    margins: Margins
    most: float
    """Of these the figure's own margin."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """AP of both sides on one recording, and how far apart they are, by blocks of its time."""

    a: float
    b: float
    estimate: Estimate
    """NaN for an error where there are too few blocks."""
    blocks: Blocks
    own_a: dict[str, Estimate]
    """Of each of a side's figures by itself."""
    own_b: dict[str, Estimate]
    frames: int
    """Labelled ones."""
    n_truth: int

    @property
    def enough(self) -> bool:
        return self.blocks.n >= LEAST_BLOCKS

    @property
    def too_few(self) -> str:
        """Why nothing is judged; empty: there are blocks enough."""
        if self.enough:
            return ""
        a_block = self.blocks.alike * self.frames / max(len(self.blocks.of_cell), 1)
        return (
            f"{self.frames:,} labelled frames are {self.blocks.n} block{'' if self.blocks.n == 1 else 's'} of "
            f"{math.ceil(a_block):,}, as long as their traffic stays alike; a judgement takes {LEAST_BLOCKS}, some "
            f"{math.ceil(LEAST_BLOCKS * a_block):,} frames"
        )


def row(pair: Pair, asked: Asked, resamples: int, seed: int, progress: Progress) -> tuple[HereRow, Estimated]:
    """And what it is told from. Raises what `asked.answering` raises."""
    a, b = (scored([pair], [side], asked.answering) for side in (pair.a, pair.b))
    found = estimated(a, b, resamples, seed, progress)
    margin = asked.margins.of(asked.most, found.a)
    judgement = judge_unless(found.too_few, found.estimate, margin, found.a)
    fps = pair.recording.fps
    told = HereRow(
        recording=pair.name,
        digest=pair.recording.digest,
        figure=asked.figure,
        a=found.a,
        b=found.b,
        difference=judgement.difference,
        low=judgement.low if found.enough else math.nan,
        high=judgement.high if found.enough else math.nan,
        frames=found.frames,
        blocks=found.blocks.n,
        block_s=pair.captured / fps / max(found.blocks.n, 1) if fps > 0 else None,
        verdict=HereVerdict.of(judgement.verdict),
        margin=margin,
        why=judgement.why,
        n_frames=found.frames,
        n_truth=found.n_truth,
        **own(found.own_a["AP"], found.own_b["AP"]),
    )
    return told, found


def own(a: Estimate, b: Estimate) -> dict[str, float]:
    """Fields of an `OwnInterval`."""
    (a_low, a_high), (b_low, b_high) = a.interval(), b.interval()
    return {"a_low": a_low, "a_high": a_high, "b_low": b_low, "b_high": b_high}


def estimated(a: Scored, b: Scored, resamples: int, seed: int, progress: Progress) -> Estimated:
    """Of the two sides' passes over one recording."""
    cell_of_frame = cells_of(int(a.image_in_pass.max(initial=-1)) + 1)
    blocks = _blocks(a, b, cell_of_frame)
    on_a, on_b = (side.by_blocks(blocks.of_cell[cell_of_frame]) for side in (a, b))
    draws = draws_of(blocks.n, np.random.default_rng(seed), resamples if blocks.n >= LEAST_BLOCKS else 0)
    of_a, of_b = (one.of_draws(draws, progress) for one in (on_a, on_b))
    a_whole, b_whole = float(of_a(draws)[0, 0]), float(of_b(draws)[0, 0])
    estimate = paired_differences(of_a, of_b, draws)[0]
    own_a, own_b = (_own(a.figures, of, draws, blocks) for of in (of_a, of_b))
    n_truth = sum(a.n_truth.values())
    return Estimated(a_whole, b_whole, blocks.widened(estimate), blocks, own_a, own_b, len(cell_of_frame), n_truth)


def _own(names: Sequence[str], of: Statistic, draws: Index, blocks: Blocks) -> dict[str, Estimate]:
    """Of each of a side's figures; what fewer blocks hold than it takes rests on those few."""
    holding = (~np.isnan(of(np.eye(blocks.n, dtype=np.int64)))).sum(axis=0)
    estimates = map(blocks.around_level, paired_differences(nothing, of, draws))
    return {
        name: one if many >= LEAST_BLOCKS else replace(one, error=math.nan)
        for name, many, one in zip(names, holding.tolist(), estimates, strict=True)
    }


def _blocks(a: Scored, b: Scored, cell_of_frame: Index) -> Blocks:
    n_cells = int(cell_of_frame.max(initial=-1)) + 1
    if not n_cells:
        return Blocks(np.empty(0, np.int64), 0, 1.0)
    by_cell = [side.by_blocks(cell_of_frame) for side in (a, b)]
    influence = influences(by_cell[0].figures_of_draws, by_cell[1].figures_of_draws, n_cells)
    return blocks_of(influence, a.objects(cell_of_frame))
