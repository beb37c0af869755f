"""A node: a model on a device, streams through it, and an uplink to the hub."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.assembly import Loaded, loaded, open_stream
from edge.birth import birth
from edge.config import NodeConfig, StreamConfig
from edge.device.watched import Watched
from edge.duplicate_node import NameTaken, process_of
from edge.health import line as health_line
from edge.live_view.foxglove import LiveView, live_view
from edge.live_view.on_demand import PicturesOnDemand
from edge.privacy.exits import blurs_of
from edge.recorder.recorder import Recorder, recorder_of
from edge.session_name import SessionName, claimed, next_session
from edge.shadow.shadow import Shadow
from edge.spool.spool import Spool
from edge.stream import Deliver, Stream
from edge.uncommitted import ReportsUncommitted
from edge.unit.process.vitals import VitalsOut
from edge.uplink import Uplink
from edge.wire.acknowledgements import Fenced
from edge.wire.live.pictures import PictureAsk
from edge.wire.messages import Birth, FrameReport, Health
from edge.wire.traces import Source, Traced, Traces, tracing
from sensors.clock import NS_PER_MS, NS_PER_S, Clock, boot_id
from sensors.errors import Defect, GilmokError
from sensors.frame import Frame
from sensors.service.heartbeat import Heartbeat
from sensors.service.systemd import Systemd

log = logging.getLogger(__name__)

HEALTH_PERIOD_S = 1.0
DEADLINES = 3
"""So many may pass without an answer before a stream counts as stuck: a device that hangs may be built anew."""


class StreamBroke(Defect):
    def __init__(self, stream: str, error: Exception) -> None:
        super().__init__(f"stream {stream!r} broke: {error!r}", "the log above shows where; please report it")


class Node:
    """Built from its configuration, run once; `stop` may come from a signal handler."""

    def __init__(
        self,
        config: NodeConfig,
        base: Path,
        clock: Clock,
        boot: str | None = None,
        *,
        foxglove: int | None = None,
        systemd: Systemd | None = None,
        vitals: VitalsOut | None = None,
        without_broker: bool = False,
    ) -> None:
        """`base`: where the configuration's relative paths start. `boot`: whose `clock` is, if not this machine's.
        `foxglove`: the port at which it is shown live; None: nowhere. `systemd`: who hears its heartbeat.
        `vitals`: the unit's ear. `without_broker`: begin also while none is there.
        """
        self._vitals = vitals
        self._without_broker = without_broker
        self._systemd = systemd or Systemd()
        self._foxglove = foxglove
        self._config = config
        self._base = base
        self._clock = clock
        self._boot = boot or boot_id()
        self._done = threading.Event()
        self._faults: list[GilmokError] = []
        self._streams: list[Stream] = []
        self._device: Watched | None = None
        self._pictures: PicturesOnDemand | None = None
        self._uplink: Uplink | None = None
        self.shadow: Shadow | None = None
        """The candidate beside the active model; None: there is none."""
        self.recorder: Recorder | None = None
        """Where what is seen and said is kept; None: nowhere."""
        self._stopped = False
        self.session: SessionName | None = None
        """Known when `ready` is called."""
        self.view: LiveView | None = None
        """Where it is shown live, known when `ready` is called."""
        self.working = False
        """From the first frame on: then `stop` ends the node with all that it has to say."""
        self.leaving = False
        """The frames are over; what was reported is being flushed."""

    def stop(self) -> None:
        """End the streams; what is in flight is finished and flushed, as long as the broker is there."""
        self._stopped = True
        self._end_streams()

    def give_up(self) -> None:
        """Wait no longer for a device that hangs: what is in flight fails. From any thread."""
        if self._device is not None:
            self._device.give_up()

    def _end_streams(self) -> None:
        self._done.set()
        for stream in self._streams:
            stream.stop()

    def run(self, ready: Callable[[], None]) -> None:
        """Work until the streams end; `ready` is called when all is loaded, and the frames begin when it returns.

        Raises what kept the node from starting, or what broke a stream, after saying goodbye; BaseExceptions of a
        signal handler pass through before the first frame.
        """
        with ExitStack() as stack:
            stack.enter_context(claimed(self._config.state, self._config.name))
            parts = stack.enter_context(loaded(self._config.model, self._config.backend, self._base))
            self._device = parts.session
            session = self.session = next_session(self._config.state, self._config.name)
            names = [stream.name for stream in self._config.streams]
            sent, recorded = blurs_of(self._config, parts.labels)
            self.recorder = recorder_of(self._config, self._base, self._clock, recorded)
            self._streams = [stack.enter_context(self._open(stream, parts, session)) for stream in self._config.streams]
            if self._config.shadow is not None:
                self.shadow = Shadow(self._config.shadow, session, names, self._base, self._clock, self._say_shadow)
                stack.callback(self.shadow.close, hurried=True)
            spool = Spool(self._spool_file, self._config.spool, self._clock, self._boot)
            stack.callback(spool.close)
            said = self._birth(session, parts)
            if self.recorder is not None:
                self.recorder.start(said)
                stack.callback(self.recorder.close)
            uplink = self._uplink = Uplink(
                self._config.broker,
                said,
                self._clock,
                spool,
                late_per_s=self._config.spool.late_per_s,
                hub=self._config.hub,
                on_rival=self._rival,
                on_look=self._look if self._config.pictures else None,
                shadow=self.shadow.health if self.shadow is not None else None,
            )
            self._pictures = PicturesOnDemand(names, uplink.show, self._clock, sent)
            stack.callback(self._pictures.close)
            uplink.connect(whenever=self._without_broker)
            named = f"{self._config.site}/{self._config.name}"
            traces = stack.enter_context(tracing(self._config.otel, "gilmok-node", named))
            self.view = stack.enter_context(live_view(self._foxglove, named, names, parts.labels, self._clock, sent))
            if self.shadow is not None:
                self.shadow.start()
            try:
                ready()
                self._tell(uplink, parts)
                self._systemd.ready(f"it drives {', '.join(names)}")
                self._work(uplink, parts, self._deliver(uplink, traces))
            finally:
                self.leaving = True
                self._systemd.stopping()
                for stream in self._streams:
                    stream.close()
                if self.shadow is not None:
                    self.shadow.close(hurried=self._stopped)
                self._tell(uplink, parts)
                if self.recorder is not None:
                    self.recorder.close()
                left = uplink.farewell(self._streams, parts.session.telemetry(), hurried=self._stopped)
                if not left.complete:
                    stays = None if self._config.spool.durability == "off" else self._spool_file
                    self._faults.append(ReportsUncommitted(left, self._config.broker.shown, stays))
        if self._faults:
            raise self._faults[0]

    def _open(self, stream: StreamConfig, parts: Loaded, session: SessionName) -> Stream:
        rules, keep = self._config.events, self.recorder.keeping(stream.name) if self.recorder is not None else None
        resume = self._config.resume.streams.get(stream.name) if self._config.resume else None
        return open_stream(stream, parts, self._base, self._clock, name=session, resume=resume, keep=keep, rules=rules)

    def _deliver(self, uplink: Uplink, traces: Traces | None) -> Deliver:
        """To the hub first; then to whoever watches."""
        source, view, pictures = Source(self._config.site, self._config.name), self.view, self._pictures
        shadow, vitals, recorder = self.shadow, self._vitals, self.recorder

        def deliver(report: FrameReport) -> None:
            uplink.report(report)
            if shadow is not None:
                shadow.observe(report)
            if vitals is not None:
                vitals.saw(report)
            if recorder is not None:
                recorder.report(report)
            if traces is not None:
                traces.put(Traced(source, report))
            if view is not None:
                view.report(report)
            if pictures is not None:
                pictures.report(report)

        return deliver

    def _see(self, frame: Frame) -> None:
        if self.view is not None:
            self.view.see(frame)
        if self._pictures is not None:
            self._pictures.see(frame)

    def _seen(self, frame: Frame) -> None:
        if self.shadow is not None:
            self.shadow.offer(frame)

    def _say_shadow(self, report: FrameReport) -> bool:
        """In the shadow's thread."""
        return self._uplink is not None and self._uplink.say_shadow(report)

    def _look(self, asked: PictureAsk) -> None:
        """In the network's thread."""
        if self._pictures is not None:
            self._pictures.ask(asked)

    @property
    def _spool_file(self) -> Path:
        return self._config.spool.path or self._config.state / f"{self._config.name}.spool"

    def _birth(self, session: SessionName, parts: Loaded) -> Birth:
        return birth(
            site=self._config.site,
            node=self._config.name,
            session=session,
            kind=self._config.kind,
            place=self._config.place,
            tags=self._config.tags,
            run=self._config.run or f"{self._config.name}-{session.count}",
            parts=parts,
            configs=self._config.streams,
            streams=self._streams,
            clock=self._clock,
            boot=self._boot,
            resumes=self._config.resume.session if self._config.resume else "",
            shadow=self.shadow.birth() if self.shadow is not None else None,
        )

    def _rival(self, fenced: Fenced) -> None:
        """In the network's thread: another process has this node's name. The older one ends."""
        if self.session is not None and fenced.older.session_id == self.session.id:
            self._faults.append(NameTaken(self._config.name, fenced))
            self._end_streams()
        else:
            told = self._config.name, process_of(fenced.older)
            log.error("another process is node %r, too, and began earlier: %s; the hub has told it to end", *told)

    def _work(self, uplink: Uplink, parts: Loaded, deliver: Deliver) -> None:
        """Drive every stream on a thread of its own until all have ended; meanwhile say how the node is."""
        threads = [
            threading.Thread(target=self._drive, args=(stream, deliver), name=f"stream-{stream.name}")
            for stream in self._streams
        ]
        self.working = True
        if self._done.is_set():
            self._end_streams()
        for thread in threads:
            thread.start()
        waiting = threading.Thread(target=self._await, args=(threads,), name="end")
        waiting.start()
        least_s = DEADLINES * self._config.backend.deadline_ms * NS_PER_MS / NS_PER_S
        heartbeat = Heartbeat(self._systemd, self._clock, least_s)
        while not self._done.wait(HEALTH_PERIOD_S):
            health = self._tell(uplink, parts)
            heartbeat.beat({stream.name: stream.progress for stream in self._streams}, health_line(health))
            if self.view is not None:
                self.view.tell(health)
        waiting.join()

    def _tell(self, uplink: Uplink, parts: Loaded) -> Health:
        """To the hub, and to the unit."""
        device = parts.session.telemetry()
        if self.shadow is not None and device is not None:
            self.shadow.feel(device.power_w)
        health = uplink.tell(self._streams, device)
        if self._vitals is not None:
            self._vitals.tell(health, parts.backend_birth())
        return health

    def _await(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        self._done.set()

    def _drive(self, stream: Stream, deliver: Deliver) -> None:
        try:
            stream.run(deliver, self._see, self._seen)
        except GilmokError as error:
            self._faults.append(error)
            self._end_streams()
        # The top of a thread; `run` raises it.
        except Exception as error:
            log.exception("stream %s broke", stream.name)
            self._faults.append(StreamBroke(stream.name, error))
            self._end_streams()
