"""gilmok bundle repository: a repository of signed bundles made, added to, kept fresh, its keys changed."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE

if TYPE_CHECKING:
    from models.bundle.repository.keys import Keys
    from models.bundle.repository.policy import Policy
    from models.bundle.repository.publishing import Repository

ROLES = ("root", "targets", "snapshot", "timestamp")

DESCRIPTION = """A repository of bundles by TUF: a folder that any static server may serve, signed by four roles.

The keys lie in a folder of their own (--keys, by default the repository's name with -keys), never in what is served."""


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok bundle repository", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    init = _verb(verbs, "init", "make an empty repository, and new keys for every role", _init)
    init.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE=KEYS,THRESHOLD,DAYS",
        help="how many keys a role has, how many of them sign, how long a signature is good "
        "(default: root=3,2,730 targets=1,1,180 snapshot=1,1,30 timestamp=1,1,7)",
    )
    add = _verb(verbs, "add", "take in a bundle as the next version of its line", _add)
    add.add_argument("bundle", type=Path, metavar="BUNDLE")
    refresh = _verb(verbs, "refresh", "sign timestamp and snapshot for another period", _refresh)
    refresh.add_argument("--also", action="append", default=[], choices=ROLES[:2], help="and this role")
    rotate = _verb(verbs, "rotate", "new keys for a role; units follow by themselves", _rotate)
    rotate.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    _verb(verbs, "show", "roles, keys, when they expire, and every bundle", _show)
    chosen = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = chosen.run
    return run(chosen)


def _verb(verbs: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("folder", type=Path, metavar="DIR", help="of the repository")
    parser.add_argument("--keys", type=Path, metavar="KEYS", help="the folder of private keys (default: DIR-keys)")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="holds the keys' password (default: none)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _keys(chosen: argparse.Namespace) -> "Keys":
    from models.bundle.repository.keys import Keys, PasswordUnreadable
    from sensors.outside import read_small
    from sensors.private_files import check_secret

    folder = chosen.keys or chosen.folder.with_name(f"{chosen.folder.name}-keys")
    if chosen.password_file is None:
        return Keys(folder)
    check_secret("--password-file", chosen.password_file)
    try:
        password = read_small(chosen.password_file).strip()
    except OSError as error:
        raise PasswordUnreadable(chosen.password_file, error.strerror or str(error)) from error
    if not password:
        raise PasswordUnreadable(chosen.password_file, "it is empty")
    return Keys(folder, password)


def _repository(chosen: argparse.Namespace) -> "Repository":
    from models.bundle.repository.publishing import Repository
    from sensors.clock import SystemClock

    return Repository(chosen.folder, _keys(chosen), SystemClock())


def _init(chosen: argparse.Namespace) -> int:
    from models.bundle.repository.founding import init
    from sensors.clock import SystemClock
    from sensors.terminal import console

    made = init(chosen.folder, _keys(chosen), _policy(chosen.role), SystemClock())
    if not chosen.json:
        console.say(
            f"{made.root}: what units trust; give it to them when they join",
            f"{made.keys_folder}: the private keys; keep those of root away from this machine once all is set up",
        )
        return DONE
    return _told(made, as_json=True)


def _policy(texts: list[str]) -> "Policy":
    from models.bundle.repository.policy import Policy
    from sensors import config

    rules: dict[str, dict[str, int]] = {}
    for text in texts:
        role, _, figures = text.partition("=")
        parts = figures.split(",")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            raise config.ConfigWrong("--role", f"{text!r} is no ROLE=KEYS,THRESHOLD,DAYS")
        rules[role] = dict(zip(("keys", "threshold", "days"), map(int, parts), strict=True))
    return config.convert(rules, Policy, "--role")


def _add(chosen: argparse.Namespace) -> int:
    import msgspec

    from sensors.terminal import console

    listed = _repository(chosen).add(chosen.bundle)
    if chosen.json:
        console.print_json(msgspec.to_builtins(listed))
    else:
        console.say(f"{chosen.folder}: {listed.name}, version {listed.version}, is bundle {listed.digest}")
    return DONE


def _refresh(chosen: argparse.Namespace) -> int:
    repository = _repository(chosen)
    repository.refresh(*chosen.also)
    return _told(repository, as_json=chosen.json)


def _rotate(chosen: argparse.Namespace) -> int:
    repository = _repository(chosen)
    repository.rotate(chosen.role)
    return _told(repository, as_json=chosen.json)


def _show(chosen: argparse.Namespace) -> int:
    return _told(_repository(chosen), as_json=chosen.json)


def _told(repository: "Repository", *, as_json: bool) -> int:
    import msgspec

    from sensors.terminal import console
    from sensors.terminal.text_table import Table, numbers

    roles, bundles = repository.roles(), repository.listing()
    here = repository.keys_here(roles)
    if as_json:
        told = [msgspec.to_builtins(one) | {"keys_here": here[one.role]} for one in roles]
        listed = msgspec.to_builtins(bundles)
        console.print_json({"root": str(repository.root), "roles": told, "bundles": listed})
        return DONE
    table = Table("", ["role", *numbers("version", "keys", "sign", "keys here"), "good until"])
    for one in roles:
        until = f"{one.expires:%Y-%m-%d %H:%M} UTC" + (" (over)" if repository.is_over(one) else "")
        table.add(one.role, str(one.version), str(len(one.keyids)), str(one.threshold), str(here[one.role]), until)
    offered = Table("", ["bundle", *numbers("version", "bytes"), "digest"])
    for bundle in bundles:
        offered.add(bundle.name, str(bundle.version), f"{bundle.bytes:,}", bundle.digest)
    console.show(table, *([offered] if bundles else ["no bundles yet"]), f"units join by {repository.root}")
    return DONE
