"""Run folders whose figures are known by hand: drives with one car and one walker in every frame, found so often.

Whatever is found is found exactly and nothing else is, so precision is 1 and the average precision of a class that is
found in h of n frames is (⌊100 h/n⌋ + 1) / 101, at every threshold; 0 where it is never found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.wire.messages import (
    BackendBirth,
    Birth,
    Findings,
    FrameReport,
    ModelBirth,
    PaceName,
    Pacing,
    StreamBirth,
    StreamCounters,
)
from replay.metrics.node_model import Shape, Work, simulated
from replay.recording import Recording, open_dataset
from replay.runs.reports import write_reports
from replay.runs.runfolder import RunFolder, RunIdentity
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import summarise
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp
from sensors.pace.pacing import Schedule

PERSON, CAR = 0, 1
BOXES = {"Car": (10.0, 10.0, 60.0, 60.0), "Pedestrian": (100.0, 10.0, 120.0, 70.0)}
BOUND_MS = 5.0
DATASET = "kitti-tracking"


def ap_of(hits: int, frames: int) -> float:
    return (100 * hits // frames + 1) / 101 if hits else 0.0


def write_drives(root: Path, n: int = 10, frames: int = 10) -> Path:
    """Drives 0000, 0001, ...; their pictures are no pictures, since nobody looks at them."""
    for drive in range(n):
        folder = root / "training" / "image_02" / f"{drive:04}"
        folder.mkdir(parents=True)
        for number in range(frames):
            (folder / f"{number:06}.png").write_text(f"drive {drive}, frame {number}")
        lines = [
            f"{number} {track} {label} 0 0 0 {' '.join(map(str, box))} 1 1 1 1 1 1 1"
            for number in range(frames)
            for track, (label, box) in enumerate(BOXES.items())
        ]
        labels = root / "training" / "label_02" / f"{drive:04}.txt"
        labels.parent.mkdir(exist_ok=True)
        labels.write_text("\n".join(lines) + "\n")
    return root


@dataclass(frozen=True, kw_only=True)
class Played:
    """How a made run answered one drive."""

    root: Path
    drive: int = 0
    cars: int = 10
    """In so many frames, from the first on, the car was found."""
    walkers: int = 10
    latency_ms: Sequence[float] = (20.0,)
    """Of the frames in turn, from the start again when they run out."""
    pace: PaceName = "lockstep"
    frames: int | None = None
    model: str = "tiny"
    labels: tuple[str, ...] = ()
    knows: tuple[str, ...] = ("person", "car")
    dropped: int = 0
    """So many frames, the last ones."""
    late_ms: float = 0.0
    """The camera's own lateness."""
    unreported: int = 0
    """Reports that were counted and never came."""
    name: str = "replay"
    started_utc_ns: int = 0
    threads: int = 1
    to_hub_ms: float | None = None
    """Beyond the latency, of every frame; None: there was no hub."""
    clock_bound_ms: float = 0.0
    calibrated_on: tuple[int, ...] = ()
    """Frames of the first drive that the artefact's quantiser has seen."""
    node: tuple[Work, Shape] | None = None
    """Takes and drops frames as such a node would, instead of `latency_ms` and `dropped`."""


def write_run(folder: Path, *played: Played, interrupted: bool = False) -> Path:
    """One run with a stream for each drive that was played; returns its folder."""
    recordings = [open_dataset(DATASET, one.root).open(f"{one.drive:04}") for one in played]
    streams = tuple(_stream(one, recording) for one, recording in zip(played, recordings, strict=True))
    who = _birth(folder.name, played[0], streams)
    records = [
        _record(who, stream, one, recording) for stream, one, recording in zip(streams, played, recordings, strict=True)
    ]
    made = RunFolder(folder)
    made.write_identity(
        RunIdentity(
            run=folder.name,
            software=who.software,
            started_utc_ns=played[0].started_utc_ns,
            scenario={"root": str(played[0].root), "backend": {"options": {"threads": played[0].threads}}},
            clock={},
            host=who.host,
            nodes=(who,),
        )
    )
    write_reports(made, ((who.node, record.stream.name, record.reports) for record in records))
    made.write_summary(summarise(folder.name, records, interrupted=interrupted))
    return folder


def write_group(folder: Path, root: Path, cars: Sequence[int], **more: object) -> Path:
    """One run a drive; `cars` says in how many frames each drive's car was found."""
    for drive, hits in enumerate(cars):
        write_run(folder / f"run-{drive:02}", Played(root=root, drive=drive, cars=hits, **more))  # type: ignore[arg-type]
    return folder


