"""What can't be held against each other is refused, in a sentence that says why."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from replay.comparison.compare import ComparisonSettings, compare
from replay.comparison.pairing import NotComparable
from replay.comparison.sides import NoRuns, RunTwice, RunUnfit, check_side, read_side
from replay.runs.books import Books
from replay.runs.recordings import Recordings
from replay.runs.runfolder import RunFolderWrong
from sensors.errors import GilmokError
from tests.made_runs import Played, write_drives, write_run

QUICK = ComparisonSettings(resamples=100)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "kitti", n=3)


@pytest.mark.parametrize(
    ("of_a", "of_b", "sentence"),
    [
        ({"drive": 0}, {"drive": 1}, "only A played kitti-tracking 0000 and only B played kitti-tracking 0001"),
        ({"frames": 4}, {"frames": 7}, "of kitti-tracking 0000 A captured 4 frames and B 7"),
        ({"labels": ("vehicle",)}, {"labels": ("person",)}, "A is scored for vehicle, B for person"),
        ({}, {"knows": ("car",), "walkers": 0}, "A is scored for person, vehicle, B for vehicle"),
        ({"pace": "realtime"}, {}, "at different paces, lockstep and realtime"),
    ],
)
def test_streams_that_do_not_belong_together_are_refused(
    root: Path, tmp_path: Path, of_a: dict[str, object], of_b: dict[str, object], sentence: str
) -> None:
    a = write_run(tmp_path / "a", Played(root=root, **of_a))  # type: ignore[arg-type]
    b = write_run(tmp_path / "b", Played(root=root, **of_b))  # type: ignore[arg-type]
    with pytest.raises(NotComparable, match=sentence):
        compare([a], [b], QUICK)


def test_classes_that_only_one_side_knows_are_left_out_when_asked(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    b = write_run(tmp_path / "b", Played(root=root, knows=("car",), walkers=0))
    told = compare([a], [b], ComparisonSettings(resamples=100, labels=("vehicle",))).comparison
    assert [row.of for row in told.per_class] == ["vehicle"]


def test_what_only_one_side_played_is_left_out_when_asked(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root, drive=0))
    write_run(tmp_path / "b/0", Played(root=root, drive=0))
    write_run(tmp_path / "b/1", Played(root=root, drive=1))
    assert compare([a], [tmp_path / "b"], ComparisonSettings(resamples=100, common=True)).comparison.sequences == 1
    c = write_run(tmp_path / "c", Played(root=root, drive=2))
    with pytest.raises(NotComparable, match="only A played"):
        compare([a], [c], ComparisonSettings(resamples=100, common=True))


def test_another_truth_of_the_same_name_is_another_recording(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    labels = root / "training/label_02/0000.txt"
    labels.write_text(labels.read_text().replace("60.0", "61.0"))
    b = write_run(tmp_path / "b", Played(root=root))
    with pytest.raises(NotComparable, match="its pictures or its truth are others"):
        compare([a], [b], QUICK)


def test_a_recording_that_is_gone_is_named(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    shutil.rmtree(root)
    with pytest.raises(NotComparable, match=r"the recording kitti-tracking 0000 is not to be had: .*kitti"):
        compare([a], [a], QUICK)


def test_a_run_of_another_machine_is_scored_on_the_recording_found_here(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    elsewhere = shutil.copytree(root, tmp_path / "elsewhere")
    b = write_run(tmp_path / "b", Played(root=elsewhere))
    shutil.rmtree(elsewhere)
    assert compare([b], [a], QUICK).comparison.sequences == 1


def test_one_recording_on_several_streams_pairs_by_their_names(root: Path, tmp_path: Path) -> None:
    def run(name: str, *streams: str) -> Path:
        return write_run(tmp_path / name, *(Played(root=root, name=stream) for stream in streams))

    assert compare([run("a", "left", "right")], [run("b", "right", "left")], QUICK).comparison.sequences == 1
    with pytest.raises(NotComparable, match="names differ: replay/left, replay/right in A, replay/back"):
        compare([tmp_path / "a"], [run("c", "left", "back")], QUICK)


def test_the_same_run_twice_is_no_second_measurement(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "runs/a", Played(root=root))
    shutil.copytree(a, tmp_path / "runs/copy")
    with pytest.raises(RunTwice):
        compare([tmp_path / "runs"], [a], QUICK)


@pytest.mark.parametrize(
    ("played", "why"),
    [
        ({"pace": "realtime", "late_ms": 6.0}, "it is invalid: .*pacing error"),
        ({"unreported": 2}, "its books don't balance: .*2 of 10 reports are missing"),
    ],
)
def test_an_invalid_run_is_not_compared(root: Path, tmp_path: Path, played: dict[str, object], why: str) -> None:
    a = write_run(tmp_path / "a", Played(root=root, **played))  # type: ignore[arg-type]
    with pytest.raises(RunUnfit, match=why):
        compare([a], [a], QUICK)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"streams": ()}, "it has no stream"),
        ({"valid": False}, "it is marked invalid"),
        ({"books": Books(balanced=False, complaints=())}, "it is marked invalid"),
        ({"troubles": ("the node died",)}, "it is invalid: the node died"),
        ({"books": Books(balanced=True, complaints=("3 of 9 reports are missing",))}, "3 of 9 reports are missing"),
    ],
    ids=["without a stream", "marked", "its books marked", "a trouble, though marked valid", "a complaint, likewise"],
)
def test_one_reason_is_enough_to_compare_nothing(
    root: Path, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    side = read_side([write_run(tmp_path / "run", Played(root=root))], Recordings())
    check_side(side)
    (run,) = side.runs
    doubtful = replace(run, summary=msgspec.structs.replace(run.summary, **changes))
    with pytest.raises(RunUnfit, match=why):
        check_side(replace(side, runs=(doubtful,)))


def test_without_recordings_only_streams_of_the_same_names_are_compared(root: Path, tmp_path: Path) -> None:
    def live(name: str, stream: str) -> Path:
        run = write_run(tmp_path / name, Played(root=root, name=stream))
        identity = json.loads((run / "run.json").read_text())
        identity["nodes"][0]["streams"][0] |= {"dataset": "", "recording": "", "digest": ""}
        (run / "run.json").write_text(json.dumps(identity))
        return run

    a = live("a", "north")
    with pytest.raises(NotComparable, match="their streams have other names: replay/north in A, replay/south in B"):
        compare([a], [live("b", "south")], QUICK)
    told = compare([a], [live("c", "north")], QUICK).comparison
    assert told.notes[0].startswith("No stream has a recording with a truth")


def test_frames_that_calibrated_a_side_are_no_ground_to_judge_it(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    b = write_run(tmp_path / "b", Played(root=root, calibrated_on=(3, 4)))
    with pytest.raises(NotComparable, match="B's 2 of the frames calibrated the artefact"):
        compare([a], [b], QUICK)


def cut_summary(folder: Path) -> None:
    path = folder / "summary.json"
    path.write_bytes(path.read_bytes()[:200])


def cut_reports(folder: Path) -> None:
    path = folder / "reports/replay/replay.jsonl"
    path.write_bytes(path.read_bytes()[:-40])


def lose_a_report(folder: Path) -> None:
    path = folder / "reports/replay/replay.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def write_a_strangers_summary(folder: Path) -> None:
    (folder / "summary.json").write_text('{"mAP": 0.4}')


def remove_identity(folder: Path) -> None:
    (folder / "run.json").unlink()


@pytest.mark.parametrize(
    "harm",
    [cut_summary, cut_reports, lose_a_report, write_a_strangers_summary, remove_identity],
)
def test_a_folder_that_is_cut_off_or_changed_is_told(root: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    a = write_run(tmp_path / "runs/a", Played(root=root))
    b = write_run(tmp_path / "runs/b", Played(root=root, started_utc_ns=1))
    harm(b)
    for named in (b, tmp_path / "runs"):
        with pytest.raises(RunFolderWrong, match="runs/b can't be read: "):
            compare([a], [named], QUICK)


def test_a_folder_without_runs_is_told(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root))
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere", a / "run.json"):
        with pytest.raises(NoRuns):
            compare([a], [path], QUICK)


def test_every_refusal_has_a_hint(root: Path, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", Played(root=root, drive=0))
    b = write_run(tmp_path / "b", Played(root=root, drive=1))
    with pytest.raises(GilmokError) as refusal:
        compare([a], [b], QUICK)
    assert refusal.value.hint
