"""What every origin of frames offers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from sensors import config, plugins
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.frame import Frame


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a stream's frames come from, as the birth and the run record tell it.

    `dataset` and `digest` are empty where the frames are no recording with a truth.
    """

    kind: str
    name: str
    dataset: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class LiveHealth:
    """What was counted of a live camera so far."""

    lost: int
    """How often it fell silent, ended its stream or refused the connection."""
    missing: int
    """Frames that a camera of a steady rate did not send, or the network lost."""
    repeated: int
    """Frames that have the same stamp as the one before."""
    restarts: int
    """How often its encoder's clock began anew."""
    jitter_ns: int
    """The camera's own: how far its periods are from the usual one, by its encoder's clock; p99 of the last frames."""
    network_ns: int
    """How much later than the quickest frames came, by both clocks; p99 of the last frames."""


class SourceUnusable(GilmokError):
    """The source can't be opened, or holds nothing."""


class SourceBroke(GilmokError):
    """The source was open, and then gave no more frames although it should have."""


class Source(Protocol):
    """Opened by `with`. A recorded source ends; a live one never just ends: its end is a fault."""

    @property
    def origin(self) -> Origin: ...

    @property
    def fps(self) -> float:
        """Nominal frames per second; NaN where nobody knows."""
        ...

    @property
    def live(self) -> bool:
        """A live source sets the pace itself; a recorded one is paced (`sensors.pace.pacing`)."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Every frame in order, stamped at hand-over. A picture that can't be read is a frame with a fault.

        A live source raises SourceBroke where it can't go on.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Watched(Protocol):
    """What a source offers besides, if it is a live camera."""

    @property
    def health(self) -> LiveHealth: ...


def options_of(kind: str, options: Mapping[str, Any], base: Path) -> Any:
    """`options` as the source plugin's own `Options` struct, relative paths starting at `base`.

    Raises PluginUnknown or ConfigWrong.
    """
    return config.convert(options, plugins.load("sources", kind).Options, f"source {kind!r}", base)


def open_source(kind: str, options: Any, *, stream: str, clock: Clock) -> Source:
    """The source plugin `kind` with its `options`; raises PluginUnknown or SourceUnusable."""
    source: Source = plugins.load("sources", kind)(options, stream=stream, clock=clock)
    return source
