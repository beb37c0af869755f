"""A cell's record on the disk."""

import math
from pathlib import Path

import pytest

from replay.campaign.record import (
    Attempt,
    CellRecord,
    Coordinates,
    Figures,
    Interval,
    RecordWrong,
    read_record,
    write_record,
)
from replay.runs.books import Frames

AT = Coordinates(
    work="lockstep",
    model="tiny",
    precision="original",
    backend="onnxruntime",
    device="cpu",
    recording="WALK",
    condition="plain",
    seed=1,
    repeat=1,
)
TRIED = Attempt(ended="done", began_utc_ns=1, took_s=2.5, host="here", slot="onnxruntime:cpu/0", cores=1, alone=True)
FIGURES = Figures(
    valid=True,
    digest="0" * 64,
    frames=Frames(captured=2, ok=2, failed=0, dropped=0),
    ap=Interval(value=0.5),
    ap50=Interval(),
    n_frames=2,
    n_truth=2,
    latency_ns=None,
    fps=math.nan,
)
RECORD = CellRecord(key="1" * 64, at=AT, ended="done", inputs={"model": "2" * 64}, attempts=(TRIED,), figures=FIGURES)


def test_a_record_comes_back_as_it_was_written_with_what_is_undefined(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    back = read_record(tmp_path)
    assert back is not None
    assert back.figures is not None
    assert math.isnan(back.figures.ap50.value)
    assert math.isnan(back.figures.ap.low)
    assert (back.key, back.at, back.attempts, back.figures.ap.value) == (RECORD.key, AT, (TRIED,), 0.5)
    assert not back.flaky


def test_no_record_is_no_end_and_a_wrong_one_says_which_file_it_is(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "record.json").write_text('{"schema": 1, "key": 3}')
    with pytest.raises(RecordWrong, match=r"record\.json"):
        read_record(tmp_path)
