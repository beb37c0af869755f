"""What the hub has booked, as rows of a table: nodes, runs, refused messages."""

from datetime import UTC, datetime
from typing import Any

from edge.wire.messages import Birth
from fleet.arrivals import key_of
from fleet.ledger.reader import LastHeard, LedgerReader
from fleet.registry import state_after
from sensors.clock import NS_PER_S, Stamp

SHOWN_BYTES = 60


def node_rows(ledger: LedgerReader, now: Stamp, health_period_s: float) -> list[dict[str, Any]]:
    """The newest session of every node, by site and name; `stale` is judged by UTC, between two processes."""
    period_ns = int(health_period_s * NS_PER_S)
    return [_node_row(birth, ledger.last_heard(key_of(birth)), now, period_ns) for birth in ledger.newest_births()]


def _node_row(birth: Birth, last: LastHeard, now: Stamp, period_ns: int) -> dict[str, Any]:
    heard_utc_ns = max(last.state_utc_ns, last.health_utc_ns)
    counted = last.health.streams.values() if last.health else ()
    # It speaks, so it is there, also where the word on its connection was lost.
    said = last.state or ("online" if last.health else None)
    return {
        "site": birth.site,
        "node": birth.node,
        "kind": birth.kind,
        "state": state_after(said, now.utc_ns - heard_utc_ns, period_ns),
        "last_heard": ago(now.utc_ns - heard_utc_ns) if heard_utc_ns else None,
        "last_heard_utc_ns": heard_utc_ns or None,
        "session": birth.session,
        "session_id": birth.session_id,
        "run": birth.run,
        "model": birth.model.name,
        "device": f"{birth.backend.name}:{birth.backend.device}",
        "streams": ", ".join(stream.name for stream in birth.streams),
        "captured": sum(one.captured for one in counted),
        "ok": sum(one.ok for one in counted),
        "failed": sum(one.failed for one in counted),
        "dropped": sum(one.dropped for one in counted),
    }


def run_rows(ledger: LedgerReader) -> list[dict[str, Any]]:
    """Every run, the newest first."""
    return [
        {"run": row.run, "began": utc(row.born_utc_ns), "sessions": row.sessions, "reports": row.frames}
        for row in ledger.runs()
    ]


def refused_rows(ledger: LedgerReader) -> list[dict[str, Any]]:
    """What was kept aside, oldest first."""
    return [
        {
            "received": utc(one.received.utc_ns),
            "reason": one.reason,
            "topic": one.topic,
            "what": one.what,
            "payload": one.payload[:SHOWN_BYTES].decode(errors="replace"),
        }
        for one in ledger.refused()
    ]


def ago(span_ns: int) -> str:
    """A span as a person says it; "now" if it is under a second or the clocks disagree."""
    seconds = span_ns // NS_PER_S
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "now"


def utc(instant_ns: int) -> str:
    """To the second; an instant that no calendar has is told in nanoseconds."""
    try:
        return f"{datetime.fromtimestamp(instant_ns / NS_PER_S, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{instant_ns} ns"
