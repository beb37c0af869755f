"""From the desired deployment to the active one: attempt, switch, watch, and the way back.

Each step is on the disk before it is taken: a unit that is killed between any two of them wakes up with the old
deployment or the new one, and goes on.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from edge.config import NodeConfig
from edge.unit import decisions
from edge.unit.attempt import Attempt, Entered, Passed, Postponed, Refused, Step
from edge.unit.chip import as_told, device_of, facts_of, unfit
from edge.unit.process.keeper import NodeKeeper
from edge.unit.process.vitals import Vitals
from edge.unit.repository import Repository
from edge.unit.state import Memory
from edge.unit.store import DeploymentStore
from edge.unit.switching import Switching
from edge.unit.trial import NICENESS, Trial
from edge.unit.watch import Pace, Watch
from edge.wire.deployments.states import Deployment
from models.bundle.bundle import BundleWrong
from models.bundle.verify import verify
from sensors.clock import NS_PER_S, Clock

log = logging.getLogger(__name__)

AGAIN_S, AGAIN_MAX_S = 5.0, 600.0
"""What waits for the network is tried again after the first, twice as long after each further time."""
OUTER_FAULTS = frozenset(
    {"SourceUnusable", "SourceBroke", "FeederDied", "StateInUse", "StateUnusable", "SpoolUnusable", "NameTaken"}
)
"""What a node dies of whatever its model is."""


class Deploying:
    """Used from one thread; `tend` is due a few times a second."""

    def __init__(
        self,
        config: NodeConfig,
        memory: Memory,
        store: DeploymentStore,
        keeper: NodeKeeper,
        repository: Callable[[], Repository],
        tell: Callable[[Step], None],
        clock: Clock,
    ) -> None:
        """`repository`: opened for each attempt, on its thread; may raise. `tell`: so steps come back to `take`."""
        self._config = config
        self._memory = memory
        self._store = store
        self._keeper = keeper
        self._repository = repository
        self._tell = tell
        self._clock = clock
        self._alone = config.unit.self_test == "alone"
        self._attempt: Attempt | None = None
        self._former: Attempt | None = None
        """Cancelled; it may still be at work."""
        self._tries = 0
        self._again_ns = 0
        self._pace = Pace(config.unit.watch_s)
        self._watch: Watch | None = None
        self._switching: Switching | None = None
        self._session = ""
        self._driven: Deployment | None = None
        """What the node was started with."""

    def wake(self) -> None:
        """Once, before the node is started: what is active is whole, or it isn't active any more."""
        memory, now = self._memory, self._clock.now()
        memory.become(decisions.told(memory.state, now, "the unit begins", memory.state.active, memory.trouble))
        memory.become(decisions.woken(memory.state, now))
        while (active := memory.state.active) is not None:
            try:
                verify(self._store.folder(active.digest), active.digest)
                break
            except BundleWrong as error:
                self._damaged(error.sentence)
        self._watch = None if memory.state.proven else Watch(self._config.unit, memory.state.before)
        self._driven = memory.state.active

    def end(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
        self._memory.become(decisions.rested(self._memory.state))

    def hurry(self) -> None:
        """A new wish waits for no pause."""
        self._again_ns = self._tries = 0

    def take(self, step: Step) -> None:
        if step.attempt is not self._attempt:
            return
        memory, now = self._memory, self._clock.now()
        match step:
            case Entered(attempt, phase):
                memory.become(decisions.entered(memory.state, phase, now))
                if phase == "testing":
                    if self._alone:
                        self._keeper.end()
                    attempt.chip_is_free()
            case Passed(attempt, seen):
                # Where the disk takes not even this, it is tried again.
                self._given_up()
                memory.become(decisions.told(memory.state, now, "self-test passed", attempt.deployment, seen))
                self._switch()
            case Refused(_, why):
                self._given_up()
                memory.become(decisions.refused(memory.state, why, now))
            case Postponed(_, why):
                self._given_up()
                memory.become(decisions.waits(memory.state, why, now))

    def hear(self, vitals: Vitals) -> None:
        """Of the node at work."""
        try:
            self._hear(vitals)
        except BundleWrong as error:
            self._damaged(error.sentence)
            self.restart()

    def _hear(self, vitals: Vitals) -> None:
        memory = self._memory
        self._pace.heard(vitals)
        if self._switching is not None and (switched := self._switching.heard(vitals)) is not None:
            self._switching = None
            memory.become(replace(memory.state, switched=switched))
        if vitals.session_id != self._session:
            self._session = vitals.session_id
            if why := self._read_chip(vitals):
                self._roll_back(why)
                return
        verdict = self._watch.heard(vitals) if self._watch is not None else None
        if verdict:
            self._roll_back(verdict)
        elif verdict is not None and self._watch is not None:
            memory.become(decisions.kept(memory.state, self._watch.seen, self._clock.now()))
            self._watch = None
            self._store.keep_only(decisions.needed(memory.state))

    def tend(self) -> None:
        self._tend_node()
        memory, now = self._memory, self._clock.now()
        if self._attempt is not None and not decisions.tries(memory.state, self._attempt.deployment):
            self._attempt.cancel()
            self._former = self._attempt
            self._given_up()
            self.hurry()
        if decisions.due(memory.state):
            self.hurry()
            memory.become(decisions.begun(memory.state, now))
            self._store.keep_only(decisions.needed(memory.state))
        trying = memory.state.trying
        if trying is None or self._attempt is not None or now.mono_ns < self._again_ns:
            return
        if trying.deployment is None:
            self._switch()
            return
        device = device_of(memory.state.device_tuple)
        if device is None and self._keeper.told.restarts == 0:
            # The first node of all is about to tell it; only one that can't run leaves that to the self-test.
            return
        self._attempt = Attempt(
            trying.deployment, self._repository, self._store, device, self._test, self._tell, self._former
        )
        self._former = None

    def restart(self) -> None:
        """The node, with what is active now."""
        if self._memory.state.proven:
            self._watch = None
        self._keeper.again()
        self._pace = Pace(self._config.unit.watch_s)
        if not decisions.same(self._driven, self._memory.state.active) and (old := self._keeper.vitals) is not None:
            self._switching = Switching(self._config, old, self._clock.now())
        self._driven = self._memory.state.active

    def _tend_node(self) -> None:
        memory = self._memory
        try:
            why, fault = self._keeper.tend()
        except BundleWrong as error:
            self._damaged(error.sentence)
            self.restart()
            return
        if not why:
            return
        memory.become(decisions.told(memory.state, self._clock.now(), "the node died", memory.state.active, why))
        if fault == BundleWrong.__name__ and memory.state.active is not None:
            # Its disk has lost a bit of it since it was verified.
            self._damaged(why)
            self.restart()
        elif not memory.state.proven and fault not in OUTER_FAULTS:
            self._roll_back(why)

    def _read_chip(self, vitals: Vitals) -> str:
        """Why what was just switched to isn't good for the chip, as that tells itself now."""
        memory, now, device = self._memory, self._clock.now(), as_told(vitals.backend)
        memory.become(decisions.device_read(memory.state, facts_of(device), now))
        if memory.state.active is None:
            return ""
        why = unfit(device, self._store.folder(memory.state.active.digest))
        if why and memory.state.proven:
            log.warning("the active deployment isn't made for the device any more: %s", why)
            memory.become(decisions.told(memory.state, now, "not made for the device", memory.state.active, why))
            return ""
        return why

    def _test(self, bundle: Path) -> Trial:
        return Trial(bundle, self._config.backend.device, 0 if self._alone else NICENESS)

    def _switch(self) -> None:
        """On the disk first; the node is the new one at every start from then on."""
        memory = self._memory
        memory.become(decisions.switched(memory.state, self._pace.baseline(), self._clock.now()))
        self._watch = Watch(self._config.unit, memory.state.before)
        self.restart()

    def _roll_back(self, why: str) -> None:
        log.error("rolled back: %s", why)
        self._memory.become(decisions.rolled_back(self._memory.state, why, self._clock.now()))
        self.restart()

    def _given_up(self) -> None:
        """The attempt is over; another one of the same has to wait."""
        self._attempt = None
        self._again_ns = self._clock.now().mono_ns + int(min(AGAIN_S * 2**self._tries, AGAIN_MAX_S) * NS_PER_S)
        self._tries += 1
        if self._alone:
            self._keeper.resume()

    def _damaged(self, why: str) -> None:
        memory = self._memory
        log.error("the active deployment is damaged: %s", why)
        if memory.state.active is not None:
            self._store.discard(memory.state.active.digest)
        memory.become(decisions.damaged(memory.state, why, self._clock.now()))
