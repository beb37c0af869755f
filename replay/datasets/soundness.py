"""Is a recording sound? A sentence for each kind of thing that is not, with how often and where first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.headers import picture_size
from replay.truth import Truth
from sensors.files import PictureUnreadable

OUTSIDE_PX = 1.0
"""Makers disagree whether pixels count from 0 or 1, so a box may end that far beyond its picture."""
SHOWN = 5

Size = tuple[int, int]


def complaints(
    pictures: Mapping[int, Path],
    truths: Mapping[int, Truth],
    *,
    unmentioned_is_labelled: bool,
    film: bool,
    promised_sizes: Mapping[int, Size],
) -> Iterator[str]:
    """Reads the first and last bytes of each picture, and decodes none of a common format.

    `unmentioned_is_labelled`, `film`, `promised_sizes`: as in `PictureRecording`.
    """
    if not pictures:
        yield "there are no pictures"
    if not unmentioned_is_labelled:
        yield from _unlabelled(pictures, truths)
    yield from _without_picture(pictures, truths)
    if film:
        yield from _holes(list(pictures))
    sizes: dict[int, Size] = {}
    for number, path in pictures.items():
        try:
            sizes[number] = picture_size(path)
        except PictureUnreadable as error:
            yield f"frame {number}: {error.sentence}"
    if film:
        yield from _differing(sizes)
    yield from _against(promised_sizes, sizes)
    yield from _boxes(truths, sizes)
    yield from _tracks(truths)


def _unlabelled(pictures: Mapping[int, Path], truths: Mapping[int, Truth]) -> Iterator[str]:
    missing = [number for number in pictures if number not in truths]
    if missing and len(missing) == len(pictures):
        yield f"nobody labelled any of the {_count(len(pictures), 'picture')}: there is nothing to score against"
    elif missing:
        yield f"{len(missing)} of {_count(len(pictures), 'picture')} have no labels: {_some(missing)}"


def _without_picture(pictures: Mapping[int, Path], truths: Mapping[int, Truth]) -> Iterator[str]:
    missing = [number for number in sorted(truths) if number not in pictures]
    if missing:
        boxes = sum(len(truths[number]) for number in missing)
        yield f"{_count(len(missing), 'labelled frame')} ({_count(boxes, 'box')}) without a picture: {_some(missing)}"


def _holes(numbers: Sequence[int]) -> Iterator[str]:
    if not numbers:
        return
    missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if missing:
        yield (
            f"{_count(len(missing), 'picture')} missing between frame {numbers[0]} and frame {numbers[-1]}: "
            f"{_some(missing)}"
        )


def _differing(sizes: Mapping[int, Size]) -> Iterator[str]:
    counts = Counter(sizes.values()).most_common()
    if len(counts) > 1:
        usual = counts[0][0]
        odd = [number for number, size in sizes.items() if size != usual]
        shown = ", ".join(f"{n} of {_size(size)}" for size, n in counts[:SHOWN])
        yield f"the pictures have {len(counts)} sizes ({shown}); the fewer ones: {_some(odd)}"


def _against(promised: Mapping[int, Size], sizes: Mapping[int, Size]) -> Iterator[str]:
    wrong = [number for number, size in sizes.items() if promised.get(number, size) != size]
    if wrong:
        first = wrong[0]
        yield (
            f"{_count(len(wrong), 'picture')} of another size than the data set states: "
            f"frame {first} is {_size(sizes[first])}, not {_size(promised[first])} ({_some(wrong)})"
        )


def _boxes(truths: Mapping[int, Truth], sizes: Mapping[int, Size]) -> Iterator[str]:
    if not truths:
        return
    frames = np.repeat(list(truths), [len(truth) for truth in truths.values()])
    boxes = np.concatenate([truth.boxes for truth in truths.values()])
    # NaN compares as False: a box of a frame whose size is unknown is not outside it.
    limits = np.array([sizes.get(number, (np.nan, np.nan)) for number in frames.tolist()]).reshape(-1, 2)
    starts, ends = boxes[:, :2], boxes[:, 2:]
    hollow = np.any(ends <= starts, axis=1)
    outside = np.any((ends <= 0) | (starts >= limits), axis=1) & ~hollow
    beyond = np.maximum(-starts, ends - limits).max(axis=1, initial=0.0)
    reaching = (beyond > OUTSIDE_PX) & ~hollow & ~outside
    yield from _marked(frames, hollow, "empty or inside out")
    yield from _marked(frames, outside, "wholly outside the picture")
    if reaching.any():
        worst = int(np.argmax(np.where(reaching, beyond, 0)))
        farthest = f"the farthest by {beyond[worst]:.1f} px in frame {frames[worst]}"
        yield from _marked(frames, reaching, f"reaching more than {OUTSIDE_PX:g} px out of the picture, {farthest}")


def _marked(frames: NDArray[np.int64], marks: NDArray[np.bool_], what: str) -> Iterator[str]:
    if marks.any():
        yield f"{_count(int(marks.sum()), 'box')} {what}: {_some(np.unique(frames[marks]).tolist())}"


def _tracks(truths: Mapping[int, Truth]) -> Iterator[str]:
    twice = {}
    for number, truth in sorted(truths.items()):
        tracks, counts = np.unique(truth.tracks[truth.tracks >= 0], return_counts=True)
        if (counts > 1).any():
            twice[number] = int(tracks[counts > 1][0])
    if twice:
        number, track = next(iter(twice.items()))
        yield f"a track stands twice in one frame: track {track} in frame {number} first ({_some(list(twice))})"


def _some(numbers: Iterable[int]) -> str:
    every = list(numbers)
    shown = ", ".join(map(str, every[:SHOWN]))
    return f"frame{'s' if len(every) > 1 else ''} {shown}{', ...' if len(every) > SHOWN else ''}"


def _count(n: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{n} {noun if n == 1 else plural}"


def _size(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
