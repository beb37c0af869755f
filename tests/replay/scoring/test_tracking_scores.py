import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.config import ModelChoice, TrackerChoice
from edge.wire.messages import Findings, FrameReport
from replay.datasets.pictures import PictureRecording
from replay.recording import Group
from replay.runs.offline import OfflineRun, ReplayConfig
from replay.runs.reports import read_reports
from replay.runs.runfolder import read_summary
from replay.runs.tables import render
from replay.scoring.stream import ScoredStream
from replay.scoring.tracking import TrackingAccuracy, tracking_accuracy
from replay.truth import Role, Truth, nothing_there
from sensors.clock import Stamp, SystemClock
from sensors.terminal import console
from tests.tiny import write_model, write_recording

pytest.importorskip("scipy.optimize", reason="scipy is not installed")

Box = tuple[float, float, float, float]

MODEL = ("person", "bicycle", "car", "bus")
PERSON, BICYCLE, CAR, BUS = range(4)
TRUTH_LABELS = ("Car", "Van", "Walker", "Dummy")
VAN, DUMMY = 1, 3
GROUPS = {"vehicle": Group(("Car", "Van"), ("car", "bus")), "person": Group(("Walker",), ("person",))}

NEAR: Box = (0, 0, 20, 20)
FAR: Box = (100, 0, 120, 20)
ASIDE: Box = (300, 0, 320, 20)


def truth(*rows: tuple[int, int, Box], role: Role = Role.POSITIVE) -> Truth:
    """Label, track, box."""
    return Truth(
        np.array([box for *_, box in rows], np.float64).reshape(-1, 4),
        np.array([label for label, *_ in rows], np.int64),
        np.array([track for _, track, _ in rows], np.int64),
        np.full(len(rows), int(role), np.int64),
    )


def both(one: Truth, other: Truth) -> Truth:
    return Truth(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Truth.__slots__))


def street(*truths: Truth | None) -> PictureRecording:
    """Frames from 7 on; None: nobody labelled it."""
    return PictureRecording(
        dataset="made",
        name="street",
        fps=10,
        labels=TRUTH_LABELS,
        groups=GROUPS,
        pictures={7 + k: Path(f"{7 + k}.png") for k in range(len(truths))},
        truths={7 + k: one for k, one in enumerate(truths) if one is not None},
    )


def report(seq: int, *rows: tuple[int, int, Box], failed: bool = False, tracked: bool = True) -> FrameReport:
    """Label, track, box."""
    findings = Findings(
        boxes=tuple(box for *_, box in rows),
        scores=(0.9,) * len(rows),
        labels=tuple(label for label, *_ in rows),
        tracks=tuple(track for _, track, _ in rows) if tracked else None,
    )
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
        status="failed" if failed else "ok",
        findings=None if failed else findings,
        model="",
        artefact="",
    )


def tracked(
    reports: Sequence[FrameReport], recording: PictureRecording, captured: int | None = None
) -> TrackingAccuracy | None:
    return tracking_accuracy(ScoredStream.of(reports, recording, MODEL, captured=captured))


def figures(scored: TrackingAccuracy | None, name: str = "vehicle") -> dict[str, float | None]:
    assert scored is not None
    assert scored.unknown == ""
    return scored.per_class[name]


CAR_AND_VAN = truth((0, 4, NEAR), (VAN, 9, FAR))


def test_a_track_is_one_through_every_class_that_is_merged() -> None:
    reports = [
        report(7, (CAR, 0, NEAR), (BUS, 1, FAR)),
        report(8, (BUS, 0, NEAR), (CAR, 1, FAR), (BICYCLE, 2, ASIDE)),
    ]
    told = figures(tracked(reports, street(CAR_AND_VAN, CAR_AND_VAN)))
    assert {name: told[name] for name in ("HOTA", "DetA", "AssA", "MOTA", "IDF1")} == pytest.approx(
        {"HOTA": 1, "DetA": 1, "AssA": 1, "MOTA": 1, "IDF1": 1}
    )
    counts = {name: told[name] for name in ("IDSW", "n_frames", "n_truth", "n_found", "n_truth_tracks")}
    assert counts == {"IDSW": 0, "n_frames": 2, "n_truth": 4, "n_found": 4, "n_truth_tracks": 2}


def test_swapped_ids_are_switches_and_halve_what_identity_counts() -> None:
    reports = [report(7, (CAR, 0, NEAR), (CAR, 1, FAR)), report(8, (CAR, 1, NEAR), (CAR, 0, FAR))]
    told = figures(tracked(reports, street(CAR_AND_VAN, CAR_AND_VAN)))
    # Every box is right. Each match's tracks share 1 box of the 3 that either has: AssA 1/3.
    assert told["IDSW"] == 2
    assert (told["MOTA"], told["IDF1"], told["DetA"]) == pytest.approx((1 - 2 / 4, 2 / 4, 1))
    assert (told["AssA"], told["HOTA"]) == pytest.approx((1 / 3, math.sqrt(1 / 3)))


def test_findings_without_a_track_take_no_part() -> None:
    one = truth((0, 4, NEAR))
    reports = [report(7, (CAR, 0, NEAR), (CAR, -1, ASIDE)), report(8, (CAR, -1, NEAR))]
    told = figures(tracked(reports, street(one, one)))
    assert (told["n_found"], told["FP"], told["FN"]) == (1, 0, 1)


