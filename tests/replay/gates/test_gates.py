import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import gilmok
from tests.made_runs import Played, ap_of, write_drives, write_group, write_run

EXAMPLE = Path(__file__).parents[3] / "examples" / "gates.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "kitti")


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Path:
    """Of ten frames the car is found in eight, the walker in all, the last frame is dropped, each takes 20 ms."""
    return write_run(tmp_path / "run", Played(root=root, cars=8, walkers=9, dropped=1))


def gate(tmp_path: Path, bars: str, *words: object) -> int:
    gates = tmp_path / "gates.toml"
    gates.write_text(bars)
    return gilmok.main(["replay", "gate", str(gates), *map(str, words)])


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    bars: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["bars"]
    return bars


ACCURACY = '[[accuracy]]\nfigure = "AP50"\nclass = "vehicle"\nat_least = {}\n'


@pytest.mark.parametrize(
    ("bar", "value", "cleared"),
    [
        (ACCURACY.format(0.80), ap_of(8, 10), True),
        (ACCURACY.format(0.81), ap_of(8, 10), False),
        ('[[accuracy]]\nfigure = "AP"\nat_least = 0.85\n', (ap_of(8, 10) + ap_of(9, 10)) / 2, True),
        ('[[latency]]\npercentile = "p50"\nat_most_ms = 20\n', 20, True),
        ('[[latency]]\npercentile = "max"\nat_most_ms = 19.9\n', 20, False),
        ('[[latency]]\nstage = "infer"\npercentile = "p50"\nat_most_ms = 20\nstream = "replay/replay"\n', 20, True),
        ('[[frames]]\nfate = "dropped"\nat_most = 0.1\n', 0.1, True),
        ('[[frames]]\nfate = "dropped"\nat_most = 0.01\n', 0.1, False),
        ('[[frames]]\nfate = "failed"\nat_most = 0\n', 0, True),
        # Nine reports in the .82 s from the first stamp to the last report's end.
        ("[[rate]]\nat_least_fps = 10.9\n", 9 / 0.82, True),
        ("[[rate]]\nat_least_fps = 11\n", 9 / 0.82, False),
    ],
)
def test_a_bar_is_held_against_the_runs_own_figure(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bar: str, value: float, cleared: bool
) -> None:
    assert gate(tmp_path, bar, run, "--json") == (0 if cleared else 3)
    valid, books, last = told(capsys)
    assert (valid["passed"], books["passed"], last["passed"]) == (True, True, cleared)
    assert last["value"] == pytest.approx(value)
    assert bool(last["why"]) is not cleared


@pytest.mark.parametrize(
    ("bar", "why"),
    [
        ("[[latency]]\nat_most_ms = 80\n", "n too small: 9 ok frames, and p99 needs 100"),
        ('[[latency]]\nstage = "hub"\npercentile = "p50"\nat_most_ms = 80\n', "there is no time for 'hub'"),
        ('[[latency]]\nstage = "track"\npercentile = "p50"\nat_most_ms = 80\n', "there is no time for 'track'"),
        (
            ACCURACY.format(0).replace("vehicle", "vehicel"),
            "no class 'vehicel' was evaluated; there are vehicle, person",
        ),
        ('[[accuracy]]\nfigure = "APl"\nat_least = 0\n', "the truth holds nothing to find"),
        ('[[accuracy]]\nfigure = "sAP_edge"\nat_least = 0\n', "in real time only"),
        ('[[accuracy]]\nfigure = "HOTA"\nclass = "person"\nat_least = 0\n', "the node ran no tracker"),
        ('[[accuracy]]\nfigure = "AP"\nat_least = 0\nstream = "cam"\n', "has no stream 'cam'; there are replay/replay"),
    ],
)
def test_a_bar_on_an_undefined_figure_is_never_cleared(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bar: str, why: str
) -> None:
    assert gate(tmp_path, bar, run, "--json") == 3
    last = told(capsys)[-1]
    assert (last["passed"], last["value"]) == (False, None)
    assert last["why"].startswith("undefined: ")
    assert why in last["why"]


def test_a_figure_that_somebody_wrote_as_null_is_undefined(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run / "summary.json"
    summary = json.loads(path.read_text())
    summary["streams"][0]["accuracy"]["per_class"]["vehicle"]["AP50"] = None
    path.write_text(json.dumps(summary))
    assert gate(tmp_path, ACCURACY.format(0), run, "--json") == 3
    assert "undefined" in told(capsys)[-1]["why"]


@pytest.mark.parametrize(
    ("bars", "sentence"),
    [
        ("[[accurracy]]\nfigure = 'AP'\nat_least = 0.5\n", "unknown key 'accurracy'"),
        ("[[accuracy]]\nfigure = 'AP'\nat_leest = 0.5\n", "unknown key 'at_leest' - at '$.accuracy[0]'"),
        ("[[accuracy]]\nfigure = 'AP5'\nat_least = 0.5\n", "accuracy[0].figure = 'AP5': expected one of 'AP', "),
        ("[[accuracy]]\nfigure = 'AP'\n", "missing required field 'at_least'"),
        ("[[accuracy]]\nfigure = 'AP'\nat_least = 70\n", "at_least = 70: expected a number from 0 to 1"),
        ("[[accuracy]]\nfigure = 'AP'\nat_least = nan\n", "accuracy[0].at_least = nan: expected a number from 0 to 1"),
        ("[[latency]]\nat_most_ms = inf\n", "latency[0].at_most_ms = inf: expected a number"),
        ("[[latency]]\nat_most_ms = 0\n", "at_most_ms = 0: expected a number from 0.000001"),
        ("[[latency]]\nat_most_ms = 80\nclass = 'car'\n", "unknown key 'class'"),
        ("[[accuracy]]\nfigure = 'sAP_edge'\nclass = 'car'\nat_least = 0.1\n", "leave 'class' out"),
        ("[[accuracy]]\nfigure = 'IDF1'\nat_least = 0.1\n", "IDF1 is of one class: name it with 'class'"),
        ("[[baseline.not_worse]]\nfigure = 'AP50'\n", "figure = 'AP50': expected one of"),
        ("[baseline]\nmargin_ap = nan\n", "margin_ap = nan: expected a number from 0 to 1"),
        ("valid = false\nbooks = false\n", "there is no bar in it"),
        ("valid = \n", "is not TOML"),
    ],
)
def test_a_misspelt_bar_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bars: str, sentence: str
) -> None:
    assert gate(tmp_path, bars, run) == 1
    told = capsys.readouterr().err
    assert sentence in told
    if bars == "valid = \n":
        assert "docs/gates.md shows how it is written" in told


