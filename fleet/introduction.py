"""What of a birth the hub keeps at hand."""

from dataclasses import dataclass

from edge.wire.messages import Birth, ShadowBirth
from fleet.arrivals import SessionKey, key_of
from sensors.clock import Stamp

SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shadow, by the first digits of its digests, and how many labels it has."""

    model: str
    artefact: str
    labels: int

    @classmethod
    def of(cls, birth: ShadowBirth) -> "Candidate":
        model = birth.model
        return cls(model.sha256[:SHORT_DIGEST], model.artefact[:SHORT_DIGEST], len(model.labels))


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
    shadow: "Candidate | None" = None
    """Who runs beside the model; None: nobody."""
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
            shadow=None if birth.shadow is None else Candidate.of(birth.shadow),
            host=birth.host.get("name", ""),
        )
