"""The rollouts' process beside their hub: `python -P -m fleet.rollout.process`, what it needs on standard input."""

import os
import secrets
import sys

import msgspec

from edge.wire.address import BrokerAt
from edge.wire.link import Link
from fleet.config import HubConfig
from fleet.rollout.actor import RolloutActor
from fleet.rollout.wishes import Wishes
from sensors.clock import SystemClock
from sensors.config import Settings, convert
from sensors.logs import to_stderr
from sensors.signals import ended_by_signals

NICE = 5
"""Where both want a core, the hub comes first."""
DIGITS = 4


class Handover(Settings, frozen=True, kw_only=True):
    hub: HubConfig
    broker: BrokerAt


def main() -> None:
    to_stderr()
    os.nice(NICE)
    told = convert(msgspec.json.decode(sys.stdin.buffer.read()), Handover, "the hub's word")
    clock, own = SystemClock(), secrets.token_hex(DIGITS)
    name = f"gilmok-rollouts-{told.hub.name}-{own}"
    link = Link(told.broker, name, clock=clock, on_up=lambda: wishes.forget())
    wishes = Wishes(lambda topic, payload: link.publish(topic, payload, retain=True))
    actor = RolloutActor(told.hub, name, clock, wishes)
    with ended_by_signals(actor.stop):
        link.connect(told.hub.patience_s)
        try:
            with actor:
                actor.run()
        finally:
            link.close()


if __name__ == "__main__":
    main()
