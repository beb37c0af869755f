"""The hub's configuration: one typed tree, read from HUB.toml."""

from pathlib import Path

from edge.wire.address import BrokerAt
from edge.wire.topics import check_name
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import Name, NameOrNone, Port, Seconds, SecondsOrNone, WholeSeconds


class Embedded(Settings, frozen=True, kw_only=True):
    """The embedded broker, where the hub starts one; nodes elsewhere need a `host` they can reach, 0.0.0.0 say."""

    port: Port = 1883
    """0: any free one."""
    host: Name = "127.0.0.1"
    folder: Path = Path("gilmok-broker")
    """Where it keeps its data."""


class TruthRoot(Settings, frozen=True, kw_only=True):
    """Where a data set lies here, so that what nodes found in its recordings can be scored."""

    dataset: Name
    """A name in the entry point group `gilmok.datasets`."""
    root: Path
    unsound: bool = False
    """Score recordings that aren't sound, too."""


class HubConfig(Settings, frozen=True, kw_only=True):
    name: Name = "hub"
    """Two hubs of one broker need two names."""
    site: NameOrNone = ""
    """The only site to hear; empty: every one."""
    store: Path = Path("gilmok-hub.db")
    broker: BrokerAt | None = None
    """Without it and without `embedded`: mqtt://127.0.0.1:1883."""
    embedded: Embedded | None = None
    truth: tuple[TruthRoot, ...] = ()
    health_period_s: Seconds = 1.0
    """How often nodes send health; after three periods of silence a node is stale."""
    clock_tolerance_s: SecondsOrNone = 300.0
    """A node's wall clock that is further ahead than this, by UTC, is not believed: the hub's labels its frames."""
    patience_s: SecondsOrNone = 10.0
    """How long a broker may take to answer when the hub starts."""
    for_one_run: bool = False
    """It ends for good: afterwards the broker keeps nothing for it, neither its state nor what comes later."""
    session_s: WholeSeconds = 86_400
    """So long a broker keeps what it couldn't deliver while the hub was away (MQTT 5; 3.1.1: for ever)."""

    def __post_init__(self) -> None:
        check_name("hub", self.name)
        if self.site:
            check_name("site", self.site)
        if self.broker is not None and self.embedded is not None:
            raise HubContradicts("it names a broker and asks for the embedded one", "drop [broker] or [embedded]")


class HubContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the hub's configuration contradicts itself: {what}", hint)