def test_an_invalid_run_and_wrong_books_clear_no_bar(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", Played(root=root, pace="realtime", late_ms=6, unreported=2))
    assert gate(tmp_path, "", run, "--json") == 3
    valid, books = told(capsys)
    assert not valid["passed"]
    assert "the camera was late" in valid["why"]
    assert "2 of 10 reports are missing" in books["why"]
    assert gate(tmp_path, "valid = false\nbooks = false\n[[rate]]\nat_least_fps = 1\n", run) == 0


def test_every_stream_of_every_run_must_clear_a_bar_that_names_none(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "runs/one", Played(root=root, name="left"), Played(root=root, drive=1, cars=5, name="right"))
    write_run(tmp_path / "runs/two", Played(root=root, name="left"), Played(root=root, drive=1, cars=7, name="right"))
    assert gate(tmp_path, ACCURACY.format(0.6), tmp_path / "runs", "--json") == 3
    last = told(capsys)[-1]
    assert (last["where"], last["value"]) == ("one: replay/right", pytest.approx(ap_of(5, 10)))
    assert gate(tmp_path, ACCURACY.format(1) + 'stream = "left"\n', tmp_path / "runs") == 0


@pytest.mark.parametrize(("bound_ms", "cleared"), [(0.0, True), (9.9, True), (10.1, False)])
def test_a_bar_on_the_hubs_latency_is_cleared_wherever_in_the_clocks_bound_the_truth_lies(
    root: Path, tmp_path: Path, bound_ms: float, cleared: bool
) -> None:
    run = write_run(tmp_path / "run", Played(root=root, to_hub_ms=30.0, clock_bound_ms=bound_ms))
    bar = '[[latency]]\nstage = "hub"\npercentile = "p50"\nat_most_ms = 60\n'
    assert gate(tmp_path, bar, run) == (0 if cleared else 3)


def test_two_bars_alike_are_two_test_cases(run: Path, tmp_path: Path) -> None:
    gate(tmp_path, "[[rate]]\nat_least_fps = 1\n" * 2, run, "--junit", tmp_path / "out.xml")
    (suite,) = ET.parse(tmp_path / "out.xml").getroot()
    names = [case.attrib["name"] for case in suite]
    assert names[2:] == ["frames per second >= 1", "frames per second >= 1 (2)"]


def test_each_bar_is_a_junit_test_case(run: Path, tmp_path: Path) -> None:
    bars = (
        '[[latency]]\nname = "fast < enough & \\u0007"\npercentile = "p50"\nat_most_ms = 10\n'
        "[[latency]]\nat_most_ms = 10\n"
    )
    assert gate(tmp_path, bars, run, "--junit", tmp_path / "out.xml") == 3
    suites = ET.parse(tmp_path / "out.xml").getroot()
    (suite,) = suites
    assert suite.attrib["tests"] == "4"
    assert suite.attrib["failures"] == "2"
    cases = {case.attrib["name"]: case.find("failure") for case in suite}
    assert list(cases) == ["the run is valid", "the books balance", "fast < enough & �", "latency p99, ms <= 10"]
    assert cases["the run is valid"] is None
    slow, undefined = cases["fast < enough & �"], cases["latency p99, ms <= 10"]
    assert slow is not None
    assert slow.attrib["message"] == "20 on replay/replay, the bar is <= 10"
    assert undefined is not None
    assert undefined.attrib["message"].startswith("undefined: ")


BASELINE = '[baseline]\nresamples = 200\n[[baseline.not_worse]]\nfigure = "AP"\n'


def test_a_bar_against_a_baseline_takes_the_comparisons_verdict(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_group(tmp_path / "good", root, [9, 8, 7, 9, 8, 7, 9, 8, 7, 9])
    bad = write_group(tmp_path / "bad", root, [6, 4, 5, 6, 5, 4, 6, 5, 5, 6])
    per_class = BASELINE + '[[baseline.not_worse]]\nfigure = "AP"\nclass = "person"\n'
    assert gate(tmp_path, per_class, bad, "--baseline", good, "--json") == 3
    everything, person = told(capsys)[-2:]
    assert (everything["passed"], person["passed"]) == (False, True)
    assert everything["why"].startswith("WORSE: surely below 0")
    assert gate(tmp_path, per_class, good, "--baseline", bad) == 0


def test_an_inconclusive_comparison_clears_a_bar_only_where_the_bar_says_so(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = write_group(tmp_path / "a", root, [8] * 3)
    b = write_group(tmp_path / "b", root, [8] * 3)
    assert gate(tmp_path, BASELINE, b, "--baseline", a, "--json") == 3
    assert "3 sequences; a difference is judged from 8 on" in told(capsys)[-1]["why"]
    assert gate(tmp_path, BASELINE + 'inconclusive = "passes"\n', b, "--baseline", a) == 0


@pytest.mark.parametrize(
    ("bar", "why"),
    [
        ('figure = "AP"\nclass = "tram"\n', "no class 'tram' was evaluated; there are vehicle, person"),
        ('figure = "sAP_edge"\n', "these runs have no sAP_edge (lockstep)"),
        ('figure = "latency p99"\n', "a run has fewer than 100 ok frames"),
    ],
)
def test_an_undefined_comparison_clears_no_bar_though_inconclusive_ones_may_pass(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bar: str, why: str
) -> None:
    bars = f'[baseline]\nresamples = 100\n[[baseline.not_worse]]\ninconclusive = "passes"\n{bar}'
    assert gate(tmp_path, bars, run, "--baseline", run, "--json") == 3
    last = told(capsys)[-1]
    assert not last["passed"]
    assert why in last["why"]


def test_runs_that_cannot_be_compared_clear_no_bar_against_each_other(
    run: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run(tmp_path / "other", Played(root=root, drive=1))
    assert gate(tmp_path, BASELINE, run, "--baseline", other, "--json") == 3
    assert "only A played kitti-tracking 0001" in told(capsys)[-1]["why"]


def test_a_missing_baseline_and_half_written_folders_are_no_verdict(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(tmp_path, BASELINE, run) == 1
    assert "no baseline is named" in capsys.readouterr().err
    assert gate(tmp_path, BASELINE, run, "--baseline", tmp_path / "nowhere") == 1
    (run / "summary.json").write_bytes((run / "summary.json").read_bytes()[:100])
    assert gate(tmp_path, "", run) == 1
    assert "can't be read: summary.json: " in capsys.readouterr().err


def test_the_example_is_read_and_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_drives(tmp_path / "kitti", n=1, frames=20)
    run = write_run(tmp_path / "run", Played(root=root, cars=16, walkers=18, dropped=2))
    status = gilmok.main(["replay", "gate", str(EXAMPLE), str(run), "--junit", str(tmp_path / "gates.xml"), "--json"])
    bars = {bar["name"]: bar for bar in told(capsys)}
    assert status == 3
    assert [name for name, bar in bars.items() if not bar["passed"]] == ["share of frames dropped <= 0.01"]
    assert not any(math.isnan(bar["value"]) for bar in bars.values() if bar["value"] is not None)
    assert bars["AP50 >= 0.5"]["rests_on"].endswith("; 40 boxes in 20 pictures"), bars


def test_a_run_that_was_cut_short_is_refused_unless_it_is_allowed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = write_run(tmp_path / "cut", Played(root=root, cars=8), interrupted=True)
    assert gate(tmp_path, "", cut, "--json") == 3
    valid, _ = told(capsys)
    assert "cut short" in valid["why"]
    assert gate(tmp_path, "", cut, "--allow-interrupted") == 0
    assert "cut: it was cut short" in capsys.readouterr().out
