"""A scenario: which broker, which nodes; one file that a whole run is started from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.config import NodePlan, StreamConfig
from edge.wire.address import BrokerAt
from edge.wire.topics import check_name
from edge.wire.traces import Otel
from fleet.alert_settings import Alert, Webhook, check_names
from fleet.config import Web
from models import catalogue, labels
from models.bundle.verify import verify
from replay.recording import Recording, check_sound, open_recorded
from replay.scoring.classes import check_offered, evaluated
from sensors.config import Settings, plain, read
from sensors.errors import GilmokError
from sensors.ranges import Name, Port, Seconds
from sensors.sources.source import options_of
from sensors.terminal.foreign_text import path_of

HUB = "hub"


class ScenarioContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the scenario contradicts itself: {what}", hint)


class Scenario(Settings, frozen=True, kw_only=True):
    name: Name
    site: Name = "testbed"
    seconds: Seconds | None = None
    """End every stream after so long; otherwise each ends with its source."""
    broker: BrokerAt | None = None
    """None: the embedded broker."""
    broker_port: Port = 0
    """Where the embedded broker listens; 0: any free port."""
    web: Web = Web(or_next=True)
    """The dashboard, while the run lasts."""
    alert: Annotated[tuple[Alert, ...], Meta(max_length=100)] = ()
    """What the hub is to watch for: docs/alerts.md."""
    webhook: Webhook | None = None
    otel: Otel | None = None
    """Of the hub, and of each node that has none of its own: where traces of frames are sent."""
    nodes: tuple[NodePlan, ...]
    unsound: bool = False
    """Score recordings even if they aren't sound."""

    def __post_init__(self) -> None:
        check_name("scenario", self.name)
        check_name("site", self.site)
        check_names(self.alert)
        names = [node.name for node in self.nodes]
        if not names:
            raise ScenarioContradicts("it has no nodes", "add a [[nodes]] table")
        if HUB in names:
            raise ScenarioContradicts(
                f"a node of it is named {HUB!r}", "rename it: the hub's own topics have that name"
            )
        if len(set(names)) < len(names):
            raise ScenarioContradicts(f"two of its nodes have one name: {', '.join(names)}", "rename one")


def read_scenario(path: Path, *, unsound: bool = False) -> Scenario:
    """The scenario with every path absolute, so that its parts may lie anywhere.

    `unsound`: whatever the file says of recordings that aren't sound, score them. Raises ConfigMissing, ConfigWrong,
    ScenarioContradicts, RecordingUnsound, PluginUnknown for a source nobody registered, or
    LabelsUnknownToModel for a label in `classes` that is none of the model's.
    """
    scenario = read(path, Scenario)
    unsound |= scenario.unsound
    nodes = tuple(_settled(node, path.parent, unsound) for node in scenario.nodes)
    return msgspec.structs.replace(scenario, nodes=nodes, unsound=unsound)


def truth_roots(scenario: Scenario) -> list[tuple[str, Path]]:
    """Where the truth of its recordings lies: (data set, folder), each once."""
    roots = {
        (str(options["dataset"]), path_of(options["root"])): None
        for node in scenario.nodes
        for stream in node.streams
        if stream.source.kind == "recording" and (options := stream.source.options)
    }
    return list(roots)


def expected_frames(stream: StreamConfig, seconds: float | None) -> int | None:
    """How many frames are to come; None where only the source will tell."""
    known: list[float] = [] if stream.frames is None else [stream.frames]
    if stream.source.kind == "recording":
        recording = _recording(stream.source.options)
        known.append(len(recording.numbers))
        if seconds is not None and stream.pace == "realtime":
            fps = stream.source.options.get("fps") or recording.fps
            known += [seconds * fps] if fps > 0 else []
    return int(min(known)) if known else None


def _settled(node: NodePlan, base: Path, unsound: bool) -> NodePlan:
    streams = tuple(_settled_stream(stream, base, unsound) for stream in node.streams)
    for stream in streams:
        if stream.classes and stream.source.kind == "recording":
            # A label that the model doesn't have is told now, too.
            if node.model.bundle is not None:
                manifest = verify(node.model.bundle).manifest
            else:
                manifest, _ = catalogue.locate(str(node.model.file or node.model.name))
            table = labels.table(labels.renamed(manifest, node.model.labels))
            evaluated(_recording(stream.source.options), table, stream.labels, stream.classes)
    return msgspec.structs.replace(node, streams=streams)


def _settled_stream(stream: StreamConfig, base: Path, unsound: bool) -> StreamConfig:
    options = plain(options_of(stream.source.kind, stream.source.options, base))
    if stream.source.kind == "recording":
        # Told now, not when the drive is over and its findings can't be scored.
        recording = _recording(options)
        check_offered(recording, [*stream.labels, *stream.classes])
        if not unsound:
            check_sound(recording)
    return msgspec.structs.replace(stream, source=msgspec.structs.replace(stream.source, options=options))


def _recording(options: Mapping[str, Any]) -> Recording:
    return open_recorded(options["dataset"], path_of(options["root"]), options["recording"])
