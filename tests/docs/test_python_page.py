"""The example of docs/python.md runs as it stands, and so fast that nobody minds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/python.md"


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-P", "-W", "error", "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    frames, stages, tables, picture, own, arrays, verdict = ran.stdout.splitlines()
    assert frames.startswith("40 frames answered; AP50 0.8")
    assert "ms from the frame's stamp" in stages
    assert tables.startswith("40 frames, ")
    assert tables.endswith("; ok True")
    assert "at (1, 4) pixels" in picture
    assert "AP50 0.9" in own
    assert arrays.startswith("AP 0.3762 (0.")
    assert "95 % intervals over 20 frames" in arrays
    assert verdict.startswith("INCONCLUSIVE - 1 sequence")
