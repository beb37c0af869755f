"""What it costs a node to keep each report until a hub has committed it: CPU ms and wall ms a frame, by durability.

    python -P bench/spool.py
    python -P bench/spool.py --folder /mnt/emmc --frames 3000

As at 30 fps: each report is kept by itself, and five times a second what the hub has committed is forgotten. None of
it is in the frame path; `put` is what the frame path does.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import get_args

from bench.program import measured
from edge.config import Durability, SpoolChoice
from edge.publisher import Publisher
from edge.spool.spool import Spool
from edge.spool.store import Kept, Lane
from edge.wire.address import BrokerAt
from edge.wire.link import Link
from edge.wire.messages import encode
from sensors.clock import NS_PER_MS, SystemClock, boot_id
from sensors.ranges import Count, CountOrNone, in_range
from sensors.terminal.command_line import command_parser
from tests.speaker import Speaker, findings

CLOCK = SystemClock()
FRAMES_A_WORD = 6
"""Between two words of the hub, at 30 fps."""
IN_MEMORY = 2000


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=in_range(Count), default=IN_MEMORY)
    parser.add_argument("--findings", type=in_range(CountOrNone), default=12)
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: a temporary one)")
    chosen = parser.parse_args()
    speaker = Speaker(CLOCK)
    reports = [speaker.report(n, findings=findings(chosen.findings)) for n in range(chosen.frames)]
    payloads = [encode(report) for report in reports]
    lane = Lane(speaker.session_id, "camera")
    kept = [Kept(lane, report.n, payload, report.stamp) for report, payload in zip(reports, payloads, strict=True)]
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        costs = {name: _cost(Path(folder) / name, name, lane, kept) for name in get_args(Durability)}
        put_us = _put_us(Path(folder) / "put", speaker, chosen.frames)
    return {"frames": chosen.frames, "report_bytes": len(payloads[0]), "put_us": put_us, "by_durability": costs}


def _cost(path: Path, durability: Durability, lane: Lane, reports: list[Kept]) -> dict[str, float]:
    spool = Spool(path, SpoolChoice(durability=durability), CLOCK, boot_id())
    wall_ns, cpu_ns = CLOCK.now().mono_ns, time.process_time_ns()
    for n, one in enumerate(reports):
        spool.write([one], {lane: [(0, n - FRAMES_A_WORD)]} if n % FRAMES_A_WORD == 0 else {})
        spool.tend()
    wall_ns, cpu_ns = CLOCK.now().mono_ns - wall_ns, time.process_time_ns() - cpu_ns
    spool.close()
    return {
        "cpu_ms": round(cpu_ns / NS_PER_MS / len(reports), 4),
        "wall_ms": round(wall_ns / NS_PER_MS / len(reports), 4),
    }


def _put_us(path: Path, speaker: Speaker, frames: int) -> float:
    """What the frame path itself does with a report: it hands it over."""
    link = Link(BrokerAt(), "bench", clock=CLOCK)
    spool = Spool(path, SpoolChoice(durability="off"), CLOCK, boot_id())
    publisher = Publisher(link, speaker.topics, CLOCK, spool, speaker.session_id, 1)
    report = speaker.report(0)
    before_ns = time.process_time_ns()
    for _ in range(frames):
        publisher.put(report)
    took_ns = time.process_time_ns() - before_ns
    spool.close()
    return round(took_ns / 1000 / frames, 2)


if __name__ == "__main__":
    measured(figures)
