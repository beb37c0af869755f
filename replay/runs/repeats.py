"""Does the same recording give the same answers every time; and if not, from which frame and stage on?

The frame path is the one of every run; a witness around the session sees what goes in and what comes out.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge.assembly import Loaded, loaded, open_stream
from edge.device.backend import PipelinedSession, Tensors
from edge.device.delegating import DelegatingSession
from edge.wire.messages import FrameReport
from replay.runs.digests import findings_digest
from replay.runs.offline import ReplayConfig
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.record import Record

STAGES = ("prepare", "infer", "decode", "track")
LEAST_REPEATS = 2


class TooFewRepeats(GilmokError):
    def __init__(self, repeats: int) -> None:
        super().__init__(f"{repeats} repeats can't differ", f"ask for {LEAST_REPEATS} or more")


class NothingShown(GilmokError):
    def __init__(self, reports: Sequence[FrameReport]) -> None:
        why = f"all {len(reports)} frames failed: {reports[0].reason}" if reports else "no frame came"
        super().__init__(f"no answer, so nothing is shown about answers: {why}", "let the model answer a frame first")


@dataclass(frozen=True, slots=True)
class FrameTrace:
    seq: int
    stages: Mapping[str, str]
    """By stage the digest of what came out of it; a failure's reason stands where it failed, and nothing beyond."""


class Difference(Record, frozen=True, kw_only=True):
    """Where a repeat first parts from the first one."""

    repeat: int
    """From 2 on."""
    frame: int
    stage: str
    """prepare: the input tensor; infer: the outputs; decode: the findings; track: their ids; "frames": one of the two
    has no such frame."""
    first: str
    other: str
    frames: int
    """How many frames differ in some stage."""


class Repeats(Record, frozen=True, kw_only=True):
    dataset: str
    recording: str
    model: str
    artefact: str
    """sha256 of the file that ran."""
    backend: str
    device: str
    reloaded: bool
    """Whether the model was loaded anew for every repeat."""
    frames: int
    same: bool
    digests: tuple[str, ...]
    """Of each repeat, over every stage of every frame."""
    findings: tuple[str, ...]
    """Of each repeat, over what was found: `digest.detections` of summary.json."""
    difference: Difference | None


class Witness(DelegatingSession):
    """A session that remembers digests of the tensors of the inference that was collected last."""

    def __init__(self, session: PipelinedSession) -> None:
        super().__init__(session)
        self._pipelined = session
        self._seen: dict[str, str] = {}

    @property
    def depth(self) -> int:
        return self._pipelined.depth

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> Any:
        # Before the device has them: afterwards they are its own.
        given = tensors_digest(feeds)
        return given, self._pipelined.submit(feeds)

    def collect(self, ticket: Any) -> Tensors:
        given, inner = ticket
        self._seen = {"prepare": given}
        outputs = self._pipelined.collect(inner)
        self._seen["infer"] = tensors_digest(outputs)
        return outputs

    def take(self) -> dict[str, str]:
        """By stage, for the frame that was just finished; empty where it never came to an inference."""
        seen, self._seen = self._seen, {}
        return seen


def repeated(config: ReplayConfig, repeats: int, clock: Clock, *, reload: bool, advance: Callable[[], None]) -> Repeats:
    """Run the recording so many times in lockstep; `advance` is called at every frame.

    `reload`: with the model loaded anew each time. Raises TooFewRepeats, NothingShown where no frame is answered, and
    what keeps a run from starting.
    """
    if repeats < LEAST_REPEATS:
        raise TooFewRepeats(repeats)
    traces: list[list[FrameTrace]] = []
    findings: list[str] = []
    with ExitStack() as stack:
        parts: Loaded | None = None
        for _ in range(repeats):
            if parts is None or reload:
                stack.close()
                parts = stack.enter_context(loaded(config.model, config.backend, Path()))
            reports, trace = _pass(config, parts, clock, advance)
            if all(report.status == "failed" for report in reports):
                raise NothingShown(reports)
            traces.append(trace)
            findings.append(findings_digest(reports))
        assert parts is not None
        digests = tuple(map(_whole, traces))
        return Repeats(
            dataset=config.dataset,
            recording=config.name,
            model=parts.manifest.name,
            artefact=parts.artefact.sha256,
            backend=parts.backend,
            device=parts.device.name,
            reloaded=reload,
            frames=len(traces[0]),
            same=len(set(digests)) == 1,
            digests=digests,
            findings=tuple(findings),
            difference=first_difference(traces),
        )


def first_difference(traces: Sequence[Sequence[FrameTrace]]) -> Difference | None:
    """Of the first repeat that isn't the first one over again; None where all are."""
    first = traces[0]
    for number, other in enumerate(traces[1:], LEAST_REPEATS):
        apart = [(a, b) for a, b in zip(first, other, strict=False) if a != b]
        longer = max(first, other, key=len)[min(len(first), len(other)) :]
        n = len(apart) + len(longer)
        if apart:
            a, b = apart[0]
            stage = next((s for s in STAGES if a.stages.get(s) != b.stages.get(s)), "frames")
            first_digest, other_digest = a.stages.get(stage, ""), b.stages.get(stage, "")
            return Difference(repeat=number, frame=a.seq, stage=stage, first=first_digest, other=other_digest, frames=n)
        if longer:
            sizes = str(len(first)), str(len(other))
            return Difference(
                repeat=number, frame=longer[0].seq, stage="frames", first=sizes[0], other=sizes[1], frames=n
            )
    return None


def tensors_digest(tensors: Tensors) -> str:
    """sha256 over every tensor's type, shape and bytes."""
    whole = hashlib.sha256()
    for tensor in tensors:
        whole.update(f"{tensor.dtype.str} {tensor.shape}\n".encode())
        whole.update(np.ascontiguousarray(tensor).data)
    return whole.hexdigest()


def _pass(
    config: ReplayConfig, parts: Loaded, clock: Clock, advance: Callable[[], None]
) -> tuple[list[FrameReport], list[FrameTrace]]:
    """One replay; the witness is read where a report is delivered, on the thread that collected its outputs."""
    lockstep = msgspec.structs.replace(config.stream(), pace="lockstep")
    witness = Witness(parts.session)
    reports: list[FrameReport] = []
    trace: list[FrameTrace] = []

    def deliver(report: FrameReport) -> None:
        reports.append(report)
        trace.append(_trace(report, witness.take()))
        advance()

    with open_stream(lockstep, parts, Path(), clock, session=witness) as stream:
        stream.run(deliver)
    return reports, trace


def _trace(report: FrameReport, tensors: Mapping[str, str]) -> FrameTrace:
    stages = dict(tensors)
    found = report.findings
    if found is None:
        stages[next(stage for stage in STAGES if stage not in stages)] = f"failed: {report.reason}"
    else:
        stages["decode"] = _digest((found.boxes, found.scores, found.labels))
        if found.tracks is not None:
            stages["track"] = _digest(found.tracks)
    return FrameTrace(report.seq, stages)


def _whole(trace: Sequence[FrameTrace]) -> str:
    return _digest([(frame.seq, sorted(frame.stages.items())) for frame in trace])


def _digest(tree: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(tree)).hexdigest()
