from pathlib import Path

import pytest

from replay.datasets.cvat import Cvat
from replay.datasets.labels import LabelsWrong
from replay.datasets.pictures import PictureRecording
from replay.recording import Recording, unsound
from replay.truth import Truth
from tests.layouts import clip, picture, text, told
from tests.layouts_labelling import CVAT_META, CVAT_VIDEO

TRACK = '<track id="{}" label="car">{}</track>'
BOX = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="{}" ytl="10" xbr="30" ybr="30"/>'
IMAGES = """<annotations><version>1.1</version><meta/>
  <image id="5" name="b.png" width="64" height="48">
    <box label="car" occluded="1" xtl="20" ytl="10" xbr="30" ybr="30"/>
    <box label="car" occluded="0" rotation="90" xtl="20" ytl="15" xbr="40" ybr="25"/>
    <polygon label="person" occluded="0" points="10,10;20,10;20,30;10,30"/>
    <ellipse label="car" cx="30" cy="20" rx="10" ry="5"/>
    <mask label="person" rle="1, 2" left="3" top="4" width="2" height="2"/>
    <polyline label="lane" points="0,0;5,5"/>
  </image>
  <image id="3" name="a.png" width="64" height="48"/>
</annotations>"""


def truth_of(recording: Recording, number: int) -> Truth:
    truth = recording.truth(number)
    assert truth is not None
    return truth


def of_tracks(root: Path, *tracks: str, meta: str = CVAT_META) -> Recording:
    clip(root / "corner.mp4")
    text(root / "corner.xml", f"<annotations>{meta}{''.join(tracks)}</annotations>")
    return Cvat(root).open("corner")


def test_every_shape_with_an_area_is_a_box(tmp_path: Path) -> None:
    text(tmp_path / "annotations.xml", IMAGES)
    for name in "ab":
        picture(tmp_path / "images" / f"{name}.png")
    recording = Cvat(tmp_path).open("annotations")
    truth = truth_of(recording, 5)
    assert (recording.numbers, recording.labels) == ((3, 5), ("car", "person"))
    assert truth.boxes.round(6).tolist() == [
        [20, 10, 30, 30],
        [25, 10, 35, 30],
        [10, 10, 20, 30],
        [20, 15, 40, 25],
        [3, 4, 5, 6],
    ]
    assert truth.occluded.tolist() == [1, 0, 0, 0, 0]
    assert truth.areas[1:4].round(1).tolist() == [200, 200, 157.1]
    assert len(truth_of(recording, 3)) == 0
    assert told(recording) == [
        "a turned box is read as the upright one around it (annotations.xml, line 4)",
        "an outline is read as the box around it (annotations.xml, line 5)",
        "a mask is read as the box around it (annotations.xml, line 7)",
        "1 shape without an area, left out: polyline, points, tag, skeleton, cuboid",
    ]


def test_between_key_frames_a_box_moves_in_a_line_and_the_last_one_holds(tmp_path: Path) -> None:
    moving = TRACK.format(4, BOX.format(0, 0, 20) + BOX.format(2, 0, 10))
    gone = TRACK.format(5, BOX.format(0, 0, 20) + BOX.format(1, 1, 20))
    staying = TRACK.format(6, BOX.format(1, 0, 20))
    recording = of_tracks(tmp_path, moving, gone, staying)
    found = [
        dict(zip(truth.tracks.tolist(), truth.boxes[:, 0].tolist(), strict=True))
        for truth in (truth_of(recording, n) for n in range(3))
    ]
    assert found == [{4: 20, 5: 20}, {4: 15, 6: 20}, {4: 10, 6: 20}]


def test_frames_that_the_task_left_out_are_nobodys(tmp_path: Path) -> None:
    meta = CVAT_META.replace("<labels>", "<frame_filter>step=2</frame_filter><labels>")
    recording = of_tracks(tmp_path, TRACK.format(4, BOX.format(0, 0, 20) + BOX.format(2, 0, 10)), meta=meta)
    assert [recording.truth(n) is not None for n in range(3)] == [True, False, True]
    assert told(recording) == ["1 of 3 pictures have no labels: frame 1"]


def test_numbered_pictures_may_stand_for_the_video(tmp_path: Path) -> None:
    text(tmp_path / "annotations.xml", CVAT_VIDEO)
    for number in range(3):
        picture(tmp_path / "images" / f"frame_{number:06}.PNG", seed=number)
    recording = Cvat(tmp_path).open("annotations")
    assert [truth_of(recording, n).tracks.tolist() for n in recording.numbers] == [[4, 7], [4], []]
    assert told(recording) == []


