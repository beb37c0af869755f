"""`gilmok hub web`: the dashboard of a hub's ledger, in a browser."""

import argparse
from typing import TYPE_CHECKING, Any

from fleet.cli.ledger import settings, verb
from sensors.ranges import Port, in_range

if TYPE_CHECKING:
    from edge.wire.address import BrokerAt
    from fleet.config import HubConfig
    from sensors.clock import Clock


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    web = verb(verbs, "web", _web, "show nodes and runs in a browser, until Ctrl-C; it only reads")
    web.add_argument("--host", help="an address of this machine (default: that of [web], 127.0.0.1)")
    web.add_argument(
        "--port", type=in_range(Port), help="0: any (default: that of [web], 8080, or the next that is free)"
    )


def _web(chosen: argparse.Namespace) -> int:
    import msgspec

    from fleet.web.listening import address, listen
    from fleet.web.serve import Dashboard
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.signals import ended_by_signals
    from sensors.terminal import console

    to_stderr()
    hub = settings(chosen)
    named = {name: value for name in ("host", "port") if (value := getattr(chosen, name)) is not None}
    web = msgspec.structs.replace(hub.web, **named, or_next="port" not in named)
    hub = msgspec.structs.replace(hub, web=web)
    clock = SystemClock()
    with listen(web) as listener:
        dashboard = Dashboard(hub, clock, listener, _broker(hub, clock) if chosen.hub else None)
        with ended_by_signals(dashboard.stop):
            dashboard.run(lambda: console.say(address(listener)))
    return 0


def _broker(hub: "HubConfig", clock: "Clock") -> "BrokerAt | None":
    """Where nodes can be asked for pictures; none where nobody lets this one in, which is told."""
    if hub.for_one_run:
        # Its nodes have gone with the run, and its broker most likely.
        return None
    from fleet.configured_broker import broker_at
    from sensors.errors import GilmokError
    from sensors.terminal import console

    try:
        return broker_at(hub, clock)
    except GilmokError as error:
        console.warn(f"no pictures of live cameras: {error.sentence}; {error.hint}")
        return None
