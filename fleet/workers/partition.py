"""Whose node is whose: the same in every process, and in every life of a hub with as many workers."""

from functools import lru_cache
from zlib import crc32

from edge.wire.topics import ROOT, whose
from fleet.arrivals import NodeKey

NODES = 4096
"""So many are remembered: they come again with every frame."""


class Partition:
    """Which of `of` workers, 0 to `of` - 1, has a node: all that it says stays in order."""

    def __init__(self, of: int) -> None:
        self._of = of
        self._of_name = lru_cache(NODES)(self._worker)

    def of_node(self, key: NodeKey) -> int:
        return self._of_name(f"{ROOT}/{key.site}/{key.node}")

    def of_topic(self, topic: str) -> int:
        """Also of one that is no node's: somebody has to refuse it."""
        return self._of_name(whose(topic))

    def _worker(self, name: str) -> int:
        return crc32(name.encode("utf-8", "surrogatepass")) % self._of
