"""A node: a model on a device, streams through it, and what it says of itself on the wire."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.assembly import Loaded, loaded, open_stream
from edge.birth import birth
from edge.clock_client import HubClocks
from edge.config import NodeConfig
from edge.device.backend import Telemetry
from edge.publisher import Publisher
from edge.session_number import SessionName, next_session
from edge.stream import Stream
from edge.wire.dialects import Will
from edge.wire.link import Delivery, Link
from edge.wire.messages import Birth, Conn, ConnState, Health, Message, MessageWrong, StreamCounters, encode
from edge.wire.topics import NodeTopics
from sensors.clock import Clock, boot_id
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

HEALTH_PERIOD_S = 1.0
WILL_DELAY_S = 5
FLUSH_S = 30.0
CLIENT_DIGITS = 8
UNTOLD = Telemetry(math.nan, math.nan, math.nan, math.nan, None)


class StreamBroke(GilmokError):
    def __init__(self, stream: str, error: Exception) -> None:
        super().__init__(f"stream {stream!r} broke: {error!r}", "the log above shows where; please report it")


class ReportsLost(GilmokError):
    def __init__(self, count: int, url: str) -> None:
        super().__init__(
            f"{count} messages never reached the broker at {url}", "the run's table shows which frames are missing"
        )


class Node:
    """Built from its configuration, run once; `stop` may come from a signal handler."""

    def __init__(self, config: NodeConfig, base: Path, clock: Clock, boot: str | None = None) -> None:
        """`base`: where the configuration's relative paths start. `boot`: whose `clock` is, if not this machine's."""
        self._config = config
        self._base = base
        self._clock = clock
        self._boot = boot or boot_id()
        self._topics = NodeTopics(config.site, config.name)
        self._done = threading.Event()
        self._faults: list[GilmokError] = []
        self._streams: list[Stream] = []
        self.session: SessionName | None = None
        """Known when `ready` is called."""

    def stop(self) -> None:
        """End the streams; what is in flight is finished and flushed."""
        self._done.set()
        for stream in self._streams:
            stream.stop()

    def run(self, ready: Callable[[], None]) -> None:
        """Work until the streams end; `ready` is called when all is loaded, and the frames begin when it returns.

        Raises what kept the node from starting, or what broke a stream, after saying goodbye.
        """
        with ExitStack() as stack:
            parts = stack.enter_context(loaded(self._config.model, self._config.backend, self._base))
            session = self.session = next_session(self._config.state, self._config.name)
            self._streams = [
                stack.enter_context(open_stream(stream, parts, self._base, self._clock, name=session))
                for stream in self._config.streams
            ]
            introduction = birth(
                site=self._config.site,
                node=self._config.name,
                session=session,
                kind=self._config.kind,
                run=self._config.run or f"{self._config.name}-{session.count}",
                parts=parts,
                configs=self._config.streams,
                streams=self._streams,
                clock=self._clock,
                boot=self._boot,
            )
            clocks = HubClocks(session.count, self._boot, self._clock)
            link = self._link(session, introduction, clocks)
            link.connect()
            publisher = Publisher(link, self._topics, self._clock)
            try:
                ready()
                self._work(link, publisher, session, parts, clocks)
            finally:
                for stream in self._streams:
                    stream.close()
                publisher.close()
                self._farewell(link, publisher, session, parts, clocks)
        if self._faults:
            raise self._faults[0]

    def _work(self, link: Link, publisher: Publisher, session: SessionName, parts: Loaded, clocks: HubClocks) -> None:
        threads = [
            threading.Thread(target=self._drive, args=(stream, publisher), name=f"stream-{stream.name}")
            for stream in self._streams
        ]
        if self._done.is_set():
            self.stop()
        for thread in threads:
            thread.start()
        waiting = threading.Thread(target=self._await, args=(threads,), name="end")
        waiting.start()
        while not self._done.wait(HEALTH_PERIOD_S):
            self._say(link, self._topics.clock_ask, clocks.question(), qos=0)
            self._say(link, self._topics.health, self._health(publisher, session, parts, clocks), qos=0)
        waiting.join()

    def _await(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        self._done.set()

    def _drive(self, stream: Stream, publisher: Publisher) -> None:
        try:
            stream.run(publisher.put)
        except GilmokError as error:
            self._faults.append(error)
            self.stop()
        except Exception as error:
            log.exception("stream %s broke", stream.name)
            self._faults.append(StreamBroke(stream.name, error))
            self.stop()

    def _farewell(
        self, link: Link, publisher: Publisher, session: SessionName, parts: Loaded, clocks: HubClocks
    ) -> None:
        # An exchange after the last report bounds its way from both sides; most answers come while the rest drains.
        self._say(link, self._topics.clock_ask, clocks.question(), qos=0)
        link.drain(FLUSH_S)
        self._say(link, self._topics.health, self._health(publisher, session, parts, clocks, final=True), qos=1)
        self._say(link, self._topics.conn, _conn("offline", session), qos=1, retain=True)
        missing = link.close(FLUSH_S)
        if missing:
            self._faults.append(ReportsLost(missing, self._config.broker.url))

    def _link(self, session: SessionName, introduction: Birth, clocks: HubClocks) -> Link:
        def introduce() -> None:
            link.publish(self._topics.birth, encode(introduction), qos=1, retain=True)
            self._say(link, self._topics.conn, _conn("online", session), qos=1, retain=True)
            self._say(link, self._topics.clock_ask, clocks.question(burst=True), qos=0)

        def hear(delivery: Delivery) -> None:
            try:
                following = clocks.heard(delivery.payload)
            except MessageWrong as error:
                log.warning("an answer on %s: %s", delivery.topic, error)
                return
            if following is not None:
                self._say(link, self._topics.clock_ask, following, qos=0)

        link = Link(
            self._config.broker,
            # Two nodes of one name would throw each other out for ever; the hub tells their sessions apart.
            f"{self._config.site}-{self._config.name}-{session.id[:CLIENT_DIGITS]}",
            clock=self._clock,
            will=Will(self._topics.conn, encode(_conn("lost", session)), WILL_DELAY_S),
            subscriptions=[(self._topics.clock_answer, 0)],
            on_delivery=hear,
            on_up=introduce,
        )
        return link

    def _health(
        self, publisher: Publisher, session: SessionName, parts: Loaded, clocks: HubClocks, final: bool = False
    ) -> Health:
        device = parts.session.telemetry() or UNTOLD
        return Health(
            session=session.count,
            session_id=session.id,
            stamp=self._clock.now(),
            streams={stream.name: _counted(stream, publisher) for stream in self._streams},
            queued=publisher.queued,
            final=final,
            temperature_c=_known(device.temperature_c),
            power_w=_known(device.power_w),
            utilisation=_known(device.utilisation),
            clocks=clocks.told(),
        )

    @staticmethod
    def _say(link: Link, topic: str, message: Message, *, qos: int, retain: bool = False) -> None:
        link.publish(topic, encode(message), qos=qos, retain=retain)


def _conn(state: ConnState, session: SessionName) -> Conn:
    return Conn(state=state, session=session.count, session_id=session.id)


def _counted(stream: Stream, publisher: Publisher) -> StreamCounters:
    return stream.counters(evicted=publisher.evicted(stream.name))


def _known(value: float | None) -> float | None:
    """What JSON can carry: a number, or nothing where nobody knows."""
    return None if value is None or math.isnan(value) else value
