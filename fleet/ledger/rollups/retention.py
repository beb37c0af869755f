"""What a hub does beside its commits: rollups, and taking out what is older than it is to be kept."""

import logging
import threading
from types import TracebackType
from typing import Self

from fleet.config import HubConfig
from fleet.ledger.rollups.prune import prune_minutes, prune_reports
from fleet.ledger.rollups.roll import Rollups
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

PERIOD_S = 10.0
SHARE = 0.25
"""Of its time it works at most so much while the hub lives: commits come first."""
DAY_S = 86_400
SET_S = DAY_S
"""A wall clock that was set by more than this is not believed as to what is old."""


class RetentionThread:
    """Used by `with`; what it leaves undone it does next time. A store that fails it tells once, and tries again."""

    def __init__(self, config: HubConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._done = threading.Event()
        self._began_ns = 0
        self._origin = clock.now()
        self._doubted = False
        self._thread = threading.Thread(target=self._run, name="retention")

    def __enter__(self) -> Self:
        if self._config.retention.rollups:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        told = ""
        while not self._done.wait(PERIOD_S):
            try:
                self._work()
                told = ""
            except GilmokError as error:
                if error.sentence != told:
                    log.error("no rollups for now: %s", error.sentence)
                told = error.sentence
            # The top of a thread: the hub goes on without.
            except Exception:
                log.exception("rollups broke; reports are booked all the same, and `gilmok hub rollup` makes them")
                return

    def _work(self) -> None:
        where, kept = self._config.where, self._config.retention
        self._began_ns = self._clock.now().mono_ns
        with Rollups(where) as rollups:
            rollups.roll(self._rest)
        now_utc_ns = self._clock.now().utc_ns
        if (kept.reports_days or kept.minutes_days) and not self._believes_clock():
            return
        if kept.reports_days and not self._done.is_set():
            prune_reports(where, now_utc_ns - int(kept.reports_days * DAY_S * NS_PER_S), self._rest)
        if kept.minutes_days and not self._done.is_set():
            prune_minutes(where, now_utc_ns - int(kept.minutes_days * DAY_S * NS_PER_S), self._rest)

    def _believes_clock(self) -> bool:
        """A year ahead by mistake, it would have everything taken out."""
        now = self._clock.now()
        set_ns = now.utc_ns - self._origin.utc_ns - (now.mono_ns - self._origin.mono_ns)
        believes = abs(set_ns) <= SET_S * NS_PER_S
        if not believes and not self._doubted:
            days = set_ns / NS_PER_S / DAY_S
            log.warning(
                "the wall clock was set by %+.1f days since this hub began (or the machine slept): nothing is taken "
                "out of the ledger until it is right again, or the hub is started again",
                days,
            )
        self._doubted = not believes
        return believes

    def _rest(self) -> bool:
        """As long as the last piece of work demands; False: the hub ends."""
        worked_s = (self._clock.now().mono_ns - self._began_ns) / NS_PER_S
        ended = self._done.wait(worked_s * (1 - SHARE) / SHARE)
        self._began_ns = self._clock.now().mono_ns
        return not ended
