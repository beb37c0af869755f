from pathlib import Path

import pytest

from replay.qualify.campaign import chosen
from replay.recording import RecordingUnsound
from tests.tiny import write_recording


def test_a_campaign_over_what_is_not_sound_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    root = write_recording(tmp_path / "mot")
    next((root / "train" / "WALK" / "img1").iterdir()).unlink()
    with pytest.raises(RecordingUnsound, match="promises 12 pictures, the folder img1 holds 11"):
        chosen([f"mot:{root}:WALK"])
    assert len(chosen([f"mot:{root}:WALK"], unsound=True)) == 1
