"""Plugins are entry points, in the groups `gilmok.<group>`; ours use the same door as a stranger's."""

import importlib
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points, metadata
from typing import Any

from sensors.errors import GilmokError


class PluginUnknown(GilmokError):
    def __init__(self, group: str, name: str, known: list[str]) -> None:
        super().__init__(
            f"there is no {group.removesuffix('s')} named {name!r}",
            f"known {group}: {', '.join(known) or 'none'}; another one comes with the package that declares it",
        )


class PluginBroken(GilmokError):
    def __init__(self, group: str, name: str, error: ImportError) -> None:
        needs = error.name or str(error)
        extra = name in (metadata("gilmok").get_all("Provides-Extra") or ())
        super().__init__(
            f"{group.removesuffix('s')} {name!r} needs {needs!r}, which is not installed",
            f"pip install 'gilmok[{name}]'" if extra else f"install the package that holds {needs}",
        )


class ExtraMissing(GilmokError):
    def __init__(self, what: str, module: str, extra: str) -> None:
        super().__init__(f"{what} need {module}, which is not installed", f"pip install 'gilmok[{extra}]'")


def need(module: str, extra: str, what: str) -> Any:
    """Import a dependency that is an extra; raises ExtraMissing, which says what it is for and how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExtraMissing(what, module.partition(".")[0], extra) from error


def names(group: str) -> list[str]:
    """Every registered name of the group, sorted; nothing is imported."""
    return sorted({point.name for point in _points(group)})


def load(group: str, name: str) -> Any:
    """Import and return what `name` stands for in `gilmok.<group>`.

    Raises PluginUnknown for a name nobody registered, PluginBroken where its own imports are missing.
    """
    for point in _points(group):
        if point.name == name:
            try:
                return point.load()
            except ImportError as error:
                raise PluginBroken(group, name, error) from error
    raise PluginUnknown(group, name, names(group))


def _points(group: str) -> tuple[EntryPoint, ...]:
    return _points_along(group, tuple(sys.path))


@cache
def _points_along(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Looked up once for each search path: it opens a file of every installed distribution."""
    return tuple(entry_points(group=f"gilmok.{group}"))
