import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper

import gilmok
from replay.runs.repeats import FrameTrace, first_difference
from replay.runs.runfolder import read_summary
from tests.tiny import write_model, write_recording


def trace(*frames: dict[str, str]) -> list[FrameTrace]:
    return [FrameTrace(seq, stages) for seq, stages in enumerate(frames, 1)]


SAME = {"prepare": "a", "infer": "b", "decode": "c", "track": "d"}


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ([SAME, SAME], None),
        ([SAME, SAME | {"track": "x"}], (2, "track", 1)),
        ([SAME, SAME | {"decode": "x", "track": "x"}], (2, "decode", 1)),
        ([SAME | {"infer": "x"}, SAME | {"prepare": "x"}], (1, "infer", 2)),
        ([SAME | {"prepare": "x", "infer": "x"}, SAME], (1, "prepare", 1)),
        ([SAME, {"prepare": "a", "infer": "failed: lost"}], (2, "infer", 1)),
        ([SAME], (2, "frames", 1)),
    ],
)
def test_the_first_frame_and_stage_that_differ_are_named(
    second: list[dict[str, str]], told: tuple[int, str, int] | None
) -> None:
    found = first_difference([trace(SAME, SAME), trace(SAME, SAME), trace(*second)])
    assert (found and (found.frame, found.stage, found.frames)) == told
    assert found is None or found.repeat == 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "mot")


def check(root: Path, model: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    capsys.readouterr()
    status = gilmok.main(["replay", "determinism", *where, "--json", *more])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("more", [[], ["--reload"], ["--set", "sessions=2"], ["--frames", "5"]])
def test_a_steady_model_gives_one_digest(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    status, found = check(root, write_model(tmp_path), capsys, *more)
    assert status == 0
    assert found["same"]
    assert found["difference"] is None
    assert len(found["digests"]) == 3
    assert len(set(found["digests"])) == 1
    assert found["frames"] == (5 if "--frames" in more else 12)


def test_the_findings_digest_is_that_of_a_run(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_model(tmp_path)
    _, found = check(root, model, capsys)
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    gilmok.main(["replay", "run", *where, "--no-report", "--out", str(tmp_path / "run")])
    assert read_summary(tmp_path / "run")["digest"]["detections"] == found["findings"][0]


def unsteady(path: Path, strength: float) -> Path:
    """The tiny model with noise in its objectness: ONNX Runtime draws on from where the frame before left off."""
    model = onnx.load(str(path))
    nodes = list(model.graph.node)
    at = next(i for i, node in enumerate(nodes) if node.op_type == "Concat")
    noise = [
        helper.make_node("RandomUniform", [], ["noise"], shape=[1, 1, 1], low=0.0, high=strength),
        helper.make_node("Sub", ["objectness", "noise"], ["noisy"]),
    ]
    nodes[at].input[1] = "noisy"
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:at], *noise, *nodes[at:]])
    spoilt = path.with_name("unsteady.onnx")
    onnx.save(model, str(spoilt))
    manifest = path.with_suffix(".toml").read_text()
    spoilt.with_suffix(".toml").write_text(manifest)
    return spoilt


def test_an_unsteady_model_is_caught_at_its_first_frame_and_stage(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = check(root, unsteady(write_model(tmp_path), 0.1), capsys)
    assert status == 3
    assert not found["same"]
    assert len(set(found["findings"])) == 3
    apart = found["difference"]
    assert (apart["repeat"], apart["frame"], apart["stage"]) == (2, 1, "infer")
    assert apart["first"] != apart["other"]


def test_noise_below_what_is_told_is_caught_and_its_harmlessness_said(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK"]
    model = str(unsteady(write_model(tmp_path), 1e-6))
    assert gilmok.main(["replay", "determinism", *where, "--model", model, "--repeats", "2"]) == 3
    out = capsys.readouterr().out
    assert "at infer" in out
    assert "the same all the same" in out


def test_a_failed_frame_fails_alike_every_time(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = root / "train/WALK/img1/000005.jpg"
    picture.write_bytes(picture.read_bytes()[:-40])
    status, found = check(root, write_model(tmp_path), capsys)
    assert (status, found["same"], found["frames"]) == (0, True, 12)


def test_one_repeat_is_no_comparison(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(write_model(tmp_path))]
    with pytest.raises(SystemExit):
        gilmok.main(["replay", "determinism", *where, "--repeats", "1"])
    assert "whole number from 2" in capsys.readouterr().err


def test_where_every_frame_fails_nothing_is_shown(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for picture in (root / "train/WALK/img1").iterdir():
        picture.write_bytes(b"no picture")
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(write_model(tmp_path))]
    assert gilmok.main(["replay", "determinism", *where]) == 1
    said = capsys.readouterr()
    assert "nothing is shown about answers: all 12 frames failed" in said.err
    assert "one digest" not in said.out
