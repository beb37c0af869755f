"""Alerts for Prometheus: how many stand of each rule that is configured, and what became of the webhook's messages."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from fleet.alerts import records
from fleet.alerts.records import AlertsUnreadable
from fleet.config import HubConfig


class AlertMetrics:
    """A series for each configured rule, 100 at most: whom they are about, the page says."""

    def __init__(self, hub: HubConfig) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        if not self._hub.alert:
            return
        try:
            kept = records.read(self._hub.alerts_at)
            looked_s = self._hub.alerts_at.stat().st_mtime
        except (AlertsUnreadable, OSError):
            # What isn't known has no series.
            return
        counted = Counter(one.name for one in kept.standing)
        standing = GaugeMetricFamily(
            "gilmok_alerts", "How many alerts of a rule stand.", labels=("alert", "rule", "severity")
        )
        for alert in self._hub.alert:
            standing.add_metric((alert.called, alert.rule, alert.severity), counted[alert.called])
        yield standing
        yield GaugeMetricFamily(
            "gilmok_alerts_looked_timestamp_seconds", "When the rules were looked at last.", value=looked_s
        )
        if self._hub.webhook is not None:
            sent = CounterMetricFamily(
                "gilmok_webhook_messages", "Messages to the webhook, by what became of them.", labels=("outcome",)
            )
            for outcome, count in (("delivered", kept.sent.delivered), ("given_up", kept.sent.given_up)):
                sent.add_metric((outcome,), count)
            yield sent
            yield CounterMetricFamily(
                "gilmok_webhook_failed_tries", "Tries that the webhook did not take.", value=kept.sent.failed
            )
            yield GaugeMetricFamily(
                "gilmok_webhook_waiting_messages", "Messages that it hasn't taken yet.", value=len(kept.outbox)
            )
