import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import simplejpeg

from edge.wire.messages import FrameReport
from replay.metrics.by_score import Operating
from replay.metrics.percentiles import percentiles
from replay.report import texts
from replay.report.charts.accuracy import precision_recall
from replay.report.charts.latency import exceeding, over_time, stage_boxes, tail
from replay.report.evidence import Curve
from replay.report.glossary import GLOSSARY
from replay.report.timeline import timeline
from replay.report.views.bands import breakdown_table, profile_tables
from replay.report.views.panels import jpeg
from replay.runs.books import Frames
from replay.runs.loaded import LoadedStream, read_run
from replay.runs.nan_json import convert
from replay.runs.runfolder import read_summary
from replay.runs.summary import Summary
from replay.scoring.breakdown import Band
from replay.scoring.profiles.figures import ProfileFigures
from sensors.clock import Stamp

HOSTILE = "<script>alert(1)</script> $\\frac{1}{0}$ 길목"


def at(report: FrameReport, seq: int, mono_ns: int) -> FrameReport:
    return msgspec.structs.replace(report, seq=seq, stamp=Stamp(mono_ns, 0))


def stream_of(run: Path) -> LoadedStream:
    (stream,) = read_run(run).streams
    return stream


def test_a_dropped_frame_is_placed_between_its_neighbours(tiny_run: Path) -> None:
    some = stream_of(tiny_run).reports[0]
    reports = [at(some, 10, 1_000_000_000), at(some, 30, 1_200_000_000), at(some, 60, 1_600_000_000)]
    time = timeline(reports, [10, 20, 30, 40, 50, 60], dropped=3)
    np.testing.assert_allclose(time.ok_s, [0, 0.2, 0.6])
    np.testing.assert_allclose(time.dropped_s, [0.1, 0.2 + 0.4 / 3, 0.2 + 0.8 / 3])
    assert time.end_s == 0.6


def test_where_the_missing_frames_are_not_the_dropped_ones_nobody_knows_when_they_were(tiny_run: Path) -> None:
    some = stream_of(tiny_run).reports[0]
    assert len(timeline([at(some, 0, 0), at(some, 3, 3)], None, dropped=1).dropped_s) == 0
    assert len(timeline([], None, dropped=4).dropped_s) == 0


def test_the_tail_keeps_every_slow_frame_and_thins_only_the_common_ones() -> None:
    x, y = exceeding(np.array([3.0, 1.0, 2.0, 4.0]))
    assert x.tolist() == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert y.tolist() == [1.0, 0.75, 0.5, 0.25, 0.125]
    x, y = exceeding(np.arange(1, 100_001, dtype=np.float64))
    assert len(x) < 700
    assert set(range(99_951, 100_001)) <= set(x.tolist())


def test_names_in_a_chart_stay_text_of_any_script() -> None:
    line = np.linspace(0, 1, 101)
    chart = precision_recall(
        [Curve(HOSTILE, line, 1 - line, 0.5, 3), Curve("", line, line * 0, 0.0, 1)],
        Operating(0.5, 0.5, 0.5, 0.5),
        "pr",
    )
    assert "<script" not in chart
    assert "&lt;script&gt;" in chart


def test_charts_of_few_frames_and_of_no_time_at_all_are_drawn(tiny_run: Path) -> None:
    one = np.array([0.0])
    assert "<svg" in stage_boxes({"wait": one, "infer": np.array([5.0])}, "a")
    assert "<svg" in tail({"capture to result": one}, math.nan, "b")
    some = stream_of(tiny_run).reports[:1]
    assert "<svg" in over_time(timeline(some, None, 0), 40.0, "c")


