"""The campaign's page and tables say what the records say, and whose times they are."""

import json
import math
from pathlib import Path

import pytest
from msgspec.structs import replace

import gilmok
from replay.campaign.page.answer import candidates
from replay.campaign.page.grids import grids
from replay.campaign.record import CellRecord, ChipTuple, Figures, Interval
from replay.metrics.percentiles import percentiles
from replay.runs.books import Frames
from sensors.clock import NS_PER_MS
from tests.replay.campaign.made import campaign_file
from tests.replay.campaign.test_record import AT, TRIED

parquet = pytest.importorskip("pyarrow.parquet")


def record(model: str, chip: str, ap: float, p99_ms: float, *, work: str = "realtime", repeat: int = 1) -> CellRecord:
    at = replace(AT, work=work, model=model, device=chip, repeat=repeat)
    latency = percentiles([round(p99_ms * NS_PER_MS)] * 100)
    frames = Frames(captured=100, ok=100, failed=0, dropped=0)
    figures = Figures(
        valid=True,
        digest="0" * 64,
        frames=frames,
        ap=Interval(value=ap),
        ap50=Interval(),
        n_frames=100,
        n_truth=9,
        latency_ns=latency,
        fps=30.0,
    )
    kind = ChipTuple(kind="emulated" if chip == "pretended" else "npu", facts={})
    return CellRecord(key=at.name, at=at, ended="done", inputs={}, attempts=(TRIED,), figures=figures, chip=kind)


def test_the_answer_is_the_one_that_finds_most_of_those_that_keep_up_on_their_own_chip() -> None:
    records = [
        record("large", "a", 0.6, 40.0),
        record("large", "b", 0.5, 20.0),
        record("small", "a", 0.4, 10.0),
        # What another chip found of the same model is no figure of this one.
        record("small", "a", 0.9, 10.0, work="lockstep"),
        record("small", "pretended", 0.7, 1.0),
    ]
    found = candidates(records, 30.0)
    assert [(one.model, one.chip, one.keeps_up) for one in found] == [
        ("large, original", "onnxruntime:b", True),
        ("small, original", "onnxruntime:a", True),
        ("small, original", "onnxruntime:pretended", True),
        ("large, original", "onnxruntime:a", False),
    ]
    assert found[0].ap == 0.5
    assert "beyond the period" in found[-1].why_not
    assert not any(one.keeps_up for one in candidates(records, 2000.0))


def test_grids_show_times_of_undisturbed_cells_alone_and_what_is_unknown_as_unknown() -> None:
    disturbed = record("small", "b", 0.4, 1.0)
    records = [
        record("small", "a", 0.4, 10.0),
        record("small", "a", 0.4, 12.0, repeat=2),
        record("large", "c", 0.6, 30.0),
        replace(disturbed, attempts=(replace(TRIED, alone=False),)),
    ]
    p99 = next(grid for grid in grids(records) if grid.title == "p99")
    assert p99.chips == ("onnxruntime:a", "onnxruntime:c")
    (_, (small_a, small_c)), (_, (_, large_c)) = p99.rows
    assert (small_a.value, small_a.low, small_a.high, small_a.n) == (10.0, 10.0, 12.0, 2)
    assert math.isnan(small_c.value)
    assert (small_a.shade, large_c.shade) == (1.0, 0.0)


def test_a_report_is_a_page_and_two_tables_of_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    models = [{"name": "tiny", "file": "tiny.onnx"}, {"name": "<absent>"}]
    out = tmp_path / "out"
    assert gilmok.main(["campaign", "run", str(campaign_file(tmp_path, models=models)), "--out", str(out)]) == 3
    assert gilmok.main(["campaign", "report", str(out)]) == 0
    page = (out / "campaign.html").read_text(encoding="utf-8")
    assert "<absent>" not in page
    assert "No model on any chip keeps up" in page
    rows = {row["model"]: row for row in parquet.read_table(out / "cells.parquet").to_pylist()}
    (run,) = out.glob("cells/*/run/summary.json")
    summary = json.loads(run.read_text())
    assert rows["tiny"]["digest"] == summary["digest"]["detections"]
    assert rows["tiny"]["ap"] == summary["accuracy"]["coco"]["AP"]
    assert rows["<absent>"]["ap"] is None
    assert rows["<absent>"]["blame"] == "cell"
    (row,) = parquet.read_table(out / "classes.parquet").to_pylist()
    assert (row["class"], row["n_truth"]) == ("person", 12)
    capsys.readouterr()
