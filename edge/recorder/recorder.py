"""A node's recorder: frames and reports come from any thread, one thread writes them, and nobody waits for it."""

import errno
import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from edge.config import NodeConfig, RecordChoice
from edge.privacy.exits import NOT_BLURRED, Blur
from edge.recorder.ring import Ring
from edge.recorder.unblurred import Unblurred
from edge.wire.messages import Birth, FrameReport
from sensors.clock import NS_PER_S, Clock, Stamp
from sensors.frame import Note
from sensors.mcap.errors import need_packages
from sensors.mcap.writing import Drawn, FrameFacts, McapWriter
from sensors.pace.keeping import Keeping, KeptFrame

log = logging.getLogger(__name__)

MOST_BYTES = 64_000_000
"""Of pictures that wait to be written; beyond, they are given up, and counted."""
LEAST_SCORE = 0.3
"""Of what is drawn; the reports hold everything."""
AGAIN_S = 5.0
"""After the disk refused, it is tried again."""
REPORT_BYTES = 1000
BIRTH, EVENT = "gilmok.Birth", "gilmok.Event"

Item: TypeAlias = "KeptFrame | FrameReport | str"
"""A frame, a report, or why an event is marked."""


class Recorder:
    """Of one node. What `keeping` hands on, `report` and `trigger` wait for nothing."""

    def __init__(
        self,
        choice: RecordChoice,
        folder: Path,
        node: str,
        streams: Sequence[str],
        clock: Clock,
        blurs: Mapping[str, Blur] = NOT_BLURRED,
    ) -> None:
        """`blurs`: by stream, where pictures are blurred before they are written. Raises ExtraMissing."""
        need_packages()
        self._choice = choice
        self._clock = clock
        self._streams = {
            stream: _Stream(choice, folder / node / stream, f"{node}/{stream}", stream, blurs.get(stream))
            for stream in streams
        }
        self._waiting: deque[tuple[str, Stamp, Item, int]] = deque()
        self._bytes = 0
        self._writing = self._broken = False
        self._news = threading.Condition()
        self._done = False
        self._marked_ns: dict[str, int] = {}
        self._events: dict[str, tuple[str, ...]] = {}
        """By stream, the rules that its last frame was an event by."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self, birth: Birth | None) -> None:
        """`birth`: written into each file; None: nobody listens to this node."""
        for stream in self._streams.values():
            stream.birth = birth
        self._thread.start()

    @property
    def lost(self) -> int:
        """Frames whose picture, and reports that, could not be kept."""
        return sum(stream.lost for stream in self._streams.values())

    def keeping(self, stream: str) -> Keeping:
        """What the stream's pace needs, to hand on every frame."""
        return Keeping(lambda frame: self._put(stream, frame.stamp, frame, frame.bytes), self._choice.pictures)

    def report(self, report: FrameReport) -> None:
        self._put(report.stream, report.stamp, report, REPORT_BYTES)
        if why := self._striking(report):
            self.trigger(report.stream, why)

    def trigger(self, stream: str, why: str) -> None:
        """Mark an event: the minutes around it are kept. Of those that come in a row, the first."""
        now = self._clock.now()
        last_ns = self._marked_ns.get(stream)
        if last_ns is not None and now.mono_ns - last_ns < self._choice.after_s * NS_PER_S:
            return
        self._marked_ns[stream] = now.mono_ns
        self._put(stream, now, why, 0)

    def mark(self, why: str) -> None:
        """`trigger` of every stream. May come from a signal's handler: the lock may be held by who was interrupted."""

        def mark() -> None:
            for stream in self._streams:
                self.trigger(stream, why)

        threading.Thread(target=mark, name="mark").start()

    def drained(self) -> None:
        """Wait until all that was handed over is written."""
        with self._news:
            self._news.wait_for(lambda: not self._waiting and not self._writing)

    def close(self) -> None:
        """Write what waits, and finish the files."""
        if not self._thread.is_alive():
            return
        with self._news:
            self._done = True
            self._news.notify()
        self._thread.join()
        if self.lost:
            log.warning("the recorder could not keep %d frames and reports", self.lost)

    def _striking(self, report: FrameReport) -> str:
        """Why a report is an event by itself; "" where it isn't."""
        going, self._events[report.stream] = self._events.get(report.stream, ()), report.events
        if begun := [name for name in report.events if name not in going]:
            return f"frame {report.seq}: {', '.join(begun)}"
        if report.status == "failed":
            return f"frame {report.seq} failed: {report.reason}" if self._choice.on_failure else ""
        bar = self._choice.on_confidence_below
        best = max(report.findings.scores, default=1.0) if report.findings is not None else 1.0
        return f"frame {report.seq}: the surest finding has {best:.2f}" if bar is not None and best < bar else ""

    def _put(self, stream: str, at: Stamp, item: Item, size: int) -> None:
        with self._news:
            if self._broken or self._bytes + size > MOST_BYTES:
                self._streams[stream].lost += 1
                return
            self._bytes += size
            self._waiting.append((stream, at, item, size))
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._done)
                taken, self._waiting = self._waiting, deque()
                self._writing, done = True, self._done
            try:
                for stream, at, item, _ in taken:
                    self._streams[stream].write(at, item, self._clock.now().mono_ns)
                with self._news:
                    self._bytes, self._writing = sum(size for *_, size in self._waiting), False
                    self._news.notify_all()
                if done and not taken:
                    for kept in self._streams.values():
                        kept.finish()
                    return
            # The top of a thread: the node goes on without it.
            except Exception:
                log.exception("the recorder broke: nothing more is recorded")
                with self._news:
                    self._broken, self._writing = True, False
                    self._waiting.clear()
                    self._news.notify_all()
                return


