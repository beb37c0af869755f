"""A run as three tables: what became of every captured frame, every found box, and every labelled box."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from numpy.typing import NDArray

from edge.wire.messages import STAGES, Findings
from replay.export.columns import TABLES
from replay.export.fates import Fate, StreamFates
from replay.runs.loaded import LoadedRun
from replay.truth import Role

Table: TypeAlias = Mapping[str, Sequence[Any]]
"""By column, in the order of `replay.export.columns`; None where there is nothing."""


def table(run: LoadedRun, name: str) -> Table:
    """`frames`, `findings` or `truth`, of all streams, one after another."""
    rows = {"frames": _frames, "findings": _findings, "truth": _truth}[name]
    found: dict[str, list[Any]] = {column.name: [] for column in TABLES[name]}
    for stream in run.streams:
        fates = StreamFates(stream)
        about = (
            run.identity.run,
            stream.summary.node,
            stream.summary.stream,
            stream.summary.session,
            stream.stream.dataset or None,
            stream.stream.recording or None,
        )
        for row in rows(fates):
            for values, value in zip(found.values(), (*about, *row), strict=True):
                values.append(value)
    return found


def _frames(fates: StreamFates) -> Iterator[tuple[Any, ...]]:
    for fate in fates.frames:
        report, truth = fate.report, fate.truth
        known = None if truth is None else int(truth.of_role(Role.POSITIVE).sum())
        head = (fate.seq, fate.place, fate.status)
        if report is None:
            yield (*head, None, None, known, *([None] * (len(STAGES) + 8)))
            continue
        found = None if report.findings is None else len(report.findings.scores)
        yield (
            *head,
            report.reason or None,
            found,
            known,
            report.stamp.mono_ns,
            report.stamp.utc_ns,
            report.kind,
            *(report.stages.get(stage) for stage in STAGES),
            report.total_ns,
            report.published.mono_ns,
            report.n,
            report.model,
            report.artefact,
        )


def _findings(fates: StreamFates) -> Iterator[tuple[Any, ...]]:
    for fate in fates.frames:
        findings = fate.report.findings if fate.report is not None else None
        if findings is None:
            continue
        for rank, index, score, box, track in found_rows(findings):
            label = fates.label(index)
            counted = fates.class_of_found.get(label)
            yield (fate.seq, rank, label, index, counted, score, *box, track)


def found_rows(findings: Findings) -> Iterator[tuple[int, int, float, tuple[float, float, float, float], int | None]]:
    """Of each box: its rank, the label's index, its score, the box, its track if it has one."""
    tracks = findings.tracks or (-1,) * len(findings.scores)
    rows = zip(findings.labels, findings.scores, findings.boxes, tracks, strict=True)
    for rank, (index, score, box, track) in enumerate(rows):
        yield rank, index, score, box, None if track < 0 else track


def _truth(fates: StreamFates) -> Iterator[tuple[Any, ...]]:
    for fate in fates.frames:
        if fate.truth is not None:
            yield from _labelled(fates, fate)


def _labelled(fates: StreamFates, fate: Fate) -> Iterator[tuple[Any, ...]]:
    truth, recording = fate.truth, fates.recording
    assert truth is not None
    assert recording is not None
    columns: list[NDArray[Any]] = [
        truth.labels,
        truth.roles,
        truth.boxes,
        truth.tracks,
        truth.truncated,
        truth.occluded,
        truth.distance_m,
    ]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for index, role, box, track, *known in rows:
        label = recording.labels[index] if index >= 0 else None
        counted = None if label is None else fates.class_of_truth.get(label)
        told = [None if math.isnan(value) else value for value in known]
        yield (fate.seq, label, counted, Role(role).name.lower(), *box, None if track < 0 else track, *told)
