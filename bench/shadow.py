"""What a shadow costs its active model: p99 with it and without, in alternating blocks of one run.

    python -P bench/shadow.py --recording ROOT NAME [--dataset mot] [--model M] [--candidate M] [--seconds 120]

Drives the recording at its own rate through a real node, hub and broker, twice: with the shadow's budget as it is by
default, and with none (any ratio, the whole of its time), so that the second shows what priority alone does. Blocks
alternate within each run, so that the machine's own drift is in both.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench.program import measured
from edge.config import BackendChoice, ModelChoice, NodePlan, ShadowChoice, SourceChoice, StreamConfig
from fleet.config import Web
from fleet.scenario.launch import ScenarioRun
from fleet.scenario.scenario import Scenario
from sensors.clock import SystemClock
from sensors.ranges import Count, in_range
from sensors.terminal.command_line import command_parser

BLOCK_S = 3.0
FREE = 1000.0
"""A ratio that no shadow reaches."""


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", nargs=2, required=True, metavar=("ROOT", "NAME"))
    parser.add_argument("--dataset", default="mot", help="(default: %(default)s)")
    parser.add_argument("--model", default="gilmok-mini", help="(default: %(default)s)")
    parser.add_argument("--candidate", default="gilmok-mini", help="(default: %(default)s)")
    parser.add_argument("--seconds", type=in_range(Count), default=120, help="of each (default: %(default)s)")
    chosen = parser.parse_args()
    return {
        "model": chosen.model,
        "candidate": chosen.candidate,
        "within_budget": _driven(chosen),
        "without_budget": _driven(chosen, max_p99_ratio=FREE, max_share=1.0),
    }


def _driven(chosen: argparse.Namespace, **budget: float) -> dict[str, Any]:
    root, name = chosen.recording
    options = {"dataset": chosen.dataset, "root": str(Path(root).absolute()), "recording": name}
    backend = BackendChoice(options={"threads": 1})
    shadow = ShadowChoice(model=ModelChoice.of(chosen.candidate), backend=backend, block_s=BLOCK_S)
    node = NodePlan(
        name="node",
        model=ModelChoice.of(chosen.model),
        backend=backend,
        streams=(StreamConfig(name="camera", source=SourceChoice(kind="recording", options=options)),),
        shadow=msgspec.structs.replace(shadow, **budget),
    )
    scenario = Scenario(name="shadow", seconds=chosen.seconds, nodes=(node,), web=Web(enabled=False))
    with tempfile.TemporaryDirectory() as folder:
        summary = ScenarioRun(scenario, Path(folder) / "run", SystemClock()).run(lambda _heard: None)
    (pair,) = summary.same_frames
    assert pair.cost is not None
    return {
        "active_p99_with_ns": pair.cost.p99_with_ns,
        "active_p99_without_ns": pair.cost.p99_without_ns,
        "ratio": pair.cost.ratio,
        "n_with": pair.cost.n_with,
        "n_without": pair.cost.n_without,
        "share": pair.cost.share,
        "judged": pair.cost.judged,
        "exceeded": pair.cost.exceeded,
        "counts": msgspec.to_builtins(pair.counts),
        "infer_ns": [msgspec.to_builtins(side.get("infer")) for side in (pair.latency_a_ns, pair.latency_b_ns)],
        "books_balance": summary.books.balanced,
        "active_frames": msgspec.to_builtins(summary.frames),
    }


if __name__ == "__main__":
    measured(figures)
