"""What simulated nodes say: the reports of a run folder, or the built-in world's truth as if somebody had found it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from edge.wire.messages import BackendBirth, Birth, Findings, FrameReport, ModelBirth, StreamBirth
from models.detections import Detections
from replay.datasets.world import WorldRecording, WorldRecordings
from replay.runs.reports import read_file, report_files
from replay.runs.runfolder import RunFolderWrong, read_identity
from sensors.clock import NS_PER_MS, Stamp
from sensors.host import software

SAMPLES = Path(__file__).parents[2] / "replay" / "samples"

MOST = 500
"""Reports of one stream that are kept; they come round again."""
SHA = "0" * 64
STAGES_NS = {"wait": 0, "prepare": 2 * NS_PER_MS, "infer": 20 * NS_PER_MS, "decode": NS_PER_MS}
"""Nobody inferred anything; a hub wants to hear of stages all the same."""
SCORE = 0.9


@dataclass(frozen=True, slots=True)
class Workload:
    """One stream: a birth with it alone, and reports that fit it."""

    birth: Birth
    reports: tuple[FrameReport, ...]
    replays: bool = False
    """The reports are of the recording's own frames, again and again, so that a hub can score them."""


def recorded(run: Path) -> list[Workload]:
    """Every stream of a run folder that has reports; raises NoRunFolder or RunFolderWrong."""
    births = read_identity(run).nodes
    found = [
        _fitting(run, births, tuple(reports))
        for path in report_files(run)
        for reports in _by_stream(islice(read_file(run, path), MOST))
    ]
    if not found:
        raise RunFolderWrong(run, "there is no report in it")
    return found


def drawn(*, replays: bool = False) -> list[Workload]:
    """The built-in world's own recordings: every object of the truth is a finding, with one score."""
    recordings = WorldRecordings(SAMPLES)
    return [_of_truth(recordings.open(name), replays) for name in recordings.recordings()]


def _by_stream(reports: Iterator[FrameReport]) -> list[list[FrameReport]]:
    streams: dict[tuple[str, str], list[FrameReport]] = {}
    for report in reports:
        streams.setdefault((report.stream, report.artefact), []).append(report)
    return list(streams.values())


def _fitting(run: Path, births: tuple[Birth, ...], reports: tuple[FrameReport, ...]) -> Workload:
    first = reports[0]
    for birth in births:
        for stream in birth.streams:
            if (stream.name, birth.model.artefact[:12]) == (first.stream, first.artefact):
                # Whose truth it was is of no interest here, and a hub would look for it.
                bare = StreamBirth(name=stream.name, source="simulated", pace="realtime", fps=stream.fps)
                return Workload(msgspec.structs.replace(birth, streams=(bare,), resumes=""), reports)
    raise RunFolderWrong(run, f"no birth in it fits the reports of {first.stream!r}")


def _of_truth(recording: WorldRecording, replays: bool) -> Workload:
    stream = StreamBirth(name="camera", source="simulated", pace="realtime", fps=recording.fps)
    if replays:
        # Not on the recording's schedule, so that no streaming accuracy can be told.
        known = {"dataset": recording.dataset, "recording": recording.name, "digest": recording.digest}
        stream = msgspec.structs.replace(stream, pace="live", **known)
    birth = Birth(
        site="simulated",
        node=recording.name,
        session=0,
        kind="roadside",
        run="simulated",
        stamp=Stamp(0, 0),
        boot="",
        host={"name": "simulated"},
        software=software(),
        streams=(stream,),
        model=ModelBirth(name="simulated", sha256=SHA, artefact=SHA, precision="none", labels=tuple(recording.labels)),
        backend=BackendBirth(name="simulated", device="none", device_kind="none", facts={}),
    )
    reports = tuple(_report(recording, number) for number in recording.numbers[:MOST])
    return Workload(birth, reports, replays)


def _report(recording: WorldRecording, number: int) -> FrameReport:
    truth = recording.truth(number)
    boxes = np.empty((0, 4), np.float32) if truth is None else truth.boxes.astype(np.float32)
    labels = np.empty(0, np.int64) if truth is None else truth.labels
    seen = labels >= 0
    found = Detections(boxes[seen], np.full(int(seen.sum()), SCORE, np.float32), labels[seen])
    return FrameReport(
        session=0,
        n=0,
        stream="camera",
        seq=number,
        stamp=Stamp(0, 0),
        kind="scheduled",
        stages=STAGES_NS,
        total_ns=sum(STAGES_NS.values()),
        published=Stamp(0, 0),
        status="ok",
        findings=Findings.of(found),
        model=SHA[:12],
        artefact=SHA[:12],
    )
