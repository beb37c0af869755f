"""A deployment on its way to a unit: matched, fetched, verified and tested, on a thread beside everything else."""

import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.unit.repository import Cancelled, Repository
from edge.unit.store import DeploymentStore
from edge.unit.trial import Trial
from edge.wire.deployments.states import Deployment, Phase
from models.bundle.bundle import Bundle, BundleWrong
from models.bundle.tuples import DeviceTuple, refusal
from models.bundle.verify import verify
from sensors.errors import GilmokError
from sensors.terminal.figures import size

log = logging.getLogger(__name__)

SPARE_BYTES = 64_000_000
"""Left to the node's spool, whatever a bundle wants."""


@dataclass(frozen=True, slots=True)
class Entered:
    attempt: "Attempt"
    phase: Phase


@dataclass(frozen=True, slots=True)
class Passed:
    """It may become active."""

    attempt: "Attempt"
    seen: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It is no good for this unit."""

    attempt: "Attempt"
    why: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """It says nothing about the deployment: the network, the disk, the repository."""

    attempt: "Attempt"
    why: str


Step = Entered | Passed | Refused | Postponed


class Attempt:
    """Begun at once; tells each step, and one of the three ends, unless it is cancelled."""

    def __init__(
        self,
        deployment: Deployment,
        repository: Callable[[], Repository],
        store: DeploymentStore,
        device: DeviceTuple | None,
        test: Callable[[Path], Trial],
        tell: Callable[[Step], None],
        after: "Attempt | None" = None,
    ) -> None:
        """`device`: as the chip told it last; None: unknown, so that only its self-test can tell.

        `after`: a cancelled one, whose end it awaits: two would write into one folder.
        """
        self._after = after
        self.deployment = deployment
        self._repository = repository
        self._store = store
        self._device = device
        self._test = test
        self._tell = tell
        self._cancelled = threading.Event()
        self._chip = threading.Event()
        self._trial: Trial | None = None
        self._thread = threading.Thread(target=self._run, name="attempt", daemon=True)
        self._thread.start()

    def chip_is_free(self) -> None:
        """The self-test may begin: that it does is on the disk by now."""
        self._chip.set()

    def cancel(self) -> None:
        """Nothing is told any more; what runs of it ends soon."""
        self._cancelled.set()
        self._chip.set()
        if self._trial is not None:
            self._trial.kill()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        if self._after is not None:
            self._after.join()
            self._after = None
        try:
            end = self._ended()
        except Cancelled:
            return
        except BundleWrong as error:
            self._store.discard(self.deployment.digest)
            end = Refused(self, error.sentence)
        except GilmokError as error:
            end = Postponed(self, error.sentence)
        # The top of a thread; whatever it is, the unit goes on with what it has.
        except Exception as error:
            log.exception("deployment %s", self.deployment.digest)
            end = Postponed(self, f"a defect: {error!r}; the log shows where")
        self._say(end)

    def _ended(self) -> Passed | Refused | Postponed:
        digest = self.deployment.digest
        if not self._store.has(digest):
            repository = self._repository()
            bundle = repository.index(digest)
            if why := self._unfit(bundle):
                return Refused(self, why)
            if why := self._no_room(bundle):
                return Postponed(self, why)
            self._enter("fetching")
            repository.fetch(digest, self._store.incoming, self._cancelled)
            self._enter("verifying")
            self._store.stage(digest, lambda folder: verify(folder, digest))
        elif why := self._unfit(verify(self._store.folder(digest), digest).bundle):
            return Refused(self, why)
        self._enter("testing")
        self._chip.wait()
        if self._cancelled.is_set():
            return Postponed(self, "cancelled")
        self._trial = self._test(self._store.folder(digest))
        if self._cancelled.is_set():
            self._trial.kill()
        tried = self._trial.answer()
        return Refused(self, tried.why) if tried.why else Passed(self, tried.seen)

    def _unfit(self, bundle: Bundle) -> str:
        return "" if self._device is None else refusal(self._device, bundle.good_for)

    def _no_room(self, bundle: Bundle) -> str:
        free = shutil.disk_usage(self._store.incoming).free
        if free >= bundle.total_bytes + SPARE_BYTES:
            return ""
        return f"no room for it: {size(bundle.total_bytes)} to fetch, {size(free)} free"

    def _enter(self, phase: Phase) -> None:
        self._say(Entered(self, phase))

    def _say(self, step: Step) -> None:
        if not self._cancelled.is_set():
            self._tell(step)
