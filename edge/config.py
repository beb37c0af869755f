"""A node's configuration: one typed tree, read from NODE.toml."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from edge.scene.rules import EventRule, check_names, check_streams
from edge.wire.address import BrokerAt
from edge.wire.messages import NodeKind, PaceName
from edge.wire.topics import check_name
from edge.wire.traces import Otel
from models.catalogue import ORIGINAL
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ground.geometry import CameraGeometry
from sensors.ranges import (
    AtWork,
    ClassKey,
    ClockReading,
    Count,
    Factor,
    FrameNumber,
    Growth,
    Hours,
    Megabytes,
    Metres,
    Milliseconds,
    MillisecondsOrNone,
    Name,
    NameOrNone,
    Seconds,
    Share,
    Text,
)

PACING_BOUND_MS = 1.0


class ModelChoice(Settings, frozen=True, kw_only=True):
    name: Name | None = None
    """A model of the catalogue; or else"""
    file: Path | None = None
    """a model's file, recognised by its digest; or"""
    bundle: Path | None = None
    """the folder of a bundle (docs/deployment.md), which says backend and precision, too."""
    labels: tuple[Name, ...] = ()
    """Names for the network's classes, in the order of the training; empty: those of the manifest."""

    @classmethod
    def of(cls, name_or_file: str, labels: str = "") -> "ModelChoice":
        """What a person types: what exists as a file, or looks like one, is a file; `labels` with commas between."""
        path = Path(name_or_file)
        named = tuple(part.strip() for part in labels.split(",") if part.strip())
        if path.is_file() or path.suffix or len(path.parts) > 1:
            return cls(file=path, labels=named)
        return cls(name=name_or_file, labels=named)


class BackendChoice(Settings, frozen=True, kw_only=True):
    name: Name = "onnxruntime"
    device: Name = "cpu"
    options: dict[str, Any] = {}
    """The backend's own table (its `Options`)."""
    precision: Name = ORIGINAL
    """`original` is the model's own file; another is what `gilmok model compile` made of it for this backend."""
    deadline_ms: Milliseconds = 10_000.0
    """A frame whose answer takes longer fails; what keeps the device so long hangs, and its session is built anew."""


class SourceChoice(Settings, frozen=True, kw_only=True):
    kind: Name
    """A name in the entry point group `gilmok.sources`."""
    options: dict[str, Any] = {}
    """The source's own table (its `Options`)."""


class TrackerChoice(Settings, frozen=True, kw_only=True):
    name: Name
    """A name in the entry point group `gilmok.trackers`."""
    options: dict[str, Any] = {}
    """The tracker's own table (its `Options`)."""


class StreamConfig(Settings, frozen=True, kw_only=True):
    name: Name
    source: SourceChoice
    pace: PaceName = "realtime"
    tracker: TrackerChoice | None = None
    """None: findings have no track ids."""
    camera: CameraGeometry | None = None
    """None: findings have no places on the ground."""
    frames: Count | None = None
    """Stop after so many frames; otherwise at the end of the source."""
    labels: tuple[Name, ...] = ()
    """The classes to evaluate; empty: all that the data set offers."""
    classes: dict[ClassKey, tuple[Name, ...]] = {}
    """Classes to evaluate with the model's labels that count for each: vehicle = ["car", "truck"]; an empty list: those
    that mean the same."""
    pacing_bound_ms: MillisecondsOrNone = PACING_BOUND_MS
    """The run is invalid where the p99 of the pacing error exceeds this."""


class ShadowChoice(Settings, frozen=True, kw_only=True):
    """A candidate that runs beside the active model on the same frames, never in its way (docs/deployment.md)."""

    model: ModelChoice
    backend: BackendChoice = BackendChoice()
    max_p99_ratio: Growth = 1.1
    """Of each active stream's p99 with the shadow to its p99 without: beyond, the shadow skips more frames."""
    max_share: AtWork = 0.5
    """Of the time it may be at work, whatever the streams feel."""
    block_s: Seconds = 5.0
    """Blocks of so long, in which the shadow works and rests by turns, tell what it costs."""


Durability: TypeAlias = Literal["process", "power-loss", "off"]


class SpoolChoice(Settings, frozen=True, kw_only=True):
    """Where a node keeps its reports until a hub has committed them (docs/reliability.md)."""

    path: Path | None = None
    """None: NODE.spool in the folder `state`."""
    max_mb: Megabytes = 500
    """Of reports; beyond, the oldest are given up, and counted."""
    max_age_h: Hours = 720.0
    """What is older is given up, and counted."""
    durability: Durability = "process"
    """`process`: on disk, survives the node's death, and a power cut up to its last second. `power-loss`: each report
    is safe from a power cut before it is published. `off`: in memory (32 MB), survives a broken link only."""
    late_per_s: Count = 500
    """So many reports of a backlog go out in a second, beside the live ones."""


class RecordChoice(Settings, frozen=True, kw_only=True):
    """A ring of MCAP files of what the node sees and says (docs/recordings.md); needs gilmok[record]."""

    folder: Path = Path("recordings")
    """A folder for each node, in it one for each stream."""
    mode: Literal["always", "event"] = "always"
    """`event`: only what lies around an event is kept."""
    keep_h: Hours = 1.0
    """What is older goes."""
    max_mb: Megabytes = 2000
    """Of each stream; beyond, the oldest file goes."""
    file_s: Seconds = 60.0
    """After so long a new file begins, at a key frame."""
    file_mb: Megabytes = 64
    """Or at that size."""
    flush_s: Seconds = 1.0
    """So much a killed node loses, at most."""
    pictures: Literal["jpeg", "png"] = "jpeg"
    """Of pictures that come without their own bytes: `png` keeps every pixel, at some ten times the CPU."""
    before_s: Seconds = 60.0
    """Around an event."""
    after_s: Seconds = 60.0
    on_failure: bool = True
    """A frame that fails is an event."""
    on_confidence_below: Share | None = None
    """A frame whose surest finding has less is an event; none: no such rule."""


