"""`gilmok unit install`, what is done with services that are installed, and how a unit joins its fleet."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.service import verbs as service_verbs

if TYPE_CHECKING:
    from sensors.service.service import Service

IDENTITY = Path("gilmok-identity")


def register(verbs: Any) -> None:
    install = service_verbs.add_install(verbs, "NODE.toml", _described)
    install.add_argument(
        "--identity", type=Path, metavar="DIR", help="what `gilmok unit join` has left: who it is, and its broker"
    )
    service_verbs.add_others(verbs)
    doctor = verbs.add_parser("doctor", help="is this machine fit to be a unit? clock, disk, heat, accelerator, broker")
    doctor.add_argument(
        "config", type=Path, nargs="?", metavar="NODE.toml", help="whose cameras and broker are tried, too"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON instead of a table")
    doctor.set_defaults(call=_doctor)
    join = verbs.add_parser("join", help="get this unit's identity from the hub that invites it")
    join.add_argument("url", metavar="URL", help="of the hub's page: https://HOST[:PORT]")
    token = join.add_mutually_exclusive_group(required=True)
    token.add_argument(
        "--token", help="as `gilmok fleet invite` told it; other accounts may see it in a list of processes"
    )
    token.add_argument("--token-file", type=Path, metavar="FILE", help="the same in a file, - for standard input")
    join.add_argument(
        "--identity", type=Path, default=IDENTITY, metavar="DIR", help="where it is kept (default: %(default)s)"
    )
    join.add_argument(
        "--ca", type=Path, metavar="FILE", help="PEM: whose certificate of the hub is believed, not the system's"
    )
    join.add_argument("--plain", action="store_true", help="http without TLS beyond this machine, too")
    join.set_defaults(call=_join)


def _doctor(chosen: argparse.Namespace) -> int:
    from edge.install.doctor.examine import examine
    from sensors.clock import SystemClock
    from sensors.terminal import console
    from sensors.terminal.exit_status import DONE, WORLD_WRONG
    from sensors.terminal.text_table import Column, Table

    with console.waiting("looking at this machine"):
        findings = list(examine(chosen.config, SystemClock()))
    if chosen.json:
        console.print_json(findings)
    else:
        table = Table("", [Column(name) for name in ("what", "how", "told")])
        for one in findings:
            table.add(one.what, one.verdict, one.told)
        console.show(table, *(f"{one.what}: {one.hint}" for one in findings if one.hint))
    return WORLD_WRONG if any(one.verdict == "wrong" for one in findings) else DONE


def _described(chosen: argparse.Namespace, root: Path) -> "Service":
    from edge.install import identity
    from edge.install.node_service import node_service

    one = None if chosen.identity is None else identity.read(chosen.identity)
    return node_service(chosen.config, chosen.device, root, one)


def _join(chosen: argparse.Namespace) -> int:
    from edge.install.joining import join
    from edge.install.tokens import token_of
    from sensors.terminal import console

    token = token_of(chosen.token, chosen.token_file)
    with console.waiting("asking the hub"):
        one = join(chosen.url, token, chosen.identity, ca=chosen.ca, plain=chosen.plain)
    console.say(
        f"this unit is {one.name} of {one.site}; its key and certificate are in {chosen.identity}",
        f"its broker: {one.broker.shown}, where its desired state waits for it",
    )
    if one.repository is not None:
        console.say(f"its bundles: {one.repository}, whose root it trusts from now on")
    console.say(f"now: gilmok unit install NODE.toml --identity {chosen.identity}")
    return 0
