"""A real detector on a real road in real time: what latency costs, at the node, at the hub, and supposed."""

import json
from pathlib import Path

import pytest
import tomli_w

import gilmok
from replay.runs.runfolder import read_summary

NOISE = 0.01


@pytest.mark.slow
def test_accuracy_falls_from_the_model_to_node_to_hub_and_with_every_delay_added(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"dataset": "ua-detrac", "root": str(shared / "recordings/UA-DETRAC"), "recording": "MVI_40201"}
    stream = {"name": "north", "pace": "realtime", "source": {"kind": "recording", "options": options}}
    node = {"name": "gate", "model": {"file": str(shared / "models/yolox_nano.onnx")}, "streams": [stream]}
    scenario = tmp_path / "drive.toml"
    scenario.write_text(tomli_w.dumps({"name": "drive", "nodes": [node]}))
    assert gilmok.main(["run", str(scenario), "--out", str(tmp_path / "run")]) == 0
    accuracy = read_summary(tmp_path / "run")["accuracy"]
    streaming = accuracy["streaming"]
    assert streaming["ap_captured"] == accuracy["coco"]["AP"]
    assert streaming["ap_answered"] == accuracy["answered"]["AP"]
    assert 0 < streaming["sAP_hub"] <= streaming["sAP_edge"] + NOISE
    # An answer is of its own frame at best; a dropped frame is no bound, since streaming answers it with an older one.
    assert streaming["sAP_edge"] <= streaming["ap_answered"] + NOISE
    assert streaming["edge"]["n"] == streaming["hub"]["n"] == 500
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(tmp_path / "run"), "--json"]) == 0
    (curve,) = json.loads(capsys.readouterr().out)["streams"]
    recorded = [point["figures"]["AP"] for point in curve["record"]]
    assert recorded[0] == streaming["sAP_edge"]
    assert recorded == sorted(recorded, reverse=True)
    modelled = [point["figures"]["AP"] for point in curve["points"]]
    assert modelled[-1] < modelled[0]
