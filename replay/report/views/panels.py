"""A frame, drawn twice: the truth and the findings, as boxes over one embedded picture."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from replay.datasets.unrecognisable import OWN
from replay.metrics.matching import FALSE_ALARM, HIT
from replay.metrics.pool import Numbers
from replay.report.evidence import Evidence
from replay.report.shown_frames import ShownFrame, shown_frames
from replay.report.views.unrecognisable import NOTE, may_be_shown
from replay.truth import Role, to_sizes
from sensors.errors import GilmokError
from sensors.frame import Image

WIDTH_PX = 800
QUALITIES = (85, 78, 70, 60, 50)
SHRINK = 0.8
NARROWEST_PX = 240
NAMED_FROM = 0.035
"""A box is named if it is at least this fraction of the picture's width, so that names don't hide the road."""


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    width: float
    height: float
    kind: str
    """found, missed, alarm, other or area: a class of the style sheet."""
    text: str
    """Beside the box; empty on a small one."""
    hint: str
    """Shown where the pointer rests on it."""


@dataclass(frozen=True, slots=True)
class Panel:
    number: int
    titles: tuple[str, ...]
    sentence: str
    picture: str
    """A data URI."""
    width: int
    height: int
    truth: tuple[Box, ...]
    findings: tuple[Box, ...]


def panels(evidence: Evidence, most_bytes: int) -> tuple[list[Panel], list[str]]:
    """The shown frames drawn, each picture within `most_bytes`; and a sentence for each one that can't be."""
    drawn: list[Panel] = []
    told: list[str] = []
    # In the recording's order: a video is then decoded once.
    for shown in sorted(shown_frames(evidence.tally), key=lambda one: one.image):
        number = int(evidence.numbers[shown.image])
        try:
            image = evidence.recording.picture(number)
        except (GilmokError, KeyError) as error:
            why = error.sentence if isinstance(error, GilmokError) else "the recording has no such frame"
            told.append(f"Frame {number} ({', '.join(shown.titles).lower()}) can't be shown: {why}.")
            continue
        drawn.append(_panel(evidence, shown, number, image, most_bytes))
    if drawn and evidence.recording.dataset == OWN:
        told.append(NOTE)
    return sorted(drawn, key=lambda panel: _rank(panel.titles)), told


def _rank(titles: Sequence[str]) -> int:
    return ("Best", "Worst", "Most missed", "Most false alarms").index(titles[0])


def _panel(evidence: Evidence, shown: ShownFrame, number: int, image: Image, most_bytes: int) -> Panel:
    height, width = image.shape[:2]
    content = jpeg(may_be_shown(evidence, shown.image, image), most_bytes)
    return Panel(
        number=number,
        titles=shown.titles,
        sentence=shown.sentence,
        picture=f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}",
        width=width,
        height=height,
        truth=(*_areas(evidence, number, width), *_truth_boxes(evidence, shown.image, width)),
        findings=tuple(_finding_boxes(evidence, shown.image, width)),
    )


def jpeg(image: Image, most_bytes: int) -> bytes:
    """`image` as JPEG of at most so many bytes (or as small as NARROWEST_PX makes it), WIDTH_PX wide at most."""
    width = min(WIDTH_PX, image.shape[1])
    while True:
        scale = width / image.shape[1]
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        for quality in QUALITIES:
            _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
            if encoded.size <= most_bytes:
                return encoded.tobytes()
        if width <= NARROWEST_PX:
            return encoded.tobytes()
        width = max(NARROWEST_PX, int(width * SHRINK))


def _areas(evidence: Evidence, number: int, width_px: int) -> Iterator[Box]:
    """Where nobody labelled, and what may be found but need not be."""
    truth = evidence.recording.truth(number)
    if truth is None:
        return
    hints = {Role.REGION: "need not be found", Role.NEIGHBOUR: "of another kind: need not be found"}
    for role, hint in hints.items():
        for row in np.flatnonzero(truth.of_role(role)).tolist():
            box = to_sizes(truth.boxes[[row]])[0]
            if role == Role.REGION and truth.labels[row] < 0:
                yield _box(box, "area", "", "nobody labelled here", width_px)
            else:
                yield _box(box, "other", "", hint, width_px)


def _truth_boxes(evidence: Evidence, image: int, width_px: int) -> Iterator[Box]:
    labelled, truth = evidence.pool.labelled, evidence.pool.truth
    for row in np.flatnonzero(labelled.images == image).tolist():
        name = evidence.pool.classes[int(labelled.labels[row])]
        if labelled.roles[row] != Role.POSITIVE:
            continue
        found_at = float(evidence.found_at[row])
        found = found_at >= evidence.operating.score
        facts = [name]
        if not np.isnan(truth.distance_m[row]):
            facts.append(f"{truth.distance_m[row]:.0f} m away")
        if not np.isnan(truth.occluded[row]):
            facts.append(f"hidden {truth.occluded[row]:.2g}")
        if not np.isnan(found_at):
            facts.append(f"found with score {found_at:.2f}")
        # Where there is one class, its name would only hide the road.
        text = name if len(evidence.pool.classes) > 1 else ""
        yield _box(labelled.boxes[row], "found" if found else "missed", text, ", ".join(facts), width_px)


def _finding_boxes(evidence: Evidence, image: int, width_px: int) -> Iterator[Box]:
    outcomes = evidence.outcomes
    shown = (outcomes.found.images == image) & (outcomes.found.scores >= evidence.operating.score)
    kinds = {HIT: ("found", "right"), FALSE_ALARM: ("alarm", "false alarm")}
    # The best one last: it is drawn over the others.
    for row in np.flatnonzero(shown)[::-1].tolist():
        kind, word = kinds.get(int(outcomes.states[0, row]), ("other", "not counted"))
        name, score = evidence.pool.classes[int(outcomes.found.labels[row])], float(outcomes.found.scores[row])
        text = f"{name} {score:.2f}" if len(evidence.pool.classes) > 1 else f"{score:.2f}"
        yield _box(outcomes.found.boxes[row], kind, text, f"{name}, score {score:.2f}: {word}", width_px)


def _box(box: Numbers, kind: str, text: str, hint: str, width_px: int) -> Box:
    left, top, width, height = (float(edge) for edge in box)
    return Box(left, top, width, height, kind, text if width >= NAMED_FROM * width_px else "", hint)
