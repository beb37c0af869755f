"""What units are to run, said to them: retained, so that who is away finds it."""

from collections.abc import Callable, Iterable

from edge.wire.deployments.states import Deployment, Desired
from edge.wire.messages import encode
from edge.wire.topics import NodeTopics
from fleet.arrivals import NodeKey
from fleet.rollout.records import Rollout
from fleet.rollout.state import UnitState


def wish(rollout: Rollout, unit: UnitState) -> Desired | None:
    """None: nothing is wished of it, or not any more. The same wish has the same id, however often it is said."""
    wanted: Deployment | None
    match unit.phase:
        case "sent":
            wanted, way = rollout.asked.deployment, "out"
        case "active" if rollout.state.live:
            wanted, way = rollout.asked.deployment, "out"
        case "returning":
            wanted, way = unit.former, "back"
        case "failed" if rollout.state.live:
            wanted, way = unit.former, "back"
        case _:
            return None
    return Desired(id=f"rollout-{rollout.id}-{way}", deployment=wanted, rollout=rollout.name, by=rollout.began_by)


class Wishes:
    """Says each wish once, until the connection was another one or somebody else wished meanwhile."""

    def __init__(self, publish: Callable[[str, bytes], bool]) -> None:
        """`publish` puts a retained message on its way at QoS 1; false: it couldn't."""
        self._publish = publish
        self._said: dict[NodeKey, str] = {}

    def say(self, rollouts: Iterable[Rollout]) -> int:
        """How many were said; what couldn't be is said the next time."""
        count = 0
        for rollout in rollouts:
            for unit in rollout.state.units:
                desired = wish(rollout, unit)
                if desired is None or self._said.get(unit.key) == desired.id:
                    continue
                if self._publish(NodeTopics(unit.site, unit.node).desired, encode(desired)):
                    self._said[unit.key] = desired.id
                    count += 1
        return count

    def forget(self) -> None:
        """Say all of them again: a broker may have lost what it kept."""
        self._said.clear()
