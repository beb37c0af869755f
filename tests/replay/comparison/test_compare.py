import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from replay.comparison.compare import ComparisonSettings, compare
from replay.comparison.result import Comparison, Margins, Row
from replay.runs.runfolder import read_summary
from replay.statistics.verdicts import Verdict
from tests.made_runs import Played, ap_of, write_drives, write_group, write_run

QUICK = ComparisonSettings(resamples=200)
RESAMPLES = pytest.mark.parametrize("resamples", [600, pytest.param(2000, marks=pytest.mark.long)])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only to be read."""
    return write_drives(tmp_path_factory.mktemp("drives") / "kitti")


class Group(Protocol):
    def __call__(self, cars: Sequence[int], **more: object) -> Path: ...


@pytest.fixture(scope="module")
def group(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Group:
    """A run a drive of `root`, made once for all that ask for the same; only to be read."""

    @cache
    def made(cars: tuple[int, ...], **more: object) -> Path:
        return write_group(tmp_path_factory.mktemp("group"), root, cars, **more)

    return lambda cars, **more: made(tuple(cars), **more)


def row(told: Comparison, figure: str, of: str = "") -> Row:
    (found,) = [one for one in (*told.figures, *told.per_class) if (one.figure, one.of) == (figure, of)]
    return found


def held(a: Path, b: Path, settings: ComparisonSettings = QUICK) -> Comparison:
    return compare([a], [b], settings).comparison


def test_figures_are_those_worked_by_hand(group: Group) -> None:
    a = group([8] * 10)
    b = group([5] * 10)
    told = held(a, b)
    assert told.sequences == 10
    cars = row(told, "AP", "vehicle")
    assert (cars.a, cars.b) == pytest.approx((ap_of(80, 100), ap_of(50, 100)))
    assert row(told, "AP", "person").difference == 0
    # Two classes, one of which is found always.
    assert row(told, "AP50").difference == pytest.approx((ap_of(50, 100) - ap_of(80, 100)) / 2)
    assert [one.a for one in told.per_sequence] == pytest.approx([(ap_of(8, 10) + 1) / 2] * 10)


def test_a_clear_loss_is_worse_in_every_figure_that_holds_it(group: Group) -> None:
    a = group([9, 8, 7, 9, 8, 7, 9, 8, 7, 9])
    b = group([6, 4, 5, 6, 5, 4, 6, 5, 5, 6])
    told = held(a, b)
    assert told.verdict is Verdict.WORSE
    assert row(told, "AP").verdict is Verdict.WORSE
    assert row(told, "AP").high < 0
    assert row(told, "AP", "vehicle").verdict is Verdict.WORSE
    assert row(told, "AP", "person").verdict is Verdict.NOT_WORSE
    assert any("vehicle" in sentence for sentence in told.because)
    assert held(b, a).verdict is not Verdict.WORSE


def test_the_same_findings_are_not_worse_and_their_difference_is_exactly_none(group: Group) -> None:
    a = group([9, 8, 7, 9, 8, 7, 9, 8, 7, 9])
    b = group([9, 8, 7, 9, 8, 7, 9, 8, 7, 9], started_utc_ns=1)
    ap = row(held(a, b), "AP")
    assert (ap.difference, ap.low, ap.high, ap.verdict) == (0, 0, 0, Verdict.NOT_WORSE)


def test_what_is_between_worse_and_the_margin_is_inconclusive(group: Group) -> None:
    a = group([5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    b = group([5, 5, 5, 5, 5, 5, 5, 5, 5, 4])
    told = held(a, b)
    assert row(told, "AP").verdict is Verdict.INCONCLUSIVE
    wide = ComparisonSettings(resamples=200, margins=Margins(ap=0.07))
    assert row(held(a, b, wide), "AP").verdict is Verdict.NOT_WORSE
    stricter = row(held(a, b, ComparisonSettings(resamples=200, margins=Margins(ap=0.07, relative=0.001))), "AP")
    assert stricter.verdict is Verdict.INCONCLUSIVE
    assert stricter.margin == pytest.approx(0.001 * stricter.a)
    refused = row(held(a, b, ComparisonSettings(resamples=200, margins=Margins(ap=0.5))), "AP")
    assert refused.verdict is Verdict.INCONCLUSIVE
    assert "over 10% of A's" in refused.why


def test_with_seven_sequences_a_difference_is_described_and_not_judged(group: Group) -> None:
    a = group([9] * 7)
    b = group([1] * 7)
    told = held(a, b)
    assert (told.sequences, told.verdict) == (7, Verdict.INCONCLUSIVE)
    assert row(told, "AP").difference < -0.3
    assert row(told, "AP").why == "7 sequences; a difference is judged from 8 on"
    assert math.isnan(row(told, "AP").low)
    assert any("described and not judged" in note for note in told.notes)


@RESAMPLES
def test_a_rare_class_takes_holms_correction(group: Group, resamples: int) -> None:
    """Hits lost: 3, 2, 2, 2, 1, 1 and four times 0, so t(9) = -.109 / .045 = -2.4, p = .02: below .025, above .0125."""
    a = group([6, 6, 6, 6, 6, 6, 6, 6, 6, 6])
    b = group([3, 4, 4, 4, 5, 5, 6, 6, 6, 6])
    both = row(held(a, b, ComparisonSettings(resamples=resamples)), "AP", "vehicle")
    alone = row(held(a, b, ComparisonSettings(resamples=resamples, labels=("vehicle",))), "AP", "vehicle")
    assert (both.difference, both.high) == pytest.approx((alone.difference, alone.high), abs=0.02)
    assert alone.high < 0
    assert (both.verdict, alone.verdict) == (Verdict.INCONCLUSIVE, Verdict.WORSE)


@RESAMPLES
def test_a_class_rests_on_the_recordings_that_hold_it(tmp_path: Path, resamples: int) -> None:
    """Walkers are in three of ten drives: theirs is no difference of ten sequences, and costs the cars nothing."""
    root = write_drives(tmp_path / "kitti")
    for drive in range(3, 10):
        labels = root / f"training/label_02/{drive:04}.txt"
        labels.write_text("".join(line for line in labels.read_text().splitlines(True) if "Car" in line))
    a = write_group(tmp_path / "a", root, [6] * 10)
    b = write_group(tmp_path / "b", root, [3, 4, 4, 4, 5, 5, 6, 6, 6, 6])
    told = held(a, b, ComparisonSettings(resamples=resamples))
    walkers = row(told, "AP", "person")
    assert (walkers.n, walkers.verdict, walkers.why) == (
        3,
        Verdict.INCONCLUSIVE,
        "3 sequences; a difference is judged from 8 on",
    )
    assert row(told, "AP", "vehicle").verdict is Verdict.WORSE
    assert any("person in 3" in note for note in told.notes)


def test_the_same_seed_gives_the_same_interval_and_is_recorded(group: Group) -> None:
    a = group([9, 8, 7, 9, 8, 7, 9, 8, 7, 9])
    b = group([6, 9, 5, 6, 9, 4, 9, 5, 5, 9])
    first, again, other = held(a, b), held(a, b), held(a, b, ComparisonSettings(resamples=200, seed=2))
    assert (row(first, "AP").low, first.seed, first.resamples) == (row(again, "AP").low, 1, 200)
    assert row(other, "AP").low != row(first, "AP").low


def test_repeats_of_a_recording_are_no_further_sequences_and_weigh_no_more(root: Path, tmp_path: Path) -> None:
    a = write_group(tmp_path / "a", root, [8] * 10)
    b = write_group(tmp_path / "b", root, [8] * 9 + [2])
    for turn in (1, 2):
        write_run(tmp_path / f"b/again-{turn}", Played(root=root, drive=9, cars=2, started_utc_ns=turn))
    told = held(a, b)
    assert told.sequences == 10
    assert row(told, "AP", "vehicle").b == pytest.approx(ap_of(74, 100))


def slow(folder: Path, root: Path, p99_ms: float, n: int) -> Path:
    for turn in range(n):
        spread = p99_ms * (1 + 0.002 * turn)
        write_run(folder / f"run-{turn}", Played(root=root, latency_ms=(10.0, spread), started_utc_ns=turn))
    return folder


@pytest.mark.parametrize(
    ("p99_ms", "n", "verdict"),
    [
        pytest.param(24.0, 5, Verdict.WORSE, id="a fifth slower"),
        pytest.param(20.0, 5, Verdict.NOT_WORSE, id="alike"),
        pytest.param(21.0, 5, Verdict.INCONCLUSIVE, id="just at the margin of 1.05"),
        pytest.param(24.0, 4, Verdict.INCONCLUSIVE, id="too few runs"),
    ],
)
def test_a_p99_is_judged_by_runs(tmp_path: Path, p99_ms: float, n: int, verdict: Verdict) -> None:
    root = write_drives(tmp_path / "long", n=1, frames=100)
    told = held(slow(tmp_path / "a", root, 20.0, n), slow(tmp_path / "b", root, p99_ms, n))
    p99 = row(told, "latency p99")
    assert (p99.verdict, p99.n, p99.unit) == (verdict, n, "runs")
    assert p99.difference == pytest.approx(p99_ms / 20)
    assert p99.b == pytest.approx(p99_ms * 1.004e6 if n == 5 else p99_ms * 1.003e6, rel=1e-4)
    if n < 5:
        assert p99.why == "4 runs a side; a p99 is judged from 5 on"


def test_a_run_too_short_for_a_p99_says_so(group: Group) -> None:
    told = held(group([8] * 10), group([8] * 10, started_utc_ns=1))
    p99 = row(told, "latency p99")
    assert (p99.verdict, p99.why) == (Verdict.INCONCLUSIVE, "a run has fewer than 100 ok frames")


def test_recordings_played_unequally_often_are_no_difference_in_latency(tmp_path: Path) -> None:
    root = write_drives(tmp_path / "long", n=2, frames=100)
    for side, drives in (("a", (0, 0, 0, 0, 1)), ("b", (0, 1, 1, 1, 1))):
        for turn, drive in enumerate(drives):
            latency = (10.0, 20.0 + 10 * drive)
            write_run(
                tmp_path / side / str(turn), Played(root=root, drive=drive, latency_ms=latency, started_utc_ns=turn)
            )
    p99 = row(held(tmp_path / "a", tmp_path / "b"), "latency p99")
    assert (p99.verdict, p99.why) == (
        Verdict.INCONCLUSIVE,
        "the two sides played the recordings unequally often",
    )


@pytest.mark.parametrize(
    ("bound_ms", "verdict", "high"),
    [
        pytest.param(0.0, Verdict.NOT_WORSE, 1.0, id="one clock"),
        pytest.param(0.5, Verdict.NOT_WORSE, 50.5 / 49.5, id="known to a hundredth"),
        pytest.param(5.0, Verdict.INCONCLUSIVE, 55 / 45, id="known to a tenth, so a change of 1.22 may hide in it"),
    ],
)
def test_a_latency_between_machines_is_as_doubtful_as_their_clocks(
    tmp_path: Path, bound_ms: float, verdict: Verdict, high: float
) -> None:
    root = write_drives(tmp_path / "long", n=1, frames=100)
    for side in "ab":
        for turn in range(5):
            played = Played(root=root, to_hub_ms=30.0, clock_bound_ms=bound_ms, started_utc_ns=turn)
            write_run(tmp_path / side / str(turn), played)
    hub = row(held(tmp_path / "a", tmp_path / "b"), "latency to the hub p99")
    assert hub.verdict is verdict
    assert hub.a == pytest.approx(50e6)
    assert hub.high == pytest.approx(high)


def test_in_real_time_the_answer_is_a_frame_old_and_streaming_accuracy_says_so(group: Group) -> None:
    """At 10 fps an answer of 20 ms is in force from the next frame on, one of 120 ms from the one after it."""
    a = group([10] * 10, pace="realtime", latency_ms=(20.0,))
    b = group([10] * 10, pace="realtime", latency_ms=(120.0,))
    told = held(a, b)
    streamed = row(told, "sAP_edge")
    assert (streamed.a, streamed.b) == pytest.approx((ap_of(9, 10), ap_of(8, 10)))
    assert streamed.verdict is Verdict.WORSE
    assert row(told, "AP").difference == 0
    assert told.per_sequence[0].sap_b == pytest.approx(ap_of(8, 10))


def test_over_one_recording_the_figures_are_the_runs_own(root: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", Played(root=root, cars=7, pace="realtime", latency_ms=(120.0, 30.0)))
    told = held(run, run)
    accuracy = read_summary(run)["accuracy"]
    assert row(told, "AP").a == pytest.approx(accuracy["coco"]["AP"], abs=1e-12)
    assert row(told, "AP75").b == pytest.approx(accuracy["coco"]["AP75"], abs=1e-12)
    assert row(told, "AP", "vehicle").a == pytest.approx(accuracy["per_class"]["vehicle"]["AP"], abs=1e-12)
    assert row(told, "sAP_edge").a == pytest.approx(accuracy["streaming"]["sAP_edge"], abs=1e-12)


def test_what_differs_beside_the_figures_is_listed(group: Group) -> None:
    a = group([8] * 10)
    b = group([8] * 10, model="tinier", threads=2)
    told = {one.what: (one.a, one.b) for one in held(a, b).identity}
    assert told["model"] == (("tiny",), ("tinier",))
    assert told["option threads"] == (("1",), ("2",))
    assert set(told) == {"model", "model sha256", "option threads"}
    assert held(a, a).identity == ()


def test_where_nobody_labelled_anything_it_is_told_how_far_both_agree_and_nothing_is_judged_by_it(
    tmp_path: Path,
) -> None:
    root = write_drives(tmp_path / "kitti", n=2)
    (root / "training/label_02/0001.txt").write_text("")
    sides = [
        write_run(tmp_path / name, Played(root=root, cars=cars, name="x"), Played(root=root, drive=1, cars=cars))
        for name, cars in (("a", 8), ("b", 4))
    ]
    told = held(sides[0], sides[1])
    # Drive 1 was labelled: there was nothing to see.
    assert not told.agreement
    bare = write_drives(tmp_path / "bare", n=1)
    for labels in (bare / "training/label_02").iterdir():
        labels.unlink()
    sides = [write_run(tmp_path / f"bare-{name}", Played(root=bare, cars=cars)) for name, cars in (("a", 8), ("b", 4))]
    told = held(sides[0], sides[1])
    (row_,) = told.agreement
    # Ten walkers and four cars have their like; A has eighteen findings, B fourteen.
    assert row_.agreement.paired.f1 == pytest.approx(2 * 14 / (18 + 14))
    assert row_.agreement.per_class["car"].paired.pairs == 4
    assert (told.by_score, told.per_class, told.here, told.verdict) == (None, (), (), Verdict.INCONCLUSIVE)
    assert any("which is no accuracy" in note for note in told.notes)
