"""How fast each node may speak: a bucket for each, by messages and bytes, so that a flood costs its own node alone."""

from collections import OrderedDict

from edge.wire.topics import whose
from sensors.clock import NS_PER_S

SELF = ("/up/birth", "/up/former", "/up/conn", "/up/health")
"""How topics end on which a node says who and how it is: its goodbye is said once, so its reports leave room for it."""
NODES = 20_000
"""So many are remembered; of more, the longest silent are met as newcomers again."""
GARBAGE = 10
"""Judging is what costs the hub most, and an honest node says nothing that is refused."""
NEWCOMERS_PER_S = 100.0
NEWCOMERS = 5000
"""So many names that were not heard before may come at once: names cost a stranger nothing. Far fewer than NODES, so
that none that speaks once a second is forgotten for them."""


class Bucket:
    """Holds the work of `depth_ns`, and works all the time. One number says how full it is."""

    __slots__ = ("_depth_ns", "_until_ns")

    def __init__(self, depth_ns: int) -> None:
        self._depth_ns = depth_ns
        self._until_ns = 0
        """When it will have worked off what it holds."""

    def takes(self, work_ns: int, now_ns: int, times: int = 1) -> bool:
        """Whether so much still went in; `times`: as if it were so many times as deep."""
        until_ns = max(self._until_ns, now_ns) + work_ns
        if until_ns - now_ns > times * self._depth_ns:
            return False
        self._until_ns = until_ns
        return True

    def fill(self, work_ns: int, now_ns: int, times: int = 1) -> None:
        """So much went in, as far as there is room."""
        most_ns = now_ns + times * self._depth_ns
        self._until_ns = max(self._until_ns, min(max(self._until_ns, now_ns) + work_ns, most_ns))


class Rates:
    """`admits` is used from one thread; `refused` from any: what it adds may get lost, and nothing else."""

    def __init__(self, messages_per_s: float, bytes_per_s: float, burst_s: float) -> None:
        """Of each node, in the long run; what it may say in `burst_s` it may say at once."""
        self._ns_per_message = NS_PER_S / messages_per_s
        self._ns_per_byte = NS_PER_S / bytes_per_s
        self._depth_ns = int(burst_s * NS_PER_S)
        self._nodes: OrderedDict[str, Bucket] = OrderedDict()
        self._newcomers = Bucket(int(NEWCOMERS / NEWCOMERS_PER_S * NS_PER_S))

    def admits(self, topic: str, size: int, now_ns: int) -> bool:
        """Whether the node whose `topic` it is may say so many bytes now."""
        node = whose(topic)
        bucket = self._nodes.get(node)
        if bucket is None:
            if not self._newcomers.takes(int(NS_PER_S / NEWCOMERS_PER_S), now_ns):
                return False
            bucket = self._nodes[node] = Bucket(self._depth_ns)
            if len(self._nodes) > NODES:
                self._nodes.popitem(last=False)
        self._nodes.move_to_end(node)
        return bucket.takes(int(max(self._ns_per_message, size * self._ns_per_byte)), now_ns, _times(topic))

    def refused(self, topic: str, now_ns: int) -> None:
        """A message of it was admitted, and was no good: it counts as GARBAGE ones."""
        bucket = self._nodes.get(whose(topic))
        if bucket is not None:
            bucket.fill(int((GARBAGE - 1) * self._ns_per_message), now_ns, _times(topic))


def _times(topic: str) -> int:
    return 2 if topic.endswith(SELF) else 1
