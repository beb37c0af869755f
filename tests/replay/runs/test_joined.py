"""A node that died and was started again: its sessions as one run."""

from dataclasses import replace
from pathlib import Path

import msgspec

from edge.wire.messages import Findings, FrameReport, StreamCounters
from replay.runs.books import books_of, frames_of
from replay.runs.joined import joined
from replay.runs.loaded import read_run
from replay.runs.reports import write_reports
from replay.runs.runfolder import RunFolder
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import Restart, summarise
from tests.made_runs import Played, write_drives, write_run


def _made(root: Path, folder: Path) -> StreamRecord:
    """A drive of ten frames, all answered."""
    (stream,) = read_run(write_run(folder, Played(root=root))).streams
    assert stream.recording is not None
    return StreamRecord(stream.birth, stream.stream, stream.reports, None, True, None, stream.recording)


def _life(whole: StreamRecord, count: int, begins: int, ends: int, told: int, *, resumes: str = "") -> StreamRecord:
    """Frames from `begins` until before `ends`, of which the last counters told `told`."""
    birth = msgspec.structs.replace(whole.birth, session=count, session_id=f"{count:032x}", resumes=resumes)
    here = [
        msgspec.structs.replace(report, n=n, session=count, session_id=birth.session_id)
        for n, report in enumerate(whole.reports[begins:ends])
    ]
    counters = StreamCounters(captured=told, ok=told, skipped=begins)
    return replace(whole, birth=birth, reports=here, counters=counters, final=bool(resumes))


def _tracked(report: FrameReport, track: int) -> FrameReport:
    findings = report.findings
    assert isinstance(findings, Findings)
    return msgspec.structs.replace(
        report, findings=msgspec.structs.replace(findings, tracks=tuple(track for _ in findings.labels))
    )


def test_frames_that_were_due_while_nobody_was_there_are_counted_and_missed(tmp_path: Path) -> None:
    whole = _made(write_drives(tmp_path / "drives", n=1), tmp_path / "whole")
    # The first life told of three frames and reported four; the second one began with the seventh.
    first = _life(whole, 1, 0, 4, 3)
    second = _life(whole, 2, 6, 10, 4, resumes=first.birth.session_id)
    (record,) = joined([first, second])
    frames = frames_of(record)
    assert (frames.captured, frames.ok, frames.down) == (10, 8, 2)
    assert books_of(record).balanced
    died = Restart(part="node replay", why="node replay was killed by signal 9", utc_ns=1, away_s=2.0)
    summary = summarise("healed", [record], restarts=[died])
    assert summary.accuracy.coco["n_frames"] == 10
    assert summary.accuracy.answered["n_frames"] == 8
    assert not summary.valid
    assert summary.invalid_because == ("node replay was killed by signal 9; it was started again, ready after 2.0 s",)


def test_a_joined_run_is_read_again_from_its_folder(tmp_path: Path) -> None:
    whole = _made(write_drives(tmp_path / "drives", n=1), tmp_path / "whole")
    first = _life(whole, 1, 0, 4, 4)
    records = joined([first, _life(whole, 2, 6, 10, 4, resumes=first.birth.session_id)])
    identity = msgspec.structs.replace(
        read_run(tmp_path / "whole").identity, nodes=tuple(part.birth for part in records[0].parts)
    )
    folder = RunFolder(tmp_path / "healed")
    folder.write_identity(identity)
    write_reports(folder, [("replay", whole.stream.name, records[0].reports)])
    folder.write_summary(summarise("healed", records))
    (stream,) = read_run(folder.path).streams
    assert [report.seq for report in stream.reports] == [0, 1, 2, 3, 6, 7, 8, 9]
    assert [one.count for one in stream.summary.continued_by] == [2]


def test_a_frame_that_was_done_twice_counts_once_and_tracks_stay_apart(tmp_path: Path) -> None:
    whole = _made(write_drives(tmp_path / "drives", n=1), tmp_path / "whole")
    first = _life(whole, 1, 0, 5, 5)
    second = _life(whole, 2, 4, 10, 6, resumes=first.birth.session_id)
    first, second = (replace(one, reports=[_tracked(report, 3) for report in one.reports]) for one in (first, second))
    (record,) = joined([first, second])
    assert [report.seq for report in record.reports] == list(range(10))
    assert (frames_of(record).captured, frames_of(record).down) == (10, 0)
    tracks = [report.findings.tracks[0] for report in record.reports if report.findings and report.findings.tracks]
    assert tracks == [3] * 5 + [7] * 5


def test_sessions_that_do_not_go_on_from_one_another_stay_as_they_are(tmp_path: Path) -> None:
    whole = _made(write_drives(tmp_path / "drives", n=1), tmp_path / "whole")
    lives = [_life(whole, count, 0, 10, 10) for count in (1, 2)]
    assert joined(lives) == lives
    nameless = [replace(one, birth=msgspec.structs.replace(one.birth, session_id="")) for one in lives]
    assert joined(nameless) == nameless


def test_a_report_that_a_dead_session_told_of_is_missing_still(tmp_path: Path) -> None:
    whole = _made(write_drives(tmp_path / "drives", n=1), tmp_path / "whole")
    first = _life(whole, 1, 0, 4, 5)
    (record,) = joined([first, _life(whole, 2, 6, 10, 4, resumes=first.birth.session_id)])
    assert books_of(record).complaints == ("session 1: 1 of 5 reports are missing (0 evicted); n = 4",)
    assert frames_of(record).down == 1
