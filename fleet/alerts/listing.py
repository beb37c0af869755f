"""Alerts as rows, for the command line, the page and Prometheus: out of their file, which any process may read."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from fleet.alerts import records
from fleet.alerts.records import AlertsUnreadable, StandingAlert
from fleet.config import HubConfig
from fleet.reporting.listing import ago, utc
from sensors.clock import NS_PER_S, Stamp


def told(hub: HubConfig) -> dict[str, Any]:
    """What is kept; nothing, where none ever rose. Of what waits for the webhook, how many. Raises AlertsUnreadable."""
    kept: dict[str, Any] = msgspec.to_builtins(records.read(hub.alerts_at))
    return {**kept, "waiting": len(kept.pop("outbox"))}


def of_node(hub: HubConfig, site: str, node: str) -> tuple[StandingAlert, ...]:
    """What stands about a node and its streams; nothing, where that can't be read: the page of the alerts says why."""
    try:
        standing = records.read(hub.alerts_at).standing
    except AlertsUnreadable:
        return ()
    return tuple(one for one in standing if (one.site, one.node) == (site, node))


class Standing:
    """How many alerts stand, read anew only when their file is another; for one thread at a time."""

    def __init__(self, hub: HubConfig) -> None:
        self._path = hub.alerts_at
        self._read_ns = 0
        self._counts: dict[str, int] = {}

    def by_severity(self) -> dict[str, int]:
        """Nothing, where it can't be told: the page of the alerts says why."""
        try:
            written_ns = self._path.stat().st_mtime_ns
            if written_ns != self._read_ns:
                self._counts = dict(Counter(one.severity for one in records.read(self._path).standing))
                self._read_ns = written_ns
        except (OSError, AlertsUnreadable):
            self._read_ns, self._counts = 0, {}
        return self._counts


def age_s(hub: HubConfig, now: Stamp) -> float | None:
    """How long ago somebody looked, to within VALUES_S; None: nobody ever did."""
    try:
        return round(max(now.utc_ns - hub.alerts_at.stat().st_mtime_ns, 0) / NS_PER_S, 1)
    except OSError:
        return None


def standing_rows(standing: Iterable[dict[str, Any]], now: Stamp) -> list[dict[str, Any]]:
    """The gravest first."""
    held = sorted(standing, key=lambda one: (one["severity"] != "critical", one["since_utc_ns"]))
    return [
        {
            "severity": one["severity"],
            "alert": one["name"],
            "where": _where(one),
            "since": ago(now.utc_ns - one["since_utc_ns"]),
            "times": one["times"],
            "what": one["what"],
        }
        for one in held
    ]


def event_rows(past: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "at": utc(one["at_utc_ns"]),
            "became": one["became"],
            "alert": one["alert"]["name"],
            "where": _where(one["alert"]),
            "what": one["why"] or one["alert"]["what"],
        }
        for one in past
    ]


def _where(alert: dict[str, Any]) -> str:
    return "/".join(part for part in (alert["site"], alert["node"], alert["stream"]) if part) or "the hub"
