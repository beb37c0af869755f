"""A configuration made into parts: the model on its device, and the streams that go through it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.config import BackendChoice, ModelChoice, ResumeAt, StreamConfig
from edge.device.backend import Device, DeviceAbsent, Session, check_outputs
from edge.device.fixed_inputs import picture_only
from edge.device.opening import open_backend
from edge.device.watched import Watched
from edge.pipeline import Pipeline
from edge.scene.grounding import Grounding
from edge.scene.rules import EventRule
from edge.scene.watch import Watch
from edge.session_name import UNNAMED, SessionName
from edge.stream import Stream
from edge.tracking import Tracking, open_tracking
from edge.wire.message import FACT_CHARACTERS
from edge.wire.messages import BackendBirth, ModelBirth
from models import catalogue
from models.bundle.verify import verify
from models.labels import renamed, table
from models.manifest import Artefact, Manifest
from sensors.clock import Clock, SystemClock
from sensors.pace.feeder import Feeder
from sensors.pace.keeping import Keeping
from sensors.pace.pacing import Anchor, Lockstep, Pace, Schedule
from sensors.sources.source import open_source, options_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, ready to run."""

    manifest: Manifest
    artefact: Artefact
    labels: Sequence[str]
    backend: str
    device: Device
    session: Watched

    def model_birth(self) -> ModelBirth:
        return model_birth(self.manifest, self.artefact)

    def backend_birth(self) -> BackendBirth:
        # A vendor's text may be of any length, and a birth must not fail for it.
        facts = {key: fact[:FACT_CHARACTERS] for key, fact in {**self.device.facts, **self.session.facts}.items()}
        return BackendBirth(
            name=self.backend,
            device=self.device.name,
            device_kind=self.device.kind,
            facts=facts,
            depth=self.session.depth,
        )

    def pipeline(
        self,
        clock: Clock,
        *,
        name: SessionName = UNNAMED,
        tracking: Tracking | None = None,
        grounding: Grounding | None = None,
        watch: Watch | None = None,
        session: Session | None = None,
    ) -> Pipeline:
        """The frame path of one more stream through this model.

        `name`: of the node's session, for its reports. `session`: one that stands around the model's own.
        """
        return Pipeline(
            self.manifest,
            self.artefact,
            session or self.session,
            clock,
            session_count=name.count,
            session_id=name.id,
            tracking=tracking,
            grounding=grounding,
            watch=watch,
        )


def model_birth(manifest: Manifest, artefact: Artefact) -> ModelBirth:
    return ModelBirth(
        name=manifest.name,
        sha256=manifest.sha256,
        artefact=artefact.sha256,
        precision=artefact.precision,
        labels=tuple(table(manifest)),
        calibration={seen.digest: seen.frames for seen in artefact.calibration},
    )


@contextmanager
def loaded(model: ModelChoice, choice: BackendChoice, base: Path) -> Iterator[Loaded]:
    """The chosen model on the chosen device, warmed up.

    Raises what keeps it from running: ModelAbsent, DigestWrong, BundleWrong, DeviceAbsent, ArtefactRefused, ...
    """
    manifest, artefact = located(model, choice)
    with opened(manifest, artefact, choice, base) as parts:
        yield parts


def located(model: ModelChoice, choice: BackendChoice) -> tuple[Manifest, Artefact]:
    """What is chosen, and the file of it that is to run; raises ModelAbsent, DigestWrong, BundleWrong, ..."""
    if model.bundle is not None:
        bundle = verify(model.bundle)
        manifest, artefact = bundle.manifest, bundle.artefact
    else:
        manifest, artefact = catalogue.locate(str(model.file or model.name), choice.name, choice.precision)
    return renamed(manifest, model.labels), artefact


@contextmanager
def opened(manifest: Manifest, artefact: Artefact, choice: BackendChoice, base: Path) -> Iterator[Loaded]:
    """As `loaded`, of a model whose manifest is known."""
    # The device has the cores: OpenCV's own threads would fight it for them, and a resize is done in .3 ms.
    cv2.setNumThreads(1)
    backend = open_backend(choice.name, choice.options, base, deadline_ms=choice.deadline_ms)
    devices = {device.name: device for device in backend.devices()}
    if choice.device not in devices:
        raise DeviceAbsent(choice.name, choice.device, list(devices))

    def build() -> Session:
        return picture_only(backend.load(artefact, choice.device), artefact, choice.name)

    session = Watched(choice.name, build, choice.deadline_ms, SystemClock())
    try:
        check_outputs(manifest, session, artefact.outputs)
        yield Loaded(manifest, artefact, table(manifest), choice.name, devices[choice.device], session)
    finally:
        session.close()


def open_stream(
    config: StreamConfig,
    parts: Loaded,
    base: Path,
    clock: Clock,
    *,
    name: SessionName = UNNAMED,
    session: Session | None = None,
    resume: ResumeAt | None = None,
    keep: Keeping | None = None,
    rules: Sequence[EventRule] = (),
) -> Stream:
    """The stream of `config` through the model: its source at its pace, its own tracker and frame path, not started.

    Relative paths in the configuration start at `base`; `name` and `session` as in `Loaded.pipeline`,
    `resume` and `keep` as in `open_pace`.
    Raises SourceUnusable, ConfigWrong, PluginUnknown or PluginBroken.
    """
    pace = open_pace(config, base, clock, resume, keep)
    try:
        tracking = open_tracking(config, base, pace.fps)
        camera = config.camera
        grounding = None if camera is None else Grounding(config.name, camera, parts.labels)
        watch = Watch(
            rules,
            config.name,
            parts.labels,
            tracked=tracking is not None,
            placed=grounding is not None,
            schedule=Schedule(0, pace.fps) if config.pace == "lockstep" and pace.fps > 0 else None,
        )
        pipeline = parts.pipeline(
            clock, name=name, tracking=tracking, grounding=grounding, watch=watch, session=session
        )
    except BaseException:
        pace.close()
        raise
    return Stream(config.name, pace, pipeline)


def open_pace(
    stream: StreamConfig, base: Path, clock: Clock, resume: ResumeAt | None = None, keep: Keeping | None = None
) -> Pace:
    """The stream's source at its pace, not started yet; `resume`: where an earlier life of it was; `keep`: who keeps
    its frames.

    Raises SourceUnusable, ConfigWrong or PluginUnknown.
    """
    options = options_of(stream.source.kind, stream.source.options, base)
    anchor = Anchor(resume.seq, resume.mono_ns) if resume else None
    if stream.pace == "lockstep":
        source = open_source(stream.source.kind, options, stream=stream.name, clock=clock)
        return Lockstep(source.__enter__(), clock, stream.frames, anchor, keep)
    paced = stream.pace == "realtime"
    return Feeder(
        stream.source.kind, options, stream=stream.name, paced=paced, limit=stream.frames, resume=anchor, keep=keep
    )
