import math
from pathlib import Path
from typing import Any

import pytest

from replay.source import RecordingSource
from sensors import plugins
from sensors.config import ConfigWrong
from sensors.sources.source import SourceUnusable, open_source, options_of
from tests.fakes import ManualClock
from tests.layouts import coco, kitti_tracking


def opened(root: Path, **changes: Any) -> RecordingSource:
    options = {"dataset": "kitti-tracking", "root": str(root), "recording": "0003"} | changes
    source = open_source("recording", options_of("recording", options, Path()), stream="east", clock=ManualClock())
    assert isinstance(source, RecordingSource)
    return source


def test_a_recording_is_a_source_under_its_plugin_name() -> None:
    assert plugins.load("sources", "recording") is RecordingSource


def test_frames_keep_the_recordings_own_numbers(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    with opened(made.root) as source:
        assert [frame.id.seq for frame in source.frames()] == [7, 8, 9]
        assert (source.fps, source.live) == (10, False)


def test_the_origin_says_which_drive_it_is(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    source = opened(made.root)
    assert (source.origin.kind, source.origin.name, source.origin.dataset) == ("recording", "0003", "kitti-tracking")
    assert source.origin.digest == source.recording.digest


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"recording": "0004"}, "holds no kitti-tracking recording named '0004'"),
        ({"dataset": "kitty"}, "there is no dataset named 'kitty'"),
        ({"dataset": "mot"}, "is no mot folder"),
    ],
)
def test_what_can_not_be_opened_is_told_in_the_words_of_the_data_set(
    tmp_path: Path, changes: dict[str, str], what: str
) -> None:
    made = kitti_tracking(tmp_path)
    with pytest.raises(SourceUnusable, match=what):
        opened(made.root, **changes)


def test_a_recording_without_pictures_is_refused(tmp_path: Path) -> None:
    made = kitti_tracking(tmp_path)
    for path in made.pictures.values():
        path.unlink()
    with pytest.raises(SourceUnusable, match="holds no pictures") as raised:
        opened(made.root)
    assert "gilmok replay list --dataset kitti-tracking" in raised.value.hint


def test_a_misspelt_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigWrong, match="unknown key 'name'"):
        opened(tmp_path, name="0003")


def test_stills_take_the_rate_that_they_are_given_and_a_drive_keeps_its_own(tmp_path: Path) -> None:
    made = coco(tmp_path / "coco")
    stills = {"dataset": "coco", "recording": "val2017"}
    assert math.isnan(opened(made.root, **stills).fps)
    assert opened(made.root, **stills, fps=8.0).fps == 8
    with pytest.raises(SourceUnusable, match="a rate of its own, 10 frames"):
        opened(kitti_tracking(tmp_path / "kitti").root, fps=8.0)
