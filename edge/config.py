"""A node's configuration: one typed tree, read from NODE.toml."""

from pathlib import Path
from typing import Any

from edge.wire.address import BrokerAt
from edge.wire.messages import NodeKind, PaceName
from edge.wire.topics import check_name
from models.catalogue import ORIGINAL
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import Count, Milliseconds, MillisecondsOrNone, Name, NameOrNone

PACING_BOUND_MS = 1.0


class ModelChoice(Settings, frozen=True, kw_only=True):
    name: Name | None = None
    """A model of the catalogue; or else"""
    file: Path | None = None
    """a model's file, recognised by its digest."""

    @classmethod
    def of(cls, name_or_file: str) -> "ModelChoice":
        """What a person types: whatever exists as a file, or looks like one, is a file."""
        path = Path(name_or_file)
        if path.is_file() or path.suffix or len(path.parts) > 1:
            return cls(file=path)
        return cls(name=name_or_file)


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
    frames: Count | None = None
    """Stop after so many frames; otherwise at the end of the source."""
    labels: tuple[Name, ...] = ()
    """The classes to evaluate; empty: all that the data set offers."""
    pacing_bound_ms: MillisecondsOrNone = PACING_BOUND_MS
    """The run is invalid where the p99 of the pacing error exceeds this."""


class NodePlan(Settings, frozen=True, kw_only=True):
    """What a node does, wherever it runs."""

    name: Name
    kind: NodeKind = "roadside"
    model: ModelChoice
    backend: BackendChoice = BackendChoice()
    streams: tuple[StreamConfig, ...]

    def __post_init__(self) -> None:
        check_name("node", self.name)
        names = [check_name("stream", stream.name) for stream in self.streams]
        if not names:
            raise ConfigContradicts(self.name, "it has no streams", "add a [[streams]] table")
        if len(set(names)) < len(names):
            raise ConfigContradicts(self.name, f"two of its streams have one name: {', '.join(names)}", "rename one")
        if (self.model.name is None) == (self.model.file is None):
            raise ConfigContradicts(self.name, "its model is not one thing", "give the model a name or a file")


class NodeConfig(NodePlan, frozen=True, kw_only=True):
    """NODE.toml: what the node does, and where it belongs."""

    site: Name = "testbed"
    run: NameOrNone = ""
    """The experiment this session belongs to; empty: named after node and session."""
    broker: BrokerAt = BrokerAt()
    state: Path = Path("gilmok-state")
    """Folder where the session counter lives."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("site", self.site)


class ConfigContradicts(GilmokError):
    def __init__(self, node: str, what: str, hint: str) -> None:
        super().__init__(f"node {node!r}: {what}", hint)
