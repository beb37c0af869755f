"""How often the intervals of a comparison hold the truth, on made traffic whose truth is known.

    python -P bench/coverage.py --of recording --frames 500 2000 --stay 40 --worlds 400
    python -P bench/coverage.py --of ap --frames 300 500
    python -P bench/coverage.py --of drives --sequences 8 20 --world rare

`recording`: one stream, cut into blocks of time (`replay.comparison.one_recording`). Objects come at random and stay
`--stay` frames on average (lognormal); each is as hard to find, and as much harder for B, as it is for all of its
stay, and so are the things that are taken for objects; slow weather changes both. `ap`: of the same streams A's own AP
and AP50 (`replay.scoring.ap_interval`). `drives`: many recordings
(`replay.comparison.drawn`) of unlike length, density and hardness, three classes; in the world `rare` the third is
in half of them, in `heavy` the differences between drives have heavy tails. Both go through the product's own code.
"""

import argparse
import math
from collections.abc import Callable, Sequence

import numpy as np

from bench.program import measured
from replay.comparison.accuracy import HEADS, Scored
from replay.comparison.drawn import drawn
from replay.comparison.one_recording import estimated
from replay.metrics.matching import Outcomes
from replay.metrics.pool import Found, Index, Mask, Numbers
from replay.scoring.ap_interval import cut
from replay.statistics.bootstrap import LEAST_SEQUENCES
from sensors.ranges import Count, Seed, in_range
from sensors.terminal.command_line import command_parser

TRUTH_FRAMES, TRUTH_DRIVES, TRUTHS = 40_000, 3_000, 10
Sides = tuple[Scored, Scored]


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", choices=("recording", "ap", "drives"), default="recording")
    parser.add_argument("--worlds", type=in_range(Count), default=200, help="(default: %(default)s)")
    parser.add_argument("--resamples", type=in_range(Count), default=200, help="draws of each (default: %(default)s)")
    parser.add_argument("--seed", type=in_range(Seed), default=1)
    parser.add_argument("--frames", type=in_range(Count), nargs="+", default=[500], help="of a recording")
    parser.add_argument("--stay", type=in_range(Count), default=40, help="of an object, in frames")
    parser.add_argument("--weather", type=in_range(Count), default=120, help="how long it stays alike, in frames")
    parser.add_argument("--sequences", type=in_range(Count), nargs="+", default=[8], help="of a set of drives")
    parser.add_argument("--world", choices=("normal", "heavy", "rare"), default="normal", help="of drives")
    chosen = parser.parse_args()
    if chosen.of == "recording":
        return _recordings(chosen)
    return _alone(chosen) if chosen.of == "ap" else _drives(chosen)


def _recordings(chosen: argparse.Namespace) -> dict[str, object]:
    def world(rng: np.random.Generator, n: int) -> Sides:
        return recording(rng, n, chosen.stay, chosen.weather)

    truth = float(_truth(world, TRUTH_FRAMES)[0])
    rng = np.random.default_rng(chosen.seed)
    told = {}
    for n in chosen.frames:
        found = [estimated(*world(rng, n), chosen.resamples, chosen.seed, lambda _: None) for _ in range(chosen.worlds)]
        judged = [one for one in found if one.enough]
        held = [one.estimate.bound(0.025) <= truth <= one.estimate.bound(0.975) for one in judged]
        told[str(n)] = {
            "judged": _share([one.enough for one in found]),
            "held": _share(held),
            "blocks": float(np.median([one.blocks.n for one in found])),
            "half_width": _middle([one.estimate.bound(0.975) - one.estimate.value for one in judged]),
        }
    return {"truth": truth, "stay": chosen.stay, "weather": chosen.weather, "worlds": chosen.worlds, "frames": told}


def _alone(chosen: argparse.Namespace) -> dict[str, object]:
    """Of A, whose difference from nothing is its AP."""

    def world(rng: np.random.Generator, n: int) -> Scored:
        return recording(rng, n, chosen.stay, chosen.weather)[0]

    truth = np.mean([_whole(world(np.random.default_rng(9_000 + i), TRUTH_FRAMES)) for i in range(TRUTHS)], axis=0)
    rng = np.random.default_rng(chosen.seed)
    told: dict[str, object] = {}
    for n in chosen.frames:
        made = [world(rng, n).outcomes for _ in range(chosen.worlds)]
        found = [cut(n, one).interval(one) for one in made]
        of = {}
        for place, figure in enumerate(HEADS[:2]):
            ends = [one.of(figure=figure) for one in found]
            known = [pair for pair in ends if not math.isnan(pair[0])]
            held = _share([bool(low <= truth[place] <= high) for low, high in known])
            of[figure] = {"told": len(known) / len(ends), "held": held, "width": _middle([b - a for a, b in known])}
        told[str(n)] = of
    return {"truth": truth[:2].tolist(), "stay": chosen.stay, "worlds": chosen.worlds, "frames": told}


