"""A handful of trials of `scripts/fuzz`, the same ones each time; let it run for an hour by hand before a release."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
SEED = 20_000


@pytest.mark.parametrize("trials", [2, pytest.param(30, marks=pytest.mark.long)])
def test_spoilt_inputs_end_in_one_line_and_never_in_a_traceback(tmp_path: Path, trials: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--trials", str(trials), "--seed", str(SEED), "--keep", tmp_path],
        cwd=HOUSE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{trials} trials" in done.stdout


@pytest.mark.long
def test_messages_that_reach_ever_more_of_the_hub_are_taken_or_refused() -> None:
    pytest.importorskip("atheris", reason="atheris is not installed (pip install atheris)")
    guided = [sys.executable, "-P", "-m", "tests.fuzz.guided", "--minutes", "0.1"]
    done = subprocess.run(guided, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done " in done.stderr
