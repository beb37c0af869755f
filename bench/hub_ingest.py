"""How many reports a second the hub books, and what each costs it: real broker, real hub process, real store.

    python -P bench/hub_ingest.py
    python -P bench/hub_ingest.py --broker mosquitto --in-flight 500

Publishers are processes of their own with their messages encoded beforehand. The rate runs from the first publish to
the last report in the ledger; CPU is the hub process's own, user and system, all threads.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
import tomli_w

from bench.program import BenchmarkBroken, measured
from edge.wire.address import BrokerAt
from edge.wire.messages import encode
from fleet.arrivals import key_of
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig
from fleet.ledger.reader import LedgerReader
from sensors.clock import NS_PER_S, SystemClock
from sensors.config import plain
from sensors.ranges import Count, CountOrNone, Several, in_range
from sensors.terminal.command_line import command_parser
from tests.speaker import Speaker, findings

CLOCK = SystemClock()
WINDOW = 500
POLL_S = 0.02
MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages {in_flight}
"""


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="embedded")
    parser.add_argument("--reports", type=in_range(Count), default=20_000)
    parser.add_argument("--publishers", type=in_range(Several), default=2)
    parser.add_argument("--findings", type=in_range(CountOrNone), default=12)
    parser.add_argument(
        "--in-flight", type=in_range(Count), default=20, help="Mosquitto's window towards the hub (its default: 20)"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return booked(Path(folder), chosen)


def booked(folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    share = chosen.reports // chosen.publishers
    with broker(folder, chosen) as at, hub(folder, at) as child:
        processes = get_context("spawn")
        start = processes.Barrier(chosen.publishers + 1)
        names = [f"node-{i}" for i in range(chosen.publishers)]
        publishers = [
            processes.Process(target=publish, args=(at, name, share, chosen.findings, start)) for name in names
        ]
        for publisher in publishers:
            publisher.start()
        start.wait()
        begin_ns, begin_cpu_ns = CLOCK.now().mono_ns, cpu_ns(child.pid)
        with LedgerReader(folder / "hub.db") as ledger:
            keys = [key_of(Speaker(CLOCK, node=name).birth) for name in names]
            while sum(ledger.count(key, "camera") for key in keys) < share * len(keys):
                if child.poll() is not None:
                    raise BenchmarkBroken("the hub ended before it had booked every report")
                threading.Event().wait(POLL_S)
        span_ns, spent_ns = CLOCK.now().mono_ns - begin_ns, cpu_ns(child.pid) - begin_cpu_ns
        for publisher in publishers:
            publisher.join()
    reports = share * len(names)
    return {
        "broker": chosen.broker,
        "reports": reports,
        "findings": chosen.findings,
        "payload_bytes": len(encode(Speaker(CLOCK).report(0, findings=findings(chosen.findings)))),
        "reports_per_s": reports * NS_PER_S / span_ns,
        "hub_cpu_us_per_report": spent_ns / 1000 / reports,
    }


def publish(at: BrokerAt, name: str, reports: int, boxes: int, start: Barrier) -> None:
    """One publisher's life: encode, wait for the others, say it all with WINDOW reports under way, leave."""
    speaker = Speaker(CLOCK, node=name).connect(at)
    link = speaker.link
    assert link is not None
    topic = speaker.topics.detections("camera")
    template = speaker.report(0, findings=findings(boxes))
    payloads = [encode(msgspec.structs.replace(template, n=n, seq=n)) for n in range(reports)]
    start.wait()
    for payload in payloads:
        if link.unacknowledged >= WINDOW:
            link.drain(60, WINDOW // 2)
        link.publish(topic, payload)
    speaker.leave(reports)


@contextmanager
def broker(folder: Path, chosen: argparse.Namespace) -> Iterator[BrokerAt]:
    if chosen.broker == "embedded":
        with EmbeddedBroker(0, folder / "broker", CLOCK) as running:
            yield BrokerAt(url=running.url)
        return
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise BenchmarkBroken("Mosquitto is not installed", "apt-get install mosquitto, or --broker embedded")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(MOSQUITTO.format(port=port, in_flight=chosen.in_flight), encoding="utf-8")
    with subprocess.Popen([program, "-c", settings], stderr=subprocess.DEVNULL) as child:
        try:
            yield BrokerAt(url=f"mqtt://127.0.0.1:{port}")
        finally:
            child.terminate()


@contextmanager
def hub(folder: Path, at: BrokerAt) -> Iterator["subprocess.Popen[str]"]:
    path = folder / "hub.toml"
    path.write_text(tomli_w.dumps(plain(HubConfig(broker=at, store=folder / "hub.db"))), encoding="utf-8")
    arguments = [sys.executable, "-P", "-m", "gilmok", "hub", "run", str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                raise BenchmarkBroken("the hub did not start")
            yield child
        finally:
            child.terminate()


def cpu_ns(pid: int) -> int:
    """User and system time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * NS_PER_S // os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    measured(figures)
