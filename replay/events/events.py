"""Frames marked by rules, put together to events: what, when, for how long."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.scene.rules import Rules, check_streams
from edge.scene.watch import Watch
from edge.wire.messages import FrameReport
from replay.events.reported import NothingReported, Reported
from sensors.clock import NS_PER_S
from sensors.pace.pacing import Schedule
from sensors.record import Record


class Event(Record, frozen=True):
    """Frames in a row that one rule marked."""

    stream: str
    event: str
    began_utc_ns: int
    """By the stamp of its first frame: of a recording that was replayed, when that was."""
    seconds: float
    """From the first to the last frame; of a recording in lockstep, of its own time."""
    frames: int
    first_seq: int
    last_seq: int


@dataclass(slots=True)
class _Open:
    first: FrameReport
    last: FrameReport
    frames: int = 1


def events_of(streams: Sequence[Reported], rules: Rules | None) -> list[Event]:
    """In the order in which they began, stream by stream. None: by the marks that the node's own rules made.

    Raises ConfigWrong where a rule asks for what a stream hasn't, or NothingReported where nobody knows its labels.
    """
    if rules is not None:
        check_streams(rules.events, {one.name.rpartition("/")[2] for one in streams})
    return [event for one in streams for event in _of_stream(one, rules)]


def _of_stream(one: Reported, rules: Rules | None) -> Iterable[Event]:
    stream = one.stream
    in_lockstep = stream is not None and stream.pace == "lockstep" and stream.fps
    schedule = Schedule(0, stream.fps) if stream is not None and in_lockstep and stream.fps else None
    watch = None if rules is None else _watch(one, rules, schedule)
    going: dict[str, _Open] = {}
    done: list[Event] = []

    def end(name: str) -> None:
        of = going.pop(name)
        done.append(_event(one.name, name, of, schedule))

    for _, session in itertools.groupby(one.reports, lambda report: (report.session, report.session_id)):
        for report in session:
            found = report.events if watch is None else watch.events(report.seq, report.stamp, report.findings)
            for name in [name for name in going if name not in found]:
                end(name)
            for name in found:
                if name in going:
                    going[name].last = report
                    going[name].frames += 1
                else:
                    going[name] = _Open(report, report)
        for name in list(going):
            end(name)
    return sorted(done, key=lambda event: event.began_utc_ns)


def _watch(one: Reported, rules: Rules, schedule: Schedule | None) -> Watch:
    if one.birth is None:
        raise NothingReported(one.name, "came without its node's birth: nobody knows its labels")
    answered = [report.findings for report in one.reports if report.findings is not None]
    return Watch(
        rules.events,
        one.name.rpartition("/")[2],
        one.birth.model.labels,
        tracked=any(found.tracks is not None for found in answered),
        placed=any(found.ground is not None for found in answered),
        schedule=schedule,
    )


def _event(stream: str, name: str, of: _Open, schedule: Schedule | None) -> Event:
    first, last = of.first, of.last
    began_ns, ended_ns = (
        (first.stamp.mono_ns, last.stamp.mono_ns)
        if schedule is None
        else (schedule.due_ns(first.seq), schedule.due_ns(last.seq))
    )
    return Event(
        stream=stream,
        event=name,
        began_utc_ns=first.stamp.utc_ns,
        seconds=(ended_ns - began_ns) / NS_PER_S,
        frames=of.frames,
        first_seq=first.seq,
        last_seq=last.seq,
    )
