"""`gilmok fleet`: enrol nodes, hubs and brokers; renew and revoke; what a broker lets each of them do."""

import argparse
from pathlib import Path

from fleet.cli import unit_orders
from sensors.ranges import Hours, WholeDays, in_range
from sensors.terminal.command_line import command_parser

FLEET = Path("gilmok-fleet")
DAYS = 365
HOURS = 24.0
URL = "mqtts://broker.example:8883"


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok fleet", description="Who belongs to a fleet, and what each may say and hear.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    enrol = verbs.add_parser("enrol", help="issue a key and a certificate, into a folder to carry to its machine")
    enrol.add_argument("name", metavar="NODE", help="the node's name: it becomes the certificate's and its topics'")
    enrol.add_argument("--as", dest="role", choices=("node", "hub", "broker"), default="node", help="what it is")
    enrol.add_argument("--site", help="where it belongs (default: testbed; of a hub: every site)")
    enrol.add_argument("--host", action="append", default=[], help="of a broker: a name or address that reaches it")
    enrol.add_argument("--url", default=URL, help="the broker's, for the [broker] table (default: %(default)s)")
    enrol.set_defaults(call=_enrol)
    invite = verbs.add_parser("invite", help="a token, good once and for a while, by which a unit joins by itself")
    invite.add_argument("name", metavar="NODE", help="the unit's name: it becomes its certificate's and its topics'")
    invite.add_argument("--site", default="testbed", help="where it belongs (default: %(default)s)")
    invite.add_argument("--url", default=URL, help="the broker's, that it is told (default: %(default)s)")
    invite.add_argument("--hours", type=in_range(Hours), default=HOURS, help="to join in (default: %(default)g)")
    invite.add_argument("--json", action="store_true", help="print JSON")
    invite.set_defaults(call=_invite)
    renew = verbs.add_parser("renew", help="issue a new certificate for the key that it has")
    revoke = verbs.add_parser("revoke", help="put it out: it isn't let in any more")
    for verb, call in ((renew, _renew), (revoke, _revoke)):
        verb.add_argument("name", metavar="NODE")
        verb.set_defaults(call=call)
    for verb in (enrol, invite, renew):
        verb.add_argument(
            "--days", type=in_range(WholeDays), default=DAYS, help="how long it holds (default: %(default)s)"
        )
    listed = verbs.add_parser("list", help="who is enrolled, until when")
    listed.add_argument("--json", action="store_true", help="print JSON instead of a table")
    listed.set_defaults(call=_list)
    acl = verbs.add_parser("acl", help="what a broker is to let each member say and hear, in that broker's words")
    acl.add_argument("--for", dest="broker", choices=("mosquitto", "nats"), required=True)
    acl.add_argument("--out", type=Path, help="a file instead of standard output")
    acl.set_defaults(call=_acl)
    unit_orders.register(verbs)
    # The front door has it before this parser: here it is to be found.
    verbs.add_parser("simulate", help="many nodes without inference: what do a broker and a hub hold?")
    verbs.add_parser("rollout", help="bring a model to units in waves, judged by what it does there")
    for verb in (enrol, invite, renew, revoke, listed, acl):
        verb.add_argument("--fleet", type=Path, default=FLEET, help="the authority's folder (default: %(default)s)")
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))


def _enrol(chosen: argparse.Namespace) -> int:
    from edge.wire.address import BrokerAt
    from fleet.security.authority import Authority
    from sensors.clock import SystemClock
    from sensors.terminal import console

    BrokerAt(url=chosen.url)
    site = chosen.site if chosen.site is not None else ("testbed" if chosen.role == "node" else "")
    authority = Authority(chosen.fleet, SystemClock())
    folder = authority.enrol(chosen.name, chosen.role, site, chosen.days, chosen.host, chosen.url)
    console.say(f"{chosen.role} {chosen.name} is enrolled: {folder}")
    if chosen.role != "broker":
        console.say("carry the folder to its machine, and put what broker.toml holds into its configuration")
    console.say("tell the broker: gilmok fleet acl")
    return 0


def _invite(chosen: argparse.Namespace) -> int:
    from edge.wire.address import BrokerAt
    from fleet.security.invitations import invite
    from sensors.clock import SystemClock
    from sensors.terminal import console

    BrokerAt(url=chosen.url)
    clock = SystemClock()
    token, one = invite(chosen.fleet, chosen.name, chosen.site, chosen.url, chosen.hours, chosen.days, clock)
    if chosen.json:
        console.print_json({"node": one.node, "site": one.site, "token": token, "until_utc_ns": one.until_utc_ns})
        return 0
    console.say(
        f"{one.node} of {one.site} may join once within {chosen.hours:g} hours, at a hub that has [web] join:",
        f"`gilmok unit join https://HUB --token {token}`",
        "the token is not shown again; an earlier one of this node is void",
    )
    return 0


def _renew(chosen: argparse.Namespace) -> int:
    from fleet.security.authority import Authority
    from sensors.clock import SystemClock
    from sensors.terminal import console

    path = Authority(chosen.fleet, SystemClock()).renew(chosen.name, chosen.days)
    console.say(f"{path} holds for {chosen.days} days from now; the key is the same")
    return 0


def _revoke(chosen: argparse.Namespace) -> int:
    from fleet.security.authority import Authority
    from sensors.clock import SystemClock
    from sensors.terminal import console

    path = Authority(chosen.fleet, SystemClock()).revoke(chosen.name)
    console.say(
        f"{chosen.name} is revoked. A hub's embedded broker puts it out within seconds where it reads this folder; any",
        f"other broker when it gets `gilmok fleet acl` anew (Mosquitto {path}, too)",
    )
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from fleet.security import register
    from sensors.clock import NS_PER_S, SystemClock
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    now_ns = SystemClock().now().utc_ns
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "site": one.site or "every one",
            "state": one.state(now_ns),
            "until": datetime.fromtimestamp(one.newest.until_utc_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "certificates": len(one.issued),
        }
        for one in register.read(chosen.fleet)
    ]
    if chosen.json:
        console.print_json(rows)
    elif not rows:
        console.say("nobody is enrolled yet")
    else:
        table = Table("", [Column(name, right=name == "certificates") for name in rows[0]])
        for row in rows:
            table.add(*map(str, row.values()))
        console.show(table)
    return 0


def _acl(chosen: argparse.Namespace) -> int:
    from fleet.security import permissions, register
    from sensors import atomic_files
    from sensors.terminal import output

    holders = register.read(chosen.fleet)
    if chosen.broker == "mosquitto":
        text = permissions.mosquitto(holders, str(chosen.fleet.absolute()))
    else:
        text = permissions.NATS + permissions.nats(holders)
    if chosen.out is not None:
        atomic_files.write(chosen.out, text, private=True)
    else:
        output.write(text)
    return 0
