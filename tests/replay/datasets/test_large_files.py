"""Label files that are larger than any honest one: read in bounded memory, or refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from replay.datasets import frame_truths, labels
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import Ids, LabelsWrong, Lenience
from replay.datasets.soundness import box_problems
from replay.recording import open_dataset
from replay.truth import Truth
from tests.layouts import text
from tests.makers import MAKERS

OF_ONE_PICTURE = ("kitti-object", "yolo", "voc", "visdrone", "dair-v2x-i", "rope3d", "tumtraf")
MEGABYTES = 25

PEAK = """
import sys
from pathlib import Path
from replay.recording import open_dataset
list(open_dataset(sys.argv[1], Path(sys.argv[2])).open(sys.argv[3]).problems())
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""
"""In kB. What getrusage says counts the tests' own process, which this one was forked from."""
ROWS: dict[str, tuple[str, Callable[[int], str], str, str]] = {
    "mot": ("", lambda n: f"{n // 10 + 1},{n % 10},{n % 50},{n % 30},9,9,1\n", "", ""),
    "kitti-tracking": ("", lambda n: f"{n // 10} {n % 10} Car 0 0 0 {n % 50} 1 60 9 0 0 0 0 0 0 0\n", "", ""),
    "ua-detrac": (
        '<sequence name="MVI_00001">',
        lambda n: (
            f'<frame num="{n + 1}"><target_list><target id="1"><box left="{n % 50}" top="9" width="9" height="9"/>'
            '<attribute vehicle_type="car"/></target></target_list></frame>\n'
        ),
        "",
        "</sequence>",
    ),
    "bdd100k": (
        "[",
        lambda n: f'{{"name":"{n}","labels":[{{"id":1,"category":"car","box2d":{{"x1":1,"y1":1,"x2":9,"y2":9}}}}]}}',
        ",",
        "]",
    ),
    "coco": (
        '{"images":[{"id":1,"file_name":"a.jpg"}],"categories":[{"id":1,"name":"car"}],"annotations":[',
        lambda n: f'{{"image_id":1,"category_id":1,"bbox":[{n % 50},{n},9,9],"id":{n}}}',
        ",",
        "]}",
    ),
}
"""Head, row, what stands between two rows, tail."""


@pytest.mark.long
@pytest.mark.parametrize("kind", ROWS)
def test_reading_and_checking_takes_four_times_the_file_and_200_mb_at_most(kind: str, tmp_path: Path) -> None:
    made = MAKERS[kind](tmp_path)
    head, row, between, tail = ROWS[kind]
    count = MEGABYTES * 10**6 // len(row(10**6))
    text(made.labels, head + between.join(map(row, range(count))) + tail)
    words = [sys.executable, "-P", "-c", PEAK, kind, str(made.root), made.name]
    peak = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout
    assert int(peak) * 1024 < 4 * made.labels.stat().st_size + 200 * 10**6


@pytest.mark.parametrize("kind", OF_ONE_PICTURE)
def test_the_labels_of_one_picture_have_a_bound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = MAKERS[kind](tmp_path)
    monkeypatch.setattr(labels, "MOST_PICTURE_BYTES", 20)
    with pytest.raises(LabelsWrong, match="of one picture's labels 20 are read at most"):
        open_dataset(kind, made.root).open(made.name)


def test_rows_come_a_few_whole_frames_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_truths, "BLOCK_ROWS", 3)
    frames = np.array([4, 1, 1, 4, 9, 1, 4], np.int64)
    n = np.arange(7)
    truth = Truth(np.repeat(n[:, None], 4, axis=1).astype(np.float64), n, n, np.zeros(7, np.int64))
    truths = FrameTruths(frames, truth, labelled=[2])
    blocks = [(numbers.tolist(), rows.labels.tolist()) for numbers, rows in truths.blocks()]
    assert blocks == [([1, 1, 1], [1, 2, 5]), ([4, 4, 4], [0, 3, 6]), ([9], [4])]
    assert (truths.numbers.tolist(), truths.counts().tolist()) == ([1, 2, 4, 9], [3, 0, 3, 1])
    assert [problem.what for problem in box_problems(truths, {4: (5, 5)})] == [
        "7 boxes without width or height, which nothing can find: frames 1, 4, 9"
    ]


def test_ids_are_themselves_until_one_is_no_number() -> None:
    lenience, ids = Lenience(), Ids()
    for one in (7, -1, 9, 7):
        ids.add(one)
    assert (ids.array(Path("gt.txt"), lenience).tolist(), lenience.problems()) == ([7, -1, 9, 7], ())
    for other in ("a", 2**70, 9, -1):
        ids.add(other)
    assert ids.array(Path("gt.txt"), lenience).tolist() == [1, -1, 2, 1, 3, 4, 2, -1]
    assert len(lenience.problems()) == 1
