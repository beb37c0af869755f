"""A node that is cut off for minutes and comes back: how soon it is live, how soon all is booked, what that disturbs.

    python -P bench/outage.py
    python -P bench/outage.py --cut 30 --broker embedded

A real node of one stream (a network of a few operations), a real broker and a real hub, all on this machine; the
network between node and broker breaks for `--cut` seconds. Figures come from the hub's ledger, by one monotonic clock.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import tomli_w

from bench.hub_ingest import broker, hub, ledger
from bench.program import BenchmarkBroken, measured
from fleet.ledger.reader import FrameRow, LedgerReader
from replay.metrics.percentiles import percentiles
from sensors.clock import NS_PER_S, SystemClock
from sensors.ranges import Count, Seconds, in_range
from sensors.terminal.command_line import command_parser
from tests.chaos.proxy import Proxy
from tests.tiny import write_model, write_recording

CLOCK = SystemClock()
SITE, NODE, STREAM = "outage", "cut-off", "north"
WARM_S = 3.0
START_S = 60.0
POLL_S = 0.1


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="mosquitto")
    parser.add_argument("--fps", type=in_range(Count), default=30)
    parser.add_argument("--before", type=in_range(Seconds), default=30.0, help="seconds of live stream first")
    parser.add_argument("--cut", type=in_range(Seconds), default=300.0)
    parser.add_argument("--after", type=in_range(Seconds), default=90.0)
    parser.add_argument("--workers", type=in_range(Count), default=1, help="of the hub")
    chosen = parser.parse_args()
    chosen.ledger, chosen.in_flight = None, 20
    with tempfile.TemporaryDirectory() as made, broker(folder := Path(made), chosen) as at:
        proxy = Proxy(urlsplit(at.each[0]).port or 1883)
        path = settings(folder, chosen, proxy.port)
        held = msgspec.structs.replace(ledger(folder, chosen), workers=chosen.workers)
        with hub(folder, at, held), LedgerReader(folder / "hub.db") as reader:
            command = [sys.executable, "-P", "-m", "gilmok", "node", "run", str(path)]
            log = folder / "node.log"
            with log.open("w") as words, subprocess.Popen(command, stderr=words) as node:
                await_reports(reader, node)
                began_ns = CLOCK.now().mono_ns
                wait_s(chosen.before)
                cut_ns = CLOCK.now().mono_ns
                proxy.cut()
                wait_s(chosen.cut)
                back_ns = CLOCK.now().mono_ns
                proxy.mend()
            every = rows(reader)
        said = log.read_text(encoding="utf-8").splitlines()
        return {**told(every, began_ns, cut_ns, back_ns), "node_ended_with": node.returncode, "node_said": said[-3:]}


def await_reports(reader: LedgerReader, node: "subprocess.Popen[bytes]") -> None:
    end_ns = CLOCK.now().mono_ns + int(START_S * NS_PER_S)
    while not rows(reader):
        if node.poll() is not None or CLOCK.now().mono_ns > end_ns:
            raise BenchmarkBroken("no report of the node came")
        wait_s(POLL_S)


def rows(reader: LedgerReader) -> list[FrameRow]:
    return [row for key in reader.sessions(SITE) for row in reader.frames(key, STREAM)]


def wait_s(seconds: float) -> None:
    threading.Event().wait(seconds)


def settings(folder: Path, chosen: argparse.Namespace, port: int) -> Path:
    frames = int((chosen.before + chosen.cut + chosen.after) * chosen.fps)
    root = write_recording(folder / "mot", "LONG", frames=frames, fps=chosen.fps)
    options = {"dataset": "mot", "root": str(root), "recording": "LONG"}
    path = folder / "node.toml"
    path.write_text(
        tomli_w.dumps(
            {
                "name": NODE,
                "site": SITE,
                "state": str(folder / "state"),
                "model": {"file": str(write_model(folder))},
                "streams": [{"name": STREAM, "source": {"kind": "recording", "options": options}}],
                "broker": {"url": f"mqtt://127.0.0.1:{port}"},
            }
        ),
        encoding="utf-8",
    )
    return path


def told(every: list[FrameRow], began_ns: int, cut_ns: int, back_ns: int) -> dict[str, object]:
    live = [row for row in every if not row.late]
    backlog_ns = max((row.received.mono_ns for row in every if row.late), default=back_ns)
    after = [row for row in live if row.received.mono_ns > back_ns]
    warm_ns = began_ns + int(WARM_S * NS_PER_S)
    before = [row.hub_latency_ns or 0 for row in live if warm_ns < row.received.mono_ns < cut_ns]
    beside = [row.hub_latency_ns or 0 for row in after if row.received.mono_ns < backlog_ns]
    following = [row.hub_latency_ns or 0 for row in after if row.received.mono_ns >= backlog_ns]
    return {
        "cut_s": (back_ns - cut_ns) / NS_PER_S,
        "booked": len(every),
        "missing": max((row.report.n for row in every), default=-1) + 1 - len(every),
        "late": len(every) - len(live),
        "live_again_s": (min(row.received.mono_ns for row in after) - back_ns) / NS_PER_S if after else None,
        "backlog_booked_s": (backlog_ns - back_ns) / NS_PER_S,
        "live_before_ns": msgspec.to_builtins(percentiles(before)),
        "live_beside_the_backlog_ns": msgspec.to_builtins(percentiles(beside)),
        "live_afterwards_ns": msgspec.to_builtins(percentiles(following)),
    }


if __name__ == "__main__":
    measured(figures)
