"""Two processes of one name: both are told, and the older ends (docs/wire.md)."""

from collections.abc import Callable

from edge.wire.acknowledgements import Fenced, SessionAt
from edge.wire.messages import encode
from edge.wire.topics import NodeTopics
from fleet.introduction import Introduction


class Fence:
    """Told by the registry whenever an older session is heard beside a newer one: about once a second."""

    def __init__(self, hub: str, say: Callable[[str, bytes], object]) -> None:
        """`say` publishes a payload on a topic at QoS 1, at once."""
        self._hub = hub
        self._say = say

    def tell(self, older: Introduction, newer: Introduction) -> None:
        topic = NodeTopics(newer.key.site, newer.key.node).fenced
        self._say(topic, encode(Fenced(hub=self._hub, older=_at(older), newer=_at(newer))))


def _at(known: Introduction) -> SessionAt:
    return SessionAt(session=known.count, session_id="" if known.key.counted else known.key.id, host=known.host)
