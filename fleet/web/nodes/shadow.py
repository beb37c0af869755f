"""A stream's candidate beside its active model, of late: agreement, paired accuracy, and what it costs."""

from collections.abc import Sequence
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.arrivals import key_of
from fleet.ledger.reader import FrameRow, LedgerReader
from fleet.ledger.shadow_reports import shadow_reports
from fleet.reporting.shadows import shadow_of
from replay.recording import Recording
from replay.runs.stream_record import StreamRecord

WINDOW = 300
"""Of the candidate's reports, the newest."""


def shadow_of_late(
    ledger: LedgerReader, birth: Birth, stream: StreamBirth, rows: Sequence[FrameRow], recording: Recording | str
) -> dict[str, Any] | None:
    """As of a run's summary, over the newest frames; None where the node has no shadow. `rows`: the stream's own."""
    key = key_of(birth)
    health = ledger.last_heard(key).health
    if birth.shadow is None and (health is None or health.shadow is None):
        return None
    reports = shadow_reports(ledger, key, stream.name, newest=WINDOW)
    record = StreamRecord(
        birth=birth,
        stream=stream,
        reports=[row.report for row in rows],
        counters=None,
        final=False,
        hub_latency_ns=None,
        recording=None if isinstance(recording, str) else recording,
        truth_unknown=recording if isinstance(recording, str) else "",
    )
    pair = shadow_of(record, reports, health)
    return {"window": WINDOW, "ratio": None if pair.cost is None else pair.cost.ratio, "pair": pair}
