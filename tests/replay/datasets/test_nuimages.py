import json
from pathlib import Path

import pytest

from replay.datasets.labels import LabelsWrong
from replay.datasets.nuimages import NuImages
from replay.recording import unsound
from tests.layouts import picture, text
from tests.layouts_labelling import nuimages

TIME = 1535385092150099


def add(path: Path, **row: object) -> None:
    text(path, json.dumps([*json.loads(path.read_text()), row]))


def test_sweeps_are_a_recording_of_their_own_and_nobodys_truth(tmp_path: Path) -> None:
    made = nuimages(tmp_path)
    sweep = picture(tmp_path / "sweeps" / "CAM_FRONT" / "before.jpg")
    shot = {"token": "x", "calibrated_sensor_token": "cs1", "filename": f"sweeps/CAM_FRONT/{sweep.name}"}
    add(tmp_path / "v1.0-mini" / "sample_data.json", **shot, timestamp=TIME - 500_000, is_key_frame=False)
    dataset = NuImages(made.root)
    assert dataset.recordings() == ["v1.0-mini/CAM_FRONT", "v1.0-mini/CAM_FRONT+sweeps"]
    recording = dataset.open("v1.0-mini/CAM_FRONT+sweeps")
    assert recording.numbers[:2] == (TIME - 500_000, TIME)
    assert (recording.fps, recording.truth(TIME - 500_000)) == (2, None)
    truth = recording.truth(TIME)
    assert truth is not None
    assert len(truth) == 2
    assert "person" in recording.groups["human.pedestrian.adult"].found


def test_other_cameras_pictures_are_not_this_ones(tmp_path: Path) -> None:
    made = nuimages(tmp_path)
    add(tmp_path / "v1.0-mini" / "sensor.json", token="s2", channel="CAM_BACK", modality="camera")
    dataset = NuImages(made.root)
    assert dataset.open("v1.0-mini/CAM_BACK").numbers == ()
    assert len(dataset.open("v1.0-mini/CAM_FRONT").numbers) == 3


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    made = nuimages(tmp_path)
    made.pictures[TIME].unlink()
    complaints = unsound(NuImages(made.root).open(made.name))
    assert complaints[0] == f"1 picture not there: n003-2018-01-03__CAM_FRONT__{TIME}.jpg first"
    add(made.labels, sample_data_token=f"sd{TIME}", category_token="c9", bbox=[1, 2, 3, 4])
    with pytest.raises(LabelsWrong, match=r"object_ann\.json, object of sd1535385092150099: there is no category c9"):
        NuImages(made.root).open(made.name)


def test_objects_of_pictures_that_no_table_lists_are_not_sound(tmp_path: Path) -> None:
    made = nuimages(tmp_path)
    add(made.labels, sample_data_token="gone", category_token="c1", bbox=[1, 1, 9, 9])
    assert unsound(NuImages(made.root).open(made.name)) == ("1 object of pictures that sample_data doesn't list",)
