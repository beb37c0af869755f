"""One frame's way: prepare, infer, decode, track; with a stopwatch whose stages are disjoint and sum to the whole."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.device.backend import InferenceFailed, PipelinedSession, Session, Tensors
from edge.scene.grounding import Grounding
from edge.scene.watch import Watch
from edge.tracking import Tracking
from edge.wire.message import REASON_CHARACTERS
from edge.wire.messages import STAGES, CameraStamp, Findings, FrameReport
from models.decode import read
from models.manifest import Artefact, Manifest
from models.preprocess import Prepared, Preparer
from models.stitch import Stitch
from models.tensors import dequantise
from sensors.clock import NS_PER_MS, Clock, Stamp
from sensors.errors import GilmokError
from sensors.frame import Array, CameraTime, Frame, FrameId, Image, StampKind

DIGEST_DIGITS = 12


class Stopwatch:
    """Contiguous stages from a frame's stamp on: each lap ends one and begins the next."""

    def __init__(self, clock: Clock, since_ns: int) -> None:
        self._clock = clock
        self._last_ns = since_ns
        self.stages: dict[str, int] = {}

    def lap(self, stage: str) -> None:
        now_ns = self._clock.now().mono_ns
        self.stages[stage] = now_ns - self._last_ns
        self._last_ns = now_ns


@dataclass(frozen=True, slots=True, eq=False)
class StartedFrame:
    """A frame between `start` and `finish`; its picture is no longer needed."""

    id: FrameId
    stamp: Stamp
    kind: StampKind
    watch: Stopwatch
    fault: str = ""
    prepared: Prepared | None = None
    memory: Array | None = None
    """What `prepared` lies in."""
    ticket: Any = None
    camera: CameraTime | None = None


class Pipeline:
    """The frame path of one stream.

    `start` and `finish` may run in two threads, each in frame order, with at most `depth` frames between them.
    """

    def __init__(
        self,
        manifest: Manifest,
        artefact: Artefact,
        session: Session,
        clock: Clock,
        *,
        session_count: int = 0,
        session_id: str = "",
        tracking: Tracking | None = None,
        grounding: Grounding | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._manifest = manifest
        self._session = session
        self._pipelined = session if isinstance(session, PipelinedSession) else None
        self._clock = clock
        self._session_count = session_count
        self._session_id = session_id
        self._tracking = tracking
        self._grounding = grounding
        self._watch = watch
        self._model_digest = manifest.sha256[:DIGEST_DIGITS]
        self._artefact_digest = artefact.sha256[:DIGEST_DIGITS]
        self._preparer = Preparer(artefact.input, session.inputs[0])
        self._stitch = Stitch(artefact)
        self._deadline_ns: int | None = getattr(session, "deadline_ns", None)
        self._free = [self._preparer.buffer() for _ in range(self.depth)]
        self._n = 0

    @property
    def depth(self) -> int:
        """How many frames may be between `start` and `finish` at once."""
        return self._pipelined.depth if self._pipelined else 1

    def prepared(self, image: Image) -> Array:
        """The input tensor that `image` becomes, in memory of its own."""
        return self._preparer.prepare(image, self._preparer.buffer()).tensor

    def step(self, frame: Frame) -> FrameReport:
        return self.finish(self.start(frame))

    def start(self, frame: Frame) -> StartedFrame:
        """Prepare the frame and hand it to the device; afterwards its picture may be overwritten."""
        watch = Stopwatch(self._clock, frame.stamp.mono_ns)
        watch.lap("wait")
        if frame.fault:
            return StartedFrame(frame.id, frame.stamp, frame.kind, watch, fault=frame.fault)
        memory = self._free.pop()
        ticket = None
        try:
            prepared = self._preparer.prepare(frame.image, memory)
            watch.lap("prepare")
            if self._pipelined:
                ticket = self._pipelined.submit([prepared.tensor])
        except GilmokError as error:
            self._free.append(memory)
            return StartedFrame(frame.id, frame.stamp, frame.kind, watch, fault=error.sentence)
        return StartedFrame(frame.id, frame.stamp, frame.kind, watch, "", prepared, memory, ticket, frame.camera)

    def finish(self, started: StartedFrame) -> FrameReport:
        """Wait for the device and make its answer a report; a failure is a failed report, never an empty one."""
        if started.prepared is None:
            return self._report(started, started.fault, None)
        try:
            outputs = self._outputs(started, started.prepared)
            started.watch.lap("infer")
            self._check_in_time(started.watch.stages["infer"])
            found = read(self._stitch(outputs), self._manifest, started.prepared.placement)
            ground = None
            if self._grounding is not None:
                placement = started.prepared.placement
                ground = self._grounding.places(found, placement.width, placement.height)
            started.watch.lap("decode")
            tracks = None
            if self._tracking is not None:
                tracks = self._tracking.ids(found, started.id, started.stamp)
                started.watch.lap("track")
        except GilmokError as error:
            started.watch.lap(next(stage for stage in STAGES if stage not in started.watch.stages))
            return self._report(started, error.sentence, None)
        return self._report(started, "", Findings.of(found, tracks, ground))

    def _outputs(self, started: StartedFrame, prepared: Prepared) -> Tensors:
        assert started.memory is not None
        try:
            if self._pipelined:
                raw = self._pipelined.collect(started.ticket)
            else:
                raw = self._session.run([prepared.tensor])
        finally:
            self._free.append(started.memory)
        outputs = [dequantise(stored, spec) for stored, spec in zip(raw, self._session.outputs, strict=True)]
        for output in outputs:
            # A NaN score is below every floor: a broken device would look like an empty road.
            if not np.isfinite(output).all():
                raise InferenceFailed(self._manifest.name, "its outputs are not finite numbers")
        return outputs

    def _check_in_time(self, infer_ns: int) -> None:
        """By the stopwatch's own reading, so that no ok frame's `infer` is longer than the deadline."""
        if self._deadline_ns is not None and infer_ns > self._deadline_ns:
            late = f"no answer within {self._deadline_ns / NS_PER_MS:g} ms; it came later"
            raise InferenceFailed(self._manifest.name, late)

    def _report(self, started: StartedFrame, fault: str, findings: Findings | None) -> FrameReport:
        stages = started.watch.stages
        assert set(stages) <= set(STAGES)
        n, self._n = self._n, self._n + 1
        return FrameReport(
            session=self._session_count,
            session_id=self._session_id,
            n=n,
            stream=started.id.stream,
            seq=started.id.seq,
            stamp=started.stamp,
            kind=started.kind,
            camera=None if started.camera is None else CameraStamp(**asdict(started.camera)),
            stages=stages,
            total_ns=sum(stages.values()),
            published=self._clock.now(),
            status="failed" if fault else "ok",
            reason=fault[:REASON_CHARACTERS],
            findings=findings,
            events=() if self._watch is None else self._watch.events(started.id.seq, started.stamp, findings),
            model=self._model_digest,
            artefact=self._artefact_digest,
        )
