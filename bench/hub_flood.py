"""What a flood of garbage costs a hub and the honest nodes beside it: memory, refusals, their reports and their delays.

    python -P bench/hub_flood.py --messages 1000000 --clients 4
    python -P bench/hub_flood.py --broker embedded --messages 100000

Each client writes QoS 1 as fast as the broker acknowledges, or QoS 0 as fast as it reads: in turn what is no JSON, no
message, of no session, a birth of a new node, and on a topic that isn't there. The honest fleet is `gilmok fleet
simulate`'s; all share this machine.
"""

import argparse
import re
import secrets
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench.hub_ingest import broker, family_cpu_ns, hub, ledger
from bench.program import measured
from edge.wire.address import BrokerAt
from edge.wire.messages import encode
from edge.wire.topics import ROOT
from fleet.config import PerNode
from fleet.ledger.reader import LedgerReader
from fleet.simulation.drive import Fleet, Simulation
from fleet.simulation.workload import drawn
from sensors.clock import NS_PER_S, SystemClock
from sensors.ranges import Count, CountOrNone, Positive, Seconds, Several, in_range
from sensors.terminal.command_line import command_parser
from tests.speaker import Speaker

CLOCK = SystemClock()
BURST = 100
SITE = "flood"
SAMPLE_S = 0.5
SETTLE_S = 120.0
QUIET_S = 5.0
CONNECT = bytes.fromhex("101a00044d5154540402ffff000e")
PUBLISH, PUBLISH_AND_FORGET = 0x32, 0x30


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="mosquitto")
    parser.add_argument("--messages", type=in_range(Count), default=100_000, help="of all clients together")
    parser.add_argument("--clients", type=in_range(Several), default=4)
    parser.add_argument("--qos", type=int, choices=[0, 1], default=1, help="of the garbage")
    parser.add_argument("--nodes", type=in_range(Count), default=20, help="honest ones")
    parser.add_argument("--rate", type=in_range(Positive), default=5.0, help="of each honest node")
    parser.add_argument("--seconds", type=in_range(Seconds), default=60.0, help="that the honest ones speak")
    parser.add_argument("--workers", type=in_range(Several), default=1)
    parser.add_argument("--ledger", metavar="URL", help="an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--password-file", type=Path, help="of the ledger's user")
    parser.add_argument("--in-flight", type=in_range(Count), default=20, help="Mosquitto's window towards the hub")
    parser.add_argument(
        "--queued",
        type=in_range(CountOrNone),
        default=0,
        help="Mosquitto drops what is more for the hub (its default: 1000; 0: never)",
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, broker(folder := Path(made), chosen) as at:
        settings = msgspec.structs.replace(ledger(folder, chosen), workers=chosen.workers, per_node=PerNode())
        with hub(folder, at, settings) as child, LedgerReader(settings.where) as reader:
            return flooded(chosen, at, child.pid, reader)


def flooded(chosen: argparse.Namespace, at: BrokerAt, pid: int, reader: LedgerReader) -> dict[str, object]:
    share = chosen.messages // chosen.clients
    processes = get_context("spawn")
    clients = [
        processes.Process(target=flood, args=(at.each[0], number, share, chosen.qos))
        for number in range(chosen.clients)
    ]
    memory, over = Memory(pid), threading.Event()
    watching = threading.Thread(target=memory.watch, args=(over,))
    begin_ns, begin_cpu_ns = CLOCK.now().mono_ns, family_cpu_ns(pid)
    watching.start()
    said = ThreadPoolExecutor(1).submit(spoken_s, clients)
    simulation = Simulation(
        broker=at, site="honest", run="flood", nodes=chosen.nodes, rate=chosen.rate, seconds=chosen.seconds
    )
    outcome = Fleet(simulation, drawn(), CLOCK).run()
    said_s = said.result()
    refused = settled(reader, share * chosen.clients)
    over.set()
    watching.join()
    spent_ns = sum(each - begin_cpu_ns.get(one, 0) for one, each in family_cpu_ns(pid).items())
    return {
        "broker": chosen.broker,
        "clients": chosen.clients,
        "garbage": share * chosen.clients,
        "garbage_per_s": share * chosen.clients / said_s,
        "garbage_s": said_s,
        "refused": refused,
        "honest": asdict(outcome),
        "hub_mb": memory.figures,
        "hub_cpu_us_per_message": spent_ns / 1000 / (share * chosen.clients + outcome.sent),
        "hub_cpu_share": spent_ns / (CLOCK.now().mono_ns - begin_ns),
    }


def spoken_s(clients: Sequence[SpawnProcess]) -> float:
    """How long they took to say all of it."""
    begin_ns = CLOCK.now().mono_ns
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return (CLOCK.now().mono_ns - begin_ns) / NS_PER_S


class Memory:
    """Resident megabytes of a process and its children together, over time."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._samples = [self._now()]

    def watch(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE_S):
            self._samples.append(self._now())

    @property
    def figures(self) -> dict[str, object]:
        half = self._samples[len(self._samples) // 2 :]
        every = self._samples[:: max(len(self._samples) // 20, 1)]
        first, last, most = self._samples[0], self._samples[-1], max(self._samples)
        return {"before": first, "most": most, "after": last, "least_of_second_half": min(half), "every": every}

    def _now(self) -> float:
        every = [resident_kb(pid) for pid in family_cpu_ns(self._pid)]
        return round(sum(every) / 1000, 1)


def resident_kb(pid: int) -> int:
    """None of one that is ending."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return 0 if found is None else int(found[1])


def settled(reader: LedgerReader, least: int) -> dict[str, int]:
    """Refusals by reason, when there are as many as garbage, or no more of them come."""
    begin_ns = news_ns = CLOCK.now().mono_ns
    refused = reader.refusals()
    while sum(refused.values()) < least and (now_ns := CLOCK.now().mono_ns) < begin_ns + int(SETTLE_S * NS_PER_S):
        threading.Event().wait(SAMPLE_S)
        before, refused = refused, reader.refusals()
        if refused != before:
            news_ns = now_ns
        elif now_ns - news_ns > QUIET_S * NS_PER_S:
            break
    return refused


def flood(url: str, number: int, share: int, qos: int) -> None:
    """One client's life, without paho: what it costs is not to be the limit."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 1883)) as connection:
        connection.sendall(CONNECT + f"flood-{number:08d}".encode())
        reading = connection.makefile("rb")
        reading.read(4)
        said = garbage(number)
        for begin in range(0, share, BURST):
            many = [packet(qos * (mid + 1), *next(said)) for mid in range(min(BURST, share - begin))]
            connection.sendall(b"".join(many))
            reading.read(4 * len(many) * qos)
        connection.sendall(b"\xe0\x00")


def packet(mid: int, topic: str, payload: bytes) -> bytes:
    """A PUBLISH at QoS 1; `mid` 0: at QoS 0."""
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + (struct.pack("!H", mid) if mid else b"") + payload
    left, length = len(body), b""
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([PUBLISH if mid else PUBLISH_AND_FORGET]) + length + body


def garbage(number: int) -> Iterator[tuple[str, bytes]]:
    speaker = Speaker(CLOCK, SITE, f"client-{number}")
    det = speaker.topics.detections("camera")
    kinds: list[Callable[[int], tuple[str, bytes]]] = [
        lambda _: (det, secrets.token_bytes(200)),
        lambda _: (det, b'{"session": "one"}'),
        lambda n: (det, encode(msgspec.structs.replace(speaker.report(n), session_id="9" * 32))),
        lambda n: (f"{ROOT}/{SITE}/of-{number}-{n}/up/birth", encode(speaker.birth)),
        lambda n: (f"{ROOT}/{SITE}/of-{number}-{n}/up/rumour", b"{}"),
    ]
    for n in count():
        yield kinds[n % len(kinds)](n)


if __name__ == "__main__":
    measured(figures)
