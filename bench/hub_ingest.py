"""How many reports a second the hub books, and what each costs it: real broker, real hub process, real store.

    python -P bench/hub_ingest.py
    python -P bench/hub_ingest.py --broker mosquitto --in-flight 500
    python -P bench/hub_ingest.py --workers 1 2 --rounds 3 --ledger postgresql://USER@HOST/DATABASE

Publishers are processes of their own with their messages encoded beforehand. The rate runs from the first publish to
the last report in the ledger; CPU is the hub process's own, user and system, all threads, and each worker's. Where the
cores are others', too, the busiest process's CPU tells what a machine with a core for each would hold.
"""

import argparse
import os
import secrets
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
from fleet.config import HubConfig, LedgerAt, PerNode, Web
from fleet.ledger.reader import LedgerReader
from fleet.workers.partition import Partition
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
max_queued_messages {queued}
max_inflight_messages {in_flight}
"""


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="embedded")
    parser.add_argument("--reports", type=in_range(Count), default=20_000)
    parser.add_argument("--publishers", type=in_range(Several), default=2)
    parser.add_argument("--findings", type=in_range(CountOrNone), default=12)
    parser.add_argument("--workers", type=in_range(Several), nargs="+", default=[1], help="of the hub; in turns")
    parser.add_argument("--rounds", type=in_range(Count), default=1)
    parser.add_argument("--ledger", metavar="URL", help="an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--password-file", type=Path, help="of the ledger's user")
    parser.add_argument(
        "--in-flight", type=in_range(Count), default=20, help="Mosquitto's window towards the hub (its default: 20)"
    )
    chosen = parser.parse_args()
    steps = []
    for _ in range(chosen.rounds):
        for workers in chosen.workers:
            with tempfile.TemporaryDirectory() as folder:
                steps.append(booked(Path(folder), chosen, workers))
    return steps[0] if len(steps) == 1 else {"steps": steps}


def ledger(folder: Path, chosen: argparse.Namespace) -> HubConfig:
    """A hub's configuration with the ledger that is asked for."""
    database = None if chosen.ledger is None else LedgerAt(url=chosen.ledger, password_file=chosen.password_file)
    unbound = PerNode(messages_per_s=1e6, mb_per_s=1e6)
    return HubConfig(store=folder / "hub.db", ledger=database, per_node=unbound, web=Web(enabled=False))


def booked(folder: Path, chosen: argparse.Namespace, workers: int) -> dict[str, object]:
    share = chosen.reports // chosen.publishers
    settings = msgspec.structs.replace(ledger(folder, chosen), workers=workers)
    with broker(folder, chosen) as at, hub(folder, at, settings) as child:
        processes = get_context("spawn")
        start = processes.Barrier(chosen.publishers + 1)
        names = [name_in(workers, i) for i in range(chosen.publishers)]
        publishers = [
            processes.Process(target=publish, args=(at, name, share, chosen.findings, start)) for name in names
        ]
        for publisher in publishers:
            publisher.start()
        start.wait()
        begin_ns, begin_cpu_ns = CLOCK.now().mono_ns, family_cpu_ns(child.pid)
        with LedgerReader(settings.where) as reader:
            keys = [key_of(Speaker(CLOCK, node=name).birth) for name in names]
            while sum(reader.count(key, "camera") for key in keys) < share * len(keys):
                if child.poll() is not None:
                    raise BenchmarkBroken("the hub ended before it had booked every report")
                threading.Event().wait(POLL_S)
        span_ns, end_cpu_ns = CLOCK.now().mono_ns - begin_ns, family_cpu_ns(child.pid)
        spent_ns = [end_cpu_ns[pid] - begin_cpu_ns.get(pid, 0) for pid in end_cpu_ns]
        for publisher in publishers:
            publisher.join()
    reports = share * len(names)
    return {
        "broker": chosen.broker,
        "reports": reports,
        "findings": chosen.findings,
        "payload_bytes": len(encode(Speaker(CLOCK).report(0, findings=findings(chosen.findings)))),
        "reports_per_s": reports * NS_PER_S / span_ns,
        "ledger": "SQLite" if chosen.ledger is None else "PostgreSQL",
        "workers": workers,
        "hub_cpu_us_per_report": sum(spent_ns) / 1000 / reports,
        "busiest_process_us_per_report": max(spent_ns) / 1000 / reports,
        "process_us_per_report": [round(each / 1000 / reports, 1) for each in spent_ns],
        "with_a_core_each_per_s": reports * NS_PER_S / max(spent_ns),
    }


def name_in(workers: int, number: int) -> str:
    """A node's name, another each time since a database remembers, of the workers' parts in turn."""
    partition = Partition(workers)
    while True:
        name = f"node-{secrets.token_hex(4)}"
        if partition.of_node(Speaker(CLOCK, node=name).key.of_node) == number % workers:
            return name


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
    settings.write_text(
        MOSQUITTO.format(port=port, in_flight=chosen.in_flight, queued=getattr(chosen, "queued", 0)), encoding="utf-8"
    )
    with subprocess.Popen([program, "-c", settings], stderr=subprocess.DEVNULL) as child:
        try:
            yield BrokerAt(url=f"mqtt://127.0.0.1:{port}")
        finally:
            child.terminate()


@contextmanager
def hub(folder: Path, at: BrokerAt, settings: HubConfig) -> Iterator["subprocess.Popen[str]"]:
    path = folder / "hub.toml"
    path.write_text(tomli_w.dumps(plain(msgspec.structs.replace(settings, broker=at))), encoding="utf-8")
    arguments = [sys.executable, "-P", "-m", "gilmok", "hub", "run", str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                raise BenchmarkBroken("the hub did not start")
            yield child
        finally:
            child.terminate()


def family_cpu_ns(pid: int) -> dict[int, int]:
    """A process's and that of each that it started, by process id; its own first."""
    asked = [str(pid), *(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]
    return {int(one): cpu_ns(int(one)) for one in asked}


def cpu_ns(pid: int) -> int:
    """User and system time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * NS_PER_S // os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    measured(figures)
