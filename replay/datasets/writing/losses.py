"""What a layout can't hold of a recording: counted frame by frame, told before anything is written."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from replay.datasets.soundness import counted
from replay.datasets.writing.content import Writer
from replay.recording import Recording, unsound
from replay.truth import OPTIONAL, Role, Truth

SAME_PX = 1e-6
"""What a box may shift by being written in another way: as a centre and a size, or as a fraction of the picture."""
SAME = 1e-5
COLUMNS = {
    "truncated": "truncation",
    "occluded": "occlusion",
    "distance_m": "distance",
    "areas": "outline's area",
}
WHY = {
    Role.POSITIVE: "",
    Role.NEIGHBOUR: "that may be found but need not be",
    Role.REGION: "in which any number may be found",
    Role.INVISIBLE: "that nobody could see",
}
NOUNS = {role: "region" if role is Role.REGION else "box" for role in Role}
SHOWN = 6


class Losses:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._tracks: set[int] = set()

    def add(self, before: Truth, kept: Truth, dropped: Truth) -> None:
        """`kept` are the rows of `before` as they are read back, `dropped` those that can't be written."""
        for role in Role:
            rows = dropped.of_role(role)
            self._counts[role.name] += int((rows & (dropped.labels >= 0)).sum())
            self._counts[f"{role.name} unclassed"] += int((rows & (dropped.labels < 0)).sum())
        self._tracks.update(before.tracks[(before.tracks >= 0) & (kept.tracks < 0)].tolist())
        self._counts["tracked"] += int(((before.tracks >= 0) & (kept.tracks < 0)).sum())
        self._counts["unclassed"] += int(((before.labels >= 0) & (kept.labels < 0)).sum())
        self._counts["roles"] += int((before.roles != kept.roles).sum())
        self._counts["moved"] += int((np.abs(before.boxes - kept.boxes) > SAME_PX).any(axis=1).sum())
        for name in OPTIONAL:
            one, other = getattr(before, name), getattr(kept, name)
            self._counts[f"no {name}"] += int((~np.isnan(one) & np.isnan(other)).sum())
            self._counts[f"other {name}"] += int((np.abs(one - other) > SAME).sum())

    def told(self) -> Iterator[str]:
        counts = self._counts
        for role in Role:
            for classed in (True, False):
                if n := counts[role.name if classed else f"{role.name} unclassed"]:
                    of = "of a class, " if classed and role is Role.REGION else ""
                    yield f"{counted(n, NOUNS[role])} {of}{WHY[role]}".rstrip()
        if n := counts["tracked"]:
            yield f"which boxes are one object: {counted(len(self._tracks), 'track')} of {counted(n, 'box')}"
        if n := counts["unclassed"]:
            yield f"the class of {counted(n, 'region')}"
        if n := counts["roles"]:
            yield f"why {counted(n, 'box')} need not be found: written as not looked at"
        if n := counts["moved"]:
            yield f"the exact place of {counted(n, 'box')}: cut at the picture's edge, or rounded"
        for name, word in COLUMNS.items():
            if n := counts[f"no {name}"]:
                yield f"the {word} of {counted(n, 'box')}"
            if n := counts[f"other {name}"]:
                yield f"the exact {word} of {counted(n, 'box')}: written in the layout's own steps"


def of_recording(
    recording: Recording, writer: Writer, fps: float, unlabelled: int, merged: Mapping[str, str]
) -> Iterator[str]:
    """What doesn't depend on any one frame; `merged`: labels that are written under another name."""
    yield from (f"what is not sound: {sentence}" for sentence in unsound(recording))
    if unlabelled:
        yield f"{counted(unlabelled, 'picture')} that nobody labelled"
    if writer.rate is not None and fps > 0 and writer.rate != fps:
        shown = "" if math.isnan(writer.rate) else f": every {writer.layout} recording has {writer.rate:g}"
        yield f"the frame rate, {fps:g} a second{shown}"
    names = {label: writer.label(merged.get(label, label)) for label in recording.labels}
    if other := [f"{label} is {name}" for label, name in names.items() if label != name]:
        yield f"names as they were: {_some(other)}"
    if list(writer.numbers(recording.numbers)) != list(recording.numbers):
        yield "the frames' own numbers: they are counted anew from 1"
    for name, group in recording.groups.items():
        written = {names[label] for label in group.truth if label in names}
        together = any(written <= set(one.truth) for one in writer.groups.values())
        if len(written) > 1 and not together and not group.on_request:
            yield f"that {_some(group.truth)} are scored as one class, {name}"
    if recording.note:
        yield f"the note that goes with every score: {recording.note}"


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (", ..." if len(words) > SHOWN else "")
