"""`gilmok fleet simulate`: many nodes without inference, to see what a broker and a hub hold."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.ranges import Count, Positive, Seconds, SecondsOrNone, Share, in_range
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from fleet.simulation.unit import UnitTraits

HEADS = {
    "nodes": "{:d}",
    "sent": "{:d}",
    "committed": "{:d}",
    "uncommitted": "{:d}",
    "sent_per_s": "{:.0f}",
    "committed_per_s": "{:.0f}",
    "commit_p50_ms": "{:.0f}",
    "commit_p99_ms": "{:.0f}",
    "behind_ms": "{:.0f}",
    "cpu_share": "{:.2f}",
}
"""What fits a terminal; --json has everything."""


def main(argv: list[str]) -> int:
    chosen = _parser().parse_args(argv)

    from dataclasses import asdict

    from edge.wire.address import BrokerAt
    from fleet.simulation.drive import Fleet, Simulation, Uncommitted
    from fleet.simulation.workload import drawn, recorded
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.terminal import console
    from sensors.terminal.text_table import Table, numbers

    to_stderr()
    simulation = Simulation(
        broker=BrokerAt(
            urls=tuple(chosen.broker),
            password_file=chosen.password_file,
            ca_file=chosen.ca_file,
            certificate_file=chosen.certificate_file,
            key_file=chosen.key_file,
        ),
        site=chosen.site,
        run=f"simulated-{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        nodes=chosen.nodes,
        rate=chosen.rate,
        seconds=chosen.seconds,
        patience_s=chosen.patience,
        units=_traits(chosen),
    )
    with console.waiting("reading the reports"):
        material = drawn(replays=chosen.units) if chosen.reports is None else recorded(chosen.reports)
    with console.waiting(f"{chosen.nodes} nodes speak for {chosen.seconds:g} s"):
        outcome = asdict(Fleet(simulation, material, SystemClock()).run())
    if chosen.json:
        console.print_json({"run": simulation.run, **outcome})
    else:
        table = Table("", numbers(*(head.replace("_", " ") for head in HEADS)))
        table.add(*("-" if outcome[head] is None else form.format(outcome[head]) for head, form in HEADS.items()))
        console.show(table)
        if outcome["refused"]:
            reasons = ", ".join(f"{count} ({reason})" for reason, count in outcome["refused"].items())
            console.say(f"refused: {reasons}; the first: {outcome['first_refusal']}")
    if outcome["uncommitted"]:
        raise Uncommitted(outcome["uncommitted"], outcome["sent"], outcome["first_refusal"])
    return 0


def _traits(chosen: argparse.Namespace) -> "UnitTraits | None":
    from fleet.simulation.unit import UnitTraits

    if not chosen.units:
        return None
    return UnitTraits(
        chips=tuple(chosen.chips),
        habit=chosen.bundles.replace("-", " "),
        fails_on=chosen.fails_on,
        flaky=chosen.flaky,
    )


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        prog="gilmok fleet simulate",
        description="Simulate nodes: each a connection and a session of its own that says recorded reports, without "
        "inference, and waits until a hub has committed every one.",
    )
    parser.add_argument(
        "--broker", nargs="+", default=[], metavar="URL", help="several: those of a cluster (default: this machine's)"
    )
    parser.add_argument("--password-file", type=Path, help="of the URL's user")
    parser.add_argument("--ca-file", type=Path, help="of an mqtts:// broker's authority")
    parser.add_argument("--certificate-file", type=Path, help="of all simulated nodes, for a broker that asks for one")
    parser.add_argument("--key-file", type=Path, help="the certificate's private key")
    parser.add_argument("--nodes", type=in_range(Count), default=1000, help="default: %(default)s")
    parser.add_argument(
        "--rate", type=in_range(Positive), default=2.0, help="reports a second and node (default: %(default)g)"
    )
    parser.add_argument("--seconds", type=in_range(Seconds), default=60.0, help="default: %(default)g")
    parser.add_argument(
        "--reports",
        type=Path,
        metavar="RUN",
        help="a run folder to take them from (default: the built-in world's truth)",
    )
    parser.add_argument("--site", default="simulated", help="default: %(default)s")
    parser.add_argument(
        "--patience",
        type=in_range(SecondsOrNone),
        default=30.0,
        metavar="SECONDS",
        help="how long the hub may take to commit the next of what is left (default: %(default)g)",
    )
    units = parser.add_argument_group("units", "nodes that also do what rollouts desire of them, without any model")
    units.add_argument("--units", action="store_true", help="simulate units (--site, --rate as of nodes)")
    units.add_argument("--chips", nargs="+", default=["x86_64"], help="their architectures, in turns")
    units.add_argument(
        "--bundles",
        choices=("good", "less-accurate", "slow", "fails-on-a-chip", "crashes-at-load"),
        default="good",
        help="how whatever bundle does there (default: %(default)s)",
    )
    units.add_argument("--fails-on", default="", metavar="CHIP", help="of fails-on-a-chip (default: the last one)")
    units.add_argument(
        "--flaky", type=in_range(Share), default=0.0, help="share of units that are cut off now and then"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser
