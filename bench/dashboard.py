"""What the dashboard costs a hub: a simulated fleet, and viewers who look at it.

    python -P bench/dashboard.py
    python -P bench/dashboard.py --nodes 1000 --rate 2 --viewers 0 1 4

Broker, hub, dashboard, fleet and viewers share this machine. A viewer is a WebSocket that asks as the page does (40
rows and the plan) and reads all that comes; last, a real page is opened in Chromium, where that is installed, and
counts its own frames. CPU is in shares of one core, of the hub's process, the dashboard's and the alerts', so it holds
on a busy machine, too.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from bench.hub_ingest import broker, cpu_ns
from bench.program import BenchmarkBroken, measured
from edge.wire.address import BrokerAt
from fleet.alert_settings import Alert
from fleet.config import HubConfig, Web
from fleet.ledger.reader import LedgerReader
from sensors.clock import NS_PER_S, SystemClock
from sensors.config import plain
from sensors.ranges import Count, CountOrNone, Positive, Seconds, in_range
from sensors.terminal.command_line import command_parser

CLOCK = SystemClock()
VIEW = '{"sort":"glance","up":true,"filter":"","first":0,"count":40,"plan":true}'
CHROMIUM = Path("/usr/bin/chromium")
SETTLE_S = 5.0
"""After the last node has introduced itself, and after each change of who looks."""
MB = 1e6
COUNT_FRAMES = """seconds => new Promise(done => {
  let frames = 0, longest = 0, before = performance.now();
  const end = before + 1000 * seconds;
  const next = now => {
    frames += 1; longest = Math.max(longest, now - before); before = now;
    if (now < end) requestAnimationFrame(next); else done([frames / seconds, longest]);
  };
  requestAnimationFrame(next);
})"""


@dataclass
class Hub:
    pid: int
    address: str
    store: Path

    def booked(self) -> int:
        """Reports, so far."""
        with LedgerReader(self.store) as ledger:
            return sum(run.frames for run in ledger.runs())

    def processes(self) -> dict[str, int]:
        """By what each does."""
        found = {"hub": self.pid}
        for one in Path(f"/proc/{self.pid}/task").glob("*/children"):
            for child in map(int, one.read_text(encoding="ascii").split()):
                words = Path(f"/proc/{child}/cmdline").read_bytes()
                names = {"dashboard": b"fleet.web.process", "alerts": b"fleet.alerts.process"}
                found |= {name: child for name, module in names.items() if module in words}
        return found


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="mosquitto")
    parser.add_argument("--nodes", type=in_range(Count), default=1000)
    parser.add_argument("--rate", type=in_range(Positive), default=2.0, help="reports a second of each node")
    parser.add_argument("--viewers", type=in_range(CountOrNone), nargs="+", default=[0, 1, 4])
    parser.add_argument("--seconds", type=in_range(Seconds), default=20.0, help="of each step")
    parser.add_argument("--in-flight", type=in_range(Count), default=20, help="Mosquitto's window towards the hub")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        at = stack.enter_context(broker(folder, chosen))
        running = stack.enter_context(hub(folder, at))
        stack.enter_context(simulated(chosen, at))
        await_nodes(running, chosen.nodes)
        steps = [step(running, viewers, chosen.seconds) for viewers in chosen.viewers]
        return {"nodes": chosen.nodes, "rate": chosen.rate, "steps": steps, "page": page(running, chosen.seconds)}


@contextmanager
def hub(folder: Path, at: BrokerAt) -> Iterator[Hub]:
    rules = (Alert(rule="lost"), Alert(rule="latency", above=1000), Alert(rule="books"))
    config = HubConfig(broker=at, store=folder / "hub.db", web=Web(port=0), alert=rules)
    path = folder / "hub.toml"
    path.write_text(tomli_w.dumps(plain(config)), encoding="utf-8")
    arguments = [sys.executable, "-P", "-m", "gilmok", "hub", "run", str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            assert child.stdout is not None
            said = re.match(r"dashboard (\S+)", child.stdout.readline())
            if said is None or child.stdout.readline() != "ready\n":
                raise BenchmarkBroken("the hub did not start")
            yield Hub(child.pid, said[1], folder / "hub.db")
        finally:
            child.terminate()


@contextmanager
def simulated(chosen: argparse.Namespace, at: BrokerAt) -> Iterator[None]:
    """The fleet speaks for as long as anybody measures."""
    words = ["fleet", "simulate", "--broker", str(at.url), "--nodes", str(chosen.nodes), "--rate", str(chosen.rate)]
    arguments = [sys.executable, "-P", "-m", "gilmok", *words, "--seconds", "3600"]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            yield
        finally:
            child.kill()


def await_nodes(running: Hub, nodes: int) -> None:
    """Until the dashboard knows all of them."""
    with viewer(running) as seen:
        until_ns = CLOCK.now().mono_ns + int(300 * NS_PER_S)
        while seen.nodes < nodes:
            if CLOCK.now().mono_ns > until_ns:
                raise BenchmarkBroken(f"{seen.nodes} of {nodes} nodes have introduced themselves after five minutes")
            threading.Event().wait(0.5)
    threading.Event().wait(SETTLE_S)


@dataclass
class Seen:
    bytes: int = 0
    messages: int = 0
    nodes: int = 0


@contextmanager
def viewer(running: Hub) -> Iterator[Seen]:
    """Somebody who looks, and reads whatever comes."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    seen = Seen()
    with connect(running.address.replace("http", "ws", 1) + "live", max_size=None) as socket:
        socket.send(VIEW)

        def read() -> None:
            try:
                for said in socket:
                    seen.bytes += len(said)
                    seen.messages += 1
                    if (known := re.search(r'"of":(\d+)', said if isinstance(said, str) else "")) is not None:
                        seen.nodes = int(known[1])
            except ConnectionClosed:
                return

        reading = threading.Thread(target=read)
        reading.start()
        try:
            yield seen
        finally:
            socket.close()
            reading.join()


