"""How long a million detections take to score: COCO's figures and streaming AP, beside hotcoco and pycocotools.

    python -P bench/scoring.py
    python -P bench/scoring.py --detections 200000 --repeat 5

Synthetic boxes: ten classes, 15 labelled boxes and 100 found ones an image, three found boxes in five near a labelled
one; a hundred sequences. Every program gets arrays or lists that are already in memory, and gives the same twelve
figures; the greatest difference between them is printed. pycocotools runs once, the others `--repeat` times (medians).
"""

import argparse
import contextlib
import gc
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.program import measured
from replay.metrics.average_precision import coco_figures
from replay.metrics.coco import average_precision
from replay.metrics.freshness import freshness
from replay.metrics.matching import Matching
from replay.metrics.pool import Found, Labelled
from replay.metrics.resampling import mean_ap, resampled_ap
from replay.metrics.streaming import AnswerTimeline, answered, in_force
from replay.truth import Role
from sensors.ranges import Count, Seed, in_range
from sensors.terminal.command_line import command_parser

CLASSES, LABELLED_AN_IMAGE, FOUND_AN_IMAGE, SEQUENCES = 10, 15, 100, 100
PERIOD_NS, LATENCY_NS = 33_333_333, 52_000_000
SHARED = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100")


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detections", type=in_range(Count), default=1_000_000)
    parser.add_argument("--repeat", type=in_range(Count), default=3)
    parser.add_argument(
        "--resamples", type=in_range(Count), default=50, help="bootstrap draws to time (default: %(default)s)"
    )
    parser.add_argument("--without-pycocotools", action="store_true", help="it takes minutes")
    parser.add_argument("--seed", type=in_range(Seed), default=0)
    chosen = parser.parse_args()
    n_images = max(SEQUENCES, chosen.detections // FOUND_AN_IMAGE)
    found, labelled = world(np.random.default_rng(chosen.seed), n_images)

    seconds: dict[str, float] = {}
    seconds["gilmok, twelve figures"], ours = timed(lambda: coco_figures(found, labelled, CLASSES), chosen.repeat)
    seconds["hotcoco"], theirs = timed(lambda: average_precision(found, labelled, n_images, CLASSES)[0], chosen.repeat)
    apart = [abs(ours[name] - theirs[name]) for name in SHARED]
    seconds["gilmok, streamed: answers, ages, twelve figures"], streamed = timed(
        lambda: streamed_figures(found, labelled, n_images), chosen.repeat
    )
    outcomes = Matching(found, labelled, CLASSES).outcomes()
    draws = np.random.default_rng(1).multinomial(SEQUENCES, np.full(SEQUENCES, 1 / SEQUENCES), chosen.resamples)
    took, _ = timed(lambda: mean_ap(resampled_ap(outcomes, sequence_of(n_images), draws)), 1)
    seconds["gilmok, one bootstrap draw"] = took / chosen.resamples
    if not chosen.without_pycocotools:
        truth, results = as_lists(found, labelled, n_images)
        seconds["pycocotools"], reference = timed(lambda: pycocotools_figures(truth, results), 1)
        apart += [abs(ours[name] - reference[name]) for name in reference]
    return {
        "detections": len(found),
        "images": n_images,
        "labelled": len(labelled),
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "greatest_difference": max(apart),
        "AP": ours["AP"],
        "streamed_AP": streamed["AP"],
    }


def timed(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """The median time, and what came of it."""
    took, result = [], None
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        result = work()
        took.append(time.perf_counter() - start)
    return statistics.median(took), result


def world(rng: np.random.Generator, n_images: int) -> tuple[Found, Labelled]:
    """Fifteen objects a sequence, each going its way."""
    of, frame = sequence_of(n_images), np.arange(n_images) * SEQUENCES % n_images // SEQUENCES
    start, speed = boxes(rng, (SEQUENCES, LABELLED_AN_IMAGE)), rng.normal(0, 3, (SEQUENCES, LABELLED_AN_IMAGE, 4))
    speed[..., 2:] = 0
    there = (start[of] + speed[of] * frame[:, None, None]).reshape(-1, 4)
    labels = rng.integers(0, CLASSES, (SEQUENCES, LABELLED_AN_IMAGE))[of].reshape(-1)
    labelled = Labelled(
        images=np.repeat(np.arange(n_images), LABELLED_AN_IMAGE),
        labels=labels,
        boxes=there,
        areas=there[:, 2] * there[:, 3],
        roles=np.full(len(there), Role.POSITIVE, np.int64),
    )
    images = np.repeat(np.arange(n_images), FOUND_AN_IMAGE)
    near = rng.random(len(images)) < 0.6
    which = images * LABELLED_AN_IMAGE + rng.integers(0, LABELLED_AN_IMAGE, len(images))
    moved = there[which] + rng.normal(0, 0.08, (len(images), 4)) * there[which][:, [2, 3, 2, 3]]
    moved[:, 2:] = np.maximum(moved[:, 2:], 1)
    found = Found(
        images=images,
        labels=np.where(near, labels[which], rng.integers(0, CLASSES, len(images))),
        boxes=np.where(near[:, None], moved, boxes(rng, (len(images),))),
        scores=np.round(np.clip(rng.beta(1, 4, len(images)) + 0.2 * near, 0, 1), 5),
    )
    return found, labelled


def boxes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    places = [rng.uniform(0, 1800, shape), rng.uniform(0, 1000, shape)]
    return np.stack([*places, *(4 + rng.gamma(2, 40, shape) for _ in range(2))], axis=-1)


def sequence_of(n_images: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.arange(n_images) * SEQUENCES // n_images


def streamed_figures(found: Found, labelled: Labelled, n_images: int) -> dict[str, float]:
    """Every frame answered 52 ms after it was taken, at 30 fps."""
    of = sequence_of(n_images)
    answers, streams = np.empty(n_images, np.int64), []
    for sequence in range(SEQUENCES):
        images = np.flatnonzero(of == sequence)
        frames = np.arange(len(images))
        captured = frames * PERIOD_NS
        streams.append(AnswerTimeline(frames, captured, np.ones(len(images), np.bool_), frames, captured + LATENCY_NS))
        force = in_force(streams[-1])
        answers[images] = np.where(force >= 0, images[force], -1)
    freshness(streams)
    return coco_figures(answered(found, answers), labelled, CLASSES)


def as_lists(found: Found, labelled: Labelled, n_images: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    columns = (labelled.images.tolist(), labelled.labels.tolist(), labelled.boxes.tolist(), labelled.areas.tolist())
    truth = {
        "info": {},
        "images": [{"id": image} for image in range(n_images)],
        "categories": [{"id": label} for label in range(CLASSES)],
        "annotations": [
            {"id": i + 1, "image_id": image, "category_id": label, "bbox": box, "area": area, "iscrowd": 0}
            for i, (image, label, box, area) in enumerate(zip(*columns, strict=True))
        ],
    }
    rows = (found.images.tolist(), found.labels.tolist(), found.boxes.tolist(), found.scores.tolist())
    results = [
        {"image_id": image, "category_id": label, "bbox": box, "score": score}
        for image, label, box, score in zip(*rows, strict=True)
    ]
    return truth, results


def pycocotools_figures(truth: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO()
        loaded.dataset = truth
        loaded.createIndex()
        evaluation = COCOeval(loaded, loaded.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
    return dict(zip(names, map(float, evaluation.stats), strict=True))


if __name__ == "__main__":
    measured(figures)
