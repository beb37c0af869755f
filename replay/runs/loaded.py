"""What a page is made of: a run folder, read, and the recordings that it speaks of, opened again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.recording import Conditioned, Recording, open_recorded
from replay.runs.nan_json import convert
from replay.runs.runfolder import RunFolderWrong, RunIdentity, read_identity, read_reports, read_summary
from replay.runs.summary import StreamSummary, Summary
from replay.scoring.stream import ScoredStream
from sensors.errors import GilmokError
from sensors.foreign_text import path_of


@dataclass(frozen=True, eq=False)
class LoadedStream:
    summary: StreamSummary
    birth: Birth
    stream: StreamBirth
    reports: Sequence[FrameReport]
    recording: Recording | None
    absent: str = ""
    """Why there is no recording."""

    @property
    def name(self) -> str:
        return f"{self.summary.node}/{self.summary.stream}"

    @cached_property
    def scored(self) -> ScoredStream | None:
        """Against the recording's truth; None where there is no recording."""
        if self.recording is None:
            return None
        captured = self.summary.frames.captured
        return ScoredStream.of(
            self.reports, self.recording, self.birth.model.labels, self.stream.labels, captured=captured
        )

    @property
    def condition(self) -> str:
        """Weather and light; empty where the recording doesn't know."""
        return self.recording.condition if isinstance(self.recording, Conditioned) else ""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedRun:
    identity: RunIdentity
    summary: Summary
    streams: tuple[LoadedStream, ...]
    """In the order of the summary."""


Find = Callable[[dict[str, Any], StreamSummary, StreamBirth], tuple[Recording | None, str]]


def read_run(folder: Path, find: Find | None = None) -> LoadedRun:
    """Raises RunFolderWrong. A recording that can't be opened any more is told in its stream.

    `find`: where recordings come from, for one who reads many runs over the same ones; None: `find_recording`.
    """
    identity = read_identity(folder)
    summary = _summary(folder)
    reports = list(read_reports(folder))
    streams = tuple(_streams(folder, identity, summary, reports, find or find_recording))
    return LoadedRun(identity, summary, streams)


def _streams(
    folder: Path, identity: RunIdentity, summary: Summary, reports: Sequence[FrameReport], find: Find
) -> Iterator[LoadedStream]:
    births = {(birth.node, birth.session): birth for birth in identity.nodes}
    start = 0
    for one in summary.streams:
        # A report doesn't name its node: the file holds the streams one after another, in the summary's order.
        end = start + one.frames.ok + one.frames.failed
        mine, start = reports[start:end], end
        birth = births.get((one.node, one.session))
        told = [stream for stream in birth.streams if stream.name == one.stream] if birth else []
        strangers = any((report.session, report.stream) != (one.session, one.stream) for report in mine)
        if birth is None or not told or strangers or len(mine) != one.frames.ok + one.frames.failed:
            raise RunFolderWrong(folder, f"its files disagree about stream {one.node}/{one.stream}")
        recording, absent = find(identity.scenario, one, told[0])
        yield LoadedStream(one, birth, told[0], mine, recording, absent)
    if start != len(reports):
        raise RunFolderWrong(folder, f"its files disagree: {len(reports)} reports, and {start} in the summary")


def find_recording(scenario: dict[str, Any], one: StreamSummary, stream: StreamBirth) -> tuple[Recording | None, str]:
    """The recording that ran, by its digest, where the scenario says it lies; else None and why."""
    if not stream.dataset:
        return None, f"the stream comes from a source of kind {stream.source!r}, which knows no truth"
    root = _root(scenario, one)
    if root is None:
        return None, "run.json doesn't say where the recording lies"
    try:
        recording = open_recorded(stream.dataset, root, stream.recording)
        unchanged = recording.digest == stream.digest
    except (GilmokError, OSError) as error:
        return None, error.sentence if isinstance(error, GilmokError) else str(error)
    if not unchanged:
        return None, f"the recording in {root} is not the one that ran: its digest differs"
    return recording, ""


def _root(scenario: dict[str, Any], one: StreamSummary) -> Path | None:
    """Where the stream's data set lies, by a scenario of `gilmok run` or the configuration of `gilmok replay run`."""
    if "root" in scenario:
        return path_of(str(scenario["root"]))
    for node in scenario.get("nodes", ()):
        for stream in node.get("streams", ()) if node.get("name") == one.node else ():
            if stream.get("name") == one.stream:
                root = stream.get("source", {}).get("options", {}).get("root")
                return None if root is None else path_of(str(root))
    return None


def _summary(folder: Path) -> Summary:
    try:
        return convert(read_summary(folder), Summary)
    except msgspec.ValidationError as error:
        raise RunFolderWrong(folder, f"summary.json: {error}") from error
