import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.wire.messages import Findings, FrameReport, decode, encode
from models.detections import Detections
from replay.datasets.kitti import KittiObject
from replay.datasets.pictures import PictureRecording
from replay.datasets.ua_detrac import UaDetrac
from replay.recording import Group, Recording
from replay.scoring.classes import LabelsNotOffered, LabelsUnknownToModel, evaluated
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.truth import Role, Truth, nothing_there
from sensors.clock import Stamp

Box = tuple[float, float, float, float]

MODEL = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
PERSON, BICYCLE, CAR, MOTORCYCLE, BUS, TRUCK = range(6)


def truth(*rows: tuple[int, Role, Box], areas: Sequence[float] = ()) -> Truth:
    none = np.full(len(rows), -1)
    return Truth(
        np.array([box for *_, box in rows], np.float64).reshape(-1, 4),
        np.array([label for label, *_ in rows], np.int64),
        none,
        np.array([role for _, role, _ in rows], np.int64),
        areas=np.array(areas, np.float64),
    )


def found(*rows: tuple[int, float, Box]) -> Detections:
    return Detections(
        np.array([box for *_, box in rows], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in rows], np.float32),
        np.array([label for label, *_ in rows], np.int64),
    )


def answered(
    recording: Recording,
    pairs: Sequence[tuple[Truth | None, Detections | None]],
    model: Sequence[str] = MODEL,
    labels: Sequence[str] = ("vehicle",),
) -> ScoredStream:
    """Frames 0, 1, ... with what was there and what was found."""
    truths, answers = [there for there, _ in pairs], [answer for _, answer in pairs]
    return ScoredStream(recording, model, labels, range(len(pairs)), truths, answers)


def reported(recording: Recording, *reports: FrameReport, captured: int | None = None) -> ScoredStream:
    return ScoredStream.of(reports, recording, MODEL, ["vehicle"], captured)


@pytest.fixture
def street() -> PictureRecording:
    """Truth labels 0 Car, 1 Van, 2 Walker, 3 Tram; frames 7, 8, 9 with a car each; 10 has no labels."""
    car = truth((0, Role.POSITIVE, (0, 0, 20, 20)))
    return PictureRecording(
        dataset="made",
        name="street",
        fps=10,
        labels=("Car", "Van", "Walker", "Tram"),
        groups={
            "vehicle": Group(("Car", "Van"), ("car", "bus", "truck")),
            "person": Group(("Walker",), ("person",)),
        },
        pictures={number: Path(f"{number}.png") for number in (7, 8, 9, 10)},
        truths={7: car, 8: car, 9: car},
    )


def test_classes_are_merged_on_both_sides(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)), (1, Role.POSITIVE, (40, 0, 80, 40)))
    answer = found((TRUCK, 0.9, (40, 0, 80, 40)), (CAR, 0.8, (0, 0, 20, 20)), (BICYCLE, 0.7, (0, 0, 5, 5)))
    stream = answered(street, [(there, answer)])
    overall = score(stream).overall
    assert overall["AP"] == pytest.approx(1)
    assert (overall["n_frames"], overall["n_truth"], overall["n_found"]) == (1, 2, 2)
    assert stream.pool.unmapped == 1


def test_a_class_that_nobody_evaluates_is_no_truth(street: PictureRecording) -> None:
    there = truth((3, Role.POSITIVE, (0, 0, 20, 20)), (0, Role.POSITIVE, (40, 0, 80, 40)))
    result = score(answered(street, [(there, found((CAR, 0.9, (40, 0, 80, 40))))]))
    assert (result.overall["n_truth"], result.overall["AP"]) == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("box", "dropped"),
    [
        ((90, 90, 110, 110), 1),  # centre on the corner: edges belong
        ((140, 140, 160, 160), 1),
        ((89, 90, 110, 110), 0),  # centre half a pixel to the left
        ((110, 110, 120, 220), 0),  # mostly inside would be another rule
    ],
)
def test_a_detection_centred_in_a_region_is_dropped(street: PictureRecording, box: Box, dropped: int) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)), (-1, Role.REGION, (100, 100, 150, 150)))
    stream = answered(street, [(there, found((CAR, 0.9, box), (CAR, 0.8, (0, 0, 20, 20))))])
    # A false alarm before the only hit halves the precision.
    assert (stream.pool.in_regions, score(stream).overall["AP"]) == pytest.approx((dropped, 1 if dropped else 0.5))


def test_truth_in_a_region_must_still_be_found(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (110, 110, 130, 130)), (-1, Role.REGION, (100, 100, 150, 150)))
    result = score(answered(street, [(there, found((CAR, 0.9, (110, 110, 130, 130))))]))
    assert (result.overall["n_truth"], result.overall["AP"]) == (1, 0)


