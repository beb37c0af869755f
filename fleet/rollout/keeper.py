"""Keeps the rollouts' process beside its hub, for as long as there is a rollout to act for."""

from contextlib import suppress

from edge.wire.address import BrokerAt
from fleet.config import HubConfig
from fleet.ledger.rollouts.rows import RolloutRows
from fleet.rollout.process import Handover
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.processes.kept import KeptProcess
from sensors.terminal.pretty_json import compact


def kept_rollouts(hub: HubConfig, broker: BrokerAt) -> KeptProcess:
    """`broker`: where units hear what they are to run."""

    def wanted() -> bool:
        # A ledger that can't be read now is the hub's to tell of.
        with suppress(GilmokError), RolloutRows(hub.where, write=False) as rows:
            return rows.anything_unsettled()
        return False

    handover = compact(plain(Handover(hub=hub, broker=broker)))
    return KeptProcess("the rollouts' process", "fleet.rollout.process", handover, wanted)