def test_labels_of_another_video_are_not_sound(tmp_path: Path) -> None:
    meta = CVAT_META.replace("<size>3", "<size>4").replace("frame>2", "frame>3").replace("<width>64", "<width>128")
    assert unsound(of_tracks(tmp_path, meta=meta)) == (
        "the labels are of 4 frames, corner.mp4 has 3",
        "1 labelled frame (0 boxes) without a picture: frame 3",
        "1 picture of another size than the data set states: frame 0 is 64x48, not 128x48 (frame 0)",
    )


@pytest.mark.parametrize(
    ("inner", "what"),
    [
        (TRACK.format(4, BOX.format(0, 0, 20) * 2), "this track stands twice in frame 0"),
        (TRACK.format(4, BOX.format(0, 0, 40)), "the box has a negative size: -10x20"),
        (TRACK.format(4, BOX.format(0, 0, 20) + BOX.format(10**9, 0, 20)), "boxes between key frames"),
        (TRACK.format(4, BOX.format(-1, 0, 20)), "there is no frame -1"),
        ('<image id="1" name="a"/><image id="1" name="b"/>', "image 1 stands there twice"),
        ('<image id="1" name="a"><polygon label="a" points="1,2;3,4"/></image>', "no outline"),
    ],
)
def test_what_can_not_be_meant_is_refused(tmp_path: Path, inner: str, what: str) -> None:
    with pytest.raises(LabelsWrong) as raised:
        of_tracks(tmp_path, inner)
    assert what in raised.value.sentence


def test_utf_16_is_recognised_and_read(tmp_path: Path) -> None:
    clip(tmp_path / "corner.mp4")
    (tmp_path / "corner.xml").write_bytes(CVAT_VIDEO.replace("utf-8", "utf-16").encode("utf-16"))
    assert len(truth_of(Cvat(tmp_path).open("corner"), 0)) == 2


def project(tasks: str, content: str) -> str:
    """As CVAT exports a project."""
    labels = "<labels><label><name>car</name></label></labels>"
    meta = f"<meta><project><name>p</name><tasks>{tasks}</tasks>{labels}</project></meta>"
    return f"<annotations><version>1.1</version>{meta}{content}</annotations>"


def test_a_project_s_pictures_lie_by_subset_and_its_tasks_follow_each_other(tmp_path: Path) -> None:
    box = '<box label="car" occluded="0" xtl="1" ytl="2" xbr="30" ybr="40"/>'
    images = ""
    for task, subset in (("7", "train"), ("9", "val")):
        for number in range(2):
            picture(tmp_path / "images" / subset / f"f{number}.png")
            place = f'name="f{number}.png" subset="{subset}" task_id="{task}"'
            images += f'<image id="{number}" {place} width="64" height="48">{box}</image>'
    text(tmp_path / "annotations.xml", project("<task><id>7</id></task><task><id>9</id></task>", images))
    recording = Cvat(tmp_path).open("annotations")
    assert recording.numbers == (0, 1, 2, 3)
    assert [len(recording.truth(number) or ()) for number in recording.numbers] == [1] * 4
    assert isinstance(recording, PictureRecording)
    assert recording.pictures[2] == tmp_path / "images" / "val" / "f0.png"
    assert told(recording) == []


def test_a_project_s_tracks_are_of_one_task(tmp_path: Path) -> None:
    box = '<box frame="0" keyframe="1" outside="0" occluded="0" xtl="1" ytl="2" xbr="30" ybr="40"/>'
    track = '<track id="{0}" label="car" task_id="{1}" subset="train">{2}</track>'
    picture(tmp_path / "images" / "train" / "frame_000000.PNG")
    task = "<task><id>7</id><size>1</size><mode>interpolation</mode></task>"
    text(tmp_path / "annotations.xml", project(task, track.format(0, 7, box) + track.format(1, 7, box)))
    recording = Cvat(tmp_path).open("annotations")
    truth = recording.truth(0)
    assert truth is not None
    assert truth.tracks.tolist() == [0, 1]
    text(tmp_path / "annotations.xml", project(task, track.format(0, 7, box) + track.format(0, 8, box)))
    with pytest.raises(LabelsWrong, match="tracks of several tasks"):
        Cvat(tmp_path).open("annotations")
