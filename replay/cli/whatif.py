"""`gilmok replay whatif`: a recorded run, scored again under other latencies."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.ranges import Factor, MillisecondsOrNone, in_range

if TYPE_CHECKING:
    from replay.runs.loaded import LoadedStream
    from replay.runs.whatif import Supposed, Supposition
    from sensors.text_table import Table

LATENCY_MOST_MS = 1e7
SCALE_MOST = 1e4


def register(whatif: argparse.ArgumentParser) -> None:
    whatif.description = (
        "Streaming accuracy of a recorded run under other latencies. Best from a run in lockstep, where "
        "every frame has an answer; of a run in real time, dropped frames stay dropped."
    )
    whatif.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    whatif.add_argument(
        "--add-ms",
        type=in_range(MillisecondsOrNone),
        nargs="+",
        metavar="X",
        help="delays on the way to whoever asks, a point each (default: 0 10 20 40 80 160 320)",
    )
    whatif.add_argument(
        "--scale",
        type=in_range(Factor),
        nargs="+",
        default=[1.0],
        metavar="F",
        help="factors on the time a frame takes the node",
    )
    on_node = whatif.add_mutually_exclusive_group()
    on_node.add_argument(
        "--constant-ms", type=in_range(MillisecondsOrNone), metavar="X", help="every frame takes the node so long"
    )
    on_node.add_argument(
        "--latencies-of", type=Path, metavar="RUN2", help="frames take the node as long as those of another run"
    )
    whatif.add_argument(
        "--policy",
        choices=["one-at-a-time", "pipelined"],
        default="one-at-a-time",
        help="a node with a frame in work takes the newest when it is free, or takes on every frame at once",
    )
    whatif.add_argument("--json", action="store_true", help="print JSON instead of tables")
    whatif.set_defaults(call=_whatif)


def _whatif(chosen: argparse.Namespace) -> int:
    from replay.runs.loaded import read_run
    from replay.runs.whatif import suppose
    from sensors import console

    with console.waiting(f"scoring {chosen.run}"):
        run = read_run(chosen.run)
        other = read_run(chosen.latencies_of).streams if chosen.latencies_of else ()
        curves = [suppose(stream, _supposed(chosen, stream, other)) for stream in run.streams]
    if chosen.json:
        console.print_json({"run": run.identity.run, "streams": curves})
    else:
        for curve in curves:
            console.show(_table(curve), *curve.notes)
    return 0


def _supposed(chosen: argparse.Namespace, stream: "LoadedStream", other: "Sequence[LoadedStream]") -> "Supposed":
    from replay.runs.whatif import ADDED_MS, Supposed, on_node_ns
    from sensors.clock import NS_PER_MS

    latencies: list[int] | None = None
    if chosen.constant_ms is not None:
        latencies = [round(chosen.constant_ms * NS_PER_MS)]
    elif chosen.latencies_of is not None:
        latencies = on_node_ns(_counterpart(stream, other, chosen.latencies_of).reports)
    return Supposed(added_ms=chosen.add_ms or ADDED_MS, scales=chosen.scale, on_node_ns=latencies, policy=chosen.policy)


def _counterpart(stream: "LoadedStream", other: "Sequence[LoadedStream]", folder: Path) -> "LoadedStream":
    """The stream of the other run whose latencies are taken: the only one, or the one of the same name."""
    from replay.runs.whatif import NothingToSuppose

    found = other if len(other) == 1 else [one for one in other if one.name == stream.name]
    if not found or not any(report.status == "ok" for report in found[0].reports):
        raise NothingToSuppose(
            f"{folder} has no latencies for {stream.name}",
            "name a run with one stream, or with one of that name, that answered a frame",
        )
    return found[0]


def _table(curve: "Supposition") -> "Table":
    from replay.runs.tables import SHOWN_MS, fresh_cells, percentile_cells
    from sensors.figures import number
    from sensors.text_table import Table, numbers

    title = f"{curve.node}/{curve.stream}: streaming accuracy under other latencies, ms ({curve.policy})"
    heads = ("×", "added", "p50", "AP", "AP50", "drops", "misses", "of", f"≤{SHOWN_MS} ms", "of", "age p50", "p99", "n")
    table = Table(title, numbers(*heads))
    table.add("", "", "offline", *(number(curve.offline[name]) for name in ("AP", "AP50")))
    for point in curve.points:
        table.add(
            f"{point.scale:g}",
            f"{point.added_ms:g}",
            percentile_cells(point.latency_ns, 1)[0],
            *(number(point.figures[name]) for name in ("AP", "AP50")),
            str(point.freshness.dropped),
            *fresh_cells(point.freshness, 0),
        )
    return table
