"""What the ledger's exchanges say of a report's way to the hub, worked on clocks and networks made for it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.wire.messages import Exchange, HubClock, encode
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, ReportArrived
from fleet.ledger.ledger import Ledger
from fleet.reporting.receipts import UNCOMPARED
from fleet.reporting.run_records import records
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import Summary, summarise
from replay.runs.tables import render
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp
from sensors.terminal.text_table import Text, laid_out
from tests.edge.networks import NETWORKS, exchanges, hub_time
from tests.fakes import ManualClock
from tests.speaker import TOTAL_NS, Speaker

EDGE, HUB = "the pole's boot", "the hub's boot"
CLOCK = ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def session(
    said: Sequence[tuple[int, int, int, int]], ways: Sequence[tuple[int, int]], boot: str = HUB
) -> list[Arrival]:
    """A session with these exchanges, and a frame for each (captured, received) of `ways`, both on the edge's clock."""
    speaker = Speaker(CLOCK, boot=EDGE)
    clock = HubClock(offset_ns=None, bound_ns=None, steps=0, exchanges=tuple(Exchange(*stamps) for stamps in said))
    health = msgspec.structs.replace(speaker.health(len(ways), final=True), clocks={HUB: clock})
    arrivals: list[Arrival] = [
        BirthArrived(speaker.key, speaker.birth, encode(speaker.birth), CLOCK.now()),
        HealthArrived(speaker.key, health, encode(health), CLOCK.now()),
        ConnArrived(speaker.key, "offline", CLOCK.now()),
    ]
    for n, (captured_ns, received_ns) in enumerate(ways):
        report = speaker.report(n, stamp=Stamp(captured_ns, captured_ns))
        received = Stamp(hub_time(received_ns), received_ns)
        arrivals.append(ReportArrived(speaker.key, report, encode(report), received, None, boot))
    return arrivals


def told(store: Path, arrivals: Sequence[Arrival]) -> StreamRecord:
    with Ledger(store) as ledger:
        ledger.commit(arrivals)
        (record,) = records(ledger, ledger.births("drive"))
    return record


def printed(summary: Summary) -> str:
    lines = [line for part in render(summary) for line in laid_out(part, 80)]
    return " ".join("".join(text.text for line in lines for text in (*line, Text("\n"))).split())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_receipt_lies_within_its_bound(store: Path, name: str) -> None:
    rng = np.random.default_rng(11)
    captured = np.sort(rng.integers(0, 300 * NS_PER_S, 500)).tolist()
    ways = [(at, at + TOTAL_NS + int(rng.integers(NS_PER_MS, 9 * NS_PER_MS))) for at in captured]
    record = told(store, session(exchanges(NETWORKS[name], rng, 300), ways))
    assert record.received_ns is not None
    assert record.received_bound_ns is not None
    for (_, truth_ns), received_ns, bound_ns in zip(ways, record.received_ns, record.received_bound_ns, strict=True):
        assert abs(received_ns - truth_ns) <= bound_ns
    (stream,) = summarise("drive", [record]).streams
    if stream.hub_bound_ns is None:
        assert "exceeds 20 % of p50" in stream.hub_unknown
        return
    latencies = sorted(received - captured for captured, received in ways)
    for q, name in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99")):
        truth_ns = latencies[int(np.ceil(q * len(latencies))) - 1]
        told_ns, bound_ns = getattr(stream.latency_ns["hub"], name), getattr(stream.hub_bound_ns, name)
        assert abs(told_ns - truth_ns) <= bound_ns


def test_a_figure_stands_beside_its_systematic_error(store: Path) -> None:
    # Away for 2 ms: o is right to 1 ms.
    t1 = 10 * NS_PER_S
    there = hub_time(t1 + NS_PER_MS)
    ways = [(t1, t1 + 30 * NS_PER_MS)] * 10
    record = told(store, session([(t1, there, there, t1 + 2 * NS_PER_MS)], ways))
    summary = summarise("drive", [record])
    (stream,) = summary.streams
    assert stream.hub_bound_ns is not None
    assert stream.hub_bound_ns == summary.hub_bound_ns
    assert stream.latency_ns["hub"].p50 is not None
    assert abs(stream.latency_ns["hub"].p50 - 30 * NS_PER_MS) <= 2000
    assert stream.hub_bound_ns.p50 is not None
    assert 0 <= stream.hub_bound_ns.p50 - NS_PER_MS <= 5000
    assert stream.hub_bound_ns.p99 is None
    assert "capture to hub 30.00 30.00 n<100 n<1000 30.00 10 ± (systematic) 1.00 1.00 n<100 n<1000 1.00 10" in printed(
        summary
    )


def test_it_is_refused_where_its_bound_exceeds_a_fifth_of_the_median(store: Path) -> None:
    t1 = 10 * NS_PER_S
    there = hub_time(t1 + 7 * NS_PER_MS)
    ways = [(t1, t1 + 30 * NS_PER_MS)] * 10
    record = told(store, session([(t1, there, there, t1 + 14 * NS_PER_MS)], ways))
    assert record.received_ns is not None
    assert record.hub_latency_ns is None
    summary = summarise("drive", [record])
    assert "hub" not in summary.latency_ns
    assert summary.streams[0].hub_unknown == "its bound of 7.00 ms exceeds 20 % of p50 (30.00 ms)"
    assert "pole/camera: the time from capture to hub can't be told: its bound" in printed(summary)


def test_one_unsure_report_widens_the_maximum_and_leaves_the_median(store: Path) -> None:
    t1 = 10 * NS_PER_S
    there = hub_time(t1 + NS_PER_MS)
    late = t1 + 600 * NS_PER_S
    ways = [*[(t1, t1 + 30 * NS_PER_MS)] * 9, (late, late + 90 * NS_PER_MS)]
    (stream,) = summarise("drive", [told(store, session([(t1, there, there, t1 + 2 * NS_PER_MS)], ways))]).streams
    assert stream.hub_bound_ns is not None
    assert stream.hub_bound_ns.p50 is not None
    assert stream.hub_bound_ns.max is not None
    assert stream.hub_bound_ns.p50 < 2 * NS_PER_MS
    assert 60 * NS_PER_MS < stream.hub_bound_ns.max < 62 * NS_PER_MS


@pytest.mark.parametrize(
    ("boot", "ways", "why"),
    [
        ("", [(0, 30)], UNCOMPARED),
        ("a third machine's boot", [(0, 30)], UNCOMPARED),
        (HUB, [(0, 30)], "1 of them are too few to hold their bound against"),
        (HUB, [(50, 30), (0, 30)], "1 of 2 reports were received before their frames were taken, whatever the bound"),
    ],
)
def test_what_cannot_be_known_is_not_told(store: Path, boot: str, ways: list[tuple[int, int]], why: str) -> None:
    there = hub_time(NS_PER_MS)
    said = [(0, there, there, 2 * NS_PER_MS)]
    record = told(store, session(said, [(a * NS_PER_MS, b * NS_PER_MS) for a, b in ways], boot))
    assert (record.hub_latency_ns, record.hub_unknown) == (None, why)


def test_a_hub_without_the_exchange_tells_no_one_way_time(store: Path) -> None:
    record = told(store, session([], [(0, 30 * NS_PER_MS)]))
    assert (record.hub_latency_ns, record.hub_unknown, record.received_ns) == (None, UNCOMPARED, None)


def test_a_step_is_told_even_where_it_hurts_no_report(store: Path) -> None:
    def hub(edge_ns: int) -> int:
        return hub_time(edge_ns) + (NS_PER_S if edge_ns > 20 * NS_PER_S else 0)

    seconds = [second * NS_PER_S for second in range(40)]
    said = [(t, hub(t) + NS_PER_MS, hub(t) + NS_PER_MS, t + 2 * NS_PER_MS) for t in seconds]
    record = told(store, session(said, [(at * NS_PER_S, at * NS_PER_S + 30 * NS_PER_MS) for at in range(1, 10)]))
    assert record.hub_unknown == ""
    summary = summarise("drive", [record])
    assert summary.streams[0].clock_steps == 1
    assert "was set, or stood still, 1 times" in printed(summary)


def test_numbers_beyond_any_clock_break_nothing(store: Path) -> None:
    far = 2**61 - 1
    said = [(0, far, far, 2), (far - 2, 0, 0, far)]
    record = told(store, session(said, [(2**63 - 1, 30), (0, 30)]))
    assert record.hub_latency_ns is None
