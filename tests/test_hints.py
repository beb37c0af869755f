"""What a hint names is there: options that the verb has, commands that exist, pages that hold the key."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import metadata
from pathlib import Path

import grimp
import pytest

from gilmok import VERBS, main
from replay.cli.replay import VERBS as REPLAY
from scripts.settings_page import FILES, page
from sensors.config import PAGE

ROOT = Path(__file__).parents[1]
ROOMS = ("sensors", "models", "edge", "replay", "fleet")
INNER = {
    "hub": (
        "run",
        "nodes",
        "runs",
        "report",
        "refused",
        "alerts",
        "migrate",
        "export",
        "backup",
        "restore",
        "history",
        "rollup",
        "prune",
        "web",
        "install",
        "shadow",
    ),
    "campaign": ("run", "plan", "status", "resume", "report", "gc"),
    "unit": ("run", "history", "install", "status", "upgrade", "remove", "join", "doctor"),
    "fleet": ("enrol", "invite", "renew", "revoke", "list", "acl", "desire", "order"),
    "node": ("run",),
    "replay": tuple(REPLAY),
    "model": ("list", "show", "add", "verify"),
    "world": ("render",),
    "backend": ("list", "check", "install", "network"),
    "qualify": ("run", "rerun", "compare", "keygen", "sign", "verify"),
    "camera": ("view", "serve"),
    "fleet rollout": ("start", "status", "watch", "history", "pause", "resume", "abort"),
    "bundle": ("verify", "show", "fetch"),
    "bundle repository": ("init", "add", "refresh", "rotate", "show"),
}
OPTION = re.compile(r"--[a-z][a-z-]*")
COMMAND = re.compile(r"`gilmok ([^`]*)`")
PAGES = re.compile(r"docs/[\w-]+\.\w+")
EXTRA = re.compile(r"gilmok\[([a-z]+)\]")
OF_OTHERS = {
    "--no-deps",
    "--quiet",
    "--jinja",
    "--global",
    "--no-ask-password",
    "--no-block",
    "--no-pager",
    "--property",
}
"""Of pip, systemctl and the like, in commands that we run ourselves."""
OF_OTHER_COMMANDS = {
    "edge.unit.process.node_process",
    "fleet.cli.demo",
    "fleet.ledger.backup",
    "fleet.scenario.live_camera",
    "fleet.scenario.parts",
}
"""They show, or start, other commands: ours, or PostgreSQL's."""


@cache
def texts() -> list[tuple[str, str]]:
    """Every text in the source that is no docstring: where, and what, with `…` for what is filled in."""
    files = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return [(f"{path.relative_to(ROOT)}:{line}", text) for path in files for line, text in texts_of(path)]


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    apart = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    apart |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.lineno, node.value


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """By command, as its --help tells them."""
    found = {}
    for verb in [name for name in VERBS if " " not in name]:
        for inner in INNER.get(verb, ("",)):
            command = f"{verb} {inner}".strip()
            found[command] = set(OPTION.findall(help_of(command)))
    for verb in [name for name in VERBS if " " in name]:
        for command in (verb, *(f"{verb} {inner}" for inner in INNER.get(verb, ()))):
            found[command] = set(OPTION.findall(help_of(command)))
    return found


def help_of(command: str) -> str:
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return said.getvalue()


def test_every_option_that_a_text_names_is_one_of_a_verb_that_can_say_it(options: dict[str, set[str]]) -> None:
    places = {name: place for name, (place, _) in VERBS.items() if name != "replay"}
    places |= {f"replay {name}": place for name, (place, _) in REPLAY.items()}
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    known: dict[str, set[str]] = {}
    for name, place in places.items():
        own = set().union(*(options[one] for one in options if one == name or one.startswith(f"{name} ")))
        module = place.split(":")[0]
        for reached in {module, *graph.find_upstream_modules(module)}:
            known.setdefault(reached, set(OF_OTHERS)).update(own)
    everywhere = set().union(*known.values())
    strange = []
    for where, text in texts():
        # What names its command is checked below; what no command reaches is a library's.
        found = set(OPTION.findall(COMMAND.sub("", text)))
        module = where.split(":")[0].removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module not in OF_OTHER_COMMANDS:
            strange += [(where, option) for option in found - known.get(module, everywhere)]
    assert not strange


def test_every_command_that_a_text_names_exists_with_its_options(options: dict[str, set[str]]) -> None:
    wrong = []
    for where, text in texts():
        for command in COMMAND.findall(text):
            words = command.split()
            name = " ".join(words[:2]) if words[0] in INNER and len(words) > 1 else words[0]
            # `gilmok qualify --model ...` is short for `qualify run`, and `gilmok hub` may stand for all of it.
            name = {"qualify": "qualify run"}.get(name, name)
            bare = name in INNER or name.startswith("qualify --")
            if not bare and (name not in options or not set(OPTION.findall(command)) <= options[name]):
                wrong.append((where, command))
    assert not wrong


def test_every_page_that_a_text_names_is_there() -> None:
    missing = [(where, one) for where, text in texts() for one in PAGES.findall(text) if not (ROOT / one).is_file()]
    assert not missing


def test_every_extra_that_a_text_names_exists() -> None:
    there = set(metadata("gilmok").get_all("Provides-Extra") or [])
    wrong = [(where, one) for where, text in texts() for one in EXTRA.findall(text) if one not in there]
    assert not wrong


def test_the_page_of_settings_is_the_types_own() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("tree", [tree for _, _, tree in FILES])
def test_the_page_that_a_wrong_key_points_to_holds_every_key(tree: type) -> None:
    from scripts.settings_page import tables

    text = (ROOT / getattr(tree, "page", PAGE)).read_text(encoding="utf-8")
    keys = {field for _, table in tables(tree) for field in table.__struct_encode_fields__}  # type: ignore[attr-defined]
    assert not [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)]
