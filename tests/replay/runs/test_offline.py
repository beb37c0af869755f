import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gilmok
from edge.config import ModelChoice
from replay.runs.loaded import read_run
from replay.runs.offline import OfflineRun, ReplayConfig
from replay.runs.reports import read_reports
from replay.runs.runfolder import read_identity, read_summary
from replay.runs.summary import Summary
from replay.scoring.reference import score
from sensors.clock import SystemClock
from sensors.terminal.pretty_json import pretty
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    return {"model": write_model(tmp_path), "root": write_recording(tmp_path / "mot")}


def replay(parts: dict[str, Path], out: Path, *more: str) -> int:
    where = ["--dataset", "mot", "--root", str(parts["root"]), "--name", "WALK", "--model", str(parts["model"])]
    return gilmok.main(["replay", "run", *where, "--out", str(out), "--no-report", *more])


@pytest.fixture(scope="module")
def lockstep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the perfect detector in lockstep; not to be changed."""
    folder = tmp_path_factory.mktemp("lockstep")
    replay({"model": write_model(folder), "root": write_recording(folder / "mot")}, folder / "run")
    return folder / "run"


def test_a_perfect_detector_scores_one_and_the_books_balance(
    parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(parts, tmp_path / "run") == 0
    summary = read_summary(tmp_path / "run")
    assert summary["frames"] == {"captured": 12, "ok": 12, "failed": 0, "dropped": 0, "down": 0}
    assert summary["accuracy"]["coco"]["AP"] == pytest.approx(1.0)
    assert summary["accuracy"]["per_class"]["person"]["n_truth"] == 12
    assert summary["latency_ns"]["total"]["n"] == 12
    assert summary["latency_ns"]["total"]["p50"] > 0
    assert summary["latency_ns"]["total"]["p99"] is None
    assert summary["books"]["balanced"]
    assert len(read_reports(tmp_path / "run")) == 12
    said = capsys.readouterr().out
    assert "replay/replay" in said
    # Nobody asked for its page.
    assert f"`gilmok replay report {tmp_path}/run` draws its report" in " ".join(said.split())
    assert not (tmp_path / "run" / "report.html").exists()


def test_a_run_whose_scoring_was_put_off_is_scored_when_it_is_read(
    parts: dict[str, Path], lockstep: Path, tmp_path: Path
) -> None:
    config = ReplayConfig(dataset="mot", root=parts["root"], name="WALK", model=ModelChoice.of(str(parts["model"])))
    run = OfflineRun(config, tmp_path / "run")
    run.scoring.put_off()
    summary = run.run()
    assert "put its scoring off" in summary.accuracy.unknown
    scored, whole = read_run(tmp_path / "run").summary, read_run(lockstep).summary
    later, at_once = (json.loads(pretty([one.accuracy, one.streams[0].accuracy])) for one in (scored, whole))
    assert later == at_once
    assert scored.valid


def test_the_record_tells_what_ran(lockstep: Path) -> None:
    identity = read_identity(lockstep)
    (who,) = identity.nodes
    assert who.model.name == "tiny"
    assert len(who.model.sha256) == 64
    assert (who.backend.name, who.backend.device, who.backend.device_kind) == ("onnxruntime", "cpu", "cpu")
    (stream,) = who.streams
    assert (stream.dataset, stream.recording) == ("mot", "WALK")
    assert len(stream.digest) == 64
    assert identity.scenario["pace"] == "lockstep"


def figures(summary: dict[str, Any]) -> tuple[object, ...]:
    # When answers left is what a pace is about; what they say is not.
    accuracy = {name: value for name, value in summary["accuracy"].items() if name != "streaming"}
    return summary["digest"], accuracy, summary["frames"]


@pytest.mark.parametrize("more", [[], ["--set", "sessions=2"], ["--pace", "realtime"]])
def test_the_same_findings_come_out_however_it_runs(
    lockstep: Path, parts: dict[str, Path], tmp_path: Path, more: list[str]
) -> None:
    replay(parts, tmp_path / "b", *more)
    second = read_summary(tmp_path / "b")
    if second["frames"]["dropped"] == 0:
        assert figures(read_summary(lockstep)) == figures(second)
    assert sum(second["frames"][fate] for fate in ("ok", "failed", "dropped")) == second["frames"]["captured"] == 12


def test_a_truncated_picture_is_one_failed_frame_and_the_exit_status_says_so(
    parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = parts["root"] / "train/WALK/img1/000005.jpg"
    picture.write_bytes(picture.read_bytes()[:-40])
    assert replay(parts, tmp_path / "run") == 1
    summary = read_summary(tmp_path / "run")
    assert summary["frames"] == {"captured": 12, "ok": 11, "failed": 1, "dropped": 0, "down": 0}
    assert summary["accuracy"]["coco"]["AP"] < 1
    assert "000005.jpg" in " ".join(capsys.readouterr().out.split())


def test_an_output_folder_that_holds_a_run_is_never_overwritten(
    parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(parts, tmp_path / "run")
    before = (tmp_path / "run/summary.json").read_bytes()
    assert replay(parts, tmp_path / "run") == 1
    assert "already holds a run" in capsys.readouterr().err
    assert (tmp_path / "run/summary.json").read_bytes() == before


def test_frames_limits_the_run_and_what_is_scored(parts: dict[str, Path], tmp_path: Path) -> None:
    replay(parts, tmp_path / "run", "--frames", "5")
    summary = read_summary(tmp_path / "run")
    assert summary["frames"]["captured"] == 5
    assert summary["accuracy"]["coco"]["n_frames"] == 5


def break_model(parts: dict[str, Path]) -> None:
    parts["model"].write_bytes(parts["model"].read_bytes()[:200])


def foreign_outputs(parts: dict[str, Path]) -> None:
    manifest = parts["model"].with_suffix(".toml")
    manifest.write_text(manifest.read_text().replace("7,", "12,"))


def misspell(parts: dict[str, Path]) -> None:
    manifest = parts["model"].with_suffix(".toml")
    manifest.write_text(manifest.read_text().replace("score_floor", "score_flor"))


def lose_model(parts: dict[str, Path]) -> None:
    parts["model"].unlink()


def wrong_root(parts: dict[str, Path]) -> None:
    parts["root"] = parts["root"].parent / "nowhere"


def empty_recording(parts: dict[str, Path]) -> None:
    for picture in (parts["root"] / "train/WALK/img1").iterdir():
        picture.unlink()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (break_model, "tiny.onnx"),
        (foreign_outputs, "tiny"),
        (misspell, "score_flor"),
        (lose_model, "tiny.onnx"),
        (wrong_root, "nowhere"),
        (empty_recording, "WALK"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_input_is_one_clear_line_with_what_to_do_and_leaves_nothing(
    parts: dict[str, Path], tmp_path: Path, spoil: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(parts)
    assert replay(parts, tmp_path / "run") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert errors[-2].startswith("gilmok: ")
    assert told in errors[-2]
    assert errors[-1].startswith("  ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "more", [["--backend", "abacus"], ["--device", "npu7"], ["--labels", "tram"], ["--set", "x=1"]]
)
def test_a_wrong_choice_is_told_with_what_there_is(
    parts: dict[str, Path], tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(parts, tmp_path / "run", *more) == 1
    assert "gilmok: " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_is_not_sound_is_refused_before_anything_runs_or_told_in_every_output(
    parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing may be scored in silence over a part of a recording, or over labels of another one."""
    gt = parts["root"] / "train" / "WALK" / "gt" / "gt.txt"
    gt.write_text(gt.read_text() + "13,1,16,8,16,40,1,-1,-1,-1\n")
    assert replay(parts, tmp_path / "refused") == 1
    said = capsys.readouterr()
    assert "is not sound: 1 labelled frame (1 box) without a picture: frame 13" in said.err
    assert "--unsound" in said.err
    assert not (tmp_path / "refused").exists()

    replay(parts, tmp_path / "scored", "--unsound")
    why = "its recording is not sound: 1 labelled frame (1 box) without a picture: frame 13"
    assert why in " ".join(capsys.readouterr().out.split())
    summary = read_summary(tmp_path / "scored")
    assert summary["accuracy"]["coco"]["AP"] == pytest.approx(1.0)
    assert (summary["valid"], summary["invalid_because"]) == (False, [f"replay/replay: {why}"])
    assert gilmok.main(["replay", "report", str(tmp_path / "scored")]) == 0
    assert "without a picture: frame 13" in (tmp_path / "scored" / "report.html").read_text()


