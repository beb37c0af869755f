"""Looks at the fleet again and again, judges it by the rules, keeps what came of it, and has it sent."""

import logging
import os
import threading
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Self

from fleet.alert_settings import Alert
from fleet.alerts import records
from fleet.alerts.hysteresis import Hysteresis
from fleet.alerts.outbox import Outbox
from fleet.alerts.recent_accuracy import RecentAccuracy
from fleet.alerts.records import AlertEvent, AlertsUnreadable, KeptAlerts
from fleet.alerts.rules import RULES, Measured
from fleet.alerts.sight import Sight
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.watch.fleet_watch import FleetWatch
from sensors.atomic_files import FileUnwritable
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

PERIOD_S = 1.0
SHARE = 0.1
"""Looking takes at most this share of a core: of a large fleet it is rarer."""
SETTLES_S = 10.0
"""So long after it began no node is held to be silent: the hub may only just have come back."""
PAST = 500
VALUES_S = 5.0
"""So often the newest values of what stands are written, where nothing else changed."""
GOODBYE_S = 2.0
GAP_S = 60.0
"""A hub that was away for longer counts anew how long something has been wrong."""


class AlertWatch:
    """Used by `with`, from one thread."""

    def __init__(self, hub: HubConfig, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock
        self.path = hub.alerts_at
        self._done = threading.Event()
        self._ledger: FleetReader | None = None
        self._watch = FleetWatch(clock, hub.health_period_s, hub.web.hot_c)
        self._accuracy = RecentAccuracy(hub.truth, clock)
        self._began_ns = clock.now().mono_ns
        self._trouble = ""
        kept = self._kept()
        fresh_ns = clock.now().utc_ns - int(GAP_S * NS_PER_S)
        begun = [one for one in kept.begun if one.as_of_utc_ns > fresh_ns]
        self._hysteresis = Hysteresis(hub.alert, kept.standing, begun)
        # Replaced whole, since the webhook's thread reads them.
        self._past, self.standing, self._left_out = kept.past, kept.standing, kept.left_out
        self._begun = kept.begun
        self._outbox = None
        self._written = KeptAlerts()
        self._written_ns = 0
        self._writing = threading.Lock()
        self._former = kept.sent
        if hub.webhook is not None:
            self._outbox = Outbox(hub.webhook, hub.name, clock, kept.outbox, kept.sent, self._write)

    def __enter__(self) -> Self:
        if self._outbox is not None:
            self._outbox.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._outbox is not None:
            self._outbox.stop(GOODBYE_S)
        self._write()
        self._accuracy.close()
        self._close()

    def stop(self) -> None:
        """May come from a signal handler."""
        self._done.set()

    def run(self) -> None:
        """Until `stop`."""
        while not self._done.is_set():
            began_ns = self._clock.now().mono_ns
            self.look()
            took_s = (self._clock.now().mono_ns - began_ns) / NS_PER_S
            self._done.wait(max(PERIOD_S - took_s, took_s / SHARE - took_s))

    def look(self) -> list[AlertEvent]:
        """Once; a ledger that can't be read is told, and looked at again."""
        events: list[AlertEvent] = []
        try:
            events = self._judge(self._sight())
            self._trouble = ""
        except GilmokError as error:
            if error.sentence != self._trouble:
                log.warning("no alerts for now: %s", error.sentence)
            self._trouble = error.sentence
            # A hub that starts may bring another file.
            self._close()
            return []
        self._past = (*self._past, *events)[-PAST:]
        self.standing, self._left_out = self._hysteresis.standing, self._hysteresis.left_out
        self._begun = self._hysteresis.begun(self._clock.now())
        for event in events:
            about = "/".join(filter(None, (event.alert.site, event.alert.node, event.alert.stream))) or "the hub"
            log.warning("%s %s: %s: %s", event.became, event.alert.name, about, event.why or event.alert.what)
        if self._outbox is not None and events:
            self._outbox.put(events)
        if events or self._clock.now().mono_ns - self._written_ns > VALUES_S * NS_PER_S:
            self._write()
        return events

    def _sight(self) -> Sight:
        if self._ledger is None:
            self._ledger = FleetReader(self._hub.where)
        self._watch.look(self._ledger)
        now = self._clock.now()
        settled = now.mono_ns - self._began_ns > SETTLES_S * NS_PER_S
        sight = Sight(self._hub, self._ledger, self._watch, self._accuracy, settled=settled)
        wanted = [alert for alert in self._hub.alert if alert.rule == "accuracy"]
        if wanted:
            asked = [
                (birth, stream)
                for birth, stream in sight.streams()
                if any(_asks(alert, birth.site, birth.node, stream.name) for alert in wanted)
            ]
            self._accuracy.look(self._ledger, asked)
        return sight

    def _judge(self, sight: Sight) -> list[AlertEvent]:
        now = self._clock.now()
        self._hysteresis.begin()
        events = self._hysteresis.drop_orphans(now)
        measured: dict[str, list[Measured]] = {}
        for alert in self._hub.alert:
            if alert.rule not in measured:
                measured[alert.rule] = list(RULES[alert.rule].measure(sight))
            asked = (one for one in measured[alert.rule] if _is_asked(alert, one))
            events += self._hysteresis.judge(alert, asked, now)
        return events

    def _kept(self) -> KeptAlerts:
        try:
            return records.read(self.path)
        except AlertsUnreadable as error:
            aside = self.path.with_name(f"{self.path.name}.unreadable")
            log.error("%s; it is moved to %s", error.sentence, aside)
            with suppress(OSError):
                self.path.replace(aside)
            return KeptAlerts()

    def _write(self) -> None:
        """What changed; called from the webhook's thread, too."""
        with self._writing:
            kept = KeptAlerts(
                standing=self.standing,
                begun=self._begun,
                left_out=self._left_out,
                past=self._past,
                outbox=() if self._outbox is None else self._outbox.waiting,
                sent=self._former if self._outbox is None else self._outbox.sent,
            )
            self._written_ns = self._clock.now().mono_ns
            try:
                if kept != self._written or not self.path.exists():
                    records.write(self.path, kept)
                    self._written = kept
                else:
                    # Whoever reads it sees by its age that somebody looks.
                    os.utime(self.path)
            except (FileUnwritable, OSError) as error:
                log.error("alerts aren't kept for now: %s", error)

    def _close(self) -> None:
        if self._ledger is not None:
            with suppress(GilmokError):
                self._ledger.close()
            self._ledger = None


def _is_asked(alert: Alert, one: Measured) -> bool:
    return _asks(alert, one.subject.site, one.subject.node, one.subject.stream)


def _asks(alert: Alert, site: str, node: str, stream: str) -> bool:
    named = ((alert.sites, site), (alert.nodes, node), (alert.streams, stream))
    # A rule about nodes has no stream to be asked for, one about the hub no node.
    return all(_fits(name, patterns) for patterns, name in named if patterns and name)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns)
