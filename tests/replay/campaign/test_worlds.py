"""A world as a recording: known before it is drawn, drawn once, and the same as by hand."""

from pathlib import Path

import pytest

import gilmok
from replay.campaign.config import read_campaign
from replay.campaign.inputs import Inputs
from replay.campaign.run_cell import run_cell
from replay.recording import open_dataset
from sensors.config import ConfigWrong
from sensors.world.rig import CameraUnknown
from tests.replay.campaign.made import campaign_file

pytest.importorskip("panda3d")
DRIVE = {"condition": "rain", "seconds": 1.0, "fps": 3.0, "width": 160, "height": 90}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))


@pytest.mark.long
def test_a_world_is_drawn_by_the_first_cell_over_it_and_is_the_one_that_is_drawn_by_hand(tmp_path: Path) -> None:
    path = campaign_file(
        tmp_path, recordings=[{"name": "rain", "world": DRIVE}], work=[{"kind": "lockstep", "repeats": 2}]
    )
    first, second = Inputs().cells(read_campaign(path))
    root = Path(first.settings["root"])
    # Planned, nothing is drawn.
    assert not root.exists()
    assert (first.impossible, first.frames) == ("", 3)
    outcomes = [run_cell(cell, tmp_path / str(cell.at.repeat)) for cell in (first, second)]
    assert [one.figures.frames.ok for one in outcomes if one.figures] == [3, 3]
    assert len({one.figures.digest for one in outcomes if one.figures}) == 1
    words = ["--condition", "rain", "--seconds", "1", "--fps", "3", "--size", "160x90", "--cameras", "rsu-1"]
    gilmok.main(["world", "render", *words, "--out", str(tmp_path / "hand"), "--cache", str(tmp_path / "cache")])
    by_hand = open_dataset("world", tmp_path / "hand").open("crossing-rain-rsu-1")
    assert open_dataset("world", root).open("crossing-rain-rsu-1").digest == by_hand.digest
    assert [cell.key for cell in Inputs().cells(read_campaign(path))] == [first.key, second.key]


def test_what_is_wrong_with_a_world_is_said_before_it_is_drawn(tmp_path: Path) -> None:
    campaign = read_campaign(campaign_file(tmp_path, recordings=[{"name": "x", "world": {"camera": "y"}}]))
    with pytest.raises(CameraUnknown, match="'y'"):
        Inputs().cells(campaign)
    with pytest.raises(ConfigWrong, match="world"):
        read_campaign(campaign_file(tmp_path, recordings=[{"name": "x", "dataset": "mot"}]))
