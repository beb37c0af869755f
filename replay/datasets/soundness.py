"""Is a recording sound? A sentence for each kind of thing that is not, with how often and where first."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from replay.datasets.frame_truths import FrameTruths, as_frame_truths
from replay.recording import Problem, Severity
from replay.truth import Role, Truth

OUTSIDE_PX = 1.0
"""Makers disagree whether pixels count from 0 or 1, so a box may end that far beyond its picture."""
ROUNDING_PX = 1e-6
"""What a box moves by being written as a centre and a size, or as fractions."""
STRAY = 0.01
"""Where more of the boxes than that lie wholly outside, the labels are of other pictures."""
STRIDE_SLACK = 1.5
"""A step between two frame numbers that is longer than this many usual ones is a hole."""
SHOWN = 5
MIXING = np.uint64(0x9E3779B97F4A7C15)

Size: TypeAlias = tuple[int, int]
Marks: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int64]


def label_problems(
    pictures: Sequence[int], truths: Mapping[int, Truth], *, unmentioned_is_labelled: bool, film: bool
) -> Iterator[Problem]:
    """What the frame numbers tell; arguments as in `PictureRecording`."""
    numbers, labels = np.array(pictures, np.int64), as_frame_truths(truths)
    mentioned = labels.numbers
    if not pictures:
        yield _unsound("there are no pictures")
    if not unmentioned_is_labelled:
        yield from _unlabelled(numbers, mentioned)
    if len(numbers) and (unmentioned_is_labelled or len(mentioned)) and not labels.counts().any():
        yield _remark("not a single object is labelled: whatever is found is wrong, and nothing can be missed")
    away = ~np.isin(mentioned, numbers)
    missing = mentioned[away]
    if len(missing):
        boxes = int(labels.counts()[away].sum())
        without = f"{counted(len(missing), 'labelled frame')} ({counted(boxes, 'box')}) without a picture"
        yield _unsound(f"{without}: {_some(missing)}")
    if film:
        yield from _holes(numbers)
    yield from _tracks(labels)


def size_problems(sizes: Mapping[int, Size], promised: Mapping[int, Size], *, film: bool) -> Iterator[Problem]:
    """`sizes`: of every picture that tells its own, by frame number."""
    wrong = [number for number, size in sizes.items() if promised.get(number, size) != size]
    if wrong:
        first = wrong[0]
        yield _unsound(
            f"{counted(len(wrong), 'picture')} of another size than the data set states: "
            f"frame {first} is {_size(sizes[first])}, not {_size(promised[first])} ({_some(wrong)})"
        )
    counts = Counter(sizes.values()).most_common() if film else []
    if len(counts) > 1:
        usual = counts[0][0]
        odd = [number for number, size in sizes.items() if size != usual]
        shown = ", ".join(f"{n} of {_size(size)}" for size, n in counts[:SHOWN])
        yield _unsound(f"the pictures have {len(counts)} sizes ({shown}); the fewer ones: {_some(odd)}")


def box_problems(truths: Mapping[int, Truth], sizes: Mapping[int, Size]) -> Iterator[Problem]:
    turned, again, hollow, outside, reaching = (_Marked() for _ in range(5))
    strays = positives = 0
    worst, worst_frame = 0.0, 0
    numbers = np.array(sorted(sizes), np.int64)
    known = np.array([sizes[number] for number in numbers.tolist()], np.float64).reshape(-1, 2)
    for frames, rows in as_frame_truths(truths).blocks():
        boxes, wanted = rows.boxes, rows.of_role(Role.POSITIVE)
        limits = _limits(frames, numbers, known)
        starts, ends = boxes[:, :2], boxes[:, 2:]
        odd: Marks = ~np.all(np.isfinite(boxes), axis=1) | np.any(ends < starts, axis=1)
        empty: Marks = np.any(ends == starts, axis=1) & ~odd
        away: Marks = np.any((ends <= 0) | (starts >= limits), axis=1) & ~empty & ~odd
        beyond = np.maximum(-starts, ends - limits).max(axis=1, initial=0.0)
        over: Marks = (beyond > OUTSIDE_PX + ROUNDING_PX) & ~empty & ~away & ~odd
        turned.add(frames, odd)
        again.add(frames, _again(frames, rows) & wanted)
        hollow.add(frames, empty)
        outside.add(frames, away)
        reaching.add(frames, over)
        strays += int((away & wanted).sum())
        positives += int(wanted.sum())
        if over.any() and (farthest := float(beyond[over].max())) > worst:
            worst, worst_frame = farthest, int(frames[over][np.argmax(beyond[over])])
    yield from turned.problems("inside out, or not finite", Severity.UNSOUND)
    yield from again.problems("standing there already, with the same class and edges")
    yield from hollow.problems("without width or height, which nothing can find")
    many = strays > STRAY * positives
    yield from outside.problems("wholly outside the picture", Severity.UNSOUND if many else Severity.REMARK)
    # Of a single frame the sentence ends with its number.
    far = f"the farthest by {worst:.1f} px" + (f" in frame {worst_frame}" if len(reaching.frames) > 1 else "")
    yield from reaching.problems(f"reaching more than {OUTSIDE_PX:g} px out of the picture, {far}")


class _Marked:
    """How many boxes were marked, and the first of their frames."""

    def __init__(self) -> None:
        self._boxes = 0
        self.frames: list[int] = []

    def add(self, frames: Numbers, marks: Marks) -> None:
        """`frames`: ascending."""
        if marks.any():
            self._boxes += int(marks.sum())
            self.frames += np.unique(frames[marks])[: SHOWN + 1 - len(self.frames)].tolist()

    def problems(self, what: str, severity: Severity = Severity.REMARK) -> Iterator[Problem]:
        if self._boxes:
            yield Problem(severity, f"{counted(self._boxes, 'box')} {what}: {_some(self.frames)}")


def _again(frames: Numbers, rows: Truth) -> Marks:
    """(N,) whether an earlier row of the same frame says the same: at most one of the two can be found."""
    keys = np.zeros(len(frames), np.uint64)
    for column in (frames, rows.labels, rows.roles, *rows.boxes.T):
        # + 0: no zero is negative. Of millions of rows, two that differ share a key once in ten million files.
        keys = (keys ^ np.ascontiguousarray(column + 0).view(np.uint64)) * MIXING
        keys ^= keys >> np.uint64(32)
    again: Marks = np.ones(len(frames), np.bool_)
    again[np.unique(keys, return_index=True)[1]] = False
    return again


def _limits(frames: Numbers, numbers: Numbers, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) width and height of each row's picture; `sizes`: of each of `numbers`. NaN, which compares as False, where
    nobody knows them: a box of such a frame is not outside."""
    if not len(numbers):
        return np.full((len(frames), 2), np.nan)
    place = np.minimum(np.searchsorted(numbers, frames), len(numbers) - 1)
    return np.where((numbers[place] == frames)[:, None], sizes[place], np.nan)