def test_a_region_of_a_class_is_a_crowd_of_that_class(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)), (0, Role.REGION, (100, 100, 150, 150)))
    crowd = [(CAR, 0.9, (100.0 + x, 110.0, 110.0 + x, 120.0)) for x in (0, 10, 20)]
    stream = answered(street, [(there, found(*crowd, (CAR, 0.5, (0, 0, 20, 20))))])
    overall = score(stream).overall
    assert (stream.pool.in_regions, overall["n_truth"], overall["AP"]) == pytest.approx((0, 1, 1))


def test_neighbours_and_the_invisible_take_no_part(street: PictureRecording) -> None:
    there = truth((0, Role.NEIGHBOUR, (0, 0, 20, 20)), (0, Role.INVISIBLE, (50, 0, 70, 20)))
    result = score(answered(street, [(there, found((CAR, 0.9, (0, 0, 20, 20))))]))
    assert (result.overall["n_truth"], result.overall["n_found"]) == (0, 1)
    assert math.isnan(result.overall["AP"])


def test_sizes_are_those_of_the_outline_where_the_data_set_has_outlines(street: PictureRecording) -> None:
    box = (0.0, 0.0, 40.0, 40.0)
    answer = found((CAR, 0.9, box))
    boxed = score(answered(street, [(truth((0, Role.POSITIVE, box)), answer)]))
    outlined = score(answered(street, [(truth((0, Role.POSITIVE, box), areas=[900]), answer)]))
    assert (boxed.overall["APm"], outlined.overall["APs"]) == pytest.approx((1, 1))
    assert math.isnan(boxed.overall["APs"])
    assert math.isnan(outlined.overall["APm"])


def test_no_answer_is_a_miss_and_no_label_is_left_out(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)))
    hit = found((CAR, 0.9, (0, 0, 20, 20)))
    stream = answered(street, [(there, hit), (there, None), (None, hit), (None, None)])
    overall = score(stream).overall
    assert (overall["n_frames"], overall["n_found"]) == (2, 1)
    assert (stream.pool.unanswered, stream.pool.unlabelled) == (1, 2)
    assert overall["AP"] == pytest.approx(51 / 101)


def test_without_frames_nothing_is_known(street: PictureRecording) -> None:
    result = score(answered(street, [], labels=()))
    assert result.overall["n_frames"] == 0
    assert math.isnan(result.overall["AP"])
    assert set(result.per_class) == {"vehicle", "person"}


def test_a_class_without_truth_is_shown_and_left_out_of_the_mean(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)))
    answer = found((CAR, 0.9, (0, 0, 20, 20)), (PERSON, 0.8, (0, 0, 9, 9)))
    result = score(answered(street, [(there, answer)], labels=()))
    assert result.overall["AP"] == pytest.approx(1)
    assert math.isnan(result.per_class["person"]["AP"])
    assert (result.per_class["person"]["n_found"], result.per_class["vehicle"]["n_truth"]) == (1, 1)


def test_a_label_beyond_the_models_table_is_unmapped(street: PictureRecording) -> None:
    pool = answered(street, [(nothing_there(), found((99, 0.9, (0, 0, 9, 9))))]).pool
    assert (pool.unmapped, len(pool.found)) == (1, 0)


def test_a_model_that_says_vehicle_itself_is_scored_for_it(street: PictureRecording) -> None:
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)))
    stream = answered(street, [(there, found((0, 0.9, (0, 0, 20, 20))))], model=("vehicle",), labels=())
    assert score(stream).overall["AP"] == pytest.approx(1)
    assert (stream.pool.classes, stream.pool.unknown_to_model) == (("vehicle",), ("person",))


def test_labels_that_the_recording_is_not_scored_for_are_refused(street: PictureRecording) -> None:
    with pytest.raises(LabelsNotOffered, match="'boat'") as raised:
        score(answered(street, [], labels=["vehicle", "boat"]))
    assert raised.value.hint == "they are for: vehicle, person; their own labels: Car, Van, Walker, Tram"


@pytest.mark.parametrize("labels", [["person"], []])
def test_a_model_that_cannot_find_what_is_asked_for_is_refused(street: PictureRecording, labels: list[str]) -> None:
    model = ("car",) if labels else ("boat",)
    with pytest.raises(LabelsUnknownToModel, match=f"it knows {model[0]}"):
        evaluated(street, model, labels)


def report(seq: int, findings: Findings | None) -> FrameReport:
    return FrameReport(
        session=1,
        n=seq,
        stream="east",
        seq=seq,
        stamp=Stamp(0, 0),
        kind="arrival",
        stages={},
        total_ns=0,
        published=Stamp(0, 0),
        status="ok" if findings else "failed",
        findings=findings,
        model="",
        artefact="",
    )


