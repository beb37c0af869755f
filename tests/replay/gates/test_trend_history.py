import json
import math
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gilmok
from replay.gates.history import Night, Question, State, Step, after, opened
from replay.statistics.trend import Trend
from tests.made_runs import Played, ap_of, write_drives, write_group, write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "kitti", n=4)


@pytest.fixture
def baseline(root: Path, tmp_path: Path) -> Path:
    return write_group(tmp_path / "baseline", root, [10] * 4)


def night(tmp_path: Path, root: Path, turn: int, cars: int) -> Path:
    return write_group(tmp_path / f"night-{turn}", root, [cars] * 4, started_utc_ns=turn)


def trend(history: Path, run: Path, baseline: Path, *more: str) -> int:
    return gilmok.main(["replay", "trend", str(history), str(run), "--baseline", str(baseline), *more])


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads(capsys.readouterr().out)
    return outcome


def test_a_standing_loss_is_found_and_the_alarm_stays(
    root: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each drive loses nine of its ten cars: AP falls by (1 - 11/101) / 2."""
    history = tmp_path / "history.jsonl"
    difference = (ap_of(1, 10) - 1) / 2
    state, statuses, due = Trend(), [], []
    for turn in range(1, 9):
        statuses.append(trend(history, night(tmp_path, root, turn, 1), baseline, "--json"))
        for _ in range(4):
            state = state.after(difference)
        due.append(3 if state.alarm() else 0)
    assert statuses == due
    assert (statuses[0], statuses[-1]) == (0, 3)
    lines = capsys.readouterr().out
    assert trend(history, night(tmp_path, root, 9, 10), baseline, "--json") == 3
    last = told(capsys)
    assert (last["alarm"], last["nights"], last["n"]) == (True, 9, 36)
    assert last["alarm_since"] == statuses.index(3) + 1
    assert last["tonight"][0] == {"recording": "kitti-tracking 0000", "difference": 0.0}
    assert lines.count('"alarm": true') == statuses.count(3)


def test_a_night_like_the_baseline_bets_nothing(
    root: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trend(tmp_path, night(tmp_path, root, 1, 10), baseline, "--json") == 0
    outcome = told(capsys)
    assert (outcome["wealth"], outcome["mean"], outcome["alpha"]) == (1.0, 0.0, 0.01)
    assert Path(outcome["history"]) == tmp_path / "trend.jsonl"


def test_the_state_is_carried_from_line_to_line(root: Path, baseline: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    for turn, cars in enumerate((8, 5), 1):
        trend(history, night(tmp_path, root, turn, cars), baseline)
    first, second = map(json.loads, history.read_text().splitlines())
    assert (first["state"]["n"], second["state"]["n"]) == (4, 8)
    assert second["state"]["total"] == pytest.approx(4 * (ap_of(8, 10) + ap_of(5, 10) - 2) / 2)
    assert not list(tmp_path.glob(".*"))


def test_a_run_counts_once(root: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history, run = tmp_path / "history.jsonl", night(tmp_path, root, 1, 8)
    assert trend(history, run, baseline) == 0
    before = history.read_bytes()
    assert trend(history, run, baseline) == 1
    assert "is in" in capsys.readouterr().err
    assert history.read_bytes() == before


def test_another_question_begins_another_history(
    root: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "history.jsonl"
    assert trend(history, night(tmp_path, root, 1, 8), baseline) == 0
    other = write_group(tmp_path / "other", root, [9] * 4)
    tonight = night(tmp_path, root, 2, 8)
    for words in (("--alpha", "0.05"), ("--figure", "AP50"), ("--labels", "vehicle")):
        assert trend(history, tonight, baseline, *words) == 1
    assert trend(history, tonight, other) == 1
    assert trend(history, tonight, baseline) == 0
    error = capsys.readouterr().err
    for what in ("alpha 0.01, not 0.05", "figure AP, not AP50", "baseline"):
        assert what in error


def cut(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1][:-20]]


def change(lines: list[str]) -> list[str]:
    return [lines[0].replace('"difference":-', '"difference":', 1), *lines[1:]]


def drop(lines: list[str]) -> list[str]:
    return lines[1:]


def garble(lines: list[str]) -> list[str]:
    return [lines[0], "{]\n"]


def overstate(lines: list[str]) -> list[str]:
    night = json.loads(lines[0])
    night["steps"][0]["difference"] = -7
    return [json.dumps(night) + "\n", lines[1]]


def silence(lines: list[str]) -> list[str]:
    return [lines[0].replace('"alarm":false', '"alarm":true'), lines[1]]


def make_it_bolder(lines: list[str]) -> list[str]:
    return [line.replace('"alpha":0.01', '"alpha":0.2') for line in lines]


def rename_a_run(lines: list[str]) -> list[str]:
    """So that it may be counted once more."""
    night = json.loads(lines[0])
    night["runs"] = [["another", started] for _, started in night["runs"]]
    return [json.dumps(night) + "\n", lines[1]]


def rename_a_recording(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace("kitti-tracking 0", "kitti-tracking 9", 1)]


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (make_it_bolder, 1),
        (rename_a_run, 1),
        (rename_a_recording, 2),
        (cut, 2),
        (change, 1),
        (drop, 1),
        (garble, 2),
        (overstate, 1),
        (silence, 1),
    ],
)
def test_a_corrupted_history_is_told_and_left_alone(
    root: Path,
    baseline: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[list[str]], list[str]],
    line: int,
) -> None:
    history = tmp_path / "history.jsonl"
    for turn in (1, 2):
        trend(history, night(tmp_path, root, turn, 8), baseline)
    history.write_text("".join(harm(history.read_text().splitlines(keepends=True))))
    before = history.read_bytes()
    assert trend(history, night(tmp_path, root, 3, 8), baseline) == 1
    assert f"history.jsonl, line {line}:" in capsys.readouterr().err
    assert history.read_bytes() == before


def test_a_history_from_before_there_were_seals_goes_on_with_them(root: Path, baseline: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    trend(history, night(tmp_path, root, 1, 8), baseline)
    unsealed = json.loads(history.read_text())
    del unsealed["seal"]
    history.write_text(json.dumps(unsealed) + "\n")
    assert trend(history, night(tmp_path, root, 2, 8), baseline) == 0
    assert [bool(json.loads(line).get("seal")) for line in history.read_text().splitlines()] == [False, True]
    assert trend(history, night(tmp_path, root, 3, 8), baseline) == 0


def test_the_baseline_s_own_run_is_no_night(baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trend(tmp_path / "h.jsonl", baseline, baseline) == 1
    assert "is the baseline's own" in capsys.readouterr().err
    assert not (tmp_path / "h.jsonl").exists()


def test_a_recording_without_anything_to_find_is_not_bet_on(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "training/label_02/0001.txt").write_text("")
    baseline = write_group(tmp_path / "baseline", root, [10, 10])
    assert (
        trend(tmp_path / "h.jsonl", write_group(tmp_path / "b", root, [9, 9], started_utc_ns=1), baseline, "--json")
        == 0
    )
    outcome = told(capsys)
    assert (outcome["undefined"], outcome["n"]) == (["kitti-tracking 0001"], 1)
    shutil.rmtree(tmp_path / "baseline/run-00")
    shutil.rmtree(tmp_path / "b/run-00")
    assert trend(tmp_path / "i.jsonl", tmp_path / "b", baseline) == 1
    assert "on no recording the figure is defined" in capsys.readouterr().err


def test_streaming_accuracy_has_a_trend_too(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fast = write_run(tmp_path / "a", Played(root=root, pace="realtime", latency_ms=(20,)))
    slow = write_run(tmp_path / "b", Played(root=root, pace="realtime", latency_ms=(120,)))
    assert trend(tmp_path / "h.jsonl", slow, fast, "--figure", "sAP_edge", "--json") == 0
    assert told(capsys)["mean"] == pytest.approx(ap_of(8, 10) - ap_of(9, 10))


def test_two_jobs_at_once_lose_no_night(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    question = Question(figure="AP", alpha=0.01, baseline="b")

    def job(name: str) -> None:
        for turn in range(20):
            with opened(path) as history:
                steps = (Step(recording="drive", difference=-0.01),)
                state = after(history.state, steps)
                history.append(
                    Night(question=question, runs=((name, turn),), steps=steps, state=State.of(state), alarm=False)
                )

    jobs = [threading.Thread(target=job, args=(name,)) for name in "ab"]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    with opened(path) as history:
        assert len(history.nights) == history.state.n == 40


def test_false_alarms_keep_to_the_promise() -> None:
    """500 histories of 200 differences that are worse as often as better: at most one in a hundred may ring."""
    import numpy as np

    rng = np.random.default_rng(1)
    alarms = 0
    for differences in rng.normal(0, 0.15, (500, 200)).clip(-1, 1):
        state = Trend()
        for difference in differences.tolist():
            state = state.after(difference)
        alarms += state.alarm()
    assert alarms <= 5
    assert not math.isnan(state.log_wealth)
