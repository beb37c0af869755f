"""Live cameras on one node: what is processed, what is dropped, how old an answer is.

    python -P bench/live.py
    python -P bench/live.py --cameras 2 --seconds 20

Each camera is a real RTSP server of this machine (`gilmok camera serve`, which decodes and encodes beside what is
measured) and shows a video of the built-in world, 640x360 at 15 fps; one node, a broker and a hub, as `gilmok run`
starts them. Latency counts from the sender's clock.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w

from bench.program import BenchmarkBroken, measured
from fleet.scenario.demo import SAMPLES
from sensors.ranges import Count, Seconds, in_range
from sensors.terminal.command_line import command_parser

GILMOK = [sys.executable, "-P", "-m", "gilmok"]
FPS = 15
VIDEO = SAMPLES / "crossing-day-rsu-1" / "video.mp4"


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=in_range(Count), default=4)
    parser.add_argument("--seconds", type=in_range(Seconds), default=30.0)
    parser.add_argument("--model", default="gilmok-mini")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        urls = [stack.enter_context(camera()) for _ in range(chosen.cameras)]
        scenario, out = Path(made) / "live.toml", Path(made) / "run"
        scenario.write_text(tomli_w.dumps(of(urls, chosen.model, chosen.seconds)))
        ran = subprocess.run(
            [*GILMOK, "run", scenario, "--out", out, "--no-report", "--json"], capture_output=True, check=False
        )
        if not (out / "summary.json").is_file():
            raise BenchmarkBroken(ran.stderr.decode(errors="replace").strip(), "see what it said")
        summary = json.loads((out / "summary.json").read_bytes())
    return {
        "cameras": chosen.cameras,
        "fps_each": FPS,
        "seconds": chosen.seconds,
        "model": chosen.model,
        "streams": {stream["stream"]: told(stream, chosen.seconds) for stream in summary["streams"]},
    }


def told(stream: dict[str, Any], seconds: float) -> dict[str, object]:
    frames, total = stream["frames"], stream["latency_ns"]["total"]
    return {**frames, "processed_per_s": frames["ok"] / seconds, "capture_to_result_ns": total}


def of(urls: list[str], model: str, seconds: float) -> dict[str, object]:
    streams = [
        {"name": f"camera-{n}", "pace": "live", "source": {"kind": "camera", "options": {"url": url}}}
        for n, url in enumerate(urls)
    ]
    node = {"name": "crossing", "model": {"name": model}, "streams": streams}
    return {"name": "live", "site": "bench", "seconds": seconds, "nodes": [node]}


@contextlib.contextmanager
def camera() -> Iterator[str]:
    """Its address."""
    command = [*GILMOK, "camera", "serve", str(VIDEO), "--rtsp", "--fps", str(FPS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().strip()
        if not url:
            raise BenchmarkBroken(server.stderr.read().strip(), "see what it said")
        try:
            yield url
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    measured(figures)
