"""When a stream's reports came in at the hub, on the clock that stamped their frames."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.wire.clock.track import ClockTrack, Instant
from edge.wire.messages import Exchange, Health
from fleet.ledger.reader import FrameRow
from replay.metrics.oneway import refusal

UNCOMPARED = "node and hub run on two clocks, and no exchange compares them"


@dataclass(frozen=True, slots=True)
class Receipts:
    """`instants` in the order of the reports; None, and `unknown` says why, where one of them isn't known."""

    instants: Sequence[Instant] | None
    unknown: str
    steps: int
    """How often one of the two clocks was set, or stood still."""


@dataclass(frozen=True, slots=True)
class HubLatency:
    """From capture to the hub: per ok report; None, and `unknown` says why, where that can't be told."""

    latency_ns: Sequence[int] | None
    unknown: str


def clock_tracks(healths: Iterable[Health]) -> dict[str, ClockTrack]:
    """What a session's exchanges say of each hub's clock, by the hub's boot id."""
    exchanges: defaultdict[str, list[Exchange]] = defaultdict(list)
    for health in healths:
        for boot, clock in health.clocks.items():
            exchanges[boot] += clock.exchanges
    return {boot: ClockTrack(said) for boot, said in exchanges.items()}


def receipts(rows: Sequence[FrameRow], clocks: Mapping[str, ClockTrack]) -> Receipts:
    """Exact where node and hub share a clock; else by the exchanges on both sides of each receipt."""
    found = [_instant(row, clocks.get(row.boot)) for row in rows]
    known = [instant for instant in found if instant is not None]
    steps = sum(clocks[boot].steps for boot in {row.boot for row in rows} & clocks.keys())
    if len(known) == len(found):
        return Receipts(known, "", steps)
    if not steps:
        return Receipts(None, UNCOMPARED, steps)
    missing = len(found) - len(known)
    return Receipts(None, f"a clock was set, or stood still, around {missing} of {len(found)} reports", steps)


def hub_latency(rows: Sequence[FrameRow], came: Receipts) -> HubLatency:
    if came.instants is None:
        return HubLatency(None, came.unknown)
    ok = [(row, at) for row, at in zip(rows, came.instants, strict=True) if row.report.status == "ok"]
    latencies = [at.edge_ns - row.report.stamp.mono_ns for row, at in ok]
    why = refusal(latencies, [at.bound_ns for _, at in ok])
    return HubLatency(None if why else latencies, why)


def _instant(row: FrameRow, clock: ClockTrack | None) -> Instant | None:
    stamp_ns = row.report.stamp.mono_ns
    if row.hub_latency_ns is not None:
        return Instant(stamp_ns + row.hub_latency_ns, 0)
    return None if clock is None else clock.edge_time(row.received.mono_ns, since_ns=stamp_ns)
