import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

import gilmok
from replay.qualify.campaign import RateUnknown, RecordingChoice, camera_rate, evenly
from replay.qualify.conductor import PARTS, Conductor
from replay.qualify.qualification import Qualification, read
from sensors.clock import SystemClock
from sensors.terminal.pretty_json import pretty
from tests.tiny_campaign import Subject


def test_every_part_is_measured_and_the_tiny_model_keeps_all_of_its_accuracy(qualified: Path) -> None:
    found = read(qualified)
    assert [(one.part, one.status) for one in found.parts] == [(part, "measured") for part in PARTS]
    measured = found.measured
    assert measured.accuracy is not None
    assert measured.accuracy.candidate["AP"] == pytest.approx(1.0)
    assert measured.accuracy.ratio.value == pytest.approx(1.0)
    assert measured.accuracy.ratio.verdict == "INCONCLUSIVE"
    assert measured.accuracy.same_findings == measured.accuracy.frames == 6
    assert measured.accuracy.n_truth == 6
    assert measured.accuracy.candidate_interval is not None
    assert "alike in it" in measured.accuracy.candidate_interval.no_interval
    assert measured.parity is not None
    assert measured.parity.identical == measured.parity.frames == 4
    assert measured.determinism is not None
    assert (measured.determinism.unequal_repeats, measured.determinism.unequal_frames) == (0, 0)
    assert measured.latency is not None
    assert [one.name.split()[0].rstrip(",") for one in measured.latency.scenarios] == [
        "SingleStream", "MultiStream", "Offline", "Server", "Constant",
    ]  # fmt: skip
    assert all(one.latency_ns.n > 0 for one in measured.latency.scenarios)
    assert measured.coldstart is not None
    assert measured.coldstart.starts == 1
    assert sum(row.max or 0 for row in measured.coldstart.steps_ns.values()) == measured.coldstart.total_ns[0]
    assert measured.endurance is not None
    assert measured.endurance.power is None
    assert "power at the wall" in {one.what for one in found.not_measured}


def test_no_failed_criterion_is_hidden_and_too_little_evidence_is_no_pass(qualified: Path) -> None:
    verdict = read(qualified).verdict
    outcomes = [one.outcome for one in verdict.criteria]
    assert "open" in outcomes
    assert verdict.word == ("FAIL" if "fail" in outcomes else "INCONCLUSIVE")


def test_the_record_is_read_as_it_was_written(qualified: Path) -> None:
    assert pretty(read(qualified)) == (qualified / "qualification.json").read_bytes()


def test_the_page_is_complete_in_itself_and_says_what_it_is_not(qualified: Path) -> None:
    page = (qualified / "qualification.html").read_text(encoding="utf-8")
    assert "LoadGen-style, not an MLPerf result, not verified by MLCommons" in page
    assert "What was not measured" in page
    assert "gilmok qualify rerun" in page
    assert not re.search(r"<script|(?:src|href)=\"(?!#|data:)", page)


def test_loadgens_own_logs_and_every_latency_are_kept_beside_it(qualified: Path) -> None:
    found = read(qualified).measured.latency
    assert found is not None
    folder = qualified / "evidence/loadgen/single-stream"
    latencies = [int(line) for line in (folder / "latencies_ns.txt").read_text().split()]
    assert len(latencies) == found.scenarios[0].latency_ns.n
    assert max(latencies) == found.scenarios[0].latency_ns.max
    assert "Result is" in (folder / "mlperf_log_summary.txt").read_text()


@pytest.mark.parametrize(
    "skipped",
    [
        pytest.param(["parity", "latency", "streams", "coldstart", "endurance"], id="accuracy and determinism"),
        pytest.param([], id="whole", marks=pytest.mark.long),
    ],
)
def test_it_runs_again_from_its_own_record_and_finds_the_same(
    qualified: Path, tmp_path: Path, skipped: list[str]
) -> None:
    first = read(qualified)
    shorter = {**first.campaign, "skip": skipped}
    (tmp_path / "qualification.json").write_bytes(pretty(msgspec.structs.replace(first, campaign=shorter)))
    again = tmp_path / "again"
    assert gilmok.main(["qualify", "rerun", str(tmp_path), "--out", str(again)]) in (0, 3)
    found = read(again)
    assert found.rerun is not None
    assert (found.rerun.same_findings, found.rerun.same_bytes) == (True, True)
    assert found.rerun.changed == ()
    assert found.campaign == shorter


