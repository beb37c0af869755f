"""`gilmok hub alerts`: what is wrong with the fleet now, since when, and what to do; what was."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fleet.cli.ledger import settings, verb

if TYPE_CHECKING:
    from fleet.config import HubConfig


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    alerts = verb(verbs, "alerts", _alerts, "what is wrong with the fleet now, since when, and what to do about it")
    alerts.add_argument("--past", action="store_true", help="what rose and what cleared, the newest last")
    alerts.add_argument("--try-webhook", action="store_true", help="send a trial message, and say if it was taken")
    alerts.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _alerts(chosen: argparse.Namespace) -> int:
    from fleet.alerts.listing import age_s, event_rows, standing_rows, told
    from sensors.clock import SystemClock
    from sensors.terminal import console

    hub = settings(chosen)
    if chosen.try_webhook:
        return _try_webhook(hub)
    now = SystemClock().now()
    kept, age = told(hub), age_s(hub, now)
    if chosen.json:
        console.print_json({"looked_s_ago": age, **kept})
        return 0
    rows = event_rows(kept["past"]) if chosen.past else standing_rows(kept["standing"], now)
    _show(rows, "nothing rose yet" if chosen.past else "no alert stands")
    if not chosen.past:
        for name, what in {one["name"]: one["do"] for one in kept["standing"]}.items():
            console.show(f"{name}: {what}")
    if kept["left_out"]:
        console.warn(f"{kept['left_out']} more alerts are not listed: so many nobody reads")
    if trouble := kept["sent"]["trouble"]:
        console.warn(f"{kept['waiting']} messages wait for the webhook: {trouble}")
    if hub.alert and not chosen.past and (age is None or age > 30):
        console.warn("nobody looks: the hub doesn't run, or its alerts' process can't read the ledger")
    return 0


def _show(rows: Sequence[dict[str, Any]], nothing: str) -> None:
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    if not rows:
        console.say(nothing)
        return
    table = Table("", [Column(name) for name in rows[0]])
    for row in rows:
        table.add(*map(str, row.values()))
    console.show(table)


def _try_webhook(hub: "HubConfig") -> int:
    from fleet.alerts.records import Outgoing
    from fleet.alerts.webhook import TRIAL, NoWebhook, body_of, post
    from sensors.clock import SystemClock
    from sensors.terminal import console

    if hub.webhook is None:
        raise NoWebhook
    utc_ns = SystemClock().now().utc_ns
    message = Outgoing(id=TRIAL, made_utc_ns=utc_ns, events=())
    post(hub.webhook, body_of(message, hub.name), message.id, utc_ns)
    console.say(f"{hub.webhook.shown} took it")
    return 0
