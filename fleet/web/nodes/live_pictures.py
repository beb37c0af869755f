"""Live cameras' pictures, asked of their nodes over the broker while somebody looks, and of nobody else.

The dashboard's own talk with the broker: a client of its own, there only as long as it is needed, at QoS 0.
"""

import asyncio
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

import aiomqtt

from edge.wire.address import Address, BrokerAt
from edge.wire.live.pictures import MOST_BYTES, PictureAsk
from edge.wire.messages import encode
from edge.wire.topics import NodeTopics
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

ASK_S = 2.0
FOR_S = 5.0
"""A question holds a little longer than until the next one."""
IDLE_S = 10.0
"""So long after the last look the broker is left."""
WAIT_S = 3.0
FRESH_S = 1.0
MOST_STREAMS = 64
"""That are looked at in one moment."""
QUEUED = 64
DIGITS = 4


@dataclass(slots=True)
class _Stream:
    topics: NodeTopics
    name: str
    looked_ns: int = 0
    asked_ns: int | None = None
    payload: bytes = b""
    came_ns: int | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)


class LivePictures:
    """Of one event loop."""

    def __init__(self, broker: BrokerAt, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._streams: dict[str, _Stream] = {}
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._turn = 0

    async def newest(self, site: str, node: str, stream: str) -> bytes | None:
        """What the node sent last, as it came; waits for it a little. None where nothing comes."""
        one = self._looked_at(NodeTopics(site, node), stream)
        if one is None:
            return None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._talk())
        await self._ask(one)
        if one.came_ns is None or self._s_since(one.came_ns) > FRESH_S:
            one.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(one.news.wait(), WAIT_S)
        fresh = one.came_ns is not None and self._s_since(one.came_ns) < WAIT_S
        return one.payload if fresh else None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _looked_at(self, topics: NodeTopics, stream: str) -> _Stream | None:
        topic = topics.picture(stream)
        if topic not in self._streams and len(self._streams) >= MOST_STREAMS:
            return None
        one = self._streams.setdefault(topic, _Stream(topics, stream))
        one.looked_ns = self._clock.now().mono_ns
        return one

    async def _ask(self, one: _Stream) -> None:
        """As often as is needed for the node to go on, and no more."""
        if self._client is None or (one.asked_ns is not None and self._s_since(one.asked_ns) < ASK_S):
            return
        first, one.asked_ns = one.asked_ns is None, self._clock.now().mono_ns
        with suppress(aiomqtt.MqttError):
            if first:
                await self._client.subscribe(one.topics.picture(one.name))
            asked = PictureAsk(stream=one.name, for_s=FOR_S)
            await self._client.publish(one.topics.picture_ask, encode(asked))

    async def _talk(self) -> None:
        """Until nobody has looked for a while, or the broker is gone; who looks then begins another."""
        try:
            async with self._connection() as client:
                self._client = client
                leaving = asyncio.create_task(self._leave_when_idle(client))
                try:
                    for one in list(self._streams.values()):
                        await self._ask(one)
                    async for message in client.messages:
                        self._take(message)
                finally:
                    leaving.cancel()
        except (aiomqtt.MqttError, GilmokError, OSError) as error:
            log.warning("pictures of live cameras can't be asked for: %s", error)
            self._turn += 1
            await asyncio.sleep(ASK_S)
        finally:
            self._client = None
            self._streams.clear()

    async def _leave_when_idle(self, client: aiomqtt.Client) -> None:
        while any(self._s_since(one.looked_ns) < IDLE_S for one in self._streams.values()):
            await asyncio.sleep(ASK_S)
            for topic, one in list(self._streams.items()):
                if self._s_since(one.looked_ns) > IDLE_S:
                    del self._streams[topic]
                    with suppress(aiomqtt.MqttError):
                        await client.unsubscribe(topic)
        assert self._task is not None
        self._task.cancel()

    def _take(self, message: aiomqtt.Message) -> None:
        topic, payload = message.topic.value, message.payload
        one = self._streams.get(topic)
        if one is None or not isinstance(payload, bytes) or len(payload) > MOST_BYTES:
            return
        one.payload, one.came_ns = payload, self._clock.now().mono_ns
        one.news.set()

    def _connection(self) -> aiomqtt.Client:
        """Raises SecretMissing or CertificateWrong."""
        every = Address.every(self._broker)
        at = every[self._turn % len(every)]
        return aiomqtt.Client(
            at.host,
            at.port,
            username=at.user or None,
            password=at.password or None,
            identifier=f"gilmok-web-{secrets.token_hex(DIGITS)}",
            # What every broker speaks; nothing of MQTT 5 is needed here.
            protocol=aiomqtt.ProtocolVersion.V311,
            tls_context=at.tls_context() if at.tls else None,
            max_queued_incoming_messages=QUEUED,
        )

    def _s_since(self, mono_ns: int) -> float:
        return (self._clock.now().mono_ns - mono_ns) / NS_PER_S