def step(running: Hub, viewers: int, seconds: float) -> dict[str, object]:
    with ExitStack() as stack:
        seen = [stack.enter_context(viewer(running)) for _ in range(viewers)]
        threading.Event().wait(SETTLE_S)
        booked = running.booked()
        before = {one: (CLOCK.now().mono_ns, cpu_ns(pid)) for one, pid in running.processes().items()}
        begun = [(one.bytes, one.messages) for one in seen]
        began_ns = CLOCK.now().mono_ns
        threading.Event().wait(seconds)
        span_s = (CLOCK.now().mono_ns - began_ns) / NS_PER_S
        booked_per_s = (running.booked() - booked) / span_s
        shares = {}
        for one, pid in running.processes().items():
            if one in before:
                at_ns, spent_ns = before[one]
                shares[one] = round((cpu_ns(pid) - spent_ns) / (CLOCK.now().mono_ns - at_ns), 4)
        sent = [
            ((one.bytes - size) / span_s, (one.messages - count) / span_s)
            for one, (size, count) in zip(seen, begun, strict=True)
        ]
    return {
        "viewers": viewers,
        "booked_per_s": round(booked_per_s),
        "cpu_shares": shares,
        "resident_mb": {one: resident_mb(pid) for one, pid in running.processes().items()},
        "kb_per_s_a_viewer": [round(size / 1000, 1) for size, _ in sent],
        "messages_per_s_a_viewer": [round(count, 2) for _, count in sent],
    }


def page(running: Hub, seconds: float) -> dict[str, Any] | None:
    """A real one, drawing all that comes; None where no Chromium is installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if not CHROMIUM.exists():
        return None
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1440, "height": 900})
        began_ns = CLOCK.now().mono_ns
        shown.goto(running.address)
        shown.locator("tbody a").first.wait_for()
        usable_s = (CLOCK.now().mono_ns - began_ns) / NS_PER_S
        frames, longest_ms = shown.evaluate(COUNT_FRAMES, seconds)
        rows = shown.locator("tbody tr").count()
        browser.close()
    return {
        "usable_after_s": round(usable_s, 2),
        "frames_per_s": round(frames, 1),
        "longest_frame_ms": round(longest_ms, 1),
        "rows_drawn": rows,
    }


def resident_mb(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(re.findall(r"VmRSS:\s+(\d+)", told)[0]) * 1024 / MB, 1)


if __name__ == "__main__":
    measured(figures)
