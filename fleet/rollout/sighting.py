"""The fleet as a rollout sees it: every node that is known here, and what its unit says of its deployments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from edge.wire.deployments.states import Reported
from edge.wire.messages import Birth
from fleet.arrivals import NodeKey
from fleet.ledger.fleet_reader import UnitRow
from fleet.ledger.reader import LastHeard
from fleet.ledger.rollouts.windows import WindowReader
from fleet.registry import state_after
from fleet.rollout.decision.seen import UnitSeen
from fleet.rollout.records import Asked, Rollout
from models.bundle.tuples import DeviceTuple, device_tuple, refusal
from sensors.clock import NS_PER_S

REPORTS_S = 150.0
"""A unit reports once a minute: one that said nothing for so long is out of reach, unless its node speaks."""
NO_UNIT = "no unit runs this node, so nothing there can switch models: `gilmok unit run NODE.toml`"
UNTOLD = "its unit hasn't told yet what device it has"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Read once, for all rollouts."""

    standing: Mapping[NodeKey, tuple[Birth, LastHeard]]
    units: Mapping[NodeKey, UnitRow]
    first: Mapping[NodeKey, int]
    now_utc_ns: int
    period_ns: int

    @classmethod
    def of(cls, ledger: WindowReader, now_utc_ns: int, health_period_s: float) -> "Sighting":
        """Raises StoreBroken."""
        standing = {NodeKey(birth.site, birth.node): (birth, last) for birth, last in ledger.standing()}
        return cls(standing, ledger.units(), ledger.first_births(), now_utc_ns, int(health_period_s * NS_PER_S))

    def seen_by(self, asked: Asked, others: Iterable[Rollout]) -> dict[NodeKey, UnitSeen]:
        """`others`: rollouts that are unsettled, too."""
        busy = {
            unit.key: other.name
            for other in others
            for unit in other.state.units
            if unit.phase not in ("unfit", "left", "returned")
            and (other.state.live or unit.phase in ("sent", "returning"))
        }
        keys = {*self.standing, *self.units}
        return {key: self._unit(key, asked, busy.get(key, "")) for key in keys if self._is_known(key)}

    def _is_known(self, key: NodeKey) -> bool:
        # A unit whose node never spoke has no kind yet, nor streams to measure.
        return key in self.standing

    def _unit(self, key: NodeKey, asked: Asked, busy: str) -> UnitSeen:
        birth, last = self.standing[key]
        row = self.units.get(key)
        device = _device(birth, row)
        digest = asked.deployment.digest
        reported = None if row is None else row.reported
        active = None if reported is None else reported.active
        holds = active is not None and active.digest == digest
        return UnitSeen(
            site=key.site,
            node=key.node,
            kind=birth.kind,
            chips=tuple(filter(None, (device.backend, device.kind, device.architecture, chip(device)))),
            chip=chip(device),
            unfit=_unfit(reported, device, asked),
            tags=birth.tags,
            online=self._reaches(last, row),
            known_since_utc_ns=self.first.get(key, 0),
            active=active,
            holds=holds,
            kept=holds and reported is not None and reported.phase == "settled",
            refused=None if reported is None else _refused(reported, digest),
            busy=busy,
        )

    def _reaches(self, last: LastHeard, row: UnitRow | None) -> bool:
        if row is None:
            return False
        said = last.state or ("online" if last.health else None)
        silent_ns = self.now_utc_ns - max(last.state_utc_ns, last.health_utc_ns)
        recent = self.now_utc_ns - row.received_utc_ns < REPORTS_S * NS_PER_S
        return recent or state_after(said, silent_ns, self.period_ns) == "online"


def chip(device: DeviceTuple) -> str:
    """In short: what runs on it, and which one it is."""
    return f"{device.backend} {device.architecture or device.kind}"


def _device(birth: Birth, row: UnitRow | None) -> DeviceTuple:
    """As the unit read it from the chip; else as the node's birth tells it."""
    if row is not None and row.reported.device_tuple:
        try:
            return msgspec.convert(row.reported.device_tuple, DeviceTuple)
        except msgspec.ValidationError:
            pass
    backend = birth.backend
    return device_tuple(backend.name, backend.device_kind, backend.facts, birth.host.get("machine", ""))


def _unfit(reported: Reported | None, device: DeviceTuple, asked: Asked) -> str:
    if reported is None:
        return NO_UNIT
    if not reported.device_tuple:
        return UNTOLD
    return refusal(device, asked.good_for)


def _refused(reported: Reported, digest: str) -> str | None:
    for bad in reported.bad:
        if bad.deployment.digest == digest:
            return f"{bad.reason} (while {bad.phase})" if bad.reason else f"while {bad.phase}"
    return None
