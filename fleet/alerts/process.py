"""The alerts' process beside their hub: `python -P -m fleet.alerts.process`, its configuration on standard input."""

import os
import sys

import msgspec

from fleet.alerts.alert_watch import AlertWatch
from fleet.config import HubConfig
from sensors.clock import SystemClock
from sensors.config import convert
from sensors.logs import to_stderr
from sensors.signals import ended_by_signals

NICE = 5
"""Where both want a core, the hub comes first."""


def main() -> None:
    to_stderr()
    os.nice(NICE)
    hub = convert(msgspec.json.decode(sys.stdin.buffer.read()), HubConfig, "the hub's word")
    watch = AlertWatch(hub, SystemClock())
    with ended_by_signals(watch.stop), watch:
        watch.run()


if __name__ == "__main__":
    main()
