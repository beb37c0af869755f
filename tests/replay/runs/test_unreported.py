"""Reports that were made and are not here: what became of their frames is unknown, and counts neither way."""

import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge.wire.messages import StreamCounters
from replay.runs.books import missing, unreported
from replay.runs.loaded import read_run
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import StreamSummary, summarise
from replay.runs.tables import render
from sensors.clock import NS_PER_MS
from tests.made_runs import Played, write_drives, write_run


@pytest.fixture
def whole(tmp_path: Path) -> StreamRecord:
    """A drive of ten frames in real time, all answered and right."""
    played = Played(root=write_drives(tmp_path / "drives", n=1), pace="realtime")
    (stream,) = read_run(write_run(tmp_path / "whole", played)).streams
    counters = StreamCounters(captured=10, ok=10)
    return StreamRecord(stream.birth, stream.stream, stream.reports, counters, True, None, stream.recording)


def _without(record: StreamRecord, *lost: int) -> StreamRecord:
    return replace(record, reports=[report for report in record.reports if report.n not in lost])


def _summary(record: StreamRecord) -> StreamSummary:
    return summarise("cut", [record]).streams[0]


def test_a_frame_whose_report_is_missing_is_unknown_and_not_missed(whole: StreamRecord) -> None:
    assert whole.recording is not None
    numbers = whole.recording.numbers
    cut = _without(whole, 0, 3, 4, 9)
    assert (missing(cut), unreported(cut)) == (4, tuple(numbers[n] for n in (0, 3, 4, 9)))
    told, all_of_it = _summary(cut), _summary(whole)
    assert (told.accuracy.coco["n_frames"], all_of_it.accuracy.coco["n_frames"]) == (6, 10)
    assert told.accuracy.coco["AP"] == all_of_it.accuracy.coco["AP"] == 1.0
    assert not told.books.balanced
    said = " ".join(str(part) for part in render(summarise("cut", [cut])))
    assert "every figure rests on 6 of 10 reports; what became of 4 of 10 frames is unknown" in said
    assert "accuracy is of the other 60.0 %" in said


def test_where_no_report_is_here_accuracy_is_undefined(whole: StreamRecord) -> None:
    told = _summary(_without(whole, *range(10)))
    assert math.isnan(told.accuracy.coco["AP"])
    assert told.accuracy.coco["n_frames"] == 0


def test_beside_a_missing_report_a_dropped_frame_is_unknown_too_and_elsewhere_it_is_missed(whole: StreamRecord) -> None:
    # The fifth frame was dropped, and so was the last; of the reports before and behind the fifth one is missing.
    reports = [
        msgspec.structs.replace(report, n=n) for n, report in enumerate(r for r in whole.reports[:9] if r.n != 4)
    ]
    counted = StreamCounters(captured=10, ok=8, dropped=2)
    known = replace(whole, reports=reports, counters=counted)
    assert whole.recording is not None
    numbers = whole.recording.numbers
    assert unreported(known) == ()
    assert _summary(known).accuracy.coco["n_frames"] == 10
    assert unreported(_without(known, 4)) == (numbers[4], numbers[5])
    # The last report is missing, or its frame was dropped: which of the two frames it was of, nobody knows.
    assert unreported(_without(known, 7)) == (numbers[8], numbers[9])


def test_streaming_accuracy_leaves_out_the_instants_at_which_a_missing_answer_may_have_stood(
    whole: StreamRecord,
) -> None:
    streaming, cut = (_summary(one).accuracy.streaming for one in (whole, _without(whole, 3)))
    assert streaming is not None
    assert cut is not None
    assert (cut.sap_edge is None) == (streaming.sap_edge is None)
    assert (streaming.edge is None, cut.edge) == (False, None)


def test_what_is_missing_behind_a_nodes_last_word_is_known_by_the_numbers_of_later_reports(
    whole: StreamRecord,
) -> None:
    died = replace(_without(whole, 4, 5, 6), counters=StreamCounters(captured=3, ok=3), final=False)
    assert whole.recording is not None
    assert (missing(died), unreported(died)) == (3, tuple(whole.recording.numbers[4:7]))
    told = _summary(died)
    assert (told.frames.captured, told.accuracy.coco["n_frames"]) == (10, 7)
    assert "3 of 10 reports are missing (0 evicted); n = 4-6" in told.books.complaints


def test_late_reports_are_no_live_latency_and_the_table_says_how_many(whole: StreamRecord) -> None:
    latencies = [5 * NS_PER_MS] * 7 + [9000 * NS_PER_MS] * 3
    late = replace(whole, hub_latency_ns=latencies, late=[n >= 7 for n in range(10)])
    summary = summarise("late", [late])
    assert summary.streams[0].late == 3
    assert (summary.latency_ns["hub"].n, summary.latency_ns["hub"].max) == (7, 5 * NS_PER_MS)
    assert "3 reports came late, out of a backlog" in " ".join(str(part) for part in render(summary))
