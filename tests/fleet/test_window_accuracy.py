from pathlib import Path

from fleet.ledger.reader import FrameRow
from fleet.watch.window_accuracy import window_accuracy
from replay.recording import open_dataset
from replay.runs.loaded import read_run
from sensors.clock import Stamp
from tests.made_runs import DATASET, Played, write_drives, write_run


def test_accuracy_of_late_says_how_sure_it_is_and_of_how_much(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", n=1, frames=40)
    run = read_run(write_run(tmp_path / "run", Played(root=root, cars=38, walkers=40, dropped=1, pace="realtime")))
    (stream,) = run.streams
    rows = [FrameRow(report, Stamp(0, 0), None) for report in stream.reports]
    told = window_accuracy(stream.birth, stream.stream, rows, open_dataset(DATASET, root).open("0000"))
    assert (told["n_frames"], told["n_truth"]) == (39, 78)
    for name in ("AP", "AP50", "AP_answered", "sAP_edge"):
        assert told[f"{name}_low"] < told[name] < told[f"{name}_high"] <= 1
