"""A real detector on a real road in real time: what latency costs, at the node, at the hub, and supposed."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import tomli_w

import gilmok
from replay.runs.runfolder import read_summary

NOISE = 0.01
"""Of AP: an older answer may be the better one by chance, the more so where little is found in time."""
STALE = 0.1
"""Of the model's AP so much at most is left to answers that are a third of a second older: what drives has gone on."""


@pytest.mark.long
@pytest.mark.parametrize("frames", [75, 500])
def test_accuracy_falls_from_the_model_to_node_to_hub_and_with_every_delay_added(
    shared: Path, tmp_path: Path, frames: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """However much this machine has to do beside it: what is compared is what this one drive measured."""
    options = {"dataset": "ua-detrac", "root": str(shared / "recordings/UA-DETRAC"), "recording": "MVI_40201"}
    source = {"kind": "recording", "options": options}
    stream = {"name": "north", "pace": "realtime", "frames": frames, "source": source}
    node = {"name": "gate", "model": {"file": str(shared / "models/yolox_nano.onnx")}, "streams": [stream]}
    scenario = tmp_path / "drive.toml"
    scenario.write_text(tomli_w.dumps({"name": "drive", "nodes": [node]}))
    assert gilmok.main(["run", str(scenario), "--no-report", "--out", str(tmp_path / "run")]) == 0
    accuracy = read_summary(tmp_path / "run")["accuracy"]
    streaming = accuracy["streaming"]
    assert streaming["ap_captured"] == accuracy["coco"]["AP"]
    assert streaming["ap_answered"] == accuracy["answered"]["AP"]
    assert 0 < streaming["sAP_hub"] <= streaming["sAP_edge"] + NOISE
    # An answer is of its own frame at best; a dropped frame is no bound, since streaming answers it with an older one.
    assert streaming["sAP_edge"] <= streaming["ap_answered"] + NOISE
    assert streaming["edge"]["n"] == streaming["hub"]["n"] == frames
    capsys.readouterr()
    assert gilmok.main(["replay", "whatif", str(tmp_path / "run"), "--json"]) == 0
    (curve,) = json.loads(capsys.readouterr().out)["streams"]
    recorded = [point["figures"]["AP"] for point in curve["record"]]
    assert recorded[0] == streaming["sAP_edge"]
    modelled = [point["figures"]["AP"] for point in curve["points"]]
    for falling in (recorded, modelled):
        assert all(later <= earlier + NOISE for earlier, later in pairwise(falling))
        assert falling[-1] <= min(falling[0], STALE * streaming["ap_captured"])
