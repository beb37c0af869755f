"""A run folder, read: what ran, its figures, and every stream's reports with the recording that they are of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from edge.wire.messages import Birth, FrameReport, StreamBirth
from replay.recording import Conditioned, Recording
from replay.runs.digests import findings_digest
from replay.runs.nan_json import convert
from replay.runs.recordings import Recordings
from replay.runs.reports import read_file, report_files
from replay.runs.runfolder import (
    FLAT_REPORTS,
    REPORTS,
    SUMMARY,
    RunFolderWrong,
    RunIdentity,
    read_identity,
    read_summary,
    reports_file,
)
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import StreamSummary, Summary, summarise, with_streams
from replay.runs.unscored import is_unscored, scored_now
from replay.scoring.stream import ScoredStream

UNFINISHED = f"there is no {SUMMARY}: the run was killed, or its disk was full; what follows is made from its reports"


@dataclass(frozen=True, eq=False)
class LoadedStream:
    summary: StreamSummary
    birth: Birth
    stream: StreamBirth
    reports: Sequence[FrameReport]
    scenario: dict[str, Any]
    recordings: Recordings
    """Where the recording is looked for, when it is first asked for."""

    @property
    def name(self) -> str:
        return f"{self.summary.node}/{self.summary.stream}"

    @cached_property
    def _looked_for(self) -> tuple[Recording | None, str]:
        return self.recordings.find(self.scenario, self.summary.node, self.stream)

    @property
    def recording(self) -> Recording | None:
        """The one that ran, by its digest; None where it can't be opened any more."""
        return self._looked_for[0]

    @property
    def absent(self) -> str:
        """Why there is no recording."""
        return self._looked_for[1]

    @cached_property
    def scored(self) -> ScoredStream | None:
        """Against the recording's truth; None where there is no recording."""
        if self.recording is None:
            return None
        captured = self.summary.frames.captured
        return ScoredStream.of(
            self.reports,
            self.recording,
            self.birth.model.labels,
            self.stream.labels,
            captured=captured,
            wanted=self.stream.classes,
            unreported=self.summary.unreported,
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


def read_run(folder: Path, recordings: Recordings | None = None) -> LoadedRun:
    """A run that never came to its summary is read as far as it goes, and marked as cut short; one that a signal left
    unscored is scored.

    `recordings`: for one who reads many runs over the same ones. Raises NoRunFolder, or RunFolderWrong where files are
    missing, cut off, or say something else than the summary.
    """
    identity, known = read_identity(folder), recordings or Recordings()
    if not (folder / SUMMARY).exists():
        return _unfinished(folder, identity, known)
    summary = _summary(folder)
    flat = not (folder / REPORTS).is_dir()
    parts = _cut_by_counts(folder, summary) if flat else _by_stream(folder, summary)
    streams = []
    for one, reports in zip(summary.streams, parts, strict=True):
        birth, stream = _birth_of(folder, identity, one)
        _check(folder, one, reports)
        loaded = LoadedStream(one, birth, stream, reports, identity.scenario, known)
        streams.append(replace(loaded, summary=_scored(loaded)) if is_unscored(one) else loaded)
    if any(is_unscored(one) for one in summary.streams):
        summary = with_streams(summary, [one.summary for one in streams])
    return LoadedRun(identity, summary, tuple(streams))


def _scored(one: LoadedStream) -> StreamSummary:
    return scored_now(one.summary, one.birth, one.stream, one.reports, one.recording, one.absent)


def _by_stream(folder: Path, summary: Summary) -> list[list[FrameReport]]:
    """The reports of each stream of the summary, out of its own file."""
    by_session: dict[Path, dict[tuple[int, str], list[FrameReport]]] = {}
    for path in {*report_files(folder), *(reports_file(folder, one.node, one.stream) for one in summary.streams)}:
        sessions = by_session[path] = {}
        for report in read_file(folder, path):
            sessions.setdefault((report.session, report.session_id), []).append(report)
    parts: list[list[FrameReport]] = []
    for one in summary.streams:
        sessions = by_session[reports_file(folder, one.node, one.stream)]
        parts.append([report for name in _sessions(one) for report in sessions.pop(name, [])])
    for path, left in by_session.items():
        if n := sum(map(len, left.values())):
            name = path.relative_to(folder)
            raise RunFolderWrong(folder, f"its files disagree: {n} reports in {name} are of no stream of the summary")
    return parts


def _sessions(one: StreamSummary) -> list[tuple[int, str]]:
    return [(one.session, one.session_id), *((later.count, later.id) for later in one.continued_by)]


def _cut_by_counts(folder: Path, summary: Summary) -> list[list[FrameReport]]:
    """Of a run of the first versions: one file holds the streams one after another, in the summary's order."""
    reports = list(read_file(folder, folder / FLAT_REPORTS))
    parts, start = [], 0
    for one in summary.streams:
        end = start + one.frames.ok + one.frames.failed
        parts.append(reports[start:end])
        start = end
    if start != len(reports):
        raise RunFolderWrong(folder, f"its files disagree: {len(reports)} reports, and {start} in the summary")
    return parts


def _birth_of(folder: Path, identity: RunIdentity, one: StreamSummary) -> tuple[Birth, StreamBirth]:
    for birth in identity.nodes:
        if (birth.node, birth.session) == (one.node, one.session) and one.session_id in ("", birth.session_id):
            for stream in birth.streams:
                if stream.name == one.stream:
                    return birth, stream
    raise RunFolderWrong(folder, f"its files disagree: run.json knows no stream {one.node}/{one.stream}")


def _check(folder: Path, one: StreamSummary, reports: Sequence[FrameReport]) -> None:
    """Raises RunFolderWrong where these are not the reports that the summary was made from."""
    name = f"{one.node}/{one.stream}"
    counts = {count for count, _ in _sessions(one)}
    if any(report.session not in counts or report.stream != one.stream for report in reports):
        raise RunFolderWrong(folder, f"its files disagree: among the reports of {name} are those of another stream")
    ok = sum(report.status == "ok" for report in reports)
    if (ok, len(reports) - ok) != (one.frames.ok, one.frames.failed):
        raise RunFolderWrong(
            folder,
            f"its files disagree about stream {name}: {ok} reports are ok and {len(reports) - ok} failed; the summary "
            f"says {one.frames.ok} and {one.frames.failed}",
        )
    if findings_digest(reports) != one.digest.get("detections"):
        raise RunFolderWrong(folder, f"its files disagree: the summary was made from other findings of {name}")


def _unfinished(folder: Path, identity: RunIdentity, recordings: Recordings) -> LoadedRun:
    """The figures of what was reported until the run broke off."""
    records = list(_records(folder, identity, recordings))
    if not any(record.reports for record in records):
        raise RunFolderWrong(folder, f"{SUMMARY} is missing, and there are no reports to make one from")
    summary = summarise(identity.run, records, [UNFINISHED], interrupted=True)
    streams = [
        LoadedStream(one, record.birth, record.stream, record.reports, identity.scenario, recordings)
        for one, record in zip(summary.streams, records, strict=True)
    ]
    return LoadedRun(identity, summary, tuple(streams))


def _records(folder: Path, identity: RunIdentity, recordings: Recordings) -> Iterator[StreamRecord]:
    if not (folder / REPORTS).is_dir():
        raise RunFolderWrong(folder, f"{SUMMARY} is missing")
    for birth in identity.nodes:
        for stream in birth.streams:
            path = reports_file(folder, birth.node, stream.name)
            reports = list(read_file(folder, path, cut_off=True)) if path.exists() else []
            recording, absent = recordings.find(identity.scenario, birth.node, stream)
            yield StreamRecord(
                birth=birth,
                stream=stream,
                reports=[one for one in reports if (one.session, one.session_id) == (birth.session, birth.session_id)],
                counters=None,
                final=False,
                hub_latency_ns=None,
                recording=recording,
                truth_unknown=absent,
            )


def _summary(folder: Path) -> Summary:
    try:
        return convert(read_summary(folder), Summary)
    except msgspec.ValidationError as error:
        raise RunFolderWrong(folder, f"{SUMMARY}: {error}") from error
