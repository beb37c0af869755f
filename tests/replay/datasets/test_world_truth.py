"""The truth file of a recording of the built-in world, where it can't be meant."""

import gzip
from pathlib import Path

import msgspec
import pytest

from replay.datasets.world_truth import RecordingDamaged, WorldTruth


@pytest.mark.parametrize("box", [[0.0, 0.0, 1e300, 1e300], [-1e13, 0.0, 1.0, 1.0]])
def test_a_box_beyond_any_picture_names_its_line(tmp_path: Path, box: list[float]) -> None:
    """Its area overflows where it is scored."""
    thing = {
        "track": 1,
        "kind": "car",
        "label": "car",
        "role": "positive",
        "box": box,
        "amodal": [0.0, 0.0, 1.0, 1.0],
        "occluded": 0.0,
        "truncated": 0.0,
        "distance_m": 9.0,
        "position_m": [0.0, 0.0, 0.0],
        "heading_rad": 0.0,
    }
    line = {"seq": 1, "t_ns": 0, "world_ns": 0, "fault": "", "objects": [thing]}
    path = tmp_path / "truth.jsonl.gz"
    path.write_bytes(gzip.compress(msgspec.json.encode(line)))
    with pytest.raises(RecordingDamaged, match=r"line 1: a box is not finite, or beyond any picture"):
        WorldTruth(path, ["car"])
