"""The unit's own link to the broker: desired states and orders come in, reports and receipts go out.

Not the node's: orders have to be heard just when the node can't be run, and the node's link is for frames. It has the
same login and a client id of its own, so that neither throws the other out.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge.wire.address import BrokerAt
from edge.wire.deployments.orders import Order, Receipt
from edge.wire.deployments.states import Desired, Reported
from edge.wire.link import Delivery, Link
from edge.wire.message import MessageWrong, decode, encode
from edge.wire.topics import NodeTopics
from sensors.clock import Clock

log = logging.getLogger(__name__)

CLIENT_DIGITS = 8


@dataclass(frozen=True, slots=True)
class DesiredArrived:
    desired: Desired


@dataclass(frozen=True, slots=True)
class OrderArrived:
    verb: str
    order: Order


@dataclass(frozen=True, slots=True)
class ConnectionUp:
    """The broker is there, for the first time or again."""


FromHub = DesiredArrived | OrderArrived | ConnectionUp


class HubLink:
    """Connects whenever the broker is there; nothing here waits for it."""

    def __init__(
        self, at: BrokerAt, site: str, node: str, unit: str, clock: Clock, hear: Callable[[FromHub], None]
    ) -> None:
        """`unit`: random digits, this life's own. `hear` is called in the network thread.

        Raises BrokerUrlWrong or SecretMissing.
        """
        self._topics = NodeTopics(site, node)
        self._hear = hear
        self._verbs = self._topics.order("")
        self._link = Link(
            at.beginning_for(f"{site}/{node}"),
            f"{site}-{node}-unit-{unit[:CLIENT_DIGITS]}",
            clock=clock,
            # With a clean session: what is ordered while it is away is not for it.
            subscriptions=[(self._topics.desired, 1), (self._topics.orders, 1)],
            on_delivery=self._delivered,
            on_up=lambda: hear(ConnectionUp()),
        )
        self._link.connect_whenever()

    def report(self, reported: Reported) -> None:
        """Retained; where the broker isn't there, the next one does."""
        if self._link.up:
            self._link.publish(self._topics.reported, encode(reported), qos=1, retain=True)

    def answer(self, receipt: Receipt) -> bool:
        """Whether it is on its way: it goes out again where the connection breaks."""
        return self._link.up and self._link.publish(self._topics.reply(receipt.id), encode(receipt), qos=1)

    @property
    def settled(self) -> bool:
        """Whether the broker has acknowledged everything."""
        return self._link.unacknowledged == 0

    def close(self, patience_s: float = 1.0) -> None:
        self._link.close(patience_s)

    def _delivered(self, delivery: Delivery) -> None:
        try:
            if delivery.topic == self._topics.desired:
                # Cleared: nobody desires anything any more, and the unit stays as it is.
                if delivery.payload:
                    self._hear(DesiredArrived(decode(delivery.payload, Desired)))
            elif delivery.topic.startswith(self._verbs) and not delivery.retained:
                verb = delivery.topic.removeprefix(self._verbs)
                self._hear(OrderArrived(verb, decode(delivery.payload, Order)))
        except MessageWrong as error:
            log.warning("on %s: %s", delivery.topic, error)
