"""A run folder in a notebook: shown by its figures and a frame, and as tables."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

from edge.live_view.drawing import with_boxes
from replay.export.fates import StreamFates
from replay.export.run_table import RunTable
from replay.export.tables import table
from replay.runs.loaded import LoadedRun, LoadedStream
from sensors.errors import GilmokError
from sensors.frame import Image
from sensors.terminal import figures
from sensors.terminal.figures import ms, number

SHOWN_WIDTH = 720
SHOWN_SCORE = 0.3
HEADS = (
    "stream",
    "recording",
    "ok",
    "failed",
    "dropped",
    "p50 ms",
    "p99 ms",
    "n",
    "AP50 (95 %)",
    "AP (95 %)",
    "pictures",
    "boxes",
)


@dataclass(frozen=True, slots=True, eq=False)
class Run(LoadedRun):
    """Who ran (`identity`), its figures (`summary`), each stream with its reports (`streams`); and its tables."""

    def frames(self) -> RunTable:
        """A row for each captured frame: its fate, stamps and stages in nanoseconds, how much was found."""
        return RunTable("frames", table(self, "frames"))

    def findings(self) -> RunTable:
        """A row for each found box, in pixels; frames that failed or were dropped have none: see `frames`."""
        return RunTable("findings", table(self, "findings"))

    def truth(self) -> RunTable:
        """A row for each labelled box of the frames that were captured; none where the recording isn't here."""
        return RunTable("truth", table(self, "truth"))

    def __repr__(self) -> str:
        frames = self.summary.frames
        return (
            f"<Run {self.identity.run}: {len(self.streams)} streams, {frames.captured:,} frames captured, "
            f"{frames.ok:,} ok, {frames.failed:,} failed, {frames.dropped:,} dropped>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr>{''.join(f'<td>{escape(one)}</td>' for one in _cells(s))}</tr>" for s in self.streams)
        wrong = [*self.summary.troubles, *(f"this run is invalid: {why}" for why in self.summary.invalid_because)]
        notes = "".join(f"<p>{escape(line)}</p>" for line in wrong)
        picture = next((shown for stream in self.streams if (shown := _picture(stream))), "")
        head = "".join(f"<th>{escape(name)}</th>" for name in HEADS)
        return (
            f"<p><b>{escape(self.identity.run)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"{notes}{picture}"
        )


def _cells(stream: LoadedStream) -> Iterator[str]:
    summary = stream.summary
    total, coco = summary.latency_ns["total"], summary.accuracy.coco
    yield from (stream.name, summary.recording or "-")
    yield from (f"{n:,}" for n in (summary.frames.ok, summary.frames.failed, summary.frames.dropped))
    yield from ("-" if value is None else ms(value) for value in (total.p50, total.p99))
    yield f"{total.n:,}"
    sure = summary.accuracy.interval
    known: dict[str, float | None] = {**coco, **(sure.ends("AP50", "AP") if sure else {})}
    yield from (figures.sure(known, name, to=" to ") for name in ("AP50", "AP"))
    yield from (number(coco.get(name), 0) for name in ("n_frames", "n_truth"))


def _picture(stream: LoadedStream) -> str:
    """The answered frame with the most findings, as HTML; empty where its picture isn't here."""
    fates = StreamFates(stream)
    if fates.recording is None:
        return ""
    best = max(
        ((int((scores >= SHOWN_SCORE).sum()), -fate.seq, fate) for fate, _, scores in fates.answered() if fate.place),
        key=lambda one: one[:2],
        default=None,
    )
    if best is None:
        return ""
    count, _, fate = best
    assert fate.report is not None
    assert fate.report.findings is not None
    found = fate.report.findings.detections()
    try:
        image = fates.recording.picture(fate.seq)
    except GilmokError:
        return ""
    labels = [fates.label(index) for index in range(int(found.labels.max(initial=0)) + 1)]
    drawn = _smaller(with_boxes(image, found.pick(found.scores >= SHOWN_SCORE), labels))
    data = base64.b64encode(cv2.imencode(".jpg", drawn)[1].tobytes()).decode()
    told = f"{stream.name}, frame {fate.seq}: {count} findings with a score of at least {SHOWN_SCORE:g}"
    shown = f'<img alt="{escape(told)}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{shown}<figcaption>{escape(told)}</figcaption></figure>"


def _smaller(image: Image) -> Image:
    height, width = image.shape[:2]
    if width <= SHOWN_WIDTH:
        return image
    size = (SHOWN_WIDTH, max(1, round(height * SHOWN_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
