"""The hub's configuration: one typed tree, read from HUB.toml."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, parse_qsl, urlsplit

from msgspec import Meta

from edge.wire.address import BrokerAt
from edge.wire.topics import check_name
from edge.wire.traces import Otel
from fleet.alert_settings import Alert, Webhook, check_names
from sensors.addresses import without_login
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import (
    Celsius,
    Days,
    Name,
    NameOrNone,
    Port,
    Positive,
    Seconds,
    SecondsOrNone,
    Several,
    Text,
    WholeSeconds,
)


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens at `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Embedded(Settings, frozen=True, kw_only=True):
    """The embedded broker, where the hub starts one; nodes elsewhere need a `host` they can reach, 0.0.0.0 say, and
    a `fleet`."""

    port: Port = 1883
    """0: any free one."""
    host: Name = "127.0.0.1"
    folder: Path = Path("gilmok-broker")
    """Where it keeps its data."""
    fleet: Path | None = None
    """The folder of `gilmok fleet`: TLS, and only who is enrolled there is let in, to say and hear what is its own."""
    anonymous: bool = False
    """Listen beyond this machine without a `fleet`: whoever reaches the port may say anything in anybody's name."""

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_local(self.host)


class TruthRoot(Settings, frozen=True, kw_only=True):
    """Where a data set lies here, so that what nodes found in its recordings can be scored."""

    dataset: Name
    """A name in the entry point group `gilmok.datasets`."""
    root: Path
    unsound: bool = False
    """Score recordings that aren't sound, too."""


URL_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "host")


class LedgerAt(Settings, frozen=True, kw_only=True):
    """A PostgreSQL database as the ledger, in place of the file `store`; it needs `gilmok[postgres]`."""

    url: Text
    """postgresql://[USER@]HOST[:PORT]/DATABASE, and after a ? libpq's sslmode, sslrootcert, sslcert, sslkey, or the
    host of a socket's folder."""
    password_file: Path | None = None
    """Without it libpq looks where it always does: PGPASSFILE, ~/.pgpass."""

    def __post_init__(self) -> None:
        if (why := _wrong(self.url)) is not None:
            raise LedgerUrlWrong(self.url, why)


class Retention(Settings, frozen=True, kw_only=True):
    """How long the ledger keeps what is in its rollups, too; hours, sessions and gaps stay for ever."""

    reports_days: Days | None = None
    """Reports with their findings, and health messages. Without it: for ever."""
    minutes_days: Days | None = None
    """What each stream did in each minute. Without it: for ever."""
    rollups: bool = True
    """Make them while the hub runs. Nothing is taken out without."""

    def __post_init__(self) -> None:
        if not self.rollups and (self.reports_days or self.minutes_days):
            raise HubContradicts("[retention] takes out what is in the rollups, and makes none", "drop rollups = false")


class Web(Settings, frozen=True, kw_only=True):
    """The dashboard: a process of its own that reads the ledger and writes nothing, begun when somebody comes."""

    enabled: bool = True
    host: Name = "127.0.0.1"
    port: Port = 8080
    """0: any free one."""
    or_next: bool = False
    """Where the port is taken, the next free one, as a scenario does; without, the hub goes on and has no dashboard."""
    token_file: Path | None = None
    """Whoever knows what stands in it may look: typed into the page's form, or sent as `Authorization: Bearer`."""
    user_header: NameOrNone = ""
    """The header in which a proxy on this machine says who asks; whoever comes without it is refused."""
    names: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """Of hosts, by which browsers reach it through a proxy, say; a request for another name is refused."""
    repository: Path | None = None
    """A folder of `gilmok bundle repository`, served to units under /repository/ with ranges, and without a login: it
    is signed, and whoever reaches the port may read it."""
    join: Path | None = None
    """A folder of `gilmok fleet` with its authority's key: units that were invited get their certificates at /join."""
    hot_c: Celsius = 85.0
    """A node whose chip is at or above it is shown as hot."""

    def __post_init__(self) -> None:
        if self.repository is not None and not self.enabled:
            raise WebContradicts("it serves a repository, and is not enabled", "drop enabled = false, or repository")
        if self.join is not None and not self.enabled:
            raise WebContradicts("it lets units join, and is not enabled", "drop enabled = false, or join")
        if is_local(self.host):
            return
        if self.user_header:
            raise WebContradicts(
                f"it believes the header {self.user_header}, and whoever reaches {self.host} may send that",
                "listen at 127.0.0.1, with the proxy on this machine",
            )
        if self.token_file is None:
            raise WebContradicts(
                f"it listens at {self.host}, beyond this machine, and asks nobody who they are",
                "name a token_file; or listen at 127.0.0.1, and come by `ssh -L 8080:127.0.0.1:8080` or a proxy",
            )


