"""MOTChallenge, in the nine columns that it has since MOT16; of findings, in the ten of its results."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replay.datasets.mot import INI, NAME
from replay.datasets.writing.content import (
    CannotHold,
    Content,
    FrameRows,
    Scales,
    Writer,
    known,
    of_roles,
    plain,
    without,
)
from replay.truth import Role, Truth, to_sizes
from sensors import atomic_files


class Mot(Writer):
    """Regions can't be said. What need not be found is there with flag 0: not looked at."""

    layout = NAME
    rate = None

    def label(self, name: str) -> str:
        """As a line of labels.txt has it."""
        return " ".join(name.split()).rstrip(" ,;")

    def writable(self, truth: Truth) -> NDArray[np.bool_]:
        return of_roles(truth, Role.POSITIVE, Role.NEIGHBOUR, Role.INVISIBLE)

    def kept(self, truth: Truth, _size: tuple[int, int], scales: Scales, /) -> Truth:
        told = without(truth, "truncated", "distance_m", "areas", *(() if scales.occluded.fractions else ("occluded",)))
        apart = of_roles(truth, Role.NEIGHBOUR)
        return replace(told, roles=np.where(apart, int(Role.INVISIBLE), told.roles))

    def numbers(self, numbers: Sequence[int]) -> Sequence[int]:
        """From 1 without holes: so its makers' programs count."""
        return range(1, len(numbers) + 1)

    def check(self, content: Content) -> None:
        if not content.fps > 0:
            raise CannotHold(self.layout, "a recording without a frame rate", "say it with --fps")
        sizes = {frame.size for frame in content.frames}
        if len(sizes) > 1:
            raise CannotHold(self.layout, f"pictures of {len(sizes)} sizes in one sequence", "take a layout of stills")

    def pictures(self, name: str, /) -> str:
        return f"train/{name}/img1"

    def write(self, root: Path, content: Content) -> None:
        folder = root / "train" / content.name
        (folder / "gt").mkdir(parents=True, exist_ok=True)
        frames, width, height, ending = 0, 0, 0, ".jpg"
        with atomic_files.replacing(folder / "gt" / "gt.txt") as file:
            for frame in content.frames:
                frames, (width, height), ending = frames + 1, frame.size, Path(frame.picture).suffix
                file.writelines(f"{line}\n".encode() for line in lines(frame))
        atomic_files.write(folder / "gt" / "labels.txt", "".join(f"{self.label(one)}\n" for one in content.labels))
        atomic_files.write(
            folder / INI,
            f"[Sequence]\nname={content.name}\nimDir=img1\nframeRate={plain(content.fps)}\nseqLength={frames}\n"
            f"imWidth={width}\nimHeight={height}\nimExt={ending}\n",
        )


def lines(frame: FrameRows) -> list[str]:
    """Of a truth: frame, id, left, top, width, height, flag, class from 1, visibility; of findings (they have scores):
    frame, id, left, top, width, height, score, -1, -1, -1."""
    rows, written = frame.rows, []
    for place, box in enumerate(to_sizes(rows.boxes).tolist()):
        head = ",".join([str(frame.number), str(rows.tracks[place]), *map(plain, box)])
        if frame.scores is not None:
            written.append(f"{head},{plain(float(frame.scores[place]))},-1,-1,-1")
            continue
        flag = int(rows.roles[place] == Role.POSITIVE)
        visible = known(1 - float(rows.occluded[place]), "-1")
        written.append(f"{head},{flag},{rows.labels[place] + 1},{visible}")
    return written
