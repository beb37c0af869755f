"""Rules that mark frames by what was found: NODE.toml's [[events]], and RULES.toml of `gilmok replay events`."""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from sensors.config import ConfigWrong, Settings
from sensors.ranges import Count, Metres, Name, Seconds, SecondsOrNone, Share

Pixel: TypeAlias = Annotated[float, Meta(ge=-100_000, le=100_000)]
PixelCorner: TypeAlias = tuple[Pixel, Pixel]
GroundCorner: TypeAlias = tuple[Metres, Metres]
CORNERS = 3

OF_TRACKS = ("dwell", "flicker")


class EventRule(Settings, frozen=True, kw_only=True):
    """What is worth finding again (docs/recordings.md)."""

    name: Name
    """By which its frames are marked."""
    kind: Literal["inside", "dwell", "jump", "flicker"]
    """`inside`: so many in the zone; `dwell`: one track there for so long; `jump`: so many more or fewer there than the
    median of the window; `flicker`: a track's score crosses `least_score` so often within the window."""
    streams: tuple[Name, ...] = ()
    """None: all of the node's."""
    labels: tuple[Name, ...] = ()
    """The model's; none: all."""
    zone_px: Annotated[tuple[PixelCorner, ...], Meta(max_length=1000)] = ()
    """Corners of a polygon in pixels; what counts is the middle of a box's lower edge. No zone: everywhere."""
    zone_m: Annotated[tuple[GroundCorner, ...], Meta(max_length=1000)] = ()
    """Or on the ground, in metres of the site's plan (docs/ground.md); what has no place is in no zone."""
    least_score: Share = 0.3
    at_least: Count = 1
    """So many findings; of `flicker`, crossings."""
    dwell_s: Seconds = 10.0
    window_s: Seconds = 5.0
    """Of `jump` and `flicker`."""
    on_s: SecondsOrNone = 0.2
    """So long without a break it holds before an event begins,"""
    off_s: SecondsOrNone = 1.0
    """and so long it doesn't before the event ends."""

    def __post_init__(self) -> None:
        if self.zone_px and self.zone_m:
            raise ConfigWrong(f"event {self.name!r}", "it has a zone in pixels and one in metres: give one of them")
        if 0 < len(self.zone_px or self.zone_m) < CORNERS:
            raise ConfigWrong(f"event {self.name!r}", "a zone has three corners at least")


class Rules(Settings, frozen=True, kw_only=True):
    """RULES.toml."""

    events: Annotated[tuple[EventRule, ...], Meta(min_length=1, max_length=1000)]

    def __post_init__(self) -> None:
        check_names(self.events)


def check_streams(rules: Sequence[EventRule], streams: Collection[str]) -> None:
    """Raises ConfigWrong where a rule is of a stream that isn't there: it would watch nothing."""
    for rule in rules:
        if strange := [name for name in rule.streams if name not in streams]:
            what = f"there is no stream {strange[0]!r}, but {', '.join(sorted(streams))}"
            raise ConfigWrong(f"event {rule.name!r}", what)


def check_names(rules: Sequence[EventRule]) -> None:
    """Raises ConfigWrong where two have one name: nobody could tell their frames apart."""
    names = [rule.name for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ConfigWrong("events", f"two of them are called {twice!r}")