class PerNode(Settings, frozen=True, kw_only=True):
    """How fast one node may speak, far more than an honest one does. What is beyond is put off and told: a node keeps
    its reports and says them again."""

    messages_per_s: Positive = 1000.0
    """In the long run; several late reports are one message."""
    mb_per_s: Positive = 10.0
    burst_s: Seconds = 10.0
    """What it may say in so long it may say at once."""


class HubConfig(Settings, frozen=True, kw_only=True):
    name: Name = "hub"
    """Two hubs of one broker need two names."""
    site: NameOrNone = ""
    """The only site to hear; empty: every one."""
    store: Path = Path("gilmok-hub.db")
    """The ledger's file."""
    ledger: LedgerAt | None = None
    broker: BrokerAt | None = None
    """Without it and without `embedded`: mqtt://127.0.0.1:1883."""
    embedded: Embedded | None = None
    workers: Several = 1
    """Processes that judge and book, each for its part of the nodes; 1: the hub does it itself. It may change with each
    start."""
    truth: tuple[TruthRoot, ...] = ()
    retention: Retention = Retention()
    web: Web = Web()
    alert: Annotated[tuple[Alert, ...], Meta(max_length=100)] = ()
    """Without one, nothing is watched for."""
    webhook: Webhook | None = None
    otel: Otel | None = None
    """Without it, no traces are sent."""
    alerts_file: Path | None = None
    """Where alerts are kept, so that a restart neither repeats nor forgets one. Without: beside `store`,
    `gilmok-hub.db.alerts.json`."""
    per_node: PerNode = PerNode()
    health_period_s: Seconds = 1.0
    """How often nodes send health; after three periods of silence a node is stale."""
    clock_tolerance_s: SecondsOrNone = 300.0
    """A node's wall clock that is further ahead than this, by UTC, is not believed: the hub's labels its frames."""
    late_after_s: Seconds = 1.0
    """A report that was longer on its way, where node and hub share a clock, and during which nothing of its node came
    for that long or two periods of health, waited through an outage: it is late, and moves no live figure."""
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
        check_names(self.alert)

    @property
    def silence_s(self) -> float:
        """A node of which nothing came for longer was cut off: it says its health meanwhile."""
        return max(self.late_after_s, 2 * self.health_period_s)

    @property
    def where(self) -> Path | LedgerAt:
        """The ledger."""
        return self.ledger or self.store

    @property
    def alerts_at(self) -> Path:
        return self.alerts_file or self.store.with_name(f"{self.store.name}.alerts.json")


class LedgerUrlWrong(GilmokError):
    def __init__(self, url: str, why: str) -> None:
        shown = without_login(url).partition("?")[0]
        super().__init__(
            f"{shown!r} is no ledger's address: {why}",
            "write postgresql://HOST:PORT/DATABASE, with USER@ before HOST where it isn't yours",
        )


class WebContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the table [web] contradicts itself: {what}", hint)


class HubContradicts(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the hub's configuration contradicts itself: {what}", hint)


def _wrong(url: str) -> str | None:
    """What is wrong with a ledger's address; never quotes Python, which would repeat a password."""
    if ":" in url.rpartition("@")[0].partition("://")[2]:
        return "it holds a password; put that into a file, and its path into password_file"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it can't be taken apart, or its port is no number from 1 to 65535"
    return _wrong_part(parts)


def _wrong_part(parts: SplitResult) -> str | None:
    if parts.scheme != "postgresql":
        return "it does not begin with postgresql://"
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if strange := [name for name in options if name not in URL_OPTIONS]:
        return f"after the ? may stand {', '.join(URL_OPTIONS)}, not {strange[0]}"
    if not parts.hostname and "host" not in options:
        return "it names no host"
    if not parts.path.strip("/") or "/" in parts.path[1:] or parts.fragment:
        return "a database, and nothing after it, is what belongs behind the host"
    return None
