"""Two profiles, worked by hand: what each labelled box is to a class, and what a found box on it then counts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gilmok
from edge.wire.messages import Findings, FrameReport
from models.detections import Detections
from replay.datasets.kitti import LABELS
from replay.datasets.pictures import PictureRecording
from replay.recording import Group
from replay.runs.runfolder import read_summary
from replay.scoring.profiles.choice import profile
from replay.scoring.profiles.crosswalk import MERGE_RULE, without_duplicates
from replay.scoring.stream import ScoredStream
from replay.truth import Role, Truth, from_sizes
from sensors.clock import Stamp
from tests.tiny import write_model, write_recording

COCO = ("car", "truck", "person", "bus")
Row = tuple[str, tuple[float, float, float, float]]
"""Label and left, top, width, height."""


def labelled(rows: Sequence[Row], **columns: Any) -> Truth:
    labels = np.array([LABELS.index(name) if name in LABELS else -1 for name, _ in rows], np.int64)
    return Truth(
        boxes=from_sizes(np.array([box for _, box in rows], np.float64)),
        labels=labels,
        tracks=np.arange(len(rows)),
        roles=np.where(labels < 0, int(Role.REGION), int(Role.POSITIVE)),
        occluded=np.array(columns.get("occluded", [0] * len(rows)), np.float32),
        truncated=np.array(columns.get("truncated", [0] * len(rows)), np.float32),
    )


def found(*rows: Row) -> Detections:
    """Scores .9, .8, ... in order."""
    return Detections(
        from_sizes(np.array([box for _, box in rows], np.float64)).astype(np.float32),
        np.array([0.9 - 0.1 * i for i in range(len(rows))], np.float32),
        np.array([COCO.index(name) for name, _ in rows], np.int64),
    )


def one_frame(
    truth: Truth,
    answer: Detections,
    dataset: str = "kitti-object",
    labels: tuple[str, ...] = LABELS,
    groups: dict[str, Group] | None = None,
) -> ScoredStream:
    recording = PictureRecording(
        dataset=dataset, name="street", fps=10, labels=labels, groups=groups or {}, pictures={}, truths={}
    )
    return ScoredStream(recording, COCO, (), [0], [truth], [answer])


DETRAC_GROUP = Group(("Sedan",), ("car", "bus", "truck"))
CAR: Row = ("Car", (0, 0, 60, 40))
HIT: Row = ("car", (0, 0, 60, 40))
ASIDE = (200.0, 0.0, 60.0, 40.0)


@pytest.mark.parametrize(
    ("truth", "answer", "ap50", "n_truth"),
    [
        pytest.param(labelled([CAR]), found(HIT), 1.0, 1, id="a car found"),
        # A false alarm before the hit: precision 1/2 at every recall.
        pytest.param(labelled([CAR]), found(("car", ASIDE), HIT), 0.5, 1, id="a false alarm first"),
        pytest.param(labelled([CAR, ("Van", ASIDE)]), found(("car", ASIDE), HIT), 1.0, 1, id="a van absorbs a car"),
        pytest.param(labelled([CAR, ("Truck", ASIDE)]), found(("car", ASIDE), HIT), 1.0, 1, id="so does a truck"),
        pytest.param(
            labelled([CAR, ("Van", ASIDE)]), found(("car", ASIDE), ("car", ASIDE), HIT), 0.5, 1, id="but only one"
        ),
        pytest.param(
            labelled([CAR, ("DontCare", (190, 0, 80, 50))]),
            found(("car", ASIDE), ("car", ASIDE), HIT),
            1.0,
            1,
            id="a region absorbs any number",
        ),
        # Half of the found box lies in the region: not more than .7 of it.
        pytest.param(
            labelled([CAR, ("DontCare", (200, 0, 30, 40))]), found(("car", ASIDE), HIT), 0.5, 1, id="half in a region"
        ),
        pytest.param(labelled([CAR, ("Cyclist", ASIDE)]), found(("car", ASIDE), HIT), 0.5, 1, id="a cyclist is no car"),
        pytest.param(
            labelled([CAR, ("Car", ASIDE)], occluded=[0, 2]), found(("car", ASIDE), HIT), 1.0, 1, id="a hidden car"
        ),
        pytest.param(
            labelled([CAR, ("Car", ASIDE)], occluded=[0, 1]), found(HIT), 51 / 101, 2, id="a half-hidden car missed"
        ),
        pytest.param(labelled([CAR]), found(("car", (200, 0, 60, 24)), HIT), 1.0, 1, id="too low to be an alarm"),
        pytest.param(labelled([CAR]), found(("truck", ASIDE), HIT), 1.0, 1, id="another class takes no part"),
    ],
)
def test_roles_decide_what_a_found_box_counts(truth: Truth, answer: Detections, ap50: float, n_truth: int) -> None:
    car = profile(one_frame(truth, answer), "crosswalk").per_class["Car"]
    assert car["AP50"] == pytest.approx(ap50, abs=1e-9)
    assert car["n_truth"] == n_truth


def test_cyclists_are_left_out_with_the_reason() -> None:
    made = profile(one_frame(labelled([CAR]), found(HIT)), "crosswalk")
    assert "rider" in made.left_out["Cyclist"]
    assert made.left_out["Pedestrian"] == "the truth holds none"
    assert made.overall["AP50"] == pytest.approx(1.0)


def test_kitti_s_official_rule_neither_merges_nor_forgives() -> None:
    truth = labelled([CAR, ("Truck", ASIDE)])
    car = profile(one_frame(truth, found(("car", ASIDE), HIT)), "official").per_class["Car"]
    # One box counts: the devkit's 41 points hold one threshold, point 0, which AP40 leaves out.
    assert car["n_moderate"] == 1
    assert car["AP40_moderate"] == 0
    assert car["AP11_moderate"] == pytest.approx(0.5 / 11)


@pytest.mark.parametrize(
    ("dataset", "told"), [("kitti-tracking", "no tracker"), ("mot", "no tracker"), ("x", "no rules")]
)
def test_an_official_figure_that_can_t_be_is_told_with_the_reason(dataset: str, told: str) -> None:
    made = profile(one_frame(labelled([CAR]), found(HIT), dataset), "official")
    assert told in made.unknown
    assert not made.per_class


REGIONED = Truth(
    boxes=np.array([(0, 0, 20, 20), (100, 0, 140, 40)], np.float64),
    labels=np.array([0, -1], np.int64),
    tracks=np.array([1, -1], np.int64),
    roles=np.array([Role.POSITIVE, Role.REGION], np.int64),
)


@pytest.mark.parametrize(
    ("left", "width", "ap"),
    [
        # A false alarm of 40 px, surer than the hit; the region begins at 100: half in it is enough, less is not.
        pytest.param(80, 40, 1.0, id="half inside"),
        pytest.param(79, 40, 0.5, id="less than half inside"),
    ],
)
@pytest.mark.parametrize("name", ["official", "crosswalk"])
def test_ua_detrac_s_ignored_regions_take_what_is_half_inside(name: Any, left: int, width: int, ap: float) -> None:
    answer = found(("bus", (left, 0, width, 40)), ("car", (0, 0, 20, 20)))
    made = profile(one_frame(REGIONED, answer, "ua-detrac", ("Sedan",), {"vehicle": DETRAC_GROUP}), name)
    assert made.per_class["vehicle"]["AP"] == pytest.approx(ap, abs=1e-9)


def test_ua_detrac_s_official_overlap_is_seven_tenths() -> None:
    # 14 of 20 px in height: IoU exactly .7 counts; 13 don't, though for COCO's .5 they would.
    for height, ap in ((14, 1.0), (13, 0.0)):
        answer = found(("car", (0, 0, 20, height)))
        made = profile(one_frame(REGIONED, answer, "ua-detrac", ("Sedan",), {"vehicle": DETRAC_GROUP}), "official")
        assert made.per_class["vehicle"]["AP"] == pytest.approx(ap, abs=1e-9)


def two_frames(
    dataset: str, truth: Truth, boxes: Sequence[Row], tracks: Sequence[int], names: tuple[str, ...]
) -> ScoredStream:
    """Two frames alike."""
    detections = found(*boxes)
    told = Findings.of(detections, tuple(tracks))
    reports = [
        FrameReport(
            session=0,
            n=n,
            stream="s",
            seq=n,
            stamp=Stamp(n, n),
            kind="arrival",
            stages={},
            total_ns=0,
            published=Stamp(n, n),
            status="ok",
            findings=told,
            model="",
            artefact="",
        )
        for n in (0, 1)
    ]
    recording = PictureRecording(
        dataset=dataset,
        name="street",
        fps=10,
        labels=names,
        groups={"person": Group(("pedestrian",), ("person",))},
        pictures={n: Path(f"{n}.png") for n in (0, 1)},
        truths={0: truth, 1: truth},
    )
    return ScoredStream.of(reports, recording, COCO)


def test_kitti_tracking_s_official_rule_takes_out_what_need_not_be_found() -> None:
    truth = labelled([CAR, ("Car", (0, 100, 60, 40)), ("Van", ASIDE)], truncated=[0, 1, 0])
    # On the car; on the truncated one; on the van; on nothing, 25 and 26 px high.
    boxes: list[Row] = [HIT, ("car", (0, 100, 60, 40)), ("car", ASIDE), ("car", (400, 0, 60, 25))]
    kept = two_frames("kitti-tracking", truth, boxes, (1, 2, 3, 4), LABELS)
    car = profile(kept, "official").per_class["car"]
    assert (car["TP"], car["FP"], car["FN"], car["IDSW"]) == (2, 0, 0, 0)
    assert car["HOTA"] == car["MOTA"] == car["IDF1"] == pytest.approx(1.0)
    boxes[3] = ("car", (400, 0, 60, 26))
    alarmed = two_frames("kitti-tracking", truth, boxes, (1, 2, 3, 4), LABELS)
    assert profile(alarmed, "official").per_class["car"]["FP"] == 2


def test_mot_s_official_rule_lets_rows_without_a_flag_keep_a_box_from_its_look_alike() -> None:
    truth = Truth(
        boxes=from_sizes(np.array([(0, 0, 20, 40), (100, 0, 20, 40), (200, 0, 20, 40), (201, 0, 20, 40)], np.float64)),
        labels=np.array([0, 1, 0, 1], np.int64),
        tracks=np.array([1, 2, 3, 4], np.int64),
        roles=np.array([Role.POSITIVE, Role.NEIGHBOUR, Role.INVISIBLE, Role.NEIGHBOUR], np.int64),
    )
    # On the pedestrian; on a look-alike, which takes it out; on one without a flag, with a look-alike a pixel aside.
    boxes: list[Row] = [(name, (left, 0, 20, 40)) for name, left in (("person", 0), ("person", 100), ("person", 200))]
    made = profile(two_frames("mot", truth, boxes, (1, 2, 3), ("pedestrian", "static person")), "official")
    person = made.per_class["pedestrian"]
    assert (person["TP"], person["FP"], person["FN"]) == (2, 2, 0)


def test_merging_takes_the_duplicates_it_makes_and_no_other() -> None:
    # IoU of the second with the first: 56/64 = .875; of the third: 40/80 = .5.
    rows = found(("car", (0, 0, 60, 10)), ("truck", (4, 0, 60, 10)), ("bus", (20, 0, 60, 10)))
    stream = one_frame(labelled([CAR]), rows)
    assert without_duplicates(stream, stream.found_of(["car", "truck", "bus"])).tolist() == [True, False, True]
    assert without_duplicates(stream, stream.found_of(["truck", "person"])).tolist() == [False, True, False]
    assert MERGE_RULE == "merge-nms-0.65"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    root, model = write_recording(folder / "mot"), write_model(folder)
    where = ["--dataset", "mot", "--root", str(root), "--name", "WALK", "--model", str(model)]
    gilmok.main(["replay", "run", *where, "--no-report", "--out", str(folder / "run")])
    return folder / "run"


def test_a_run_s_summary_holds_both_profiles_apart_from_the_reference(run: Path) -> None:
    accuracy = read_summary(run)["accuracy"]
    assert set(accuracy["profiles"]) == {"official", "crosswalk"}
    assert "no tracker" in accuracy["profiles"]["official"]["unknown"]
    assert accuracy["profiles"]["crosswalk"]["per_class"]["pedestrian"]["AP"] == pytest.approx(1.0)
    assert accuracy["coco"]["AP"] == pytest.approx(1.0)


def test_the_verb_prints_one_profile(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert gilmok.main(["replay", "profile", str(run), "--profile", "crosswalk", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["profile"] == "crosswalk"
    assert told["streams"][0]["per_class"] == read_summary(run)["accuracy"]["profiles"]["crosswalk"]["per_class"]
    assert gilmok.main(["replay", "profile", str(run), "--profile", "crosswalk"]) == 0
    assert "profile crosswalk" in capsys.readouterr().out
    assert gilmok.main(["replay", "profile", str(run), "--profile", "official"]) == 1
    assert "no tracker" in " ".join(capsys.readouterr().out.split())


def test_no_run_no_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gilmok.main(["replay", "profile", str(tmp_path), "--profile", "official"]) == 1
    assert "no run folder" in capsys.readouterr().err