def test_dropped_and_failed_frames_are_misses_and_unlabelled_ones_are_nothing() -> None:
    one = truth((0, 4, NEAR))
    recording = street(one, one, one, None, one)
    reports = [report(7, (CAR, 0, NEAR)), report(8, failed=True), report(10, (CAR, 5, FAR))]
    told = figures(tracked(reports, recording, captured=5))
    assert (told["n_frames"], told["n_truth"], told["n_found"], told["FN"]) == (4, 4, 1, 3)
    stopped = figures(tracked(reports, recording))
    assert (stopped["n_frames"], stopped["FN"]) == (3, 2)


@pytest.mark.parametrize(
    ("excuse", "alarms"),
    [
        pytest.param(truth((DUMMY, -1, FAR), role=Role.NEIGHBOUR), 0, id="a neighbour of every class"),
        pytest.param(truth((VAN, -1, FAR), role=Role.NEIGHBOUR), 0, id="a neighbour of its own class"),
        pytest.param(truth((2, -1, FAR), role=Role.NEIGHBOUR), 1, id="another class's neighbour"),
        pytest.param(truth((-1, -1, (90, -10, 130, 30)), role=Role.REGION), 0, id="a region of every class"),
        pytest.param(truth((-1, -1, (112, -10, 130, 30)), role=Role.REGION), 1, id="a region that covers .4 of it"),
        pytest.param(truth((VAN, -1, FAR), role=Role.INVISIBLE), 1, id="what nobody could see"),
    ],
)
def test_what_lies_on_a_neighbour_or_in_a_region_is_no_false_alarm(excuse: Truth, alarms: int) -> None:
    there = both(truth((0, 4, NEAR)), excuse)
    told = figures(tracked([report(7, (CAR, 0, NEAR), (CAR, 1, FAR))], street(there)))
    assert (told["n_truth"], told["TP"], told["FP"]) == (1, 1, alarms)


def test_a_class_without_truth_has_no_figures_but_its_counts() -> None:
    told = figures(tracked([report(7, (PERSON, 0, FAR))], street(CAR_AND_VAN)), "person")
    assert (told["HOTA"], told["MOTA"], told["IDF1"]) == (None, None, None)
    assert (told["n_truth"], told["n_found"], told["n_truth_tracks"], told["n_found_tracks"]) == (0, 1, 0, 1)


def test_a_node_without_a_tracker_has_no_tracking_figures() -> None:
    assert tracked([report(7, (CAR, 0, NEAR), tracked=False)], street(CAR_AND_VAN)) is None
    assert tracked([], street(CAR_AND_VAN)) is None


@pytest.mark.parametrize(
    ("there", "found", "why"),
    [
        (truth((0, -1, NEAR)), [(CAR, 0, NEAR)], "the recording's labels have no tracks"),
        (truth((0, 4, NEAR), (0, 4, FAR)), [(CAR, 0, NEAR)], "labels contradict themselves: a track has two boxes"),
        (CAR_AND_VAN, [(CAR, 3, NEAR), (PERSON, 3, FAR)], "the node's tracker gave id 3 twice in frame 7"),
    ],
)
def test_where_there_are_no_figures_it_says_why(there: Truth, found: list[tuple[int, int, Box]], why: str) -> None:
    told = tracked([report(7, *found)], street(there))
    assert told is not None
    assert told.per_class == {}
    assert why in told.unknown


def test_without_scipy_a_summary_goes_without_tracking_figures_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    told = tracked([report(7, (CAR, 0, NEAR))], street(CAR_AND_VAN))
    assert told is not None
    assert told.per_class == {}
    assert told.unknown == "tracking figures need scipy, which is not installed: pip install 'gilmok[statistics]'"


def test_nobody_there_and_nothing_found_is_no_trouble() -> None:
    told = figures(tracked([report(7)], street(nothing_there())))
    assert (told["n_frames"], told["n_truth"], told["HOTA"]) == (1, 0, None)


def test_a_run_with_a_tracker_tells_its_tracks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("edgefirst.tracker", reason="edgefirst-tracker is not installed")
    config = ReplayConfig(
        dataset="mot",
        root=write_recording(tmp_path / "mot"),
        name="WALK",
        model=ModelChoice(file=write_model(tmp_path)),
        tracker=TrackerChoice(name="bytetrack", options={"high_score": 0.3}),
    )
    summary = OfflineRun(config, tmp_path / "run", SystemClock()).run(lambda *_: None)
    told = figures(summary.accuracy.tracking, "person")
    assert (told["HOTA"], told["MOTA"], told["IDF1"], told["IDSW"]) == pytest.approx((1, 1, 1, 0))
    assert (told["n_frames"], told["n_truth"], told["n_truth_tracks"], told["n_found_tracks"]) == (12, 12, 1, 1)
    assert read_summary(tmp_path / "run")["accuracy"]["tracking"]["per_class"]["person"]["n_truth_tracks"] == 1
    assert {one.findings.tracks for one in read_reports(tmp_path / "run") if one.findings} == {(0,)}
    assert summary.latency_ns["track"].n == 12
    console.show(*render(summary))
    assert "person 1.0000 1.0000 1.0000 1.0000 0 12 1" in " ".join(capsys.readouterr().out.split())