def test_a_run_is_scored_to_its_last_report_and_its_holes_are_misses(street: PictureRecording) -> None:
    hit = Findings.of(found((CAR, 0.9, (0, 0, 20, 20))))
    whole = reported(street, report(7, hit), report(8, hit), report(9, hit), report(10, hit))
    assert (score(whole).overall["AP"], whole.pool.n_images, whole.pool.unlabelled) == pytest.approx((1, 3, 1))
    dropped = reported(street, report(7, hit), report(9, hit))
    assert (dropped.pool.n_images, dropped.pool.unanswered) == (3, 1)
    # Two of three found: recalls 0 .. .66 are 67 of 101 points.
    assert score(dropped).overall["AP"] == pytest.approx(67 / 101)
    failed = reported(street, report(7, hit), report(8, None), report(9, hit))
    assert score(failed) == score(dropped)
    stopped = reported(street, report(7, hit))
    assert (stopped.pool.n_images, stopped.pool.unanswered) == (1, 0)
    assert score(reported(street)).overall["n_frames"] == 0
    cut_off = reported(street, report(7, hit), captured=3)
    assert (cut_off.pool.n_images, cut_off.pool.unanswered) == (3, 2)


def test_of_two_reports_of_one_frame_the_last_one_stands(street: PictureRecording) -> None:
    hit = Findings.of(found((CAR, 0.9, (0, 0, 20, 20))))
    stream = reported(street, report(7, None), report(8, hit), report(7, hit), report(11, hit))
    assert [one.seq for one in stream.reports] == [8, 7]
    assert stream.pool.unanswered == 1
    assert score(stream).overall["AP"] == pytest.approx(67 / 101)


def test_a_stream_may_be_answered_from_other_frames(street: PictureRecording) -> None:
    hit, aside = found((CAR, 0.9, (0, 0, 20, 20))), found((CAR, 0.9, (100, 0, 120, 20)))
    there = truth((0, Role.POSITIVE, (0, 0, 20, 20)))
    stream = answered(street, [(there, hit), (there, aside), (there, None)])
    late = stream.answered_from(np.array([-1, 0, 0]))
    assert late.answers == [None, hit, hit]
    assert (stream.pool.unanswered, late.pool.unanswered) == (1, 1)
    assert score(late).overall["AP"] == pytest.approx(67 / 101)


def test_what_does_not_belong_together_is_no_stream(street: PictureRecording) -> None:
    with pytest.raises(ValueError, match="don't belong together"):
        ScoredStream(street, MODEL, (), [7, 8], [None, None], [None])


def test_findings_are_the_same_arrays_before_and_after_the_wire() -> None:
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 50, (40, 2))
    boxes = np.hstack([corners, corners + rng.uniform(5, 30, (40, 2))]).astype(np.float32)
    raw = Detections(boxes, np.sort(rng.random(40).astype(np.float32))[::-1], rng.integers(0, 6, 40))
    findings = Findings.of(raw)
    sent, received = findings.detections(), decode(encode(findings), Findings).detections()
    np.testing.assert_array_equal(received.boxes, sent.boxes)
    np.testing.assert_array_equal(received.scores, sent.scores)
    np.testing.assert_array_equal(received.labels, raw.labels)
    np.testing.assert_allclose(received.boxes, raw.boxes, atol=0.051)
    assert len(Findings(boxes=(), scores=(), labels=()).detections()) == 0


@pytest.mark.parametrize(
    ("labels", "n_truth"),
    [((), {"vehicle": 13, "person": 2}), (("person",), {"person": 2})],
)
def test_the_shared_stills_have_the_known_truth(shared: Path, labels: tuple[str, ...], n_truth: dict[str, int]) -> None:
    recording = KittiObject(shared / "recordings" / "KITTI_object").open("training")
    stream = answered(recording, [(recording.truth(number), None) for number in recording.numbers], labels=labels)
    assert {name: row["n_truth"] for name, row in score(stream).per_class.items()} == n_truth
    assert stream.pool.unanswered == 8


def test_truth_scored_against_itself_is_perfect_but_for_what_lies_in_regions(shared: Path) -> None:
    recording = UaDetrac(shared / "recordings" / "UA-DETRAC").open("MVI_40201")
    pairs = []
    for number in recording.numbers:
        there = recording.truth(number)
        assert there is not None
        rows = there.pick(there.of_role(Role.POSITIVE))
        pairs.append((there, found(*((CAR, 0.5, tuple(box)) for box in rows.boxes))))
    stream = answered(recording, pairs, labels=())
    overall = score(stream).overall
    assert (overall["n_frames"], overall["n_truth"], stream.pool.in_regions) == (500, 5577, 125)
    assert overall["AR100"] == pytest.approx((5577 - 125) / 5577)
