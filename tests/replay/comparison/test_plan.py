"""How many recordings and runs each verdict would take, from what is there."""

import json
import math
from pathlib import Path

import pytest

import gilmok
from tests.made_runs import Played, write_drives, write_group, write_run


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[tuple[str, str], dict[str, object]]:
    capsys.readouterr()
    assert gilmok.main(["replay", "compare", "--plan", "--json", "--resamples", "200", *words]) == 0
    return {(row["figure"], row["verdict"]): row for row in json.loads(capsys.readouterr().out)["rows"]}


def test_of_one_side_accuracy_s_deviation_is_supposed_and_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = write_group(tmp_path / "a", write_drives(tmp_path / "kitti", n=3), [8] * 3)
    rows = told(capsys, str(a))
    worse, kept = rows["AP", "WORSE"], rows["AP", "NOT WORSE"]
    assert (worse["supposed"], worse["deviation"], worse["n"]) == (True, 0.02, 3)
    # A loss of .005 at a deviation of .02: d = .25.
    assert (worse["needed"], kept["needed"]) == (128, 101)
    assert rows["latency p99", "WORSE"]["needed"] is None
    assert gilmok.main(["replay", "compare", "--plan", str(a)]) == 0
    assert "supposed" in capsys.readouterr().out


def test_of_two_sides_the_spread_is_measured_by_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_drives(tmp_path / "kitti", n=8)
    a = write_group(tmp_path / "a", root, [8] * 8)
    b = write_group(tmp_path / "b", root, [8, 7, 8, 7, 8, 7, 8, 7])
    worse = told(capsys, str(a), str(b))["AP", "WORSE"]
    assert worse["supposed"] is False
    # Half of the drives lose a tenth of the cars, which is a twentieth of AP over two classes.
    assert worse["deviation"] == pytest.approx(0.05 * math.sqrt(8 / 7) / 2, rel=0.25)
    assert isinstance(worse["needed"], int)


def test_of_runs_over_one_recording_p99_spreads_among_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_drives(tmp_path / "kitti", n=1, frames=100)
    for turn in range(6):
        played = Played(root=root, latency_ms=(10.0, 20.0 * 1.05 ** (turn - 2.5)), started_utc_ns=turn)
        write_run(tmp_path / f"a/{turn}", played)
    row = told(capsys, str(tmp_path / "a"))["latency p99", "WORSE"]
    assert (row["paired"], row["n"]) == (False, 6)
    assert row["deviation"] == pytest.approx(math.log(1.05) * math.sqrt(3.5), rel=1e-6)
    # d = 1 / 1.87, two groups.
    assert row["needed"] == 56
