"""Who logged in: a cookie that only whoever holds the token can make, and that opens nothing once it has ended."""

import hashlib
import hmac
import secrets
from collections import OrderedDict

from sensors.clock import NS_PER_S, Clock

LASTS_S = 7 * 86_400
MOST_ENDED = 10_000


class Sessions:
    """Nothing is kept of one that lasts: an open page goes on where the dashboard was started again.

    The key is made of the token: another token ends every session. One that was ended by hand stays so while this
    process lives.
    """

    def __init__(self, token: str, clock: Clock) -> None:
        self._key = hashlib.sha256(b"gilmok dashboard session\0" + token.encode()).digest()
        self._clock = clock
        self._ended: OrderedDict[str, None] = OrderedDict()
        # Browsers keep cookies by host, not by port: two dashboards of one machine need two names.
        self.cookie = f"gilmok-{hashlib.sha256(self._key).hexdigest()[:12]}"

    def begin(self) -> str:
        """A cookie's value."""
        what = f"{self._clock.now().utc_ns // NS_PER_S + LASTS_S}.{secrets.token_hex(16)}"
        return f"{what}.{self._sign(what)}"

    def holds(self, value: str) -> bool:
        what, _, signed = value.rpartition(".")
        if not value.isascii() or not hmac.compare_digest(signed, self._sign(what)) or what in self._ended:
            return False
        return int(what.partition(".")[0]) > self._clock.now().utc_ns // NS_PER_S

    def end(self, value: str) -> None:
        if self.holds(value):
            self._ended[value.rpartition(".")[0]] = None
            if len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)

    def _sign(self, what: str) -> str:
        return hmac.digest(self._key, what.encode(), "sha256").hex()
