"""The fleet's stream to the pages: read once a second for all of them, and sent to each as fast as it takes it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import msgspec

from fleet.alerts.listing import Standing
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.watch.fleet_watch import FleetWatch
from fleet.web.views import Fleet, View
from sensors.clock import NS_PER_MS, NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

PERIOD_S = 1.0
SHARE = 0.2
"""Reading takes at most this share of the time: of a large fleet the page is told less often."""


class Live:
    """Reads only while somebody looks; the reading is done in a thread, the rest in one event loop."""

    def __init__(self, hub: HubConfig, clock: Clock) -> None:
        self._where = hub.where
        self._clock = clock
        self._ledger: FleetReader | None = None
        self._watch = FleetWatch(clock, hub.health_period_s, hub.web.hot_c)
        self._standing = Standing(hub)
        self._alerts: dict[str, int] = {}
        self._lookers = 0
        self._looked_at = asyncio.Event()
        self._trouble = ""
        self._reading = asyncio.Lock()
        self._looks = 0
        self._looked_ns = 0
        self._news = asyncio.Condition()
        self._fleet = Fleet(0, {}, {}, (), known=False)

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await self._looked_at.wait()
                began_ns = self._clock.now().mono_ns
                await self.look()
                took_s = (self._clock.now().mono_ns - began_ns) / NS_PER_S
                await asyncio.sleep(max(PERIOD_S - took_s, took_s / SHARE - took_s))
        finally:
            self._close()

    async def look(self) -> None:
        """Read once, and tell every page; a ledger that can't be read is told, too."""
        async with self._reading:
            try:
                await asyncio.to_thread(self._read)
                trouble = ""
            except GilmokError as error:
                trouble = f"{error.sentence}; {error.hint}"
                if trouble != self._trouble:
                    log.warning("%s", error.sentence)
                # A hub that starts may bring another file.
                self._close()
            now = self._clock.now()
            self._trouble, self._looked_ns = trouble, now.mono_ns
            of = self._watch.rows, self._watch.tally, self._watch.changes
            known = bool(self._looks) or not trouble
            self._fleet = Fleet(now.utc_ns // NS_PER_MS, *of, alerts=self._alerts, trouble=trouble, known=known)
        async with self._news:
            self._looks += 1
            self._news.notify_all()

    async def snapshot(self) -> FleetWatch:
        """No older than a period, for who asks without looking on; its rows and changes. Raises nothing: `trouble`."""
        if not self._looks or self._clock.now().mono_ns - self._looked_ns > PERIOD_S * NS_PER_S:
            await self.look()
        return self._watch

    @property
    def trouble(self) -> str:
        """Why the ledger can't be read; empty where it can."""
        return self._trouble

    async def follow(self, hear: Callable[[], Awaitable[str]], say: Callable[[str], Awaitable[None]]) -> None:
        """One page, until `hear` raises or `say` does: what it asks for, and what returns when it can take more.

        What it is too slow for is never made. What isn't understood changes nothing.
        """
        page = _Page()
        with self._looker():
            listener = asyncio.create_task(self._listen(page, hear))
            try:
                while True:
                    async with self._news:
                        await self._news.wait_for(lambda: self._looks != page.seen or page.asks or page.gone)
                        if page.gone:
                            return
                        page.seen, page.asks = self._looks, False
                    await say(self._fleet.message(page.view).decode())
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self, page: "_Page", hear: Callable[[], Awaitable[str]]) -> None:
        try:
            while True:
                said = await hear()
                with suppress(msgspec.DecodeError):
                    page.view = msgspec.json.decode(said, type=View)
                    page.asks = True
                async with self._news:
                    self._news.notify_all()
        finally:
            page.gone = True
            async with self._news:
                self._news.notify_all()

    @contextmanager
    def _looker(self) -> Iterator[None]:
        self._lookers += 1
        self._looked_at.set()
        try:
            yield
        finally:
            self._lookers -= 1
            if not self._lookers:
                self._looked_at.clear()

    def _read(self) -> None:
        self._alerts = self._standing.by_severity()
        if self._ledger is None:
            self._ledger = FleetReader(self._where)
        self._watch.look(self._ledger)

    def _close(self) -> None:
        if self._ledger is not None:
            with suppress(GilmokError):
                self._ledger.close()
            self._ledger = None


@dataclass(slots=True)
class _Page:
    view: View = field(default_factory=View)
    asks: bool = False
    """Whether it wants an answer before the next look."""
    seen: int = -1
    gone: bool = False
