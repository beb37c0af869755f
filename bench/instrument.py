"""The figures that every change is held against, in one run: bench/results.json, and the table of bench/README.md.

    make bench
    make bench QUICK=1
    python -P -m bench.instrument --quick

Each benchmark is a process of its own, one after the other. With the road recordings beside the checkout (../shared)
the frame path is that of YOLOX-nano on MVI_40201, without them that of gilmok-mini on the drawn crossing; `of` says
which. Against the results that were there, of the same subject and as many cores, a ratio that is worse by more than a
tenth is told, and the exit status is 3.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from bench.program import BenchmarkBroken, machine
from fleet.scenario.demo import SAMPLES
from sensors import atomic_files
from sensors.terminal import console
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE, ended
from sensors.terminal.pretty_json import pretty

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"
RESULTS, PAGE = HERE / "results.json", HERE / "README.md"
BEGIN, END = "<!-- drawn by bench/instrument.py -->", "<!-- end of the table -->"
WORSE = 3
TENTH = 0.1
UNITS = {
    "frame_path.ratio.1": "end to end over raw inference, one session",
    "frame_path.ratio.2": "the same, two sessions on two cores",
    "frame_path.over_bare.1": "end to end over a bare loop that decodes and infers, one session",
    "frame_path.over_bare.2": "the same, two sessions",
    "frame_path.cpu_ms_beyond_inference": "CPU ms a frame",
    "frame_path.jpeg_ms": "of it the picture, CPU ms",
    "hub.committed_per_s_per_core": "reports booked in a second of CPU",
    "hub.two_workers_ratio": "two workers to one, by the busiest process",
    "scoring.ap_1m_s": "seconds for the AP of a million detections",
    "scoring.streamed_ap_1m_s": "seconds for their streamed AP",
    "capture_to_hub.p50_ms": "end of a frame to its receipt, ms",
    "capture_to_hub.p99_ms": "the same",
}
RATIOS = [key for key in UNITS if "ratio" in key or "over_bare" in key]
"""What holds on a busy machine, too; larger is better."""


def main() -> int:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer reports: five minutes")
    chosen = parser.parse_args()
    before = _before()
    figures = {**_frame_path(chosen.quick), **_hub(chosen.quick), **_scoring(chosen.quick), **_capture_to_hub()}
    results = {**figures, "of": _subject(), "quick": chosen.quick, "machine": machine()}
    worse = _worse(before, results)
    atomic_files.write(RESULTS, pretty(results))
    _draw(results)
    console.say(*(f"{key:36} {figures[key]:10.4g}  {UNITS[key]}" for key in UNITS), f"{RESULTS}")
    for sentence in worse:
        console.warn(sentence)
    return WORSE if worse else DONE


def _frame_path(quick: bool) -> dict[str, float]:
    found: dict[str, float] = {}
    amount = ["--frames", "60", "--rounds", "3"] if quick else []
    for sessions in (1, 2):
        told = _ran("frame_path", *_road(), "--sessions", str(sessions), *amount)
        found[f"frame_path.ratio.{sessions}"] = told["ratio"]["median"]
        found[f"frame_path.over_bare.{sessions}"] = told["over_bare"]["median"]
        if sessions == 1:
            found["frame_path.cpu_ms_beyond_inference"] = told["cpu_ms_a_frame_beyond_inference"]["median"]
            found["frame_path.jpeg_ms"] = told["picture_cpu_ms"]["median"]
    return found


def _hub(quick: bool) -> dict[str, float]:
    amount = ["--reports", "2000"] if quick else []
    one, two = (_ran("hub_ingest", "--workers", str(workers), *amount) for workers in (1, 2))
    return {
        "hub.committed_per_s_per_core": 1e6 / one["hub_cpu_us_per_report"],
        "hub.two_workers_ratio": two["with_a_core_each_per_s"] / one["with_a_core_each_per_s"],
    }


def _scoring(quick: bool) -> dict[str, float]:
    amount = ["--repeat", "1", "--resamples", "5"] if quick else []
    seconds = _ran("scoring", "--without-pycocotools", *amount)["seconds"]
    streamed = next(value for name, value in seconds.items() if "streamed" in name)
    return {"scoring.ap_1m_s": seconds["gilmok, twelve figures"], "scoring.streamed_ap_1m_s": streamed}


def _capture_to_hub() -> dict[str, float]:
    options = {"dataset": "world", "root": str(SAMPLES), "recording": "crossing-day-rsu-1"}
    stream = {"name": "camera", "source": {"kind": "recording", "options": options}}
    node = {"name": "pole", "model": {"name": "gilmok-mini"}, "streams": [stream]}
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "way.toml"
        scenario.write_text(tomli_w.dumps({"name": "way", "site": "bench", "seconds": 20, "nodes": [node]}))
        told = _ran("capture_to_hub", str(scenario))["both_ns"]
    return {f"capture_to_hub.{which}_ms": told[which] / 1e6 for which in ("p50", "p99")}


def _ran(name: str, *arguments: str) -> dict[str, Any]:
    """Raises BenchmarkBroken."""
    command = [sys.executable, "-P", "-m", f"bench.{name}", *arguments]
    with console.waiting(f"{name} {' '.join(arguments)}"):
        done = subprocess.run(command, capture_output=True, cwd=HERE.parent, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise BenchmarkBroken(f"bench/{name}.py: {words[0] if words else done.returncode}", "run it by itself")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _road() -> list[str]:
    model, root = SHARED / "models" / "yolox_nano.onnx", SHARED / "recordings" / "UA-DETRAC"
    if model.is_file() and root.is_dir():
        return ["--model", str(model), "--dataset", "ua-detrac", "--root", str(root), "--name", "MVI_40201"]
    return ["--model", "gilmok-mini", "--dataset", "world", "--root", str(SAMPLES), "--name", "crossing-day-rsu-1"]


def _subject() -> str:
    road = dict(zip(_road()[::2], _road()[1::2], strict=True))
    return f"{Path(road['--model']).stem} on {road['--name']}"


def _before() -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(RESULTS.read_bytes())
    except (OSError, ValueError):
        return {}
    return told


def _worse(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    same = before.get("of") == now["of"] and before.get("machine", {}).get("cpus") == now["machine"]["cpus"]
    return [
        f"{key}: {before[key]:.3f} became {now[key]:.3f}, more than a tenth worse"
        for key in (RATIOS if same else ())
        if isinstance(before.get(key), float) and now[key] < (1 - TENTH) * before[key]
    ]


def _draw(results: Mapping[str, Any]) -> None:
    rows = [f"| `{key}` | {results[key]:.4g} | {what} |" for key, what in UNITS.items()]
    on = results["machine"]
    head = f"{results['of']}{', quick' if results['quick'] else ''}; {on['cpus']} cores, load {on['load']} at the end:"
    text = PAGE.read_text(encoding="utf-8")
    start, rest = text.split(BEGIN)
    table = "\n".join([BEGIN, "", head, "", "| key | | what |", "|---|---|---|", *rows, "", END])
    atomic_files.write(PAGE, f"{start}{table}{rest.split(END)[1]}")


if __name__ == "__main__":
    sys.exit(ended(main, words=sys.argv))
