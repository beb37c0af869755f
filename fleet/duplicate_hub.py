"""Two hubs of one name have one client id: a broker that lets one in throws the other out, until one of them ends."""

from edge.wire.link import Delivery
from edge.wire.messages import Message, MessageWrong, decode
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


class DuplicateWatch:
    """Reads every state that is published under the hub's own name, and knows which of two has to go."""

    def __init__(self, began: Stamp, boot: str) -> None:
        self._own = _age(Life(began=began, boot=boot))

    def taken_over_by(self, delivery: Delivery) -> bool:
        """Whether `delivery` shows that a younger hub is at work.

        What the broker kept from before we came shows nothing: that one may be long gone.
        """
        if delivery.retained and delivery.link == 1:
            return False
        try:
            return _age(decode(delivery.payload, Life)) > self._own
        except MessageWrong:
            return False


def _age(life: Life) -> tuple[int, int, str]:
    return life.began.utc_ns, life.began.mono_ns, life.boot