def test_ids_of_two_charts_on_a_page_differ() -> None:
    values = {"wait": np.array([1.0, 2.0])}
    charts = [tail(values, 40.0, name) for name in ("one", "two")]
    ids = [{part.split('"')[0] for part in chart.split(' id="')[1:]} for chart in charts]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_picture_keeps_to_its_bytes() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (600, 1200, 3), np.uint8)
    small = jpeg(noise, 40_000)
    assert len(small) <= 40_000
    assert simplejpeg.decode_jpeg(small).shape[1] >= 240
    flat = jpeg(np.full((50, 100, 3), 90, np.uint8), 40_000)
    assert simplejpeg.decode_jpeg(flat).shape == (50, 100, 3)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(1, 3, "33.3 %"), (3, 3, "100 %"), (0, 3, "0 %"), (1, 10_000, "<0.1 %"), (9_999, 10_000, ">99.9 %"), (0, 0, "–")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, whole: int, told: str) -> None:
    assert texts.share(part, whole) == told


def test_a_percentile_of_too_few_says_how_many_it_needs() -> None:
    row = percentiles([2_000_000] * 99)
    assert texts.percentile(row, "p90") == "2.00"
    assert texts.percentile(row, "p99") == "n<100"
    assert texts.percentile(row, "p999") == "n<1,000"


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (Frames(captured=0, ok=0, failed=0, dropped=0), "The camera released no frame."),
        (Frames(captured=7, ok=7, failed=0, dropped=0), "Every one of the 7 frames was answered."),
        (
            Frames(captured=1000, ok=750, failed=50, dropped=200),
            "Of 1,000 frames 750 were answered (75 %); 200 dropped and 50 failed.",
        ),
    ],
)
def test_what_became_of_the_frames_is_a_sentence(frames: Frames, told: str) -> None:
    assert texts.fates(frames) == told


def test_an_undefined_figure_comes_back_as_nan_and_an_absent_one_stays_absent(tiny_run: Path) -> None:
    content = read_summary(tiny_run)
    content["streams"][0]["fps"] = None
    content["streams"][0]["accuracy"]["per_class"]["person"]["APl"] = None
    summary = convert(content, Summary)
    assert math.isnan(summary.streams[0].fps)
    assert math.isnan(summary.streams[0].accuracy.per_class["person"]["APl"])
    assert summary.streams[0].pacing is None
    assert summary.latency_ns["total"].p99 is None


def test_bands_of_which_nothing_is_known_are_left_out() -> None:
    band: Band = {"AP": 0.5, "AP_low": 0.25, "AP_high": 0.75, "AP50": None, "n_truth": 3, "n_frames": 2}
    unknown: Band = {"AP": None, "AP50": None, "n_truth": 9}
    empty: Band = {"AP": None, "AP50": None, "n_truth": 0}
    sizes = {"small": band, "large": empty}
    (table,) = breakdown_table({"class": {"car": band}, "size": sizes, "distance": {"unknown": unknown}})
    assert [(row.label, row.cells) for row in table.rows] == [
        ("size", ("", "", "", "")),
        ("small", ("–", "0.5000 (0.250 to 0.750)", "3", "2")),
    ]
    assert list(breakdown_table({"distance": {"unknown": unknown}})) == []


def test_each_profile_has_a_table_of_its_own_with_its_rules() -> None:
    official = ProfileFigures(
        rules={"car": "IoU .7"},
        overall={"AP40": 0.25, "n_truth": 1200.0},
        per_class={"car": {"AP40": None, "n_truth": 1200.0}},
        left_out={"tram": "the model doesn't have it"},
    )
    (table,) = profile_tables({"official": official, "crosswalk": ProfileFigures(unknown="no rules")})
    assert [row.cells for row in table.rows] == [("0.2500", "1,200"), ("–", "1,200")]
    assert table.notes == ("car: IoU .7.", "tram, not scored: the model doesn't have it.")


def test_every_word_is_defined_once() -> None:
    anchors = [one.anchor for one in GLOSSARY]
    assert len(anchors) == len(set(anchors))
    assert all(one.text.endswith(".") for one in GLOSSARY)
