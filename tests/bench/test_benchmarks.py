"""Benchmarks are no tests, but what they print is JSON, and what is wrong is one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def bench(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-P", str(BENCH / name), *words]
    return subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("capture_to_hub.py", ["nowhere.toml"], 1),
        ("frame_path.py", ["--model", "gilmok-mini", "--dataset", "mot", "--root", "nowhere", "--name", "X"], 1),
        ("hub_ingest.py", ["--reports", "0"], 2),
        ("coverage.py", ["--worlds", "0"], 2),
        ("dashboard.py", ["--nodes", "0"], 2),
        ("campaign.py", ["--cells", "0"], 2),
        ("shadow.py", ["--recording", "nowhere", "X"], 1),
    ],
)
def test_what_is_wrong_is_one_line_and_one_that_says_what_to_do(name: str, words: list[str], status: int) -> None:
    ended = bench(name, *words)
    assert ended.returncode == status
    assert ended.stdout == ""
    first, *rest = ended.stderr.splitlines()
    assert first.startswith(("gilmok: ", f"{name}: "))
    assert 1 <= len(rest) <= 2
    assert "Traceback" not in ended.stderr


def test_figures_are_json_with_their_machine() -> None:
    ended = bench("scoring.py", "--detections", "100", "--repeat", "1", "--resamples", "1", "--without-pycocotools")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["greatest_difference"] == 0
    assert {"cpu", "cpus", "system", "python", "load"} == set(told["machine"])
