"""Looks at the fleet again and again, decides what becomes of each rollout, keeps it, and only then acts on it."""

import logging
import threading
from contextlib import suppress

from fleet.config import HubConfig
from fleet.ledger.rollouts.rows import Actor, RolloutRows
from fleet.ledger.rollouts.windows import WindowReader
from fleet.rollout.decision.decide import decide
from fleet.rollout.decision.seen import Seen
from fleet.rollout.measuring.accuracy import SlotAccuracy
from fleet.rollout.measuring.measure import Measure
from fleet.rollout.records import Rollout, change_rows
from fleet.rollout.sighting import Sighting
from fleet.rollout.wishes import Wishes
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

log = logging.getLogger(__name__)

PERIOD_S = 1.0
SHARE = 0.2
"""Looking takes at most this share of a core."""
TAKEOVER_S = 15.0
"""Another hub whose beat stood still for so long, by our own clock, acts no more."""
BEAT_S = 3.0
NOBODY = ""
"""The holder that has gone for good."""
IDLE_S = 30.0
"""Without a rollout for so long, there is nobody to act for."""


class RolloutActor:
    """Used by `with`, from one thread. Of several hubs of one ledger one acts; the others watch its beat."""

    def __init__(self, hub: HubConfig, holder: str, clock: Clock, wishes: Wishes) -> None:
        """`holder`: this process, by a name that no other has."""
        self._hub, self._holder, self._clock, self._wishes = hub, holder, clock, wishes
        self._done = threading.Event()
        self._rows: RolloutRows | None = None
        self._ledger: WindowReader | None = None
        self._accuracy = SlotAccuracy(hub.truth, self._alive)
        self._measures: dict[int, Measure] = {}
        self._held: Actor | None = None
        self._beat_ns = 0
        self._seen_beat: tuple[Actor | None, int] = (None, 0)
        self._trouble = ""
        self.idle_since_ns: int | None = None

    def __enter__(self) -> "RolloutActor":
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None and self._rows is not None:
            # Nobody has to wait until our beat has stood still.
            with suppress(GilmokError):
                self._rows.act(NOBODY, self._held)
        self._close()

    def stop(self) -> None:
        """May come from a signal handler."""
        self._done.set()

    def run(self) -> None:
        """Until `stop`, or until there is nothing left to do."""
        while not self._done.is_set():
            began_ns = self._clock.now().mono_ns
            self.look()
            now_ns = self._clock.now().mono_ns
            if self.idle_since_ns is not None and now_ns - self.idle_since_ns > IDLE_S * NS_PER_S:
                return
            took_s = (now_ns - began_ns) / NS_PER_S
            self._done.wait(max(PERIOD_S - took_s, took_s / SHARE - took_s))

    def look(self) -> None:
        """Once; a ledger that can't be read or written is told, and looked at again."""
        try:
            self._look()
            self._trouble = ""
        except GilmokError as error:
            if error.sentence != self._trouble:
                log.warning("rollouts stand still for now: %s", error.sentence)
            self._trouble = error.sentence
            self._close()

    def _look(self) -> None:
        if self._rows is None or self._ledger is None:
            self._rows = RolloutRows(self._hub.where, write=True)
            self._ledger = WindowReader(self._hub.where)
        rollouts = [Rollout.of(row) for row in self._rows.unsettled()]
        now = self._clock.now()
        if not rollouts:
            self.idle_since_ns = now.mono_ns if self.idle_since_ns is None else self.idle_since_ns
            return
        self.idle_since_ns = None
        if not self._acts(self._rows, now.mono_ns):
            return
        sighting = Sighting.of(self._ledger, now.utc_ns, self._hub.health_period_s)
        kept = [self._step(one, rollouts, sighting, now.utc_ns) for one in rollouts]
        self._wishes.say(one for one in kept if one is not None)

    def _step(self, rollout: Rollout, every: list[Rollout], sighting: Sighting, now_utc_ns: int) -> Rollout | None:
        """As it is kept; None where a person or another hub was faster: then it is looked at anew."""
        assert self._rows is not None
        assert self._ledger is not None
        asked, state = rollout.asked, rollout.state
        measure = self._measures.setdefault(rollout.id, Measure(asked.plan, self._accuracy, self._alive))
        slot, looks = measure.looks(self._ledger, state, now_utc_ns) if state.live else (state.slot, {})
        units = sighting.seen_by(asked, (other for other in every if other.id != rollout.id))
        step = decide(asked.plan, state, Seen(units=units, looks=looks, slot=slot), now_utc_ns)
        if step.state == state:
            return rollout
        after = rollout.after(step.state)
        if not self._rows.keep(after.row(), change_rows(step.changes, self._who, now_utc_ns)):
            return None
        for one in step.changes:
            where = f"{one.site}/{one.node}: " if one.node else ""
            log.info("rollout %s: %s%s: %s", rollout.name, where, one.what, one.why)
        return after

    @property
    def _who(self) -> str:
        return f"hub {self._hub.name}"

    def _alive(self) -> None:
        """In the midst of a long look: nobody is to think that we are gone."""
        now_ns = self._clock.now().mono_ns
        if self._rows is not None and self._held is not None and now_ns - self._beat_ns > BEAT_S * NS_PER_S:
            self._beat_ns = now_ns
            self._held = self._rows.act(self._holder, self._held)

    def _acts(self, rows: RolloutRows, now_mono_ns: int) -> bool:
        """Whether this process is the one; it says so with each look, and takes over from one that doesn't any more."""
        there = rows.actor()
        if self._held is not None and there == self._held:
            self._held, self._beat_ns = rows.act(self._holder, there), now_mono_ns
            return self._held is not None
        if self._held is not None:
            log.warning("another hub acts on rollouts now: %s", "nobody" if there is None else there.holder)
            self._held = None
        if self._seen_beat[0] != there or not self._seen_beat[1]:
            self._seen_beat = there, now_mono_ns
        still_ns = now_mono_ns - self._seen_beat[1]
        if there is not None and there.holder != NOBODY and still_ns < TAKEOVER_S * NS_PER_S:
            return False
        self._held = rows.act(self._holder, there)
        if self._held is not None:
            log.info("this hub acts on rollouts")
            # What another one had kept and not said yet.
            self._wishes.forget()
        return self._held is not None

    def _close(self) -> None:
        for one in (self._rows, self._ledger):
            if one is not None:
                with suppress(GilmokError):
                    one.close()
        self._rows = self._ledger = None
