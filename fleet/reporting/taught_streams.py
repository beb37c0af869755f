"""One stream held against another that saw the same recording: the other is the teacher."""

from collections.abc import Collection, Sequence

from replay.comparison.paired_reports import Told, on_same_frames
from replay.runs.joined import joined
from replay.runs.same_frames.figures import OnSameFrames
from replay.runs.stream_record import StreamRecord
from sensors.errors import GilmokError


class TeacherUnknown(GilmokError):
    def __init__(self, teacher: str, run: str, known: Sequence[str]) -> None:
        super().__init__(f"run {run!r} has no stream {teacher!r}", f"it has: {', '.join(known)}")


class FramesDiffer(GilmokError):
    def __init__(self, teacher: str, streams: Sequence[str]) -> None:
        super().__init__(
            f"none of {', '.join(streams)} saw the same recording as {teacher}",
            "agreement is told of the very same frames: of streams that replay one recording, by its digest",
        )


def taught_streams(
    found: Sequence[StreamRecord], sessions: Collection[str], teacher: str, run: str
) -> tuple[OnSameFrames, ...]:
    """The streams of these `sessions` (ids) that replay what `teacher` (NODE/STREAM) does. Raises TeacherUnknown or
    FramesDiffer.
    """
    whole = joined(found)
    named = {_name(record): record for record in whole}
    if teacher not in named:
        raise TeacherUnknown(teacher, run, sorted(named))
    by = named[teacher]
    own = [record for record in whole if record.birth.session_id in sessions and record is not by]
    alike = [record for record in own if record.stream.digest and record.stream.digest == by.stream.digest]
    if not alike:
        raise FramesDiffer(teacher, [_name(record) for record in own] or [teacher])
    a = Told.active(by.birth, by.stream, by.reports)
    return tuple(
        on_same_frames(
            a,
            Told.active(record.birth, record.stream, record.reports),
            "streams",
            record.recording,
            record.truth_unknown,
        )
        for record in alike
    )


def _name(record: StreamRecord) -> str:
    return f"{record.birth.node}/{record.stream.name}"
