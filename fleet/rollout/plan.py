"""ROLLOUT.toml: what goes out, to whom, in which waves, and what it may not do there (docs/deployment.md)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta

from sensors.config import Settings
from sensors.ranges import Count, Growth, Milliseconds, Name, Positive, Probability, Seconds, SecondsOrNone, Share

GateName: TypeAlias = Literal["failed", "p50", "p99", "late", "accuracy", "drift", "power", "temperature"]
GATES: tuple[GateName, ...] = ("failed", "p50", "p99", "late", "accuracy", "drift", "power", "temperature")

Patterns: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=1000)]
LookSeconds: TypeAlias = Annotated[float, Meta(ge=1, le=3600)]
Part: TypeAlias = Annotated[float, Meta(ge=1e-6, le=1)]
"""Of a whole, never nothing."""
Looks: TypeAlias = Annotated[int, Meta(ge=6, le=1000)]
MOST_LOOKS = 20_000
"""Of a whole rollout: each is kept."""


class Selector(Settings, frozen=True, kw_only=True):
    """Patterns (`*`, `?`); a unit is asked for where each list that isn't empty has one that fits."""

    sites: Patterns = ()
    nodes: Patterns = ()
    kinds: tuple[Literal["vehicle", "roadside"], ...] = ()
    chips: Patterns = ()
    """Of the backend's name, the kind of device, and the architecture that its SDK tells."""
    tags: Patterns = ()


class Wave(Settings, frozen=True, kw_only=True):
    """As many units of every chip; the waves before it count. One of `units` and `share` is given."""

    units: Count | None = None
    share: Part | None = None
    soak_s: SecondsOrNone = 1800.0
    """From when enough of its units have switched."""

    def __post_init__(self) -> None:
        if (self.units is None) == (self.share is None):
            raise ValueError("a wave has either units or a share")


WAVES = (Wave(units=5), Wave(share=0.05), Wave(share=0.25), Wave(share=1.0))


class LiveGates(Settings, frozen=True, kw_only=True):
    """By how much a unit may be worse than in its own time before."""

    alpha: Probability = 0.01
    """A bundle no worse than the margins is halted with this probability at most, by all gates and looks together."""
    cleared: Probability = 0.1
    """A gate is cleared of what is worse than its margin with this probability at most, on each chip; the looks go on,
    and later waves add units to them."""
    failed: Share = 0.01
    """Share of frames."""
    p50: Growth = 1.10
    """Of latency, capture to result; a factor."""
    p99: Growth = 1.10
    deadline_ms: Milliseconds | None = None
    """Without it, nothing is `late`."""
    late: Share = 0.01
    """Share of frames beyond the deadline."""
    accuracy: Share = 0.02
    """Streaming AP, where the recording's truth is known here."""
    drift: Share = 0.05
    """How far the distribution of each frame's best score may move: the area between the two."""
    power: Growth = 1.10
    temperature_c: Positive = 5.0
    failed_units: Share = 0.05
    """Share of a chip's units on which it may fail: refused by the unit, or rolled back by it."""
    off: tuple[GateName, ...] = ()
    required: tuple[GateName, ...] = ("failed", "p50")
    """Where one of these isn't told, it can't be told whether the bundle is worse; without the others it goes on."""

    def __post_init__(self) -> None:
        if both := set(self.off) & set(self.required):
            raise ValueError(f"{', '.join(sorted(both))} can't be both off and required")
        for name in ("failed", "late", "accuracy", "drift", "failed_units"):
            if name not in self.off and getattr(self, name) == 0:
                raise ValueError(f"a margin of 0 for {name} can't be told from none: give what would matter")
        for name in ("p50", "p99", "power"):
            if name not in self.off and getattr(self, name) == 1:
                raise ValueError(f"a factor of 1 for {name} can't be told from none: give what would matter")

    @property
    def judged(self) -> tuple[GateName, ...]:
        """In a fixed order."""
        without = {*self.off, *(() if self.deadline_ms else ("late",))}
        return tuple(gate for gate in GATES if gate not in without)


class OfflineGates(Settings, frozen=True, kw_only=True):
    """The bars of `gilmok replay gate`, held before anything is sent."""

    gates: Path
    """GATES.toml."""
    runs: Annotated[tuple[Path, ...], Meta(min_length=1, max_length=1000)]
    """Run folders of the bundle's model."""
    baseline: Annotated[tuple[Path, ...], Meta(max_length=1000)] = ()


class RolloutPlan(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/deployment.md"
    name: Name
    bundle: Path
    """The folder that `gilmok bundle make` wrote."""
    qualified: bool = False
    """Only a bundle whose own qualification says PASS. One that says FAIL never goes out."""
    offline: OfflineGates | None = None
    select: Selector = Selector()
    wave: Annotated[tuple[Wave, ...], Meta(min_length=1, max_length=20)] = WAVES
    gates: LiveGates = LiveGates()
    on_failure: Literal["roll back", "halt"] = "roll back"
    """Everybody back; or whoever has it keeps it, and nobody else gets it."""
    look_s: LookSeconds = 60.0
    """The time that makes one figure of a gate."""
    before_looks: Looks = 30
    """Of each unit's own time before it got the bundle."""
    enough: Part = 0.8
    """A wave soaks from when this share of its units in reach have switched: the slow ones are carried along."""
    switch_s: Seconds = 1800.0
    """A unit that took longer isn't waited for."""
    patience_s: SecondsOrNone = 3600.0
    """After its soak, so long a wave waits for gates that can't tell; then it pauses for a person."""
    units_at_most: Count | None = None
    """Cap: newcomers beyond it are not taken in."""
    until: datetime | None = None
    """Newcomers are taken in till then. Without: the rollout ends with its last wave."""

    def __post_init__(self) -> None:
        shares = [wave.share for wave in self.wave if wave.share is not None]
        if shares != sorted(shares) or any(wave.units for wave in self.wave[self._counted :]):
            raise ValueError("waves grow: first those of units, then shares, each larger than the one before")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("until needs a time zone: 2027-01-31T18:00:00Z")
        longest_s = sum(wave.soak_s + self.patience_s + self.switch_s for wave in self.wave)
        if longest_s / self.look_s > MOST_LOOKS:
            raise ValueError(f"it would take {longest_s / self.look_s:.0f} looks, {MOST_LOOKS} are kept: raise look_s")

    @property
    def _counted(self) -> int:
        return sum(wave.units is not None for wave in self.wave)

    @property
    def until_utc_ns(self) -> int | None:
        if self.until is None:
            return None
        since = self.until.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000_000