def test_another_file_under_the_same_name_is_not_run_again(
    qualified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(qualified.parent, moved)
    record = moved / "out/qualification.json"
    record.write_text(record.read_text().replace(str(qualified.parent), str(moved)))
    picture = moved / "mot/train/WALK/img1/000003.jpg"
    shutil.copy(moved / "mot/train/WALK/img1/000001.jpg", picture)
    assert gilmok.main(["qualify", "rerun", str(moved / "out"), "--out", str(tmp_path / "again")]) == 1
    assert "recording WALK has digest" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_an_interrupted_campaign_keeps_what_there_is(qualified: Path, tmp_path: Path) -> None:
    from replay.qualify.campaign import from_record

    def on_progress(part: str, _share: float, _what: str) -> None:
        if part == "parity":
            raise KeyboardInterrupt

    campaign = from_record(read(qualified).campaign, "the record")
    conductor = Conductor(campaign, tmp_path / "out", "", SystemClock())
    conductor.run(on_progress)
    found = read(tmp_path / "out")
    assert conductor.interrupted
    assert [one.status for one in found.parts] == ["measured", "interrupted"] + ["left out"] * (len(PARTS) - 2)
    assert found.measured.accuracy is not None
    assert found.measured.parity is None
    assert found.verdict.word == "INCONCLUSIVE"
    assert {"parity", "latency"} <= {one.what for one in found.not_measured}


@pytest.mark.parametrize(
    "skipped",
    [
        pytest.param(["determinism", "streams", "coldstart", "endurance"], id="accuracy and latency"),
        pytest.param([], id="whole", marks=pytest.mark.long),
    ],
)
def test_a_part_that_dies_is_a_failed_criterion_and_the_others_go_on(
    subject: Subject, tmp_path: Path, skipped: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("mlperf_loadgen")
    # Every picture is spoilt: the parts that need one have nothing to show the device.
    for picture in (subject.root / "train/WALK/img1").iterdir():
        picture.write_bytes(picture.read_bytes()[:-40])
    idle = ["--skip", *skipped] if skipped else []
    assert gilmok.main(subject.words(tmp_path / "out", *idle)) == 3
    found = read(tmp_path / "out")
    assert found.verdict.word == "FAIL"
    failed = {one.part: one.why for one in found.parts if one.status == "failed"}
    assert "no picture of the recordings can be read" in failed["latency"]
    assert found.measured.accuracy is not None
    assert sum(found.measured.accuracy.failed.values()) == 6
    assert "FAIL" in capsys.readouterr().out
    assert (tmp_path / "out/qualification.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--backend", "abacus"], "abacus"),
        (["--backend", "hailo"], "hailo"),
        (["--device", "npu7"], "npu7"),
        (["--recordings", "mot"], "names no recording"),
        (["--recordings", "mot:/nowhere:WALK"], "/nowhere"),
        (["--labels", "tram"], "tram"),
        (["--skip", "lunch"], "lunch"),
        (["--budget", "soak=1"], "soak"),
        (["--budget", "cold_starts=0"], "cold_starts"),
        (["--budget", "trial_s=-1.0"], "trial_s"),
        (["--set", "x=1"], "x"),
        (["--model", "nobody"], "nobody"),
    ],
)
def test_a_campaign_that_cannot_begin_says_why_and_leaves_nothing(
    subject: Subject, tmp_path: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("mlperf_loadgen")
    assert gilmok.main(subject.words(tmp_path / "out", *words)) == 1
    error = capsys.readouterr().err
    assert "gilmok: " in error
    assert told in error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(
    subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("mlperf_loadgen")
    (tmp_path / "file").write_text("")
    assert gilmok.main(subject.words(tmp_path / "file/out")) == 1
    assert "can't be written" in capsys.readouterr().err


def test_a_folder_that_holds_a_qualification_is_never_overwritten(
    qualified: Path, subject: Subject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gilmok.main(subject.words(qualified)) == 1
    assert "already holds a qualification" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [("{", "is no qualification"), ("{}", "is no qualification"), ('{"schema": 99}', "is no qualification")],
)
def test_a_record_that_cannot_be_read_is_told(
    tmp_path: Path, content: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "qualification.json").write_text(content)
    assert gilmok.main(["qualify", "compare", str(tmp_path)]) == 1
    assert told in capsys.readouterr().err


def test_a_record_of_a_later_schema_is_refused(
    qualified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later: Qualification = msgspec.structs.replace(read(qualified), schema=2)
    (tmp_path / "qualification.json").write_bytes(pretty(later))
    assert gilmok.main(["qualify", "compare", str(tmp_path)]) == 1
    assert "schema 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("n", "expected"), [(0, [1, 2, 3, 4, 5]), (9, [1, 2, 3, 4, 5]), (3, [1, 3, 5]), (2, [1, 5]), (1, [1])]
)
def test_frames_are_spread_evenly(n: int, expected: list[int]) -> None:
    assert evenly([1, 2, 3, 4, 5], n) == expected


def test_stills_have_no_rate_of_a_camera(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_stills.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "1.jpg", "width": 8, "height": 8}],
                "annotations": [],
                "categories": [{"id": 1, "name": "car"}],
            }
        )
    )
    with pytest.raises(RateUnknown):
        camera_rate([RecordingChoice(dataset="coco", root=tmp_path, name="stills")])
