"""A cell, run: the same code as `gilmok replay run` and `gilmok qualify`, and its figures as they stand there."""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path

from replay.campaign.cell import Cell, Outcome
from replay.campaign.record import ChipTuple, ClassFigures, Figures, Interval
from replay.campaign.shards import run_in_shards
from replay.campaign.worlds import draw
from replay.qualify.campaign import from_record
from replay.qualify.conductor import Conductor
from replay.qualify.qualification import Qualification
from replay.runs.books import Frames
from replay.runs.offline import OfflineRun, ReplayConfig
from replay.runs.runfolder import read_identity
from replay.runs.summary import Summary
from replay.scoring.summary import AccuracySummary
from sensors import config
from sensors.clock import Clock, SystemClock

RUN = "run"


def run_cell(cell: Cell, folder: Path, clock: Clock | None = None) -> Outcome:
    """Runs it in `folder`/run, which is made anew, and returns what came of it.

    Raises what keeps a run or a qualification from beginning; a run that fails frames is an outcome with its reason.
    """
    clock = clock or SystemClock()
    out = folder / RUN
    if cell.world is not None:
        draw(cell.world)
    # What an attempt that was cut short left there is no result, and a run folder is never written into twice.
    shutil.rmtree(out, ignore_errors=True)
    if cell.at.work == "qualify":
        return _qualified(cell, out, clock)
    run = config.convert(cell.settings, ReplayConfig, "this cell")
    summary = OfflineRun(run, out, clock).run() if cell.shards == 1 else run_in_shards(run, out, cell.shards)
    return outcome_of(out, summary, cell)


def outcome_of(out: Path, summary: Summary, cell: Cell) -> Outcome:
    identity = read_identity(out)
    (who,) = identity.nodes
    return Outcome(
        figures=figures_of(summary, timed=cell.shards == 1),
        chip=ChipTuple(kind=who.backend.device_kind, facts=dict(who.backend.facts)),
        host=identity.host,
        software=identity.software,
        why=_why_failed(summary),
    )


def figures_of(summary: Summary, *, timed: bool) -> Figures:
    (stream,) = summary.streams
    found = summary.accuracy
    streaming = found.streaming
    return Figures(
        valid=summary.valid,
        invalid_because=(*summary.invalid_because, *summary.troubles),
        digest=summary.digest["detections"],
        frames=summary.frames,
        ap=_interval(found, "AP"),
        ap50=_interval(found, "AP50"),
        n_frames=int(found.coco.get("n_frames", 0)),
        n_truth=int(found.coco.get("n_truth", 0)),
        accuracy_unknown=found.unknown,
        classes={name: _class_figures(found, name, row) for name, row in found.per_class.items()},
        latency_ns=summary.latency_ns["total"] if timed else None,
        fps=stream.fps if timed else math.nan,
        streaming_ap=math.nan if streaming is None or streaming.sap_edge is None else streaming.sap_edge,
    )


def _class_figures(found: AccuracySummary, name: str, row: Mapping[str, float]) -> ClassFigures:
    return ClassFigures(
        ap=_interval(found, "AP", name), ap50=_interval(found, "AP50", name), n_truth=int(row.get("n_truth", 0))
    )


def _interval(found: AccuracySummary, figure: str, name: str | None = None) -> Interval:
    row = found.coco if name is None else found.per_class[name]
    low, high = found.interval.of(name, figure) if found.interval else (math.nan, math.nan)
    return Interval(value=row.get(figure, math.nan), low=low, high=high)


def _why_failed(summary: Summary) -> str:
    """As the exit status of `replay run` has it: a run with failed frames, or whose books don't balance, failed."""
    if summary.frames.failed:
        reasons = [reason for stream in summary.streams for reason in stream.failures]
        return f"{summary.frames.failed} of {summary.frames.captured} frames failed: {reasons[0]}"
    if not summary.books.balanced:
        return f"its books don't balance: {summary.books.complaints[0]}"
    return ""


def _qualified(cell: Cell, out: Path, clock: Clock) -> Outcome:
    conductor = Conductor(from_record(cell.settings, "this cell"), out, "gilmok campaign run", clock)
    found = conductor.run(lambda _part, _share, _what: None)
    failed = [f"{one.part}: {one.why}" for one in found.parts if one.status == "failed"]
    side = found.measured.identity.candidate
    return Outcome(
        figures=_qualified_figures(found),
        chip=ChipTuple(kind=side.device_kind, facts=side.facts, toolchain=side.toolchain),
        host=found.measured.identity.host,
        software=found.measured.identity.software.get("gilmok", ""),
        why=failed[0] if failed else "",
    )


def _qualified_figures(found: Qualification) -> Figures | None:
    """None where its accuracy was left out: latencies alone stand in the qualification."""
    accuracy, latency = found.measured.accuracy, found.measured.latency
    if accuracy is None:
        return None
    failed = sum(accuracy.failed.values())
    interval = accuracy.candidate_interval
    low, high = interval.of() if interval else (math.nan, math.nan)
    low50, high50 = interval.of(None, "AP50") if interval else (math.nan, math.nan)
    candidate = accuracy.candidate
    return Figures(
        valid=True,
        digest=accuracy.findings["candidate"],
        frames=Frames(captured=accuracy.frames, ok=accuracy.frames - failed, failed=failed, dropped=0),
        ap=Interval(value=candidate.get("AP", math.nan), low=low, high=high),
        ap50=Interval(value=candidate.get("AP50", math.nan), low=low50, high=high50),
        n_frames=accuracy.frames,
        n_truth=accuracy.n_truth or 0,
        classes={
            one.name: ClassFigures(
                ap=Interval(value=one.candidate.get("AP", math.nan)),
                ap50=Interval(value=one.candidate.get("AP50", math.nan)),
                n_truth=one.n_truth,
            )
            for one in accuracy.classes
        },
        latency_ns=latency.alone_ns if latency else None,
        fps=math.nan,
    )
