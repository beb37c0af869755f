"""What a summary is made from: everything that is known of one stream of one node session, whoever kept it."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.wire.messages import Birth, FrameReport, StreamBirth, StreamCounters
from replay.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecord:
    """The hub reads it out of its ledger, an offline run has it at hand."""

    birth: Birth
    stream: StreamBirth
    reports: Sequence[FrameReport]
    """In order of n, each once."""
    counters: StreamCounters | None
    """The node's last word; None if it never spoke."""
    final: bool
    """Whether that word was its last on purpose."""
    hub_latency_ns: Sequence[int] | None
    """Capture to receipt at the hub, per ok report; None where that can't be told (`hub_unknown`)."""
    recording: Recording | None
    """With the truth of this stream; None where nobody knows it."""
    truth_unknown: str = ""
    """Why there is no recording."""
    hub_unknown: str = ""
    """Why there is no latency to the hub; empty also where there was no hub."""
    received_ns: Sequence[int] | None = None
    """When each report came in at the hub, on the clock of the frames' stamps; None where nobody knows."""
    received_bound_ns: Sequence[int] | None = None
    """How far each of them may be from the truth: 0 where node and hub share a clock."""
    late: Sequence[bool] = ()
    """Which reports came out of a backlog: no latency of a live one. Left out: none of them."""
    clock_steps: int = 0
    """How often the node's clock or the hub's was set, or stood still, against the other."""
    down: int = 0
    """Frames that were due while the node was dead, or that it had no time to tell of (`replay.runs.joined`)."""
    parts: Sequence["StreamRecord"] = ()
    """Of a stream whose node was started again: each session's own."""


def live_only(record: StreamRecord, of_ok: Sequence[int]) -> list[int]:
    """`of_ok`: a number for each ok report; those of reports that came late left out."""
    if not any(record.late):
        return list(of_ok)
    pairs = zip(record.reports, record.late, strict=True)
    late = [is_late for report, is_late in pairs if report.status == "ok"]
    return [value for value, is_late in zip(of_ok, late, strict=True) if not is_late]
