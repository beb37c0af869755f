"""Two hubs of one name have one client id: a broker that lets one in throws the other out, until one of them ends."""

from edge.wire.link import Delivery
from edge.wire.messages import ConnState, Message, MessageWrong, decode
from sensors.clock import Stamp
from sensors.errors import GilmokError


class NameTaken(GilmokError):
    def __init__(self, name: str, url: str) -> None:
        super().__init__(
            f"another hub named {name!r} took over at {url}",
            "give each hub of a broker a `name` of its own; what this one has booked stays in its store",
        )


class Life(Message, frozen=True, kw_only=True):
    """Of a hub's state: which life of which hub says it."""

    began: Stamp
    boot: str
    state: ConnState = "online"


class DuplicateWatch:
    """Reads every state that is published under the hub's own name, and knows which of two has to go."""

    def __init__(self, began: Stamp, boot: str) -> None:
        self._own = Life(began=began, boot=boot)

    def taken_over_by(self, delivery: Delivery) -> bool:
        """Whether `delivery` shows that a younger hub is at work.

        What the broker kept from before we came shows nothing: that one may be long gone. A will and a goodbye are of
        one that is gone for sure.
        """
        if delivery.retained and delivery.link == 1:
            return False
        try:
            other = decode(delivery.payload, Life)
        except MessageWrong:
            return False
        return other.state == "online" and _younger(other, self._own)


def _younger(one: Life, other: Life) -> bool:
    """By the clock that nobody sets where they share one; else by UTC, and of two alike by the boot's name."""
    if one.boot == other.boot:
        return one.began.mono_ns > other.began.mono_ns
    return (one.began.utc_ns, one.boot) > (other.began.utc_ns, other.boot)
