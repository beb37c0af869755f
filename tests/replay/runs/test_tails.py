"""What stands beside a tail: publication, and a lateness that is a p99 or says that it is none."""

from pathlib import Path

import pytest

from edge.wire.messages import Pacing
from replay.runs.runfolder import read_summary
from replay.runs.summary import decisive_lateness
from tests.made_runs import Played, write_drives, write_run


@pytest.mark.parametrize(("n", "decides"), [(1, ("max", 9)), (99, ("max", 9)), (100, ("p99", 7))])
def test_a_p99_of_too_few_frames_decides_nothing(n: int, decides: tuple[str, int]) -> None:
    assert decisive_lateness(Pacing(p50_ns=5, p99_ns=7, max_ns=9, n=n)) == decides


def test_a_camera_that_was_late_at_a_few_frames_is_named_by_its_greatest_lateness(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", n=1)
    run = write_run(tmp_path / "run", Played(root=root, pace="realtime", late_ms=8.0))
    assert read_summary(run)["streams"][0]["invalid_because"] == [
        "the camera was late: pacing error max 8.00 ms exceeds 5 ms (n=10)"
    ]


def test_publication_is_a_row_of_its_own(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", n=1)
    told = read_summary(write_run(tmp_path / "run", Played(root=root)))["latency_ns"]
    assert (told["publish"]["n"], told["publish"]["max"]) == (10, 0)
    assert "failed" not in told
