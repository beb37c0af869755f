"""A simulated unit: a simulated node that also does what is desired of it, and reports how that went."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal, TypeAlias, get_args

import msgspec
import numpy as np

from edge.wire.deployments.states import BadDeployment, Deployment, Desired, NodeProcess, Outcome, Phase, Reported
from edge.wire.messages import BackendBirth, Findings, FrameReport, Health, MessageWrong, decode, encode
from fleet.simulation.node import SimulatedNode, Tally
from fleet.simulation.workload import Workload
from models.bundle.tuples import device_tuple
from sensors.clock import NS_PER_S, Clock
from sensors.host import software

Habit: TypeAlias = Literal["good", "less accurate", "slow", "fails on a chip", "crashes at load"]
HABITS: tuple[Habit, ...] = get_args(Habit)
STEPS: tuple[Phase, ...] = ("matching", "fetching", "verifying", "testing", "switching", "watching", "settled")
STEP_S = 0.7
REPORT_S = 60.0
MISSED = 0.08
"""Of all findings, by a bundle that is less accurate: five points of AP or more."""
SLOWER = 1.3
AWAY_S = (5.0, 40.0)
AWAY_PER_S = 0.004
"""How likely a flaky unit is cut off, each second that it isn't."""
DIES = 0.02
"""How likely a flaky unit rolls a bundle back that is nobody's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTraits:
    """How simulated units are, and how bundles do there."""

    chips: tuple[str, ...] = ("x86_64",)
    """Architectures, in turns."""
    habit: Habit = "good"
    fails_on: str = ""
    """The architecture on which a bundle fails that `fails on a chip`; empty: the last one."""
    flaky: float = 0.0
    """Share of the units."""
    seed: int = 1


class SimulatedUnit(SimulatedNode):
    def __init__(
        self, site: str, name: str, run: str, workload: Workload, clock: Clock, boot: str, tally: Tally,
        traits: UnitTraits, number: int,
    ) -> None:  # fmt: skip
        super().__init__(site, name, run, workload, clock, boot, tally)
        self._traits = traits
        self._rng = np.random.default_rng([traits.seed, number])
        self._chip = traits.chips[number % len(traits.chips)]
        # As a CPU's, so that a bundle of any model, made anywhere, can be rolled out to it.
        facts = {"runtime": f"onnxruntime {version('onnxruntime')}"}
        backend = BackendBirth(name="onnxruntime", device="cpu", device_kind="cpu", facts=facts)
        host = {"name": "simulated", "machine": self._chip}
        self.birth = msgspec.structs.replace(self.birth, backend=backend, host=host)
        self._flaky = bool(self._rng.random() < traits.flaky)
        self._active: Deployment | None = None
        self._desired: Desired | None = None
        self._trying: Deployment | None = None
        self._phase: Phase = "settled"
        self._outcome: Outcome = "none"
        self._reason = ""
        self._bad: tuple[BadDeployment, ...] = ()
        self._due_ns = self._told_ns = self._away_until_ns = 0

    def introduce(self) -> None:
        super().introduce()
        self._tell_state()

    def hear(self, topic: str, payload: bytes) -> None:
        if topic != self.topics.desired:
            super().hear(topic, payload)
        elif not self._away:
            try:
                self._desired = decode(payload, Desired)
            except MessageWrong:
                return
            self._begin()

    def report(self) -> None:
        if not self._away:
            super().report()

    def tell(self) -> None:
        now_ns = self._clock.now().mono_ns
        if self._flaky and not self._away and self._rng.random() < AWAY_PER_S:
            self._away_until_ns = now_ns + int(self._rng.uniform(*AWAY_S) * NS_PER_S)
        if self._away:
            return
        super().tell()
        if self._phase != "settled" and now_ns >= self._due_ns:
            self._step(now_ns)
        elif now_ns - self._told_ns > REPORT_S * NS_PER_S:
            self._tell_state()

    def farewell(self) -> None:
        super().farewell()
        self.connection.publish(self.topics.reported, b"", 1, retain=True)

    @property
    def _away(self) -> bool:
        """Cut off: what it would hear meanwhile, the broker says again, being retained, when it introduces itself."""
        return self._clock.now().mono_ns < self._away_until_ns

    def _begin(self) -> None:
        assert self._desired is not None
        want = self._desired.deployment
        if want == self._active:
            self._phase, self._trying, self._outcome, self._reason = "settled", None, "kept", ""
        elif want is not None and any(bad.deployment.digest == want.digest for bad in self._bad):
            self._outcome = "refused"
        else:
            self._trying, self._outcome = want, "working"
            self._phase = "matching" if want is not None else "switching"
            self._due_ns = self._clock.now().mono_ns + int(STEP_S * NS_PER_S)
        self._tell_state()

    def _step(self, now_ns: int) -> None:
        self._due_ns = now_ns + int(STEP_S * NS_PER_S)
        if self._trying is not None and (why := self._objection()):
            bad = BadDeployment(deployment=self._trying, phase=self._phase, reason=why, stamp=self._clock.now())
            self._bad = (bad, *self._bad)
            if self._active == self._trying:
                self._active = None
            self._outcome, self._reason = ("rolled back" if self._phase == "watching" else "refused"), why
            self._phase, self._trying = "settled", None
        else:
            self._phase = STEPS[STEPS.index(self._phase) + 1]
            if self._phase == "watching":
                self._active = self._trying
            if self._phase == "settled":
                self._outcome, self._reason, self._trying = "kept", "", None
        self._tell_state()

    def _objection(self) -> str:
        habit = self._traits.habit
        if self._phase == "testing" and habit == "crashes at load":
            return "the self-test was killed by signal 11"
        if self._phase == "testing" and habit == "fails on a chip":
            wrong = self._traits.fails_on or self._traits.chips[-1]
            if self._chip == wrong:
                return f"read from the chip, the architecture is {wrong}, and the artefact was compiled for another"
        if self._phase == "watching" and self._flaky and self._rng.random() < DIES:
            return "the node died 3 times within the watch"
        return ""

    def _said(self, template: FrameReport) -> FrameReport:
        """As the deployment makes it that is active."""
        stages = {name: int(ns * self._rng.uniform(0.95, 1.05)) for name, ns in template.stages.items()}
        findings = template.findings
        if self._active is not None:
            if self._traits.habit == "slow":
                stages = {name: int(ns * SLOWER) for name, ns in stages.items()}
            if self._traits.habit == "less accurate" and findings is not None:
                findings = _fewer(findings, self._rng)
        total_ns = sum(stages.values())
        return msgspec.structs.replace(template, stages=stages, total_ns=total_ns, findings=findings)

    def _health(self, *, final: bool = False) -> Health:
        power_w, temperature_c = self._rng.normal(4.0, 0.1), self._rng.normal(55.0, 0.5)
        return msgspec.structs.replace(
            super()._health(final=final), power_w=float(power_w), temperature_c=float(temperature_c)
        )

    def _tell_state(self) -> None:
        self._told_ns = self._clock.now().mono_ns
        backend = self.birth.backend
        device = device_tuple(backend.name, backend.device_kind, backend.facts, self._chip)
        said = Reported(
            unit=self.birth.session_id,
            stamp=self._clock.now(),
            boot=self.birth.boot,
            software=software(),
            desired="" if self._desired is None else self._desired.id,
            outcome=self._outcome,
            reason=self._reason,
            phase=self._phase,
            active=self._active,
            bad=self._bad,
            device_tuple={name: text for name, text in msgspec.structs.asdict(device).items() if text},
            node=NodeProcess(state="running"),
        )
        if self.connection.up:
            self.connection.publish(self.topics.reported, encode(said), 1, retain=True)


def _fewer(findings: Findings, rng: np.random.Generator) -> Findings:
    """Some of what is there isn't found."""
    kept = [i for i in range(len(findings.scores)) if rng.random() >= MISSED]
    return Findings(
        boxes=tuple(findings.boxes[i] for i in kept),
        scores=tuple(findings.scores[i] for i in kept),
        labels=tuple(findings.labels[i] for i in kept),
    )
