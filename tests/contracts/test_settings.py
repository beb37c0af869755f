"""Every key of every configuration, and every number of every command line, has its range."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from msgspec import Meta

from edge.wire.message import Message
from sensors.config import Settings
from sensors.ranges import Count, Name

ROOT = Path(__file__).parents[2]
ROOMS = ("sensors", "models", "edge", "replay", "fleet", "tools")
TABLES_OF_PLUGINS = {"options", "decoder_options", "budget"}
"""Whatever is in them is converted to the plugin's own Options or a Budget, which are Settings, too."""


def every_settings() -> list[type[Settings]]:
    for room in ROOMS[:-1]:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return sorted(set(descendants(Settings)), key=lambda one: (one.__module__, one.__qualname__))


def descendants(kind: type[Settings]) -> Iterator[type[Settings]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(ROOMS):
            yield child
        yield from descendants(child)


def without_range(kind: Any) -> Iterator[str]:
    """What of a field's type lets any number or any text through."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        metas = [meta for meta in inner[1:] if isinstance(meta, Meta)]
        if inner[0] in (int, float):
            if not all(any(getattr(meta, end) is not None for meta in metas) for end in ("ge", "le")):
                yield f"{inner[0].__name__} with an open end"
        elif inner[0] is str:
            if not any(meta.max_length is not None for meta in metas):
                yield "str of any length"
        else:
            yield from without_range(inner[0])
    elif origin is Literal or kind in (bool, None, type(None), Path, datetime, ...):
        return
    elif origin in (Union, UnionType, tuple, list, dict):
        for one in inner:
            yield from without_range(one)
    elif not (isinstance(kind, type) and issubclass(kind, Settings | Message)):
        yield str(getattr(kind, "__name__", kind))


@pytest.mark.parametrize("settings", every_settings(), ids=lambda one: f"{one.__module__}.{one.__qualname__}")
def test_every_number_and_text_of_a_configuration_has_a_range(settings: type[Settings]) -> None:
    for field in msgspec.structs.fields(settings):
        if field.name not in TABLES_OF_PLUGINS:
            assert not list(without_range(field.type)), f"{settings.__qualname__}.{field.name}"


def test_what_has_no_range_is_found() -> None:
    assert not list(without_range(tuple[Count, ...] | dict[Name, Path] | None))
    assert list(without_range(int | None)) == ["int"]
    assert list(without_range(dict[str, tuple[float, ...]])) == ["str", "float"]
    assert list(without_range(Annotated[float, Meta(le=1)])) == ["float with an open end"]
    assert list(without_range(Annotated[str, Meta(min_length=1)])) == ["str of any length"]
    assert list(without_range(Any)) == ["Any"]


def test_the_defaults_lie_in_their_ranges() -> None:
    for settings in every_settings():
        for field in msgspec.structs.fields(settings):
            default = field.default if field.default is not msgspec.NODEFAULT else None
            if isinstance(default, int | float | str):
                assert msgspec.convert(default, field.type) == default, f"{settings.__qualname__}.{field.name}"


BOUNDED_BY_THEMSELVES = ("_instant", "_step", "names", "_memory", "_digest")
"""A calendar, a number of digits, the length of each name, and patterns bound these."""


def types_of_arguments() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                    for keyword in node.keywords:
                        if keyword.arg == "type":
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(keyword.value)


def test_every_number_of_a_command_line_has_a_range() -> None:
    found = list(types_of_arguments())
    assert len(found) > 20
    for where, kind in found:
        bounded = kind in ("Path", *BOUNDED_BY_THEMSELVES) or kind.startswith(("in_range(", "size_in("))
        assert bounded, f"{where}: type={kind} takes any number"
