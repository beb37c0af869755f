"""A campaign conducted: part after part, each in its own process, with what there is on disk after each."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from replay.qualify.campaign import Budget, Campaign
from replay.qualify.children import Child, PartFailed
from replay.qualify.parts.accuracy import Accuracy
from replay.qualify.parts.coldstart import ColdStart
from replay.qualify.parts.determinism import Determinism
from replay.qualify.parts.endurance import Endurance
from replay.qualify.parts.identity import Identity
from replay.qualify.parts.latency import Latency
from replay.qualify.parts.parity import Parity
from replay.qualify.parts.streams import Streams
from replay.qualify.qualification import Qualification, Rerun, assembled
from replay.qualify.record import EVIDENCE, RECORD, Measured, PartRun, check_free, write
from replay.runs import nan_json
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError
from sensors.terminal.pretty_json import pretty

OnProgress: TypeAlias = Callable[[str, float, str], None]
"""Called with the part, the share of it that is done, and what it is doing."""

PARTS: dict[str, type[Any]] = {
    "accuracy": Accuracy,
    "parity": Parity,
    "determinism": Determinism,
    "latency": Latency,
    "streams": Streams,
    "coldstart": ColdStart,
    "endurance": Endurance,
}
"""In the order in which they run: what needs no quiet machine first, what heats the device last."""

PATIENCE_S = 600.0
"""A part that says nothing for so long, beyond its longest single run, has hung."""


class RerunDiffers(GilmokError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"this is not what was qualified: {what}",
            "put back the same files, or begin a new campaign with `gilmok qualify`",
        )


def planned_s(budget: Budget) -> dict[str, float]:
    """Seconds, about, of each part whose length the budget sets; the others take as long as the device needs."""
    return {
        "latency": (4 + len(budget.loads)) * budget.latency_s,
        "streams": budget.streams_s,
        "endurance": budget.soak_s,
    }


class Conductor:
    def __init__(
        self, campaign: Campaign, out: Path, command: str, clock: Clock, again: tuple[Path, Qualification] | None = None
    ) -> None:
        """`command`: as it was typed, for the record. `again`: the record that is run again, and where it lies.

        Raises RecordTaken; writes nothing yet.
        """
        check_free(out)
        self._campaign = campaign
        self._out = out
        self._command = command
        self._clock = clock
        self._again = again
        self._begun = clock.now()
        self._parts: list[PartRun] = []

    def run(self, on_progress: OnProgress) -> Qualification:
        """Every part; Ctrl-C ends it with what there is.

        Raises what keeps the campaign from beginning (PartFailed, FileUnwritable, RerunDiffers).
        """
        with Child("identity", self._campaign) as child:
            identity = self._listen(child, "identity", Identity, on_progress)
        if self._again is not None:
            _check_same(identity, self._again[1].measured.identity)
        measured = Measured(identity=identity)
        interrupted = False
        for part, kind in PARTS.items():
            if interrupted or part in self._campaign.skip:
                why = "the campaign was interrupted before" if interrupted else "left out on request"
                self._parts.append(PartRun(part=part, status="left out", why=why))
                continue
            result, interrupted = self._part(part, kind, on_progress)
            measured = msgspec.structs.replace(measured, **{part: result})
            self._write(measured)
        return self._write(measured)

    @property
    def interrupted(self) -> bool:
        return any(one.status == "interrupted" for one in self._parts)

    def _part(self, part: str, kind: type[Any], on_progress: OnProgress) -> tuple[Any, bool]:
        """Its result (None: it has none), and whether it was interrupted."""
        begun_ns = self._clock.now().mono_ns

        def ended(status: Any, why: str = "") -> None:
            took_s = (self._clock.now().mono_ns - begun_ns) / NS_PER_S
            self._parts.append(PartRun(part=part, status=status, why=why, took_s=took_s))

        result, interrupted = None, False
        try:
            with Child(part, self._campaign, self._out / EVIDENCE) as child:
                result = self._listen(child, part, kind, on_progress)
            ended("measured")
        except GilmokError as error:
            ended("failed", error.sentence)
        except KeyboardInterrupt:
            interrupted = True
            ended("interrupted", "by the user")
        return result, interrupted

    def _listen(self, child: Child, part: str, kind: type[nan_json.T], on_progress: OnProgress) -> nan_json.T:
        budget = self._campaign.budget
        patience_s = PATIENCE_S + 2 * max(budget.latency_s, budget.trial_s)
        hung = threading.Event()

        def give_up() -> None:
            hung.set()
            child.kill()

        result: Any = None
        timer = threading.Timer(patience_s, give_up)
        timer.start()
        try:
            for said in child.lines():
                timer.cancel()
                on_progress(part, said.share, said.what)
                result = said.result
                timer = threading.Timer(patience_s, give_up)
                timer.start()
        except GilmokError:
            if hung.is_set():
                raise PartFailed(f"it said nothing for {patience_s:g} s and was ended: the device hangs") from None
            raise
        finally:
            timer.cancel()
        return nan_json.convert(result, kind)

    def _write(self, measured: Measured) -> Qualification:
        took_s = (self._clock.now().mono_ns - self._begun.mono_ns) / NS_PER_S
        found = assembled(
            self._campaign,
            self._command,
            self._begun.utc_ns,
            took_s,
            measured,
            self._parts,
            _rerun(measured, *self._again) if self._again is not None else None,
        )
        write(self._out, RECORD, pretty(found))
        return found


def _check_same(now: Identity, then: Identity) -> None:
    for side in ("candidate", "reference"):
        ours, theirs = getattr(now, side), getattr(then, side)
        if ours.artefact != theirs.artefact:
            raise RerunDiffers(f"the {side}'s file has sha256 {ours.artefact}, the record says {theirs.artefact}")
    for ours, theirs in zip(now.recordings, then.recordings, strict=True):
        if ours.digest != theirs.digest:
            raise RerunDiffers(f"recording {ours.name} has digest {ours.digest}, the record says {theirs.digest}")


def _rerun(measured: Measured, path: Path, first: Qualification) -> Rerun:
    now, then = measured.identity, first.measured.identity
    before = {"device": then.candidate.description, **then.candidate.facts, **then.software, **then.host}
    after = {"device": now.candidate.description, **now.candidate.facts, **now.software, **now.host}
    return Rerun(
        of=hashlib.sha256(path.read_bytes()).hexdigest(),
        started_utc_ns=first.started_utc_ns,
        changed=tuple(
            f"{key}: {before.get(key, 'absent')} → {after.get(key, 'absent')}"
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ),
        same_findings=_same(measured.accuracy, first.measured.accuracy, "findings"),
        same_bytes=_same(measured.determinism, first.measured.determinism, "digest"),
    )


def _same(ours: Any, theirs: Any, field: str) -> bool | None:
    if ours is None or theirs is None:
        return None
    return bool(getattr(ours, field) == getattr(theirs, field))
