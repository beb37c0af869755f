"""`gilmok replay whatif`: a recorded run, scored again under other latencies."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.ranges import Factor, MillisecondsOrNone, in_range

if TYPE_CHECKING:
    from replay.runs.loaded import LoadedStream
    from replay.runs.supposition import Point, Supposed, Supposition
    from sensors.terminal.text_table import Table

LATENCY_MOST_MS = 1e7
SCALE_MOST = 1e4


def register(whatif: argparse.ArgumentParser) -> None:
    whatif.description = (
        "Streaming accuracy of a recorded run under other latencies, by a model of the node with its depth and its "
        "queue; the record stands beside it. Best from a run in lockstep, where every frame has an answer."
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
        choices=["as-recorded", "one-at-a-time", "pipelined"],
        default="as-recorded",
        help="how many frames the node has in work: as many as it had (default), one, or every one as it comes",
    )
    whatif.add_argument("--json", action="store_true", help="print JSON instead of tables")
    whatif.set_defaults(call=_whatif)


def _whatif(chosen: argparse.Namespace) -> int:
    from replay.runs.loaded import read_run
    from replay.runs.whatif import suppose
    from sensors.terminal import console

    with console.waiting(f"scoring {chosen.run}"):
        run = read_run(chosen.run)
        other = read_run(chosen.latencies_of).streams if chosen.latencies_of else ()
        curves = [suppose(stream, _supposed(chosen, stream, other)) for stream in run.streams]
    if chosen.json:
        console.print_json({"run": run.identity.run, "streams": curves})
    else:
        for curve in curves:
            console.show(_table(curve), *_distance(curve), *_counts(curve), *curve.notes)
    return 0


def _supposed(chosen: argparse.Namespace, stream: "LoadedStream", other: "Sequence[LoadedStream]") -> "Supposed":
    from replay.runs.supposition import ADDED_MS, Supposed
    from sensors.clock import NS_PER_MS

    return Supposed(
        added_ms=chosen.add_ms or ADDED_MS,
        scales=chosen.scale,
        constant_ns=None if chosen.constant_ms is None else round(chosen.constant_ms * NS_PER_MS),
        other=_counterpart(stream, other, chosen.latencies_of) if chosen.latencies_of is not None else None,
        policy=chosen.policy,
        sure=True,
    )


def _counterpart(stream: "LoadedStream", other: "Sequence[LoadedStream]", folder: Path) -> "LoadedStream":
    """The stream of the other run whose node is supposed: the only one, or the one of the same name."""
    from replay.runs.whatif import NothingToSuppose

    found = other if len(other) == 1 else [one for one in other if one.name == stream.name]
    if not found or not any(report.status == "ok" for report in found[0].reports):
        raise NothingToSuppose(
            f"{folder} has no latencies for {stream.name}",
            "name a run with one stream, or with one of that name, that answered a frame",
        )
    return found[0]


def _table(curve: "Supposition") -> "Table":
    from replay.runs.tables import SHOWN_MS
    from sensors.terminal.figures import sure
    from sensors.terminal.text_table import Table, numbers

    title = f"{curve.node}/{curve.stream}: streaming accuracy under other latencies, ms ({_shape(curve)})"
    heads = (
        "×",
        "added",
        "p50",
        "AP (95 %)",
        "AP50 (95 %)",
        "pictures",
        "boxes",
        "drops",
        f"≤{SHOWN_MS} ms",
        "age p50",
        "p99",
    )
    table = Table(title, ["", *numbers(*heads)])
    own = (curve.captured, curve.answered)
    for label, figures in zip(("captured", "answered"), own, strict=True):
        table.add(label, "", "", "", sure(figures, "AP"), sure(figures, "AP50"), *_sizes(figures))
    for point in curve.record:
        table.add("record", "", *_cells(point))
    for point in curve.points:
        table.add("model", f"{point.scale:g}", *_cells(point))
    return table


def _shape(curve: "Supposition") -> str:
    if curve.depth is None:
        return "every frame taken as it comes"
    return f"{curve.depth} in work at once, {curve.servers} on the device"


def _cells(point: "Point") -> list[str]:
    from replay.runs.tables import fresh_cells, percentile_cells
    from replay.runs.whatif import dropped_share
    from sensors.terminal.figures import number, sure

    _, _, within, _, *ages, _ = fresh_cells(point.freshness)
    return [
        f"{point.added_ms:g}",
        percentile_cells(point.latency_ns, 1)[0],
        *(sure(point.figures, name) for name in ("AP", "AP50")),
        *_sizes(point.figures),
        f"{number(100 * dropped_share(point.freshness), 1)} %",
        within,
        *ages,
    ]


def _sizes(figures: "Mapping[str, float | None]") -> list[str]:
    """Pictures and boxes; of the model the means over its passes."""
    from sensors.terminal.figures import number

    return [number(figures.get(name), 0) for name in ("n_frames", "n_truth")]


def _distance(curve: "Supposition") -> list[str]:
    """How much to trust the model: how far it is from what happened."""
    from sensors.terminal.figures import ms, signed

    if curve.distance is None:
        return []
    figures = ", ".join(f"{name} {signed(curve.distance.figures[name])}" for name in ("AP", "AP50"))
    latency = curve.distance.latency_ns
    times = ", ".join(f"{mark} {ms(latency[mark])} ms" for mark in ("p50", "p99") if latency[mark] is not None)
    drops = f"drops {100 * curve.distance.dropped_share:+.1f} %"
    return [f"the model at ×1 less the record: {', '.join(part for part in (figures, times, drops) if part)}"]


def _counts(curve: "Supposition") -> list[str]:
    points = (*curve.record, *curve.points)
    if not points:
        return []
    fresh, passes = points[0].freshness, max(point.passes for point in points)
    told = f"n: AP over {fresh.n // points[0].passes} labelled instants, times over {points[0].latency_ns.n} answers"
    return [f"{told}; the model's figures are means over {passes} passes" if passes > 1 else told]
