"""What one hub holds of a simulated fleet: commit delay at growing rates, until it can't keep up.

    python -P bench/hub_load.py --broker mosquitto
    python -P bench/hub_load.py --nodes 1000 --rates 0.2 0.5 1 2

Broker, hub and the simulated fleet (`gilmok fleet simulate`) share this machine; each step tells the CPU of hub and
fleet. A step is held where everything was committed, the fleet kept its schedule, and the last commit came soon.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

import msgspec

from bench.hub_ingest import broker, family_cpu_ns, hub, ledger
from bench.program import measured
from edge.wire.address import BrokerAt
from fleet.simulation.drive import Fleet, Simulation
from fleet.simulation.workload import drawn
from sensors.clock import NS_PER_S, SystemClock
from sensors.ranges import Count, Positive, Seconds, Several, in_range
from sensors.terminal.command_line import command_parser

CLOCK = SystemClock()
SOON_MS = 2000.0


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="mosquitto")
    parser.add_argument("--nodes", type=in_range(Count), default=1000)
    parser.add_argument("--rates", type=in_range(Positive), nargs="+", default=[0.2, 0.5, 1.0, 2.0])
    parser.add_argument("--workers", type=in_range(Several), nargs="+", default=[1], help="of the hub; in turns")
    parser.add_argument("--ledger", metavar="URL", help="an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--password-file", type=Path, help="of the ledger's user")
    parser.add_argument("--seconds", type=in_range(Seconds), default=20.0)
    parser.add_argument(
        "--in-flight", type=in_range(Count), default=20, help="Mosquitto's window towards the hub (its default: 20)"
    )
    chosen = parser.parse_args()
    return {"broker": chosen.broker, "steps": [step(chosen, rate, n) for rate in chosen.rates for n in chosen.workers]}


def step(chosen: argparse.Namespace, rate: float, workers: int) -> dict[str, object]:
    """A fresh broker and a fresh hub: what one step left over is no load of the next."""
    with tempfile.TemporaryDirectory() as made, broker(folder := Path(made), chosen) as at:
        settings = msgspec.structs.replace(ledger(folder, chosen), workers=workers)
        with hub(folder, at, settings) as child:
            return loaded(chosen, at, child.pid, rate, workers)


def loaded(chosen: argparse.Namespace, at: BrokerAt, hub_pid: int, rate: float, workers: int) -> dict[str, object]:
    simulation = Simulation(broker=at, site="load", run="load", nodes=chosen.nodes, rate=rate, seconds=chosen.seconds)
    begin_ns, begin_cpu_ns = CLOCK.now().mono_ns, family_cpu_ns(hub_pid)
    outcome = Fleet(simulation, drawn(), CLOCK).run()
    span_ns, end_cpu_ns = CLOCK.now().mono_ns - begin_ns, family_cpu_ns(hub_pid)
    spent_ns = [end_cpu_ns[pid] - begin_cpu_ns.get(pid, 0) for pid in end_cpu_ns]
    late_ms = outcome.commit_max_ms or SOON_MS
    return {
        "rate": rate,
        "workers": workers,
        "held": outcome.uncommitted == 0 and late_ms < SOON_MS and outcome.behind_ms < SOON_MS,
        **asdict(outcome),
        "hub_cpu_shares": [round(each / span_ns, 3) for each in spent_ns],
        "hub_cpu_us_per_report": sum(spent_ns) / 1000 / max(outcome.sent, 1),
        "from_start_to_end_s": span_ns / NS_PER_S,
    }


if __name__ == "__main__":
    measured(figures)
