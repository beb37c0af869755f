"""Is a recording sound? A sentence for each kind of thing that is not, with how often and where first."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from replay.datasets.frame_truths import flat, labelled
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

Size: TypeAlias = tuple[int, int]
Marks: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int64]


def label_problems(
    pictures: Sequence[int], truths: Mapping[int, Truth], *, unmentioned_is_labelled: bool, film: bool
) -> Iterator[Problem]:
    """What the frame numbers tell; arguments as in `PictureRecording`."""
    numbers, mentioned = np.array(pictures, np.int64), labelled(truths)
    frames, rows = flat(truths)
    if not pictures:
        yield _unsound("there are no pictures")
    if not unmentioned_is_labelled:
        yield from _unlabelled(numbers, mentioned)
    missing = mentioned[~np.isin(mentioned, numbers)]
    if len(missing):
        boxes = int(np.isin(frames, missing).sum())
        without = f"{counted(len(missing), 'labelled frame')} ({counted(boxes, 'box')}) without a picture"
        yield _unsound(f"{without}: {_some(missing)}")
    if film:
        yield from _holes(numbers)
    yield from _tracks(frames, rows.tracks)


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
    if not truths:
        return
    frames, rows = flat(truths)
    boxes, wanted = rows.boxes, rows.of_role(Role.POSITIVE)
    limits = _limits(frames, sizes)
    starts, ends = boxes[:, :2], boxes[:, 2:]
    turned: Marks = ~np.all(np.isfinite(boxes), axis=1) | np.any(ends < starts, axis=1)
    hollow: Marks = np.any(ends == starts, axis=1) & ~turned
    outside: Marks = np.any((ends <= 0) | (starts >= limits), axis=1) & ~hollow & ~turned
    beyond = np.maximum(-starts, ends - limits).max(axis=1, initial=0.0)
    reaching: Marks = (beyond > OUTSIDE_PX + ROUNDING_PX) & ~hollow & ~outside & ~turned
    yield from _marked(frames, turned, "inside out, or not finite", Severity.UNSOUND)
    yield from _marked(frames, _again(frames, rows) & wanted, "standing there already, with the same class and edges")
    yield from _marked(frames, hollow, "without width or height, which nothing can find")
    many = (outside & wanted).sum() > STRAY * wanted.sum()
    yield from _marked(
        frames, outside, "wholly outside the picture", Severity.UNSOUND if many else Severity.REMARK
    )  # fmt: skip
    if reaching.any():
        worst = int(np.argmax(np.where(reaching, beyond, 0)))
        farthest = f"the farthest by {beyond[worst]:.1f} px in frame {frames[worst]}"
        yield from _marked(frames, reaching, f"reaching more than {OUTSIDE_PX:g} px out of the picture, {farthest}")


def _again(frames: Numbers, rows: Truth) -> Marks:
    """(N,) whether an earlier row of the same frame says the same: at most one of the two can be found."""
    every = np.column_stack([frames, rows.labels, rows.roles, rows.boxes])
    again: Marks = np.ones(len(frames), np.bool_)
    again[np.unique(every, axis=0, return_index=True)[1]] = False
    return again


def _limits(frames: Numbers, sizes: Mapping[int, Size]) -> NDArray[np.float64]:
    """(N, 2) width and height of each row's picture. NaN, which compares as False, where nobody knows them: a box of
    such a frame is not outside."""
    numbers, place = np.unique(frames, return_inverse=True)
    known = np.full((len(numbers), 2), np.nan)
    told = np.fromiter(sizes, np.int64)
    here = np.isin(told, numbers)
    known[np.searchsorted(numbers, told[here])] = np.array(list(sizes.values())).reshape(-1, 2)[here]
    return known[place]


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


def _marked(frames: Numbers, marks: Marks, what: str, severity: Severity = Severity.REMARK) -> Iterator[Problem]:
    if marks.any():
        where = _some(np.unique(frames[marks]))
        yield Problem(severity, f"{counted(int(marks.sum()), 'box')} {what}: {where}")


def _tracks(frames: Numbers, tracks: Numbers) -> Iterator[Problem]:
    tracked = tracks >= 0
    pairs, counts = np.unique(np.stack([frames[tracked], tracks[tracked]], axis=1), axis=0, return_counts=True)
    twice = pairs[counts > 1]
    if len(twice):
        frame, track = twice[0].tolist()
        where = _some(np.unique(twice[:, 0]))
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
