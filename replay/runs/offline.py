"""A recording through a model without MQTT: the same pipeline, the same reports, the same figures as with a hub."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.assembly import loaded, open_stream
from edge.birth import birth
from edge.config import BackendChoice, ModelChoice, SourceChoice, StreamConfig, TrackerChoice
from edge.device.watched import Watched
from edge.session_name import UNNAMED
from edge.stream import Stream
from edge.wire.messages import Birth, PaceName
from replay.part import Part, part_of
from replay.recording import check_sound, open_recorded
from replay.runs.reports import ReportWriter
from replay.runs.runfolder import RunFolder, RunIdentity, check_free
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import Summary, summarise
from replay.runs.unscored import without_truth
from replay.scoring.classes import evaluated
from sensors.clock import Clock, SystemClock
from sensors.config import Settings, convert, plain
from sensors.ranges import ClassKey, Count, FileName, Fps, Name
from sensors.signals import Postponable

OFFLINE = "offline"
STREAM = "replay"


class ReplayConfig(Settings, frozen=True, kw_only=True):
    dataset: Name
    root: Path
    name: FileName
    model: ModelChoice
    backend: BackendChoice = BackendChoice()
    pace: PaceName = "lockstep"
    tracker: TrackerChoice | None = None
    labels: tuple[Name, ...] = ()
    classes: dict[ClassKey, tuple[Name, ...]] = {}
    """More classes to evaluate, each with the model's labels that count for it; none: those that mean the same."""
    frames: Count | None = None
    fps: Fps | None = None
    """Of stills, in real time."""
    unsound: bool = False
    """Score the recording even if it isn't sound."""
    part: Part | None = None
    """Without it, the whole recording."""

    def stream(self) -> StreamConfig:
        options: dict[str, Any] = {"dataset": self.dataset, "root": str(self.root), "recording": self.name}
        options |= {} if self.fps is None else {"fps": self.fps}
        options |= {} if self.part is None else {"part": plain(self.part)}
        return StreamConfig(
            name=STREAM,
            source=SourceChoice(kind="recording", options=options),
            pace=self.pace,
            tracker=self.tracker,
            frames=self.frames,
            labels=self.labels,
            classes=self.classes,
        )


class OfflineRun:
    """One replay; `stop` may come from a signal handler, and the run ends with what it has."""

    def __init__(self, config: ReplayConfig, out: Path | str, clock: Clock | None = None) -> None:
        """`out`: the run folder to make; nothing is written before the first frame is sure to come. `clock` None: the
        system's. Raises RunFolderTaken, or ConfigWrong: what was built in Python has the ranges of a file, too.
        """
        self._config = convert(plain(config), ReplayConfig, "the configuration of this run")
        self._out = Path(out)
        check_free(self._out)
        self._clock = clock or SystemClock()
        self._stream: Stream | None = None
        self._stopped = False
        self._device: Watched | None = None
        self.scoring = Postponable()
        self.ending = False
        """The frames are over; what was found is being scored and written."""

    @property
    def begun(self) -> bool:
        """Whether there is a run folder, or will be one in a moment: from then on a run is ended by `stop`."""
        return self._stream is not None

    @property
    def stopped(self) -> bool:
        """Whether it was asked to end, at any moment."""
        return self._stopped

    def stop(self) -> None:
        self._stopped = True
        if self._stream is not None:
            self._stream.stop()

    def give_up(self) -> None:
        """Wait no longer for a device that hangs: what is in flight fails. From any thread."""
        if self._device is not None:
            self._device.give_up()

    def run(self, begun: Callable[[Stream, int], None] = lambda _stream, _to_come: None) -> Summary:
        """Replay, write the run folder, return its summary.

        `begun` gets the stream (for its counters) and how many frames are to come, just before the first one.
        Raises RecordingUnsound, or what else keeps a run from starting, and FileUnwritable.
        """
        config = self._config
        recording = part_of(open_recorded(config.dataset, config.root, config.name), config.part)
        if not config.unsound:
            check_sound(recording)
        to_come = min(len(recording.numbers), config.frames or len(recording.numbers))
        with loaded(config.model, config.backend, Path()) as parts:
            self._device = parts.session
            evaluated(recording, parts.labels, config.labels, config.classes)
            with open_stream(config.stream(), parts, Path(), self._clock) as stream:
                who = birth(
                    site=OFFLINE,
                    node=STREAM,
                    session=UNNAMED,
                    kind="roadside",
                    run=self._out.name,
                    parts=parts,
                    configs=[config.stream()],
                    streams=[stream],
                    clock=self._clock,
                )
                self._stream = stream
                folder = RunFolder(self._out)
                folder.write_identity(identity(who, config))
                with ReportWriter(folder.reports_file(STREAM, STREAM)) as writer:
                    begun(stream, to_come)
                    if self._stopped:
                        stream.stop()
                    stream.run(writer.put)
                self.ending = True
        counters = stream.counters()
        record = StreamRecord(
            birth=who,
            stream=who.streams[0],
            reports=writer.reports,
            counters=counters,
            final=True,
            hub_latency_ns=None,
            recording=recording,
        )
        # A signal in the last moment cuts nothing short.
        interrupted = self._stopped and counters.ok + counters.failed + counters.dropped < to_come
        troubles = parts.session.troubles()
        summary = self.scoring.done(
            lambda: summarise(who.run, [record], troubles, interrupted=interrupted),
            lambda: summarise(who.run, without_truth([record]), troubles, interrupted=interrupted),
        )
        folder.write_summary(summary)
        return summary


def identity(who: Birth, config: ReplayConfig) -> RunIdentity:
    return RunIdentity(
        run=who.run,
        software=who.software,
        started_utc_ns=who.stamp.utc_ns,
        scenario=plain(config),
        clock={"boot": who.boot, "durations": "CLOCK_MONOTONIC", "labels": "UTC"},
        host=who.host,
        nodes=(who,),
    )
