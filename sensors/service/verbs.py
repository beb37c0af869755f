"""The verbs that every service has: installed as a node or a hub is, seen, brought up to date and removed alike."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.ranges import Positive, in_range, quoted
from sensors.service.places import SLASH
from sensors.terminal.exit_status import DONE, WORLD_WRONG

if TYPE_CHECKING:
    from sensors.service.service import Installed, Service

    Described = Callable[[argparse.Namespace, Path], Service]

COLUMNS = ("service", "state", "since", "restarts", "boot", "says")


def add_install(verbs: Any, what: str, described: "Described") -> Any:
    """The verb, to which options may be added. `what`: the file that it is installed from, NODE.toml say. `described`:
    what that is, of the command line and under a root.
    """
    text = f"have systemd run what {what} describes: at boot, watched, with nothing of the machine but what it needs"
    install = verbs.add_parser("install", help=text, description=text)
    install.add_argument("config", type=Path, metavar=what)
    install.add_argument("--dry-run", action="store_true", help="print the files that it would write, and write none")
    install.add_argument("--no-start", action="store_true", help="don't start it now")
    install.add_argument(
        "--memory", type=_memory, default="75%", help="beyond it is ended and started again: 2G, 75%% (default: 75%%)"
    )
    install.add_argument("--cpus", type=in_range(Positive), default=0.0, help="cores that it may use up (default: all)")
    install.add_argument("--device", action="append", default=[], metavar="/dev/...", help="one more that it may use")
    _root(install)
    _program(install)
    install.set_defaults(call=lambda chosen: _install(chosen, described))
    return install


def add_others(verbs: Any) -> None:
    status = verbs.add_parser("status", help="every service of this machine: how it is, and what it says")
    status.add_argument("--json", action="store_true", help="print JSON instead of a table")
    status.set_defaults(call=_status)
    upgrade = verbs.add_parser("upgrade", help="have services run by this gilmok from now on")
    upgrade.set_defaults(call=_upgrade)
    remove = verbs.add_parser("remove", help="take a service off; its settings and what it keeps stay")
    remove.add_argument("--purge", action="store_true", help="nor these: reports that no hub has are lost")
    remove.set_defaults(call=_remove)
    for verb in (status, upgrade):
        verb.add_argument(
            "service", nargs="*", metavar="SERVICE", help="as `gilmok unit status` lists it (default: all)"
        )
    remove.add_argument("service", nargs="+", metavar="SERVICE", help="as `gilmok unit status` lists it")
    for verb in (status, upgrade, remove):
        _root(verb)
    _program(upgrade)


def _root(verb: Any) -> None:
    verb.add_argument(
        "--root", type=Path, default=SLASH, metavar="DIR", help="the root of an image that is made, nothing is started"
    )


def _program(verb: Any) -> None:
    verb.add_argument(
        "--program", type=Path, metavar="PYTHON", help="whose gilmok runs, as the image sees it (default: this one)"
    )


def _memory(text: str) -> str:
    if re.fullmatch(r"[1-9]\d{0,15}[KMGT]?|[1-9]\d?%|100%", text) is None:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is neither bytes, as in 2G, nor a share, as in 75%")
    return text


def _install(chosen: argparse.Namespace, described: "Described") -> int:
    from sensors.service import installing
    from sensors.service.readable import program
    from sensors.service.service import Limits
    from sensors.terminal import console, output

    limits = Limits(memory=chosen.memory, cpus=chosen.cpus)
    root = chosen.root.absolute()
    service = described(chosen, root)
    record = installing.record_of(service, limits, program(root, chosen.program), root)
    if chosen.dry_run:
        for one in installing.files(service, record):
            output.write(f"# {one.path} ({one.mode:o})\n{one.shown}\n")
        return DONE
    with console.waiting("installing, and waiting until it is ready"):
        became = installing.install(service, record, root, start=not chosen.no_start)
    console.say(became, "`gilmok unit status` tells how it is, `journalctl -u` what it says")
    return DONE


def _status(chosen: argparse.Namespace) -> int:
    from sensors.service.listing import standings
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    wanted = set(chosen.service)
    rows = [one for one in standings(chosen.root.absolute()) if not wanted or one.service in wanted]
    _check_known(wanted, {one.service for one in rows})
    if chosen.json:
        console.print_json(rows)
    elif not rows:
        console.say("no service of gilmok is installed here; `gilmok unit install NODE.toml` installs one")
    else:
        table = Table("", [Column(name, right=name == "restarts") for name in COLUMNS])
        for one in rows:
            boot = "started" if one.at_boot else "not started"
            cells = (one.service, one.state, one.since, one.restarts, boot, one.says)
            table.add(*("-" if cell is None else str(cell) for cell in cells))
        console.show(table)
        for one in rows:
            if one.newer:
                console.say(f"{one.service} runs {one.software}, this is {one.newer}: `gilmok unit upgrade`")
    return DONE if all(one.well or one.state.startswith("unknown") for one in rows) else WORLD_WRONG


def _upgrade(chosen: argparse.Namespace) -> int:
    from sensors.service import installing
    from sensors.service.readable import program
    from sensors.terminal import console

    root = chosen.root.absolute()
    for one in _chosen(chosen.service, root):
        with console.waiting(f"waiting until {one.place} is ready"):
            became = installing.upgrade(one, program(root, chosen.program), root)
        console.say(became)
    return DONE


def _remove(chosen: argparse.Namespace) -> int:
    from sensors.service import installing
    from sensors.terminal import console

    root = chosen.root.absolute()
    for name in chosen.service:
        left = installing.remove(installing.place_of(name, root, purge=chosen.purge), root, purge=chosen.purge)
        stays = f"; {', '.join(map(str, left))} stay (--purge takes them, too)" if left else ""
        console.say(f"{name} is removed{stays}")
    return DONE


def _chosen(names: list[str], root: Path) -> "list[Installed]":
    from sensors.service.installing import installed
    from sensors.service.places import Places

    every = {Places(one.place).service: one for one in installed(root).values()}
    _check_known(set(names), set(every))
    return [one for name, one in every.items() if not names or name in names]


def _check_known(wanted: set[str], known: set[str]) -> None:
    from sensors.service.installing import ServiceUnknown

    if strange := sorted(wanted - known):
        raise ServiceUnknown(strange[0], sorted(known))
