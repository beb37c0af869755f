"""Writes docs/settings.md from the types: every key of every table, what it may be, its default, what it means.

    python -m scripts.settings_page > docs/settings.md

A test holds the page against the types.
"""

import ast
import importlib
import inspect
import itertools
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec

from edge.config import NodeConfig
from fleet.config import HubConfig
from fleet.rollout.plan import RolloutPlan
from fleet.scenario.scenario import Scenario
from models.manifest import Manifest
from models.toolchains.job import TOOLCHAINS
from replay.campaign.config import Campaign
from replay.gates.bars import Gates
from replay.qualify.campaign import Budget
from sensors import plugins
from sensors.ranges import in_words

HOUSE = Path(__file__).parents[1]

HEAD = """\
# Every setting

Made from the types by `python -m scripts.settings_page`. A key that isn't here is refused, and so is a value out of
its range, with the file, the key, the value and the range. Relative paths start where the file lies; on a command
line, where one stands. A key without a default must be given.
"""
FILES = (
    ("SCENARIO.toml", "of `gilmok run`", Scenario),
    ("NODE.toml", "of `gilmok node run`", NodeConfig),
    ("HUB.toml", "of `gilmok hub`", HubConfig),
    ("ROLLOUT.toml", "of `gilmok fleet rollout`; docs/deployment.md explains it", RolloutPlan),
    ("GATES.toml", "of `gilmok replay gate`; docs/gates.md explains the bars", Gates),
    ("CAMPAIGN.toml", "of `gilmok campaign`; docs/campaigns.md explains it", Campaign),
    ("a model's manifest", "beside its file, or `gilmok model add --manifest`; docs/models.md explains it", Manifest),
)
OPTIONS = (
    ("sources", "Options of a source", "`options` of a stream's `source`"),
    ("backends", "Options of a backend", "`options` of a node's `backend`, or `--set KEY=VALUE`"),
    ("trackers", "Options of a tracker", "`options` of a stream's `tracker`, or `--tracker-set KEY=VALUE`"),
    ("decoders", "Options of a decoder", "a manifest's `decoder_options`"),
)


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    kind: Any
    default: str
    about: str


def page() -> str:
    return "\n".join([HEAD, *_files(), *_options()])


def _files() -> Iterator[str]:
    told: set[type] = set()
    for name, about, tree in FILES:
        yield f"## {name}\n\n{_sentence(about)}\n"
        again = []
        for path, table in tables(tree):
            if table in told:
                again.append(f"`{path}`")
                continue
            told.add(table)
            yield f"### {f'`{path}`: ' if path else ''}{table.__name__}\n\n{_keys_of(table)}"
        if again:
            yield f"{', '.join(again)}: as above.\n"


def _options() -> Iterator[str]:
    for group, title, where in OPTIONS:
        yield f"## {title}\n\n{_sentence(where)}\n"
        for name in plugins.names(group):
            found = _options_of(group, name)
            if found is not None and msgspec.structs.fields(found):
                yield f"### {name}\n\n{_keys_of(found)}"
    yield "## Options of a toolchain\n\n`gilmok model compile --set KEY=VALUE`.\n"
    for name in TOOLCHAINS:
        options = getattr(importlib.import_module(f"models.toolchains.{name}"), "Options", None)
        if options is not None:
            yield f"### {name}\n\n{_keys_of(options)}"
    yield f"## Budget of a qualification\n\n`gilmok qualify --budget KEY=VALUE`.\n\n{_keys_of(Budget)}"


def _options_of(group: str, name: str) -> Any:
    plugin = plugins.load(group, name)
    return getattr(sys.modules[plugin.__module__] if group == "decoders" else plugin, "Options", None)


def tables(tree: type, path: str = "") -> Iterator[tuple[str, type]]:
    """The table itself and those in it, each with the path of its key."""
    yield path, tree
    for field in msgspec.structs.fields(tree):
        for inner in _structs(field.type):
            yield from tables(inner, f"{path}.{field.encode_name}".lstrip("."))


def _structs(kind: Any) -> Iterator[type]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in get_args(kind):
        yield from _structs(inner)


def _keys_of(table: type) -> str:
    rows = [f"| `{key.name}` | {_words(key.kind)} | {key.default} | {key.about} |" for key in _keys(table)]
    return "\n".join(["| key | what it may be | default | |", "|---|---|---|---|", *rows]) + "\n"


def _keys(table: type) -> Iterator[Key]:
    about = _docstrings(table)
    for field in msgspec.structs.fields(table):
        yield Key(field.encode_name, field.type, _default(field), about.get(field.name, ""))


def _words(kind: Any) -> str:
    inner = next(_structs(kind), None)
    words = in_words(kind).replace("|", "\\|")
    return f"{words} ({inner.__name__})" if inner is not None else words


def _default(field: Any) -> str:
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else msgspec.NODEFAULT
    if value is msgspec.NODEFAULT:
        return "must be given"
    if value is None or value in ((), {}, ""):
        return "none"
    if isinstance(value, msgspec.Struct):
        return "its own defaults"
    if isinstance(value, Path) and value.is_relative_to(HOUSE):
        return f"`{value.relative_to(HOUSE)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _docstrings(table: type) -> dict[str, str]:
    """What stands below each field in the source, its own class's or one that it inherits from."""
    told: dict[str, str] = {}
    for one in reversed(table.__mro__):
        if one.__module__.partition(".")[0] not in ("sensors", "models", "edge", "replay", "fleet"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
        assert isinstance(tree.body[0], ast.ClassDef)
        body = tree.body[0].body
        for field, below in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                told[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return told


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.stdout.write(page())
