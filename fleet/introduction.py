"""What of a birth the hub keeps at hand."""

from dataclasses import dataclass

from edge.wire.messages import Birth
from fleet.arrivals import SessionKey, key_of
from sensors.clock import Stamp

SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Introduction:
    """What of a birth the session's later messages are held against; small, however large the birth is."""

    key: SessionKey
    count: int
    boot: str
    stamp: Stamp
    streams: frozenset[str]
    stages: tuple[str, ...]
    model: str
    """The first digits of its sha256, and of"""
    artefact: str
    labels: int
    """How many the model has."""
    host: str = ""
    """The name of its machine."""
    apart: bool = False
    """Its clock isn't the hub's, though their boot is the same: its health tells how the two were compared."""
    disputed: bool = False
    """Two births named it: which of them its reports belong to, nobody knows."""

    @classmethod
    def of(cls, birth: Birth) -> "Introduction":
        return cls(
            key=key_of(birth),
            count=birth.session,
            boot=birth.boot,
            stamp=birth.stamp,
            streams=frozenset(stream.name for stream in birth.streams),
            stages=birth.stages,
            model=birth.model.sha256[:SHORT_DIGEST],
            artefact=birth.model.artefact[:SHORT_DIGEST],
            labels=len(birth.model.labels),
            host=birth.host.get("name", ""),
        )
