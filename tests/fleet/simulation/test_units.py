"""Simulated units do what is desired of them, over a real broker, and their hub books what they say of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from edge.wire.address import BrokerAt
from edge.wire.deployments.states import Deployment, Desired
from edge.wire.link import Link
from edge.wire.messages import encode
from edge.wire.topics import NodeTopics
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import LedgerReader
from fleet.simulation.drive import Fleet, Simulation
from fleet.simulation.unit import STEP_S, STEPS, Habit, UnitTraits
from fleet.simulation.workload import drawn
from sensors.clock import SystemClock

BUNDLE = Deployment(digest="b" * 64, name="second")
SECONDS = STEP_S * len(STEPS) + 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("habit", "why"),
    [("good", {"a": "", "b": ""}), ("fails on a chip", {"a": "", "b": "compiled for another"})],
)
def test_they_go_through_the_phases_and_keep_or_refuse_it(
    broker: BrokerAt,
    site: str,
    config: HubConfig,
    hub: Callable[[], AbstractContextManager[LedgerReader]],
    habit: Habit,
    why: dict[str, str],
) -> None:
    link = Link(broker, f"{site}-wishes", clock=SystemClock())
    link.connect()
    for number in range(2):
        wish = encode(Desired(id="first", deployment=BUNDLE, rollout="second"))
        link.publish(NodeTopics(site, f"simulated-{number}").desired, wish, retain=True)
    link.close()
    traits = UnitTraits(chips=("a", "b"), habit=habit)
    wanted = Simulation(
        broker=broker, site=site, run="simulated", nodes=2, rate=5, seconds=SECONDS, patience_s=20, units=traits
    )
    with hub():
        outcome = Fleet(wanted, drawn(replays=True), SystemClock()).run()
    assert outcome.uncommitted == 0
    with FleetReader(config.store) as ledger:
        units = {row.reported.device_tuple["architecture"]: row.reported for row in ledger.units().values()}
    for chip, reason in why.items():
        assert units[chip].active == (None if reason else BUNDLE)
        assert units[chip].outcome == ("refused" if reason else "kept")
        assert reason in "".join(bad.reason for bad in units[chip].bad)
