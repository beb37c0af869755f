"""Each format, read back by the program that it is for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import duckdb
import jsonschema
import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
import trackeval
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from vcd.schema import openlabel_schema

from edge.wire.messages import FrameReport
from replay.cli import export as cli
from replay.datasets.pictures import PictureRecording
from replay.datasets.writing.conversion import Conversion
from replay.datasets.writing.mot import Mot
from replay.export.columns import TABLES
from replay.export.export import FORMATS, export
from replay.export.layouts import CannotExport
from replay.recording import open_dataset
from replay.runs.loaded import LoadedRun, read_run
from replay.scoring.profiles.choice import profile
from replay.scoring.reference import score
from replay.scoring.tracking import tracking_accuracy
from tests.made_runs import Played, write_drives, write_run

FRAMES, FAILED, DROPPED = 8, 3, 7


def tracked(report: FrameReport) -> FrameReport:
    """One track for each label, and one frame that failed."""
    if report.seq == FAILED:
        return msgspec.structs.replace(report, status="failed", findings=None, reason="the device hung")
    findings = report.findings
    assert findings is not None
    return msgspec.structs.replace(report, findings=msgspec.structs.replace(findings, tracks=findings.labels))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """Eight frames of one drive: one failed, the last one dropped; not to be changed."""
    folder = tmp_path_factory.mktemp("export")
    root = write_drives(folder / "kitti", 1, FRAMES)
    for path in (root / "training" / "image_02" / "0000").iterdir():
        cv2.imwrite(str(path), np.zeros((80, 128, 3), np.uint8))
    made = read_run(write_run(folder / "run", Played(root=root, cars=6, walkers=5, dropped=1)))
    stream = made.streams[0]
    return replace(made, streams=(replace(stream, reports=[tracked(report) for report in stream.reports]),))


def written(run: LoadedRun, to: str, out: Path) -> Path:
    export(run, to, out / to)
    return out / to


def test_pycocotools_gives_the_runs_own_ap(run: LoadedRun, tmp_path: Path) -> None:
    folder = written(run, "coco", tmp_path)
    truth = COCO(str(folder / "annotations.json"))
    judged = COCOeval(truth, truth.loadRes(str(folder / "results.json")), "bbox")
    scored = run.streams[0].scored
    assert scored is not None
    judged.params.catIds = truth.getCatIds(catNms=list(scored.classes.groups))
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(score(scored).overall["AP"], abs=1e-12)
    assert [image["status"] for image in truth.loadImgs([2, FAILED, DROPPED])] == ["ok", "failed", "dropped"]


def test_pandas_polars_and_duckdb_read_the_tables_and_a_failure_is_never_nothing_found(
    run: LoadedRun, tmp_path: Path
) -> None:
    parquet, csv = written(run, "parquet", tmp_path), written(run, "csv", tmp_path)
    for frames in (pl.read_parquet(parquet / "frames.parquet"), pl.read_csv(csv / "frames.csv")):
        assert frames.columns == [column.name for column in TABLES["frames"]]
        assert frames["findings"].to_list() == [2, 2, 2, None, 2, 1, 0, None]
        assert frames["status"].to_list() == ["ok"] * 3 + ["failed"] + ["ok"] * 3 + ["dropped"]
        assert frames["reason"].to_list()[FAILED] == "the device hung"
    found = pd.read_parquet(parquet / "findings.parquet")
    assert found.loc[0, ["label", "class", "left_px", "bottom_px"]].tolist() == ["car", "vehicle", 10, 60]
    assert pd.read_csv(csv / "findings.csv").equals(found.astype(pd.read_csv(csv / "findings.csv").dtypes))
    counted = f"select sum(infer_ns), count(capture_ns) from '{parquet / 'frames.parquet'}'"
    assert rows_of(counted) == [(7 * 20_000_000, 7)]
    truth = rows_of(f"select class, count(*) from '{csv / 'truth.csv'}' group by 1 order by 1")
    assert truth == [("person", FRAMES), ("vehicle", FRAMES)]


def rows_of(query: str) -> list[Any]:
    answer = duckdb.sql(query)
    assert answer is not None
    return answer.fetchall()


def test_trackeval_gives_the_same_hota(run: LoadedRun, tmp_path: Path) -> None:
    recording, scored = run.streams[0].recording, run.streams[0].scored
    assert recording is not None
    assert scored is not None
    Conversion(recording, Mot()).write(tmp_path / "truth")
    names = {"GT_FOLDER": str(tmp_path / "truth" / "train"), "TRACKERS_FOLDER": str(written(run, "mot", tmp_path))}
    mot = trackeval.datasets.MotChallenge2DBox({
        **names, "SEQ_INFO": {"0000": FRAMES}, "SKIP_SPLIT_FOL": True, "TRACKERS_TO_EVAL": ["vehicle"],
        "PRINT_CONFIG": False,
    })  # fmt: skip
    own = tracking_accuracy(scored)
    assert own is not None
    assert hota(mot, "vehicle", "pedestrian") == pytest.approx(own.per_class["vehicle"]["HOTA"])
    labels = Path(str(recording.truth_files[0])).parent.parent  # type: ignore[attr-defined]
    (labels / "evaluate_tracking.seqmap.training").write_text(f"0000 empty 000000 {FRAMES:06}\n")
    place = written(run, "kitti", tmp_path)
    kitti = trackeval.datasets.Kitti2DBox({
        "GT_FOLDER": str(labels), "TRACKERS_FOLDER": str(place.parent), "TRACKERS_TO_EVAL": ["kitti"],
        "CLASSES_TO_EVAL": ["car"], "PRINT_CONFIG": False,
    })  # fmt: skip
    assert hota(kitti, "kitti", "car") == pytest.approx(profile(scored, "official").per_class["car"]["HOTA"])


def hota(dataset: Any, tracker: str, kind: str) -> float:
    rows = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data(tracker, "0000"), kind)
    return float(np.mean(trackeval.metrics.HOTA({"PRINT_CONFIG": False}).eval_sequence(rows)["HOTA"]))


def test_openlabel_follows_its_schema_and_is_read_again(run: LoadedRun, tmp_path: Path) -> None:
    folder = written(run, "openlabel", tmp_path)
    jsonschema.validate(json.loads((folder / "0000.json").read_bytes()), openlabel_schema)
    back = open_dataset("openlabel", folder).open("0000")
    assert isinstance(back, PictureRecording)
    assert {number: len(truth) for number, truth in back.truths.items()} == {0: 2, 1: 2, 2: 2, 4: 2, 5: 1, 6: 0}


def test_kittis_object_results_have_a_file_for_each_answered_frame(run: LoadedRun, tmp_path: Path) -> None:
    stream = run.streams[0]
    plain = [
        one if one.findings is None
        else msgspec.structs.replace(one, findings=msgspec.structs.replace(one.findings, tracks=None))
        for one in stream.reports
    ]  # fmt: skip
    notes = export(replace(run, streams=(replace(stream, reports=plain),)), "kitti", tmp_path / "out")
    files = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
    assert files == [f"{number:06}.txt" for number in (0, 1, 2, 4, 5, 6)]
    first = (tmp_path / "out" / "data" / "000000.txt").read_text().splitlines()
    assert first[0] == "Car -1 -1 -10 10 10 60 60 -1 -1 -1 -1000 -1000 -1000 -10 0.9"
    assert notes == ["2 frames have no file, because they have no answer; KITTI's devkit wants one for every frame"]


def test_fiftyones_layout_leaves_a_failed_frame_without_labels(run: LoadedRun, tmp_path: Path) -> None:
    folder = written(run, "fiftyone", tmp_path)
    pictures, labels = (json.loads((folder / name).read_bytes()) for name in ("data.json", "labels.json"))
    files = {Path(name).stem: path for name, path in pictures.items()}
    assert len(files) == FRAMES
    assert all(Path(path).is_file() for path in files.values())
    assert set(files) - set(labels["labels"]) == {f"{FAILED:06}", f"{DROPPED:06}"}
    car = labels["labels"]["000000"][0]
    assert car["attributes"] == {"index": 1}
    assert (car["label"], car["confidence"], car["bounding_box"]) == ("car", 0.9, [10 / 128, 0.125, 50 / 128, 0.625])
    assert labels["labels"]["000006"] == []


def test_what_can_not_be_written_leaves_nothing_behind(run: LoadedRun, tmp_path: Path) -> None:
    gone = msgspec.structs.replace(run.streams[0].stream, dataset="", recording="", digest="")
    lost = replace(run, streams=(replace(run.streams[0], stream=gone),))
    for to in ("mot", "fiftyone"):
        with pytest.raises(CannotExport):
            export(lost, to, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    assert "1 captured frames without a report" in " ".join(export(lost, "csv", tmp_path / "out"))


def test_the_page_names_every_column_and_the_command_every_format() -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text()
    for columns in TABLES.values():
        assert [one.name for one in columns if f"| `{one.name}` |" not in page] == []
    assert f"formats = {FORMATS}".replace("'", '"') in Path(cli.__file__).read_text()