def _drives(chosen: argparse.Namespace) -> dict[str, object]:
    def world(rng: np.random.Generator, n: int) -> Sides:
        return drives(rng, n, chosen.world)

    truth = _truth(world, TRUTH_DRIVES)
    rng = np.random.default_rng(chosen.seed)
    told = {}
    for n in chosen.sequences:
        held: dict[str, list[bool]] = {}
        judged: dict[str, list[bool]] = {}
        for _ in range(chosen.worlds):
            found = drawn(*world(rng, n), n, chosen.resamples, chosen.seed, lambda _: None)
            for place, (name, one) in enumerate(found.estimates.items()):
                if name in HEADS[1:]:
                    continue
                enough = one.n >= LEAST_SEQUENCES
                judged.setdefault(name, []).append(enough)
                if enough:
                    held.setdefault(name, []).append(bool(one.bound(0.025) <= truth[place] <= one.bound(0.975)))
        told[str(n)] = {name: {"judged": _share(judged[name]), "held": _share(held.get(name, []))} for name in judged}
    return {"truth": truth.tolist(), "world": chosen.world, "worlds": chosen.worlds, "sequences": told}


def _truth(world: Callable[[np.random.Generator, int], Sides], n: int) -> Numbers:
    """(figures,) B - A over TRUTHS great worlds."""
    every = []
    for seed in range(TRUTHS):
        a, b = world(np.random.default_rng(9_000 + seed), n)
        every.append(_whole(b) - _whole(a))
    middle: Numbers = np.mean(every, axis=0)
    return middle


def _whole(side: Scored) -> Numbers:
    figures: Numbers = side.figures_of_draws(np.ones((1, int(side.sequence_of_column.max()) + 1), np.int64))[0]
    return figures


def recording(rng: np.random.Generator, n: int, stay: int, weather: int) -> Sides:
    """One recording of `n` frames with some four objects in each; B is a little better."""
    of, frames, many = _stays(rng, n, 4.0, stay)
    clutter_of, clutter_frames, clutters = _stays(rng, n, 1.4, stay)
    slow, slow_change = _weather(rng, n, weather), _weather(rng, n, weather)
    hard, better, placed, placed_better = (
        rng.normal(m, s, many) for m, s in ((0.8, 1), (0.15, 0.5), (0.3, 1), (0, 0.5))
    )
    looks, looks_less = rng.normal(-0.6, 0.8, clutters), rng.normal(0, 0.5, clutters)
    noise = rng.poisson(1.2 * n)
    noise_frames, noise_looks, luck = rng.integers(0, n, noise), rng.normal(-1, 0.5, noise), rng.logistic(0, 1, len(of))
    sides = []
    for b in (0, 1):
        ease = hard[of] + 0.3 * slow[frames] + b * (better[of] + 0.15 * slow_change[frames])
        own = np.where(rng.random(len(of)) < 0.8, luck, rng.logistic(0, 1, len(of)))
        seen = own < ease
        well = seen & (rng.logistic(0, 1, len(of)) < placed[of] + b * placed_better[of])
        taken, stray = rng.random(len(clutter_of)) < 0.6, rng.random(noise) < 0.8
        scores = (
            (0.7 * ease + rng.normal(0, 0.5, len(of)))[seen],
            (looks + b * looks_less)[clutter_of][taken] + rng.normal(0, 0.3, int(taken.sum())),
            noise_looks[stray],
        )
        images = np.concatenate([frames[seen], clutter_frames[taken], noise_frames[stray]])
        hits = np.zeros((2, len(images)), np.bool_)
        hits[0, : int(seen.sum())] = True
        hits[1, : int(seen.sum())] = well[seen]
        side = _Findings(images, np.zeros(len(images), np.int64), np.concatenate(scores), hits)
        sides.append(_scored(side, frames, np.zeros(len(frames), np.int64), 1, np.zeros(n, np.int64)))
    return sides[0], sides[1]


