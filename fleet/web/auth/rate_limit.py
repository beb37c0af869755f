"""How often a token may be guessed: few times at once, then slowly, by each who asks and by all together."""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

from sensors.clock import NS_PER_S, Clock

OF_ONE, OF_ALL = 10, 200
"""So many wrong ones at once; then so many a minute."""
MINUTE_S = 60
MOST_ASKERS = 10_000
EVERYBODY = ""
IPV6_NET = 64
"""Bits: one who has an address has a whole net of them."""


class GuessLimit:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_ns: OrderedDict[str, int] = OrderedDict()
        """When all wrong guesses of one who asks will have been forgiven."""

    def wait_s(self, peer: str) -> int:
        """How long it must wait before its next guess is looked at; 0: not at all."""
        now_ns = self._clock.now().mono_ns
        return max(self._wait_s(_asker(peer), OF_ONE, now_ns), self._wait_s(EVERYBODY, OF_ALL, now_ns))

    def wrong(self, peer: str) -> None:
        now_ns = self._clock.now().mono_ns
        for asker, most in ((_asker(peer), OF_ONE), (EVERYBODY, OF_ALL)):
            self._until_ns[asker] = max(self._until_ns.get(asker, 0), now_ns) + _work_ns(most)
            self._until_ns.move_to_end(asker)
        while len(self._until_ns) > MOST_ASKERS:
            self._until_ns.popitem(last=False)

    def _wait_s(self, asker: str, most: int, now_ns: int) -> int:
        beyond_ns = self._until_ns.get(asker, 0) + _work_ns(most) - now_ns - MINUTE_S * NS_PER_S
        return max(0, math.ceil(beyond_ns / NS_PER_S))


def _work_ns(most: int) -> int:
    return MINUTE_S * NS_PER_S // most


def _asker(peer: str) -> str:
    try:
        at = ip_address(peer)
    except ValueError:
        return "unknown"
    return str(ip_network((at, IPV6_NET), strict=False)) if isinstance(at, IPv6Address) else peer
