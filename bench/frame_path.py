"""How much of a frame is not inference: end-to-end frames/s over raw `session.run` frames/s, and where the CPU goes.

    python -P bench/frame_path.py --model ../shared/models/yolox_nano.onnx \
        --dataset ua-detrac --root ../shared/recordings/UA-DETRAC --name MVI_40201

Raw and end-to-end take turns in one process, since these machines drift; figures are medians over the rounds, and the
ratio is of neighbours. End-to-end is the whole way: read, decode the picture, prepare, infer, decode, report, encode.
Bare is the least that anybody's program must do on the same cores: read and decode the picture, infer.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from bench.program import measured
from edge.assembly import loaded
from edge.config import BackendChoice, ModelChoice
from edge.device.backend import PipelinedSession
from edge.pipeline import Pipeline
from edge.stream import Stream
from edge.wire.messages import FrameReport, encode
from replay.recording import Recording, open_dataset
from replay.source import RecordingSource
from sensors.clock import Clock, SystemClock
from sensors.frame import Array
from sensors.pace.pacing import Lockstep
from sensors.ranges import Count, Several, Threads, in_range
from sensors.terminal.command_line import command_parser


def figures() -> dict[str, object]:
    chosen = asked()
    clock = SystemClock()
    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    choice = BackendChoice(options={"threads": chosen.threads, "sessions": chosen.sessions})
    raw, whole, ratios, over_bare, beyond, jpeg = [], [], [], [], [], []
    stages: dict[str, list[float]] = {}

    def deliver(report: FrameReport) -> None:
        encode(report)
        for stage, duration_ns in report.stages.items():
            stages.setdefault(stage, []).append(duration_ns / 1e6)

    with loaded(ModelChoice.of(chosen.model), choice, Path()) as parts:
        pipeline = parts.pipeline(clock)
        first = next(iter(recording.frames("bench", clock)))
        feed = pipeline.prepared(first.image)
        infer_only = partial(inferred, parts.session, pipeline, feed, chosen.frames)
        infer_only()
        for _ in range(chosen.rounds):
            raw_s, raw_cpu_s = timed(infer_only)
            _, pictures_cpu_s = timed(partial(decoded, recording, chosen.frames))
            bare_s, _ = timed(partial(bare, parts.session, pipeline, feed, recording, chosen.frames))
            drive = a_drive(chosen, pipeline, clock)
            whole_s, whole_cpu_s = timed(partial(drive.run, deliver))
            raw.append(chosen.frames / raw_s)
            whole.append(chosen.frames / whole_s)
            ratios.append(raw_s / whole_s)
            over_bare.append(bare_s / whole_s)
            jpeg.append(pictures_cpu_s / chosen.frames * 1e3)
            beyond.append((whole_cpu_s - raw_cpu_s) / chosen.frames * 1e3)
    return {
        "model": parts.manifest.name,
        "recording": f"{chosen.dataset} {chosen.name}",
        "threads": chosen.threads,
        "sessions": chosen.sessions,
        "n_frames": chosen.frames,
        "n_rounds": chosen.rounds,
        "raw_fps": middle(raw),
        "end_to_end_fps": middle(whole),
        "ratio": middle(ratios),
        "over_bare": middle(over_bare),
        "picture_cpu_ms": middle(jpeg),
        "cpu_ms_a_frame_beyond_inference": middle(beyond),
        "stage_ms_p50": {stage: round(statistics.median(values), 3) for stage, values in stages.items()},
    }


def asked() -> argparse.Namespace:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--frames", type=in_range(Count), default=100, help="frames a round (default: %(default)s)")
    parser.add_argument("--rounds", type=in_range(Count), default=5)
    parser.add_argument("--threads", type=in_range(Threads), default=1)
    parser.add_argument("--sessions", type=in_range(Several), default=1)
    return parser.parse_args()


def inferred(session: PipelinedSession, pipeline: Pipeline, feed: Array, frames: int) -> None:
    """The same tensor so many times, with as many in flight as the pipeline has."""
    pending: list[Any] = []
    for _ in range(frames):
        if pipeline.depth == 1:
            session.run([feed])
            continue
        if len(pending) == pipeline.depth:
            session.collect(pending.pop(0))
        pending.append(session.submit([feed]))
    for ticket in pending:
        session.collect(ticket)


def decoded(recording: Recording, frames: int) -> None:
    """Read and decode, and nothing else."""
    for number in recording.numbers[:frames]:
        recording.picture(number)


def bare(session: PipelinedSession, pipeline: Pipeline, feed: Array, recording: Recording, frames: int) -> None:
    """Each picture read and decoded, and a tensor inferred, with as many in flight as the device takes."""
    pending: list[Any] = []
    for number in recording.numbers[:frames]:
        recording.picture(number)
        if pipeline.depth == 1:
            session.run([feed])
            continue
        if len(pending) == pipeline.depth:
            session.collect(pending.pop(0))
        pending.append(session.submit([feed]))
    for ticket in pending:
        session.collect(ticket)


def a_drive(chosen: argparse.Namespace, pipeline: Pipeline, clock: Clock) -> Stream:
    """Opening a data set reads its labels; that is no part of a frame."""
    options = RecordingSource.Options(dataset=chosen.dataset, root=chosen.root, recording=chosen.name)
    source = RecordingSource(options, stream="bench", clock=clock)
    return Stream("bench", Lockstep(source, clock, chosen.frames), pipeline)


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds (of all threads)."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    work()
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def middle(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        name: round(value, 3)
        for name, value in zip(
            ("median", "min", "max"), (statistics.median(ordered), ordered[0], ordered[-1]), strict=True
        )
    }


if __name__ == "__main__":
    measured(figures)