@pytest.mark.slow
def test_ctrl_c_ends_a_run_with_what_it_has_and_every_output_says_so(tmp_path: Path) -> None:
    # A frame every half second: there is time to interrupt.
    root, model = write_recording(tmp_path / "mot", frames=60, fps=2), write_model(tmp_path)
    run = tmp_path / "run"
    words = ["--dataset", "mot", "--root", root, "--name", "WALK", "--model", model, "--pace", "realtime", "--out", run]
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "gilmok", "replay", "run", *map(str, words)], stdout=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: captured(run), "the first report", patience_s=60)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "it was cut short" in said
    summary = read_summary(run)
    assert (summary["interrupted"], summary["valid"]) == (True, False)
    assert 0 < summary["frames"]["captured"] < 60
    assert summary["accuracy"]["coco"]["n_frames"] == summary["frames"]["captured"]


def captured(run: Path) -> bool:
    return any(path.stat().st_size for path in run.glob("reports/*/*.jsonl"))


def test_a_run_that_is_stopped_after_its_last_frame_was_not_cut_short(parts: dict[str, Path], tmp_path: Path) -> None:
    def run(stopped_at_once: bool, out: Path) -> Summary:
        config = ReplayConfig(dataset="mot", root=parts["root"], name="WALK", model=ModelChoice(file=parts["model"]))
        made = OfflineRun(config, out, SystemClock())
        summary = made.run(lambda *_: made.stop() if stopped_at_once else None)
        made.stop()
        return summary

    assert not run(False, tmp_path / "whole").interrupted
    cut = run(True, tmp_path / "cut")
    assert (cut.interrupted, cut.valid, cut.frames.captured) == (True, False, 0)


def test_no_frames_are_no_run(parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        replay(parts, tmp_path / "run", "--frames", "0")
    assert "--frames: '0' is not a whole number from 1" in capsys.readouterr().err


def test_names_for_numbered_classes_and_what_counts_for_which_are_recorded(
    parts: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert replay(parts, out, "--frames", "2", "--model-labels", "7,8", "--classes", "person=7") == 0
    birth = read_identity(out).nodes[0]
    assert (birth.model.labels, birth.streams[0].classes) == (("7", "8"), {"person": ("7",)})
    accuracy = read_summary(out)["accuracy"]
    assert accuracy["classes"]["classes"] == {"person": {"truth": ["pedestrian"], "found": ["7"]}}
    scored = read_run(out).streams[0].scored
    assert scored is not None
    assert score(scored).overall["AP"] == accuracy["coco"]["AP"] == 1


def test_an_option_of_no_tracker_is_refused(
    parts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(parts, tmp_path / "run", "--tracker-set", "high_score=0.5") == 1
    assert "an option of no tracker" in capsys.readouterr().err
