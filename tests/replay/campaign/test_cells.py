"""A cell is what its command is by hand, and its key is of all that goes in."""

import json
from collections import Counter
from pathlib import Path

import pytest

import gilmok
from replay.campaign.cell import Cell
from replay.campaign.config import read_campaign
from replay.campaign.inputs import Inputs, changed_inputs
from replay.campaign.matrix import NoCells, places
from replay.campaign.run_cell import run_cell
from sensors.config import ConfigWrong
from tests.replay.campaign.made import campaign_file
from tests.tiny import write_model

LOSSY = {"name": "lossy", "lost": 0.3}
THIRD = {"name": "third", "every": 3}


def cells_of(path: Path) -> list[Cell]:
    return Inputs().cells(read_campaign(path))


@pytest.mark.parametrize(
    ("condition", "words"),
    [(THIRD, ["--every", "3"]), (LOSSY, ["--lost", "0.3", "--seed", "4"])],
    ids=["third", "lossy"],
)
def test_a_cell_has_the_digest_and_the_figures_of_its_run_by_hand(
    tmp_path: Path, condition: dict[str, object], words: list[str]
) -> None:
    (cell,) = cells_of(campaign_file(tmp_path, conditions=[condition], work=[{"kind": "lockstep", "seeds": [4]}]))
    outcome = run_cell(cell, tmp_path / "cell")
    where = ["--dataset", "mot", "--root", str(tmp_path / "mot"), "--name", "WALK", *words]
    model = ["--model", str(tmp_path / "tiny.onnx")]
    gilmok.main(["replay", "run", *where, *model, "--out", str(tmp_path / "hand"), "--no-report"])
    summary = json.loads((tmp_path / "hand" / "summary.json").read_text())
    figures = outcome.figures
    assert figures is not None
    assert outcome.why == ""
    assert 0 < figures.frames.captured < 12
    assert figures.digest == summary["digest"]["detections"]
    assert figures.frames.captured == summary["frames"]["captured"]
    assert (figures.ap.value, figures.ap50.value) == (
        summary["accuracy"]["coco"]["AP"],
        summary["accuracy"]["coco"]["AP50"],
    )
    assert figures.n_truth == summary["accuracy"]["coco"]["n_truth"] == figures.frames.captured
    # Read again, the part is found again, by its digest.
    assert gilmok.main(["replay", "report", str(tmp_path / "cell" / "run")]) == 0


def test_a_changed_model_changes_the_cells_of_that_model_and_no_others(tmp_path: Path) -> None:
    models = [{"name": name, "file": f"{name}.onnx"} for name in ("tiny", "other")]
    write_model(tmp_path, "other")
    path = campaign_file(tmp_path, models=models)
    before = {cell.at.model: cell for cell in cells_of(path)}
    content = (tmp_path / "other.onnx").read_bytes()
    # An unknown field of protobuf, which no reader minds: other bytes, the same network.
    (tmp_path / "other.onnx").write_bytes(content + b"\xf8\x7f\x01")
    now = {cell.at.model: cell for cell in cells_of(path)}
    assert now["tiny"].key == before["tiny"].key
    assert changed_inputs(before["other"].inputs, now["other"].inputs) == ["artefact", "model"]


def test_another_place_is_no_other_cell_and_another_option_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (cell,) = cells_of(campaign_file(tmp_path / "a"))
    (tmp_path / "a").rename(tmp_path / "b")
    (moved,) = cells_of(campaign_file(tmp_path / "b"))
    assert moved.key == cell.key
    chips = [{"backend": "onnxruntime", "device": "cpu", "options": {"threads": 2}}]
    (other,) = cells_of(campaign_file(tmp_path / "b", chips=chips))
    assert changed_inputs(cell.inputs, other.inputs) == ["settings"]


def test_the_matrix_takes_what_fits_an_include_and_no_exclude_and_a_chip_that_has_what_is_needed(
    tmp_path: Path,
) -> None:
    chips = [{"backend": "onnxruntime", "device": "cpu"}, {"backend": "emulated", "device": "x", "tags": ["npu:a"]}]
    work = [{"kind": "lockstep", "seeds": [1, 2]}, {"kind": "realtime", "needs": ["npu:a", "cores:2"], "repeats": 2}]
    conditions = [{"name": "plain"}, THIRD, LOSSY]
    path = campaign_file(tmp_path, chips=chips, work=work, conditions=conditions, exclude=[{"condition": "th*"}])
    ats = [place.at for place in places(read_campaign(path))]
    counted = Counter((at.work, at.chip, at.condition) for at in ats)
    # Two seeds are two cells only where chance plays a part.
    assert counted == {
        ("lockstep", "onnxruntime:cpu", "plain"): 1,
        ("lockstep", "onnxruntime:cpu", "lossy"): 2,
        ("lockstep", "emulated:x", "plain"): 1,
        ("lockstep", "emulated:x", "lossy"): 2,
        ("realtime", "emulated:x", "plain"): 2,
        ("realtime", "emulated:x", "lossy"): 2,
    }
    with pytest.raises(NoCells):
        places(read_campaign(campaign_file(tmp_path, include=[{"model": "absent"}])))


@pytest.mark.parametrize(
    "wrong",
    [
        {"work": [{"kind": "lockstep", "needs": ["cores:many"]}]},
        {"work": [{"kind": "lockstep", "limit_s": 0}]},
        {"conditions": [{"name": "x", "lost": 1.5}]},
        {"models": []},
        {"what": 1},
    ],
    ids=str,
)
def test_a_wrong_campaign_is_refused_with_the_key(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigWrong, match=next(iter(wrong))):
        read_campaign(campaign_file(tmp_path, **wrong))