def counted(n: int, noun: str) -> str:
    """`1 box`, `2 boxes`."""
    plural = f"{noun}es" if noun.endswith(("x", "s")) else f"{noun}s"
    return f"{n} {noun if n == 1 else plural}"


def _unlabelled(pictures: Numbers, mentioned: Numbers) -> Iterator[Problem]:
    missing = pictures[~np.isin(pictures, mentioned)]
    held = counted(len(pictures), "picture")
    if len(missing) and len(missing) == len(pictures):
        yield _remark(f"nobody labelled any of the {held}: there is nothing to score against")
    elif len(missing):
        yield _remark(f"{len(missing)} of {held} have no labels: {_some(missing)}")


def _holes(numbers: Numbers) -> Iterator[Problem]:
    """Counted by the usual step from number to number: names may count by tens, or in nanoseconds."""
    steps = np.diff(numbers)
    if not len(steps):
        return
    usual = int(np.sort(steps)[(len(steps) - 1) // 2])
    before = np.flatnonzero(steps > STRIDE_SLACK * usual)
    missing = int((np.rint(steps[before] / usual) - 1).sum())
    if missing:
        where = ", ".join(str(number) for number in numbers[before[:SHOWN]].tolist())
        yield _remark(
            f"{counted(missing, 'picture')} missing between frame {numbers[0]} and frame {numbers[-1]}: "
            f"after {'frames' if len(before) > 1 else 'frame'} {where}{', ...' if len(before) > SHOWN else ''}"
        )


def _tracks(labels: FrameTruths) -> Iterator[Problem]:
    first: tuple[int, int] | None = None
    marked = _Marked()
    for frames, rows in labels.blocks():
        order = np.lexsort((rows.tracks, frames))
        by_frame, tracks = frames[order], rows.tracks[order]
        twice = (by_frame[1:] == by_frame[:-1]) & (tracks[1:] == tracks[:-1]) & (tracks[1:] >= 0)
        marked.add(by_frame[1:], twice)
        if first is None and twice.any():
            place = int(np.argmax(twice)) + 1
            first = int(by_frame[place]), int(tracks[place])
    if first is not None:
        frame, track = first
        where = _some(marked.frames)
        yield _unsound(f"a track stands twice in one frame: track {track} in frame {frame} first ({where})")


def _some(numbers: Sequence[int] | Numbers) -> str:
    shown = ", ".join(str(int(number)) for number in numbers[:SHOWN])
    return f"frame{'s' if len(numbers) > 1 else ''} {shown}{', ...' if len(numbers) > SHOWN else ''}"


def _size(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _unsound(what: str) -> Problem:
    return Problem(Severity.UNSOUND, what)


def _remark(what: str) -> Problem:
    return Problem(Severity.REMARK, what)
