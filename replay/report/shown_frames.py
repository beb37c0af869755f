"""Which frames are shown, and why each of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from replay.metrics.pool import Index, Numbers
from replay.report.evidence import Tally


@dataclass(frozen=True, slots=True)
class ShownFrame:
    image: int
    """Its place among the scored frames."""
    titles: tuple[str, ...]
    sentence: str


def shown_frames(tally: Tally) -> list[ShownFrame]:
    """The best, the worst, the most missed and the most false alarms, of the answered frames that a truth is known of.

    One frame may be several of these; none is shown for what didn't happen.
    """
    titles: dict[int, list[str]] = {}
    for title, image in _extremes(tally):
        titles.setdefault(image, []).append(title)
    return [ShownFrame(image, tuple(named), _sentence(tally, image)) for image, named in titles.items()]


def _extremes(tally: Tally) -> Iterator[tuple[str, int]]:
    f1, there = tally.f1, tally.hits + tally.missed
    full = np.flatnonzero(tally.answered & (there > 0))
    if len(full):
        yield "Best", _first(full, -f1, -there)
        if f1[full].min() < 1:
            yield "Worst", _first(full, f1, -there)
        if tally.missed[full].max() > 0:
            yield "Most missed", _first(full, -tally.missed, f1)
    # Also on an empty road.
    alarmed = np.flatnonzero(tally.answered & (tally.false_alarms > 0))
    if len(alarmed):
        yield "Most false alarms", _first(alarmed, -tally.false_alarms, f1)


def _first(candidates: Index, *keys: Numbers | Index) -> int:
    """Of the candidates the one that comes first by the keys, the first key deciding, then the earlier frame."""
    order = np.lexsort([key[candidates] for key in reversed(keys)])
    return int(candidates[order[0]])


def _sentence(tally: Tally, image: int) -> str:
    hits, missed, false = (int(column[image]) for column in (tally.hits, tally.missed, tally.false_alarms))
    there = hits + missed
    objects = "The one object was" if there == 1 else f"All {there} objects were"
    if there == 0:
        told = "Nothing was there"
    elif missed == 0:
        told = f"{objects} found"
    elif hits == 0:
        told = "The one object was missed" if there == 1 else f"All {there} objects were missed"
    else:
        told = f"{hits} of {there} objects {'was' if hits == 1 else 'were'} found, {missed} missed"
    alarms = {0: "without a false alarm", 1: "with one false alarm"}.get(false, f"with {false} false alarms")
    return f"{told}, {alarms} (F1 {tally.f1[image]:.2f})."
