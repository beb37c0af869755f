"""The dashboard's process behind its hub's door: `python -P -m fleet.web.process DESCRIPTOR` serves that socket."""

import os
import socket
import sys

import msgspec

from fleet.web.handover import Handover
from fleet.web.serve import Dashboard
from sensors.clock import SystemClock
from sensors.config import convert
from sensors.logs import to_stderr
from sensors.signals import ended_by_signals

NICE = 5
"""Where both want a core, the hub comes first."""


def main(descriptor: str) -> None:
    to_stderr()
    os.nice(NICE)
    begin = convert(msgspec.json.decode(sys.stdin.buffer.read()), Handover, "the hub's word")
    listener = socket.socket(fileno=int(descriptor))
    dashboard = Dashboard(begin.hub, SystemClock(), listener, begin.broker, begin.token)
    with ended_by_signals(dashboard.stop):
        dashboard.run(lambda: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
