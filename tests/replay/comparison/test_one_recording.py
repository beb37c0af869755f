"""One recording by itself: words of its own, and no part of the verdict over roads."""

import json
import math
from pathlib import Path

import pytest

import gilmok
from replay.comparison.compare import ComparisonSettings, compare
from replay.comparison.result import Comparison
from replay.comparison.tables import cells
from replay.statistics.verdicts import HereVerdict, Verdict
from tests.made_runs import Played, write_drives, write_run

FRAMES = 60


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "kitti", n=1, frames=FRAMES)


def played(folder: Path, root: Path, cars: int, started: int = 0) -> Path:
    """The car is found in the first `cars` frames."""
    return write_run(folder, Played(root=root, cars=cars, walkers=FRAMES, started_utc_ns=started, pace="realtime"))


def held(a: Path, b: Path) -> Comparison:
    return compare([a], [b], ComparisonSettings(resamples=100)).comparison


def test_a_loss_all_along_is_worse_here_and_nothing_is_said_of_other_roads(root: Path, tmp_path: Path) -> None:
    told = held(played(tmp_path / "a", root, FRAMES), played(tmp_path / "b", root, 0, 1))
    assert [(row.figure, row.verdict) for row in told.here] == [
        ("AP", HereVerdict.WORSE_HERE),
        ("sAP_edge", HereVerdict.WORSE_HERE),
    ]
    assert told.here[0].high < 0
    assert told.here[0].blocks == 8
    assert told.here[0].block_s == pytest.approx(0.75)
    # One car and one walker in each: B finds the walkers alone, all of them, and no block differs from another.
    assert (told.here[0].n_frames, told.here[0].n_truth) == (FRAMES, 2 * FRAMES)
    assert math.isnan(told.here[0].b_low)
    assert [(row.n_frames, row.n_truth) for row in told.per_class] == [(FRAMES, FRAMES), (FRAMES, FRAMES)]
    assert [row.n_truth for row in told.figures if row.unit == "runs"] == [None] * len(
        [row for row in told.figures if row.unit == "runs"]
    )
    assert told.verdict is Verdict.INCONCLUSIVE


def test_the_same_findings_are_not_worse_here(root: Path, tmp_path: Path) -> None:
    told = held(played(tmp_path / "a", root, FRAMES), played(tmp_path / "b", root, FRAMES, 1))
    assert (told.here[0].low, told.here[0].verdict) == (0, HereVerdict.NOT_WORSE_HERE)


def test_a_loss_that_lasts_half_the_recording_is_one_witness(root: Path, tmp_path: Path) -> None:
    told = held(played(tmp_path / "a", root, FRAMES), played(tmp_path / "b", root, FRAMES // 2, 1)).here[0]
    assert told.verdict is HereVerdict.CANT_TELL_HERE
    assert told.blocks < 6
    assert math.isnan(told.low)
    assert told.why.startswith(f"60 labelled frames are {told.blocks} block")
    assert "a judgement takes 6, some" in told.why


def test_from_eight_recordings_on_it_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "kitti", n=8, frames=20)
    every = [[Played(root=root, drive=drive, name=f"s{drive}", started_utc_ns=b) for drive in range(8)] for b in (0, 1)]
    a, b = (write_run(tmp_path / name, *streams) for name, streams in zip("ab", every, strict=True))
    settings = [ComparisonSettings(resamples=20, here=asked) for asked in (False, True)]
    assert [len(compare([a], [b], one).comparison.here) for one in settings] == [0, 8]


BAR = '[baseline]\nresamples = 100\n[[baseline.not_worse_here]]\nfigure = "AP"\n'


@pytest.mark.parametrize(
    ("cars", "more", "status", "why"),
    [
        (FRAMES, "", 0, ""),
        (FRAMES, 'recording = "0000"\n', 0, ""),
        (FRAMES, 'recording = "0007"\n', 3, "'0007' is no recording in common; there are kitti-tracking 0000"),
        (0, "", 3, "WORSE HERE: surely below 0"),
        (FRAMES // 2, "", 3, "CAN'T TELL HERE"),
        (FRAMES // 2, 'cant_tell = "passes"\n', 0, "CAN'T TELL HERE"),
    ],
)
def test_a_gate_asks_for_it_by_name(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], cars: int, more: str, status: int, why: str
) -> None:
    (tmp_path / "gates.toml").write_text(BAR + more)
    before, after = played(tmp_path / "a", root, FRAMES), played(tmp_path / "b", root, cars, 1)
    words = ["replay", "gate", str(tmp_path / "gates.toml"), str(after), "--baseline", str(before), "--json"]
    assert gilmok.main(words) == status
    bar = json.loads(capsys.readouterr().out)["bars"][-1]
    assert why in bar["why"] if why else not bar["why"]


def test_the_command_tells_it_beside_its_verdict_in_table_page_and_json(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [str(played(tmp_path / "a", root, FRAMES)), str(played(tmp_path / "b", root, 0, 1))]
    page = tmp_path / "page.html"
    assert gilmok.main(["replay", "compare", *sides, "--resamples", "100", "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("INCONCLUSIVE")
    assert "AP on kitti-tracking 0000: WORSE HERE, surely below 0" in " ".join(printed.split())
    assert "says nothing about other roads" in page.read_text(encoding="utf-8")
    assert gilmok.main(["replay", "compare", *sides, "--resamples", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["here"][0]["verdict"]) == ("INCONCLUSIVE", "WORSE HERE")


def test_each_side_says_how_sure_it_is_by_itself(root: Path, tmp_path: Path) -> None:
    told = held(played(tmp_path / "a", root, FRAMES), played(tmp_path / "b", root, FRAMES - 4, 1))
    for row in (told.here[0], told.figures[0]):
        assert math.isnan(row.a_low)
        assert row.b_low < row.b < row.b_high <= 1
        assert (row.n_frames, row.n_truth) == (FRAMES, 2 * FRAMES)
    shown = next(cell for cell in cells(told.figures[0]) if cell.startswith("0.9"))
    assert shown == f"{told.figures[0].b:.4f} ({told.figures[0].b_low:.3f}..{told.figures[0].b_high:.3f})"
