"""The hub's side of the clock exchange: what its clock reads, told to who asks (docs/wire.md)."""

from collections.abc import Callable

from edge.wire import topics
from edge.wire.link import Delivery
from edge.wire.messages import ClockAnswer, ClockAsk, MessageWrong, decode, encode
from edge.wire.topics import NameWrong, NodeTopics
from fleet.intake.inbox import room_of
from fleet.intake.rates import Rates
from sensors.clock import Clock

ASKS_PER_S = 50.0
"""Of one node, which asks once a second, and some times more after each connection."""
BYTES_PER_S = 1e5
BURST_S = 10.0
CLOCK_LEAF = f"/{topics.CLOCK}"
"""What is no question is told by its end alone: this is asked of every message."""


class ClockServer:
    """Works in the network's thread: between a question's receipt and its answer nothing else happens."""

    def __init__(self, clock: Clock, boot: str, publish: Callable[[str, bytes], object]) -> None:
        """`boot`: whose monotonic clock `clock` is. `publish` sends at QoS 0, at once."""
        self._clock = clock
        self._boot = boot
        self._publish = publish
        self._rates = Rates(ASKS_PER_S, BYTES_PER_S, BURST_S)

    def take(self, delivery: Delivery) -> bool:
        """Whether `delivery` was a question and is dealt with: answered, unless it is retained; a malformed one, or one
        too many, is left to the admission to refuse.
        """
        t2_ns = self._clock.now().mono_ns
        if not delivery.topic.endswith(CLOCK_LEAF):
            return False
        heard = topics.parse(delivery.topic)
        if heard is None or (heard.leaf, heard.stream) != (topics.CLOCK, ""):
            return False
        try:
            topic = NodeTopics(heard.site, heard.node).clock_answer
            ask = decode(delivery.payload, ClockAsk)
        except (NameWrong, MessageWrong):
            return False
        if delivery.retained:
            return True
        if not self._rates.admits(delivery.topic, room_of(delivery), t2_ns):
            return False
        self._publish(topic, encode(self._answer(ask, t2_ns)))
        return True

    def _answer(self, ask: ClockAsk, t2_ns: int) -> ClockAnswer:
        return ClockAnswer(
            session=ask.session, t1_ns=ask.t1_ns, t2_ns=t2_ns, t3_ns=self._clock.now().mono_ns, boot=self._boot
        )
