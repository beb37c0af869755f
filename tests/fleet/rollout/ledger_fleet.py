"""Units that do what they are told, and a ledger that has booked what they said; time is moved by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edge.wire.deployments.states import BadDeployment, Deployment, Desired, NodeProcess, Reported
from edge.wire.messages import Birth, Health, StreamCounters, decode, encode
from edge.wire.topics import NodeTopics
from fleet.arrivals import (
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    NodeKey,
    ReportArrived,
    UnitReported,
    key_of,
)
from fleet.config import HubConfig, LedgerAt
from fleet.ledger.ledger import Ledger
from fleet.rollout.actor import RolloutActor
from fleet.rollout.begin import begin
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.records import Asked
from fleet.rollout.wishes import Wishes
from models.bundle.tuples import Admission
from sensors.clock import NS_PER_MS, NS_PER_S
from tests.fakes import ManualClock
from tests.speaker import Speaker

BUNDLE = Deployment(digest="b" * 64, name="second")
OLD = Deployment(digest="a" * 64, name="first")
GOOD_FOR = Admission(
    backend="onnxruntime", kind="cpu", architecture="x86_64", compiler="*", runtime="*", driver="*", firmware="*"
)
FRAMES = 30
"""Of each unit in each slot."""


@dataclass(slots=True)
class Unit:
    key: NodeKey
    birth: Birth
    architecture: str = "x86_64"
    active: Deployment | None = OLD
    bad: tuple[BadDeployment, ...] = ()
    refuses: str = ""
    """Why it refuses the bundle; empty: it doesn't."""
    away: bool = False
    desired: Desired | None = None
    n: int = 0


@dataclass(slots=True)
class LedgerFleet:
    plan: RolloutPlan
    hub: HubConfig
    clock: ManualClock = field(default_factory=ManualClock)
    slow: float = 1.0
    """By this factor the bundle is slower than what ran before."""
    units: dict[str, Unit] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    """What the broker keeps, by topic."""
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.hub.where)

    @classmethod
    def at(cls, where: Path | LedgerAt, plan: RolloutPlan, names: str) -> "LedgerFleet":
        hub = HubConfig(store=where) if isinstance(where, Path) else HubConfig(ledger=where)
        made = cls(plan, hub)
        # Slots begin where the clock does, so that each holds one round.
        made.clock.mono_ns += -made.clock.now().utc_ns % int(plan.look_s * NS_PER_S)
        for name in names:
            made.join(name)
        return made

    def join(self, name: str, architecture: str = "x86_64") -> None:
        speaker = Speaker(self.clock, "s", name)
        birth = msgspec.structs.replace(speaker.birth, host={"machine": architecture})
        unit = self.units[name] = Unit(NodeKey("s", name), birth, architecture)
        now = self.clock.now()
        key = key_of(birth)
        born = BirthArrived(key, birth, encode(birth), now)
        self.ledger.commit([born, ConnArrived(key, "online", now), self._report(unit)])

    def begin(self) -> int:
        asked = Asked(plan=self.plan, deployment=BUNDLE, good_for=(GOOD_FOR,))
        return begin(self.hub, asked, "ann@desk", self.clock.now().utc_ns)

    def actor(self, holder: str = "one") -> RolloutActor:
        return RolloutActor(self.hub, holder, self.clock, Wishes(self.publish))

    def publish(self, topic: str, payload: bytes) -> bool:
        self.kept[topic] = payload
        return True

    def rounds(self, count: int, *actors: RolloutActor) -> None:
        """Each a slot in which every unit answers FRAMES frames and does what it is told; the actors look after it."""
        for _ in range(count):
            began_ns = self.clock.mono_ns
            there = [unit for unit in self.units.values() if not unit.away]
            self.ledger.commit([one for unit in there for one in (*self._obey(unit), *self._frames(unit))])
            self.clock.mono_ns = began_ns + int(self.plan.look_s * NS_PER_S)
            for actor in actors:
                actor.look()

    def _obey(self, unit: Unit) -> list[Arrival]:
        payload = self.kept.get(NodeTopics("s", unit.key.node).desired)
        desired = None if payload is None else decode(payload, Desired)
        if desired == unit.desired or desired is None:
            return []
        unit.desired = desired
        if unit.refuses and desired.deployment == BUNDLE:
            now = self.clock.now()
            unit.bad = (BadDeployment(deployment=BUNDLE, phase="testing", reason=unit.refuses, stamp=now),)
        else:
            unit.active = desired.deployment
        return [self._report(unit)]

    def _frames(self, unit: Unit) -> list[Arrival]:
        found: list[Arrival] = []
        key, slower = key_of(unit.birth), self.slow if unit.active == BUNDLE else 1.0
        template = Speaker(self.clock, "s", unit.key.node).report(0)
        for _ in range(FRAMES):
            self.clock.pass_ns(10 * NS_PER_MS)
            now = self.clock.now()
            # A little restless, as chips are.
            infer_ns = int((20 + unit.n % 7 * 0.1) * slower * NS_PER_MS)
            report = msgspec.structs.replace(
                template,
                n=unit.n,
                seq=unit.n,
                stages={"infer": infer_ns},
                total_ns=infer_ns,
                stamp=now.shifted_to(now.mono_ns - infer_ns),
                published=now,
            )
            unit.n += 1
            found.append(ReportArrived(key, report, encode(report), now, infer_ns))
        counters = {"camera": StreamCounters(captured=unit.n, ok=unit.n)}
        health = Health(session=1, session_id=unit.birth.session_id, stamp=now, streams=counters, queued=0, power_w=5.0)
        found.append(HealthArrived(key, health, encode(health), now))
        return found

    def _report(self, unit: Unit) -> UnitReported:
        now = self.clock.now()
        reported = Reported(
            unit="c" * 32,
            stamp=now,
            boot="boot",
            software="test",
            desired="" if unit.desired is None else unit.desired.id,
            outcome="none" if unit.desired is None else "kept",
            active=unit.active,
            bad=unit.bad,
            device_tuple={"backend": "onnxruntime", "kind": "cpu", "architecture": unit.architecture},
            node=NodeProcess(state="running"),
        )
        return UnitReported(unit.key, reported, encode(reported), now)

    def wishes(self) -> Mapping[str, Deployment | None]:
        """What each unit was told last."""
        return {name: unit.desired.deployment for name, unit in self.units.items() if unit.desired is not None}