def recorder_of(
    config: NodeConfig, base: Path, clock: Clock, blurs: Mapping[str, Blur] = NOT_BLURRED
) -> Recorder | None:
    """As the node is configured; relative folders start at `base`. Raises ExtraMissing."""
    if config.record is None:
        return None
    streams = [stream.name for stream in config.streams]
    return Recorder(config.record, base / config.record.folder, config.name, streams, clock, blurs)


class _Stream:
    def __init__(self, choice: RecordChoice, folder: Path, recording: str, name: str, blur: Blur | None) -> None:
        self._choice, self._folder, self._recording, self._name = choice, folder, recording, name
        self._ring: Ring | None = None
        self._unblurred = None if blur is None else Unblurred(blur, choice.pictures, recording)
        self._latched: dict[str, tuple[Note, Stamp]] = {}
        self._refused_ns: int | None = None
        self.birth: Birth | None = None
        self.lost = 0

    def write(self, at: Stamp, item: Item, now_ns: int) -> None:
        """What the disk refuses is lost, told once, and tried again with a new file a little later."""
        if self._refused_ns is not None and now_ns - self._refused_ns < AGAIN_S * NS_PER_S:
            self.lost += 1
            return
        try:
            self._write(at, item)
        except OSError as error:
            self.lost += 1
            if self._refused_ns is None:
                log.error("%s can't be written, nothing is recorded there: %s", self._folder, error.strerror)
            self._refused_ns = now_ns
            self._abandon(at, full=error.errno == errno.ENOSPC)
        else:
            if self._refused_ns is not None:
                log.warning("%s is written again; until now %d frames and reports were lost", self._folder, self.lost)
            self._refused_ns = None

    def finish(self) -> None:
        if self._ring is not None:
            try:
                self._write_frames(self._ring, [] if self._unblurred is None else self._unblurred.rest())
                self._ring.finish()
            except OSError as error:
                log.error("%s: its last file could not be finished: %s", self._folder, error.strerror)

    def _abandon(self, at: Stamp, *, full: bool) -> None:
        if self._ring is not None:
            self._ring.abandon()
            if full:
                self._ring.tidy(at, room=True)

    def _write(self, at: Stamp, item: Item) -> None:
        ring = self._ring = self._ring or Ring(self._folder, self._choice, self._recording, self._begin)
        if isinstance(item, str):
            ring.mark(at, item)
            ring.writer(at, key=False).json(f"/{self._name}/event", EVENT, {"why": item}, at)
        elif isinstance(item, FrameReport):
            # The report first: where the disk refuses it, its frames wait on, and are counted when they are given up.
            self._write_report(ring.writer(at, key=False), item)
            self._write_frames(ring, [] if self._unblurred is None else self._unblurred.report(item))
        else:
            self._write_frames(ring, [item] if self._unblurred is None else self._unblurred.frame(item))

    def _write_frames(self, ring: Ring, frames: Sequence[KeptFrame]) -> None:
        for place, frame in enumerate(frames):
            try:
                self._write_frame(ring, frame)
            except OSError:
                # This one is counted by whoever called.
                self.lost += len(frames) - place - 1
                raise

    def _write_frame(self, ring: Ring, frame: KeptFrame) -> None:
        writer = ring.writer(frame.stamp, key=frame.encoded is not None and frame.encoded.key)
        if frame.encoded is not None:
            writer.picture(self._name, frame.encoded, frame.stamp, frame.seq)
        facts = FrameFacts(
            seq=frame.seq,
            stamp=frame.stamp,
            kind=frame.kind,
            fault=frame.fault,
            offset_ns=frame.offset_ns,
            blurred=self._unblurred is not None,
        )
        writer.facts(self._name, facts)
        for note in frame.notes:
            if note.latched:
                self._latched[note.leaf] = note, frame.stamp
            writer.raw_json(f"/{self._name}/{note.leaf}", note.schema, note.content, frame.stamp, frame.seq)

    def _write_report(self, writer: McapWriter, report: FrameReport) -> None:
        writer.json(f"/{self._name}/report", "gilmok.FrameReport", report, report.stamp, report.seq)
        writer.boxes(self._name, self._drawn(report), report.stamp, report.seq)

    def _drawn(self, report: FrameReport) -> list[Drawn]:
        """Of what is surer than LEAST_SCORE; findings come best first."""
        found, labels = report.findings, self.birth.model.labels if self.birth else ()
        if found is None:
            return []
        return [
            Drawn(box, f"{labels[label] if label < len(labels) else label} {score:.2f}")
            for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)
            if score >= LEAST_SCORE
        ]

    def _begin(self, writer: McapWriter) -> None:
        """Each file stands by itself."""
        for note, at in self._latched.values():
            writer.raw_json(f"/{self._name}/{note.leaf}", note.schema, note.content, at)
        if self.birth is not None:
            writer.json("/birth", BIRTH, self.birth, self.birth.stamp)
