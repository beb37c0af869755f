"""What the dashboard's process is told on its standard input, as JSON."""

from edge.wire.address import BrokerAt
from fleet.config import HubConfig
from sensors.record import Record


class Handover(Record, frozen=True, kw_only=True):
    hub: HubConfig
    """Its paths absolute."""
    token: str = ""
    """Of its `[web] token_file`, as it was when the hub started."""
    broker: BrokerAt | None = None
    """Where nodes can be asked for pictures."""
