"""The broker that a hub's configuration names, as whoever works beside that hub meets it."""

from edge.wire.address import BrokerAt
from fleet.broker import EmbeddedBroker
from fleet.config import Embedded, HubConfig
from fleet.security.membership import Membership
from sensors.clock import Clock


def embedded_broker(hub: str, embedded: Embedded, clock: Clock) -> EmbeddedBroker:
    """Not yet started; `hub`: its name."""
    fleet = None if embedded.fleet is None else Membership(embedded.fleet, hub)
    return EmbeddedBroker(embedded.port, embedded.folder, clock, embedded.host, fleet)


def broker_at(hub: HubConfig, clock: Clock) -> BrokerAt | None:
    """None where only the hub that runs knows its port. Raises FleetAbsent or NobodyEnrolled."""
    if hub.embedded is None:
        return hub.broker or BrokerAt()
    return embedded_broker(hub.name, hub.embedded, clock).at if hub.embedded.port else None