BlurOf: TypeAlias = Literal["all", "live", "none"]


class PrivacyChoice(Settings, frozen=True, kw_only=True):
    """Whose pictures are blurred where people and vehicles are (docs/security.md), before they leave."""

    sent: BlurOf = "live"
    """Over the broker and to Foxglove; `live`: those of cameras, not those of recordings that are replayed."""
    recorded: BlurOf = "none"
    """Into the node's own ring, before anything is written; a replay finds other things in what was blurred."""
    least_score: Share = 0.05
    """From this on a finding's box is blurred."""


class Place(Settings, frozen=True, kw_only=True):
    """Where a node stands, in metres east and north of the origin of its site's plan."""

    x_m: Metres
    y_m: Metres


class NodePlan(Settings, frozen=True, kw_only=True):
    """What a node does, wherever it runs."""

    name: Name
    kind: NodeKind = "roadside"
    place: Place | None = None
    """Without it the dashboard's plan shows the node beside the others."""
    tags: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """Words by which a rollout chooses it among others."""
    model: ModelChoice
    backend: BackendChoice = BackendChoice()
    streams: tuple[StreamConfig, ...]
    spool: SpoolChoice = SpoolChoice()
    shadow: ShadowChoice | None = None
    """Without it, no candidate runs beside the model."""
    record: RecordChoice | None = None
    """Without it, nothing is recorded."""
    privacy: PrivacyChoice = PrivacyChoice()
    events: Annotated[tuple[EventRule, ...], Meta(max_length=1000)] = ()
    """Rules by which frames are marked, and recorded."""
    otel: Otel | None = None
    """Without it, no traces are sent."""
    pictures: bool = True
    """Send pictures while somebody looks at a stream on the dashboard, two a second at most; false: none, ever."""

    def __post_init__(self) -> None:
        check_name("node", self.name)
        check_names(self.events)
        names = [check_name("stream", stream.name) for stream in self.streams]
        check_streams(self.events, names)
        if not names:
            raise ConfigContradicts(self.name, "it has no streams", "add a [[streams]] table")
        if len(set(names)) < len(names):
            raise ConfigContradicts(self.name, f"two of its streams have one name: {', '.join(names)}", "rename one")
        for whose, model in (("its", self.model), ("its shadow's", self.shadow.model if self.shadow else self.model)):
            if [model.name, model.file, model.bundle].count(None) != 2:
                what = f"{whose} model is not one thing"
                raise ConfigContradicts(self.name, what, "give it a name, a file or a bundle")


class ResumeAt(Settings, frozen=True, kw_only=True):
    seq: FrameNumber
    """A frame that was taken before."""
    mono_ns: ClockReading
    """When it was due."""


class Resume(Settings, frozen=True, kw_only=True):
    """Written by `gilmok run` for a node that it starts again: its streams go on where they would be by now."""

    session: Name
    """The id of the session that this one goes on from."""
    streams: dict[Name, ResumeAt] = {}
    """A stream that isn't here begins at its beginning."""


class UnitChoice(Settings, frozen=True, kw_only=True):
    """How an installed node, `gilmok unit run`, comes to other models (docs/deployment.md)."""

    repository: Text | None = None
    """A URL or a folder; without one, the unit refuses deployments."""
    trusted: Path | None = None
    """The folder of the repository's metadata that it trusts; none: the folder `trusted` of the unit's state."""
    self_test: Literal["beside", "alone"] = "beside"
    """`alone`: the node is stopped meanwhile, since its device lets only one process in."""
    watch_s: Seconds = 60.0
    """So long, counted while frames are answered, a new deployment is watched before it is kept."""
    most_failed: Share = 0.01
    """Of its frames, where three or more failed."""
    p99_ms: MillisecondsOrNone = 0
    """From capture to result, at most; 0: not asked."""
    p99_ratio: Factor = 1.5
    """To the p99 of the deployment before it, at most; 0: not asked. Of 100 frames each, at least."""
    streams_again: bool = False
    """Begin recorded streams again when all have ended; otherwise the unit has then done its work."""


class NodeConfig(NodePlan, frozen=True, kw_only=True):
    """NODE.toml: what the node does, and where it belongs."""

    site: Name = "testbed"
    run: NameOrNone = ""
    """The experiment this session belongs to; empty: named after node and session."""
    broker: BrokerAt = BrokerAt()
    state: Path = Path("gilmok-state")
    """Folder where the session counter and the spool live."""
    hub: NameOrNone = ""
    """The hub whose word counts that a report is committed; empty: any hub's."""
    unit: UnitChoice = UnitChoice()
    resume: Resume | None = None
    """Where it goes on from, written by `gilmok run` for a node that died and is started again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("site", self.site)


class ConfigContradicts(GilmokError):
    def __init__(self, node: str, what: str, hint: str) -> None:
        super().__init__(f"node {node!r}: {what}", hint)
