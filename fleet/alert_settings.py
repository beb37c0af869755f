"""What HUB.toml says of alerts: a table `[[alert]]` for each rule, and `[webhook]`, where they are sent."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta

from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import Name, NameOrNone, SecondsOrNone, Text, WholeSeconds

RuleName: TypeAlias = Literal["latency", "accuracy", "lost", "books", "hot", "failing", "refused", "spool", "disk"]
Severity: TypeAlias = Literal["critical", "warning"]
Threshold: TypeAlias = Annotated[float, Meta(ge=-1000, le=1_000_000_000)]
"""In the unit of its rule."""
LOW = ("accuracy", "disk")
"""These rise below a bound, the others above one."""
BY_THE_BROKER = "lost"
"""This one has no bound."""
NEEDS_BOUND = ("latency", "accuracy")


class AlertContradicts(GilmokError):
    def __init__(self, rule: str, what: str, hint: str) -> None:
        super().__init__(f"an alert of the rule {rule!r} contradicts itself: {what}", f"{hint}; see docs/alerts.md")


class WebhookWrong(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the table [webhook] is wrong: {what}", hint)


class Alert(Settings, frozen=True, kw_only=True):
    """When somebody is to be told. Units of the bounds are those of the rule: docs/alerts.md has them."""

    rule: RuleName
    name: NameOrNone = ""
    """What it is called; empty: as its rule. Two of one rule need two."""
    severity: Severity = "warning"
    above: Threshold | None = None
    """It rises when the value is above this (of `accuracy` and `disk`: `below`). Without: the rule's own."""
    below: Threshold | None = None
    clear_below: Threshold | None = None
    """It may clear when the value is at or below this. Without: the bound, of `hot` 5 °C less."""
    clear_above: Threshold | None = None
    """Likewise of `accuracy` and `disk`: at or above."""
    for_s: SecondsOrNone | None = None
    """So long the value must stay beyond the bound before it rises. Without: the rule's own."""
    clear_after_s: SecondsOrNone = 60.0
    """So long it must be well again before it clears: what comes and goes faster is one alert."""
    sites: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """Patterns as of file names, `seoul-*`; none: every one. Likewise"""
    nodes: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """of nodes, and"""
    streams: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """of streams, for `latency`, `accuracy` and `books`."""

    def __post_init__(self) -> None:
        fitting = self._fitting
        for name in ("above", "below", "clear_below", "clear_above"):
            if getattr(self, name) is not None and name not in fitting:
                takes = " and ".join(fitting) or "no bound"
                raise AlertContradicts(self.rule, f"{name} is none of its keys", f"it takes {takes}")
        if self.bound is None and self.rule in NEEDS_BOUND:
            raise AlertContradicts(self.rule, "it has no bound", f"name one with {' or '.join(fitting[:1])}")
        if self.bound is None or self.clear is None or self.clear == self.bound:
            return
        if (self.clear > self.bound) != self.low:
            raise AlertContradicts(
                self.rule,
                f"it would clear at {self.clear:g}, where it still rises",
                "write a value on its good side",
            )

    @property
    def _fitting(self) -> tuple[str, ...]:
        """Which bounds it takes."""
        if self.rule == BY_THE_BROKER:
            return ()
        return ("below", "clear_above") if self.low else ("above", "clear_below")

    @property
    def called(self) -> str:
        return self.name or self.rule

    @property
    def low(self) -> bool:
        """Whether it rises below its bound."""
        return self.rule in LOW

    @property
    def bound(self) -> float | None:
        return self.below if self.low else self.above

    @property
    def clear(self) -> float | None:
        return self.clear_above if self.low else self.clear_below


class Webhook(Settings, frozen=True, kw_only=True):
    """Where alerts are sent as JSON when they rise and clear, signed; what isn't taken is sent again."""

    url: Text
    """http:// or https://, without a login."""
    secret_file: Path
    """What is signed with (HMAC-SHA256); it is read anew each time, so that it may be replaced."""
    ca_file: Path | None = None
    """Of https: whose certificate is believed, in place of the system's own list."""
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 5.0
    give_up_after_s: WholeSeconds = 86_400
    """What wasn't taken for so long is given up, and counted."""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError:
            raise WebhookWrong("its url can't be taken apart", "write https://HOST[:PORT]/PATH") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WebhookWrong("its url is no http:// or https:// address", "write https://HOST[:PORT]/PATH")
        if parts.username is not None or parts.password is not None:
            raise WebhookWrong("its url holds a login", "leave it out: the signature tells who sends")
        if any(character <= " " or character > "~" for character in self.url):
            raise WebhookWrong("its url holds a character that must be escaped", "write it with %XX")

    @property
    def shown(self) -> str:
        """Its address without the path, which often is a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def check_names(alerts: tuple[Alert, ...]) -> None:
    """Raises AlertContradicts where two are called the same."""
    seen: set[str] = set()
    for one in alerts:
        if one.called in seen:
            raise AlertContradicts(one.rule, f"another alert is called {one.called!r}", "give one of them a `name`")
        seen.add(one.called)
