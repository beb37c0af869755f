"""What arrives at a ledger, as a node says it."""

from edge.wire.messages import encode
from fleet.arrivals import BirthArrived, Refused, ReportArrived, key_of
from tests.fakes import ManualClock
from tests.speaker import Speaker

CLOCK = ManualClock(tick_ns=1000)
KEY = Speaker(CLOCK).key


def birth_of(speaker: Speaker) -> BirthArrived:
    return BirthArrived(key_of(speaker.birth), speaker.birth, encode(speaker.birth), CLOCK.now())


def report_of(speaker: Speaker, n: int, latency_ns: int | None = None) -> ReportArrived:
    report = speaker.report(n)
    return ReportArrived(key_of(speaker.birth), report, encode(report), CLOCK.now(), latency_ns)


def refused_for(reason: str, payload: bytes = b"{") -> Refused:
    return Refused.of("t", reason, "why", payload, CLOCK.now())