def _stream(one: Played, recording: Recording) -> StreamBirth:
    return StreamBirth(
        name=one.name,
        source="recording",
        pace=one.pace,
        fps=recording.fps,
        dataset=recording.dataset,
        recording=recording.name,
        digest=recording.digest,
        labels=one.labels,
        pacing_bound_ms=BOUND_MS if one.pace == "realtime" else None,
    )


def _birth(run: str, one: Played, streams: tuple[StreamBirth, ...]) -> Birth:
    return Birth(
        site="offline",
        node="replay",
        session=0,
        kind="roadside",
        run=run,
        stamp=Stamp(0, one.started_utc_ns),
        boot="made",
        host={"name": "bench", "machine": "x86_64"},
        software="0.1.0",
        streams=streams,
        model=ModelBirth(
            name=one.model, sha256=one.model.encode().hex().ljust(64, "0"), artefact="a" * 64, precision="fp32",
            labels=one.knows, calibration={streams[0].digest: one.calibrated_on} if one.calibrated_on else {},
        ),
        backend=BackendBirth(name="onnxruntime", device="cpu", device_kind="cpu", facts={"runtime": "1"}),
    )  # fmt: skip


def _record(who: Birth, stream: StreamBirth, one: Played, recording: Recording) -> StreamRecord:
    captured = one.frames or len(recording.numbers)
    reports = _reports(who, stream, one, captured - one.dropped - one.unreported)
    answered = len(reports) + one.unreported
    late_ns = round(one.late_ms * NS_PER_MS)
    pacing = Pacing(p50_ns=late_ns, p99_ns=late_ns, max_ns=late_ns, n=captured) if one.pace == "realtime" else None
    counters = StreamCounters(captured=captured, ok=answered, dropped=captured - answered, pacing=pacing)
    record = StreamRecord(who, stream, reports, counters, True, None, recording)
    if one.to_hub_ms is None:
        return record
    to_hub_ns, bound_ns = round(one.to_hub_ms * NS_PER_MS), round(one.clock_bound_ms * NS_PER_MS)
    return replace(
        record,
        hub_latency_ns=[report.total_ns + to_hub_ns for report in reports],
        received_ns=[report.published.mono_ns + to_hub_ns for report in reports],
        received_bound_ns=[bound_ns] * len(reports),
    )


def work(infer_ms: Sequence[float]) -> Work:
    """What frames take of a node that does nothing but infer."""
    none = np.zeros(len(infer_ms), np.int64)
    infer_ns = np.array([round(one * NS_PER_MS) for one in infer_ms], np.int64)
    return Work(none, none, infer_ns, none, none, none > 0)


def _reports(who: Birth, stream: StreamBirth, one: Played, answered: int) -> list[FrameReport]:
    if one.node is None:
        took = [round(one.latency_ms[n % len(one.latency_ms)] * NS_PER_MS) for n in range(answered)]
        return [_report(who, stream, one, n, n, {"wait": 0, "infer": took[n]}) for n in range(answered)]
    schedule = Schedule(NS_PER_S, stream.fps or 10)
    due_ns = np.array([schedule.due_ns(seq) for seq in range(answered)], np.int64)
    rows, passed = simulated(due_ns, *one.node)
    waits = (passed.taken_ns - passed.there_ns).tolist()
    infers = (passed.answered_ns - passed.submitted_ns).tolist()
    return [
        _report(who, stream, one, n, seq, {"wait": wait, "infer": infer})
        for n, (seq, wait, infer) in enumerate(zip(rows.tolist(), waits, infers, strict=True))
    ]


def _report(who: Birth, stream: StreamBirth, one: Played, n: int, seq: int, stages: dict[str, int]) -> FrameReport:
    latency_ns = sum(stages.values())
    due_ns = Schedule(NS_PER_S, stream.fps or 10).due_ns(seq)
    found = [(label, BOXES[name]) for label, name, hits in
             ((CAR, "Car", one.cars), (PERSON, "Pedestrian", one.walkers)) if seq < hits]  # fmt: skip
    return FrameReport(
        session=0,
        n=n,
        stream=stream.name,
        seq=seq,
        stamp=Stamp(due_ns, due_ns),
        kind="scheduled" if one.pace == "realtime" else "arrival",
        stages={"prepare": 0, "decode": 0, **stages},
        total_ns=latency_ns,
        published=Stamp(due_ns + latency_ns, due_ns + latency_ns),
        status="ok",
        findings=Findings(
            boxes=tuple(box for _, box in found),
            scores=tuple(0.9 for _ in found),
            labels=tuple(one.knows.index(("person", "car")[label]) for label, _ in found),
        ),
        model=who.model.sha256[:12],
        artefact=who.model.artefact[:12],
    )