def drives(rng: np.random.Generator, n: int, world: str) -> Sides:
    """`n` recordings, each with a length, and in each of three classes a density, a hardness and a difference."""
    lengths = rng.integers(10, 70, n)
    found: tuple[list[_Findings], list[_Findings]] = ([], [])
    there: list[Index] = []
    for label, (per_frame, ease, change) in enumerate(((3.0, 1.2, 0.15), (0.8, 0.5, -0.1), (0.3, 0.0, 0.2))):
        density = np.exp(rng.normal(np.log(per_frame), 0.9, n))
        if world == "rare" and label == 2:
            density *= rng.random(n) < 0.5
        objects = rng.poisson(density * lengths)
        spread = rng.standard_t(3, n) / np.sqrt(3) if world == "heavy" else rng.normal(0, 1, n)
        of, many = np.repeat(np.arange(n), objects), int(objects.sum())
        hard, better = ease + rng.normal(0, 0.8, n), change + 0.3 * spread
        tracks, luck = rng.normal(0, 1, many // 15 + 1)[np.arange(many) // 15], rng.logistic(0, 1, many)
        clutter = np.repeat(np.arange(n), rng.poisson(np.exp(rng.normal(np.log(0.6), 0.7, n)) * density * lengths))
        looks = rng.normal(-0.8, 0.7, len(clutter))
        for b in (0, 1):
            quality = hard[of] + b * better[of] + tracks
            seen = np.where(rng.random(many) < 0.85, luck, rng.logistic(0, 1, many)) < quality
            taken = rng.random(len(clutter)) < 0.8
            scores = (
                (0.7 * quality + rng.normal(0, 0.7, many))[seen],
                (looks + rng.normal(0, 0.3, len(looks)) - 0.3 * b * better[clutter])[taken],
            )
            images = np.concatenate([of[seen], clutter[taken]])
            hits = (np.arange(len(images)) < int(seen.sum()))[None]
            found[b].append(_Findings(images, np.full(len(images), label), np.concatenate(scores), hits))
        there.append(of)
    labels = np.repeat(np.arange(len(there)), [len(one) for one in there])
    each = np.arange(n)
    sides = [_scored(_joined(side), np.concatenate(there), labels, len(there), each) for side in found]
    return sides[0], sides[1]


class _Findings:
    """What one side found: image, class, score, and whether it is a hit at each threshold (thresholds, N)."""

    def __init__(self, images: Index, labels: Index, scores: Numbers, hits: Mask) -> None:
        self.images, self.labels, self.scores, self.hits = images, labels, scores, hits


def _joined(parts: Sequence[_Findings]) -> _Findings:
    return _Findings(
        np.concatenate([one.images for one in parts]),
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.scores for one in parts]),
        np.concatenate([one.hits for one in parts], axis=1),
    )


def _scored(side: _Findings, images: Index, labels: Index, classes: int, column_of_image: Index) -> Scored:
    """As if matched: `images` and `labels` are of what was there."""
    order = np.lexsort((-side.scores, side.labels))
    n = len(order)
    columns = np.arange(int(column_of_image.max()) + 1)
    return Scored(
        classes=tuple(f"class {one}" for one in range(classes)),
        outcomes=Outcomes(
            found=Found(side.images[order], side.labels[order], np.zeros((n, 4)), side.scores[order]),
            rows=order,
            ranks=np.zeros(n, np.int64),
            states=side.hits[:, order].astype(np.int8),
            partners=np.full((len(side.hits), n), -1),
            positive_images=images,
            positive_labels=labels,
            n_labels=classes,
        ),
        column_of_image=column_of_image,
        sequence_of_column=columns,
        weight_of_column=np.ones_like(columns),
        image_in_pass=np.arange(len(column_of_image)),
    )


def _stays(rng: np.random.Generator, n: int, at_once: float, stay: int) -> tuple[Index, Index, int]:
    """Object and frame of every sight of one, and how many objects: `at_once` on average, each `stay` frames."""
    before = 6 * stay
    many = int(rng.poisson(at_once * (n + before) / stay))
    start = rng.uniform(-before, n, many)
    end = start + stay * np.exp(rng.normal(-0.18, 0.6, many))
    first = np.clip(np.ceil(start), 0, n).astype(np.int64)
    length = np.maximum(np.clip(np.ceil(end), 0, n).astype(np.int64) - first, 0)
    of = np.repeat(np.arange(many), length)
    return of, np.repeat(first - np.cumsum(length) + length, length) + np.arange(int(length.sum())), many


def _weather(rng: np.random.Generator, n: int, alike: int) -> Numbers:
    """A first-order chain of variance 1."""
    keeps = np.exp(-1 / alike)
    steps = rng.normal(0, np.sqrt(1 - keeps**2), n)
    value, told = float(rng.normal()), np.empty(n)
    for place, step in enumerate(steps.tolist()):
        value = keeps * value + step
        told[place] = value
    return told


def _share(marks: Sequence[bool]) -> float | None:
    return sum(marks) / len(marks) if marks else None


def _middle(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


if __name__ == "__main__":
    measured(figures)
